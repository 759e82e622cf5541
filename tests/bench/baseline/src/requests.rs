//! A function that makes as many requests to DynamoDB as `READS` and `WRITES` say, with Jeton's own client of DynamoDB, and
//! does nothing else. Like Jeton's functions, it makes one request before it takes its first event.

use std::env;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_http::{Body, Error, Request, Response, service_fn};
use shared::dynamodb;

/// The requests of one invoke.
struct Requests {
    client: Client,
    table: String,
    reads: usize,
    writes: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let requests = Requests {
        client: dynamodb::connect(None).await?,
        table: variable("TABLE")?,
        reads: variable("READS")?.parse()?,
        writes: variable("WRITES")?.parse()?,
    };
    requests.read().await?;
    lambda_http::run(service_fn(|_: Request| requests.make())).await
}

#[expect(clippy::disallowed_methods, reason = "the baseline's own configuration")]
fn variable(name: &str) -> Result<String, Error> {
    Ok(env::var(name)?)
}

impl Requests {
    async fn make(&self) -> Result<Response<Body>, Error> {
        for _ in 0..self.reads {
            self.read().await?;
        }
        for _ in 0..self.writes {
            self.write().await?;
        }
        Ok(Response::new(Body::Empty))
    }

    #[expect(clippy::disallowed_methods, reason = "the baseline is the bare client")]
    async fn read(&self) -> Result<(), Error> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        request.key("pk", AttributeValue::S("baseline".to_owned())).send().await?;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the baseline is the bare client")]
    async fn write(&self) -> Result<(), Error> {
        let request = self.client.put_item().table_name(&self.table);
        request.item("pk", AttributeValue::S("baseline".to_owned())).send().await?;
        Ok(())
    }
}
