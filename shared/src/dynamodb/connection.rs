//! The connection to DynamoDB.
//!
//! # Design
//! TLS is rustls with *ring*: the SDK's default provider gathers entropy for 47 ms of CPU time at its first random
//! number, which a small Lambda function pays for in its first request. Parsing the system's 145 root certificates costs
//! another 5 ms, so AWS's own five are built in. `AWS_CA_BUNDLE`, a variable of the AWS tools, names a file of root
//! certificates that replaces them.

use std::{ffi::OsString, io, path::PathBuf, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{Builder as Configuration, Credentials},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

/// Amazon Root CA 1 to 4, and Starfield Services Root Certificate Authority G2.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The timeout of one attempt.
const ATTEMPT: Duration = Duration::from_secs(1);
/// The number of attempts of one request.
const ATTEMPTS: u32 = 3;
/// The timeout of one request with all its attempts. Two requests fit into a function's own timeout.
const OPERATION: Duration = Duration::from_millis(3_500);

/// An address of DynamoDB that replaces the environment's.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub url: String,
    /// Whether to send placeholder credentials, because the environment has none: an emulator accepts any.
    pub anonymous: bool,
}

/// Returns the configuration of AWS's SDK, as the environment describes it, with `endpoint` as the address of every service.
pub async fn aws_configuration(endpoint: Option<Endpoint>) -> io::Result<SdkConfig> {
    let ca_bundle = variable("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let roots = match ca_bundle {
        Some(path) => std::fs::read(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("AWS_CA_BUNDLE ({}): {error}", path.display()))
        })?,
        None => AMAZON_ROOTS.to_vec(),
    };
    let trust =
        TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(roots)).build();
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(trust.map_err(io::Error::other)?)
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(200));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries);
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint.url);
        if endpoint.anonymous {
            let placeholder = Credentials::new("local", "local", None, None, "jeton");
            loader = loader.credentials_provider(placeholder).region(Region::from_static("us-east-1"));
        }
    }
    Ok(loader.load().await)
}

/// Connects to `endpoint`, or to DynamoDB as the environment describes it.
pub async fn connect(endpoint: Option<Endpoint>) -> io::Result<Client> {
    let environment = aws_configuration(endpoint).await?;
    let mut configuration = Configuration::from(&environment);
    if variable("AWS_ENDPOINT_URL_DYNAMODB").is_some_and(|url| url.is_empty()) {
        // An empty variable counts as absent. The SDK would use it as an address.
        configuration.set_endpoint_url(environment.endpoint_url().map(str::to_owned));
    }
    Ok(Client::from_conf(configuration.build()))
}

/// Returns a client without a connection, for functions that use no table. It costs nothing; its requests fail.
pub fn nowhere() -> Client {
    Client::from_conf(Configuration::new().behavior_version(BehaviorVersion::latest()).build())
}

#[expect(clippy::disallowed_methods, reason = "variables of the AWS tools, read once at start")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
