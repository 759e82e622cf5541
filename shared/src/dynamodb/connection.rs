//! The connection to DynamoDB.

use std::{io, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::{Client, config::Builder as Configuration};

use crate::aws::{self, Endpoint, Patience};

/// The timeout of one attempt.
const ATTEMPT: Duration = Duration::from_secs(1);
/// The timeout of one request with all its attempts. Two requests fit into a function's own timeout.
const OPERATION: Duration = Duration::from_millis(3_500);
const PATIENCE: Patience = Patience {
    attempt: ATTEMPT,
    attempts: 3,
    operation: OPERATION,
    pauses: [Duration::from_millis(50), Duration::from_millis(200)],
};
/// That of administrators, whose lists are pages of up to 1 MB over any connection.
const PATIENCE_OF_ADMINISTRATORS: Patience =
    Patience { attempt: Duration::from_secs(10), operation: Duration::from_secs(32), ..PATIENCE };

/// Connects to `endpoint`, or to DynamoDB as the environment describes it.
pub async fn connect(endpoint: Option<Endpoint>) -> io::Result<Client> {
    Ok(client(&aws::settings(endpoint).await?))
}

/// Connects to DynamoDB as [`connect`] does, for an administrator.
pub async fn connect_for_administration(endpoint: Option<Endpoint>) -> io::Result<Client> {
    Ok(with(&aws::settings(endpoint).await?, PATIENCE_OF_ADMINISTRATORS))
}

/// Returns the client of DynamoDB with these settings.
pub fn client(settings: &SdkConfig) -> Client {
    with(settings, PATIENCE)
}

fn with(settings: &SdkConfig, patience: Patience) -> Client {
    let mut configuration =
        Configuration::from(settings).timeout_config(patience.timeouts()).retry_config(patience.retries());
    if aws::is_blank("AWS_ENDPOINT_URL_DYNAMODB") {
        configuration.set_endpoint_url(settings.endpoint_url().map(str::to_owned));
    }
    Client::from_conf(configuration.build())
}

/// Returns a client without a connection, for functions that use no table. It costs nothing; its requests fail.
pub fn nowhere() -> Client {
    Client::from_conf(Configuration::new().behavior_version(BehaviorVersion::latest()).build())
}
