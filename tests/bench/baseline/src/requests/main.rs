//! A function that sends the requests to DynamoDB and KMS that one of Jeton's functions sent for the same event, with Jeton's
//! own clients of both, and does nothing else. The file that `REQUESTS` names has them: those of the start, of the first
//! event and of each later one.

mod request;

use std::{
    env, fs,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use lambda_http::{Body, Error, Response, service_fn};
use serde::Deserialize;
use shared::aws;

use crate::request::{Clients, Recorded, Request};

/// The requests of each phase, as they were recorded or made ready.
#[derive(Deserialize)]
struct Phases<R> {
    init: Vec<R>,
    first: Vec<R>,
    warm: Vec<R>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let recorded: Phases<Recorded> = serde_json::from_slice(&fs::read(file()?)?)?;
    let phases = if recorded.is_empty() {
        Phases { init: Vec::new(), first: Vec::new(), warm: Vec::new() }
    } else {
        recorded.parse(&Clients::new(aws::settings(None).await?))?
    };
    send(&phases.init).await?;
    let (is_warm, phases) = (&AtomicBool::new(false), &phases);
    lambda_http::run(service_fn(async |_: lambda_http::Request| {
        send(if is_warm.swap(true, Relaxed) { &phases.warm } else { &phases.first }).await?;
        Ok::<_, Error>(Response::new(Body::Empty))
    }))
    .await
}

/// Sends one request after the other.
async fn send(requests: &[Request]) -> Result<(), Error> {
    for request in requests {
        request.send().await?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the baseline's own configuration")]
fn file() -> Result<String, Error> {
    Ok(env::var("REQUESTS")?)
}

impl Phases<Recorded> {
    fn is_empty(&self) -> bool {
        self.init.is_empty() && self.first.is_empty() && self.warm.is_empty()
    }

    fn parse(&self, clients: &Clients) -> Result<Phases<Request>, Error> {
        let parse = |recorded: &[Recorded]| {
            recorded.iter().map(|recorded| recorded.parse(clients)).collect::<Result<_, Error>>()
        };
        Ok(Phases { init: parse(&self.init)?, first: parse(&self.first)?, warm: parse(&self.warm)? })
    }
}
