//! The embedded DynamoDB in a process of its own: the same engine as that in Jeton's process.

use std::net::{Ipv4Addr, SocketAddr};

use jeton::local::{Database, Storage};
use serde_json::{Value, json};
use shared::{
    aws::Endpoint,
    config::Config,
    dynamodb::{connect_for_administration, schema},
};
use tokio::net::TcpListener;

use super::error::Error;
use crate::http::{self, Connection};

/// Serves the engine, in memory, on a free port, which it prints.
pub(crate) async fn serve() -> Result<(), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let _database =
        Database::start(&Storage::Memory, [listener]).map_err(|error| Error::Engine(error.to_string()))?;
    #[expect(clippy::print_stdout, reason = "the process that started this one reads it")]
    {
        println!("listening on http://{address}");
    }
    std::future::pending().await
}

/// Creates Jeton's tables.
pub(super) async fn create_jeton_tables(engine: SocketAddr) -> Result<(), Error> {
    let failed = |reason: String| Error::Engine(reason);
    let endpoint = Endpoint { url: format!("http://{engine}"), anonymous: true };
    let config = Config::read(|_| None).map_err(|error| failed(error.to_string()))?;
    let client = connect_for_administration(Some(endpoint)).await?;
    schema::create(&client, &config.tables).await.map_err(|error| failed(error.to_string()))
}

/// Creates the table of oidc-provider's adapter.
pub(super) async fn create_oidc_provider_table(engine: SocketAddr) -> Result<(), Error> {
    // The adapter reads nothing but the keys of a grant's items, which it deletes.
    let indexed = [("grantId", "KEYS_ONLY"), ("uid", "ALL"), ("userCode", "ALL")];
    let index = |(name, projection): (&str, &str)| {
        json!({
            "IndexName": name,
            "KeySchema": [{ "AttributeName": name, "KeyType": "HASH" }],
            "Projection": { "ProjectionType": projection },
        })
    };
    let attributes = ["id"].into_iter().chain(indexed.map(|(name, _)| name));
    create_table(
        engine,
        &json!({
            "TableName": "oidc-provider",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions":
                attributes.map(|name| json!({ "AttributeName": name, "AttributeType": "S" })).collect::<Value>(),
            "GlobalSecondaryIndexes": indexed.map(index),
        }),
    )
    .await
}

/// Creates the table of `OpenAuth`'s storage.
pub(super) async fn create_openauth_table(engine: SocketAddr) -> Result<(), Error> {
    create_table(
        engine,
        &json!({
            "TableName": "openauth",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
        }),
    )
    .await
}

async fn create_table(engine: SocketAddr, table: &Value) -> Result<(), Error> {
    let response = Connection::open(engine).await?.send(http::dynamodb("CreateTable", table)?).await?;
    let is_created = response.status().is_success();
    if is_created { Ok(()) } else { Err(http::Error::unexpected("CreateTable", &response).into()) }
}
