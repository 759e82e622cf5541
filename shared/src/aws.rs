//! What all clients of AWS's services share: the HTTP client and the settings of the environment.
//!
//! # Design
//! TLS is rustls with *ring*: the SDK's default provider gathers entropy for 47 ms of CPU time at its first random
//! number, which a small Lambda function pays for in its first request. Parsing the system's 145 root certificates costs
//! another 5 ms, so AWS's own five are built in. `AWS_CA_BUNDLE`, a variable of the AWS tools, names a file of root
//! certificates that replaces them.

use std::{ffi::OsString, io, path::PathBuf, time::Duration};

pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::Credentials;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

/// Amazon Root CA 1 to 4, and Starfield Services Root Certificate Authority G2.
const AMAZON_ROOTS: &[u8] = include_bytes!("aws/amazon-roots.pem");

/// An address that replaces the environment's.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub url: String,
    /// Whether to send placeholder credentials, because the environment has none: an emulator accepts any.
    pub anonymous: bool,
}

/// The timeout of a connection's beginning.
const CONNECT: Duration = Duration::from_secs(1);

/// How long a client waits for a service.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The timeout of one attempt.
    pub attempt: Duration,
    /// The number of attempts of one request.
    pub attempts: u32,
    /// The timeout of one request with all its attempts.
    pub operation: Duration,
    /// The longest pauses before the second attempt and before any later one.
    pub pauses: [Duration; 2],
}

impl Patience {
    pub fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }

    pub fn retries(self) -> RetryConfig {
        let [first, longest] = self.pauses;
        RetryConfig::standard()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(first)
            .with_max_backoff(longest)
    }
}

/// Returns the settings for clients that send their requests to `endpoint`, or to where the environment describes it. All
/// clients that are made from one result share an HTTP client and credentials.
pub async fn settings(endpoint: Option<Endpoint>) -> io::Result<SdkConfig> {
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
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint.url);
        if endpoint.anonymous {
            let placeholder = Credentials::new("local", "local", None, None, "jeton");
            loader = loader.credentials_provider(placeholder).region(Region::from_static("us-east-1"));
        }
    }
    Ok(loader.load().await)
}

/// Returns whether `name`, the variable with the address of one service, is set, but empty. It then counts as absent, but
/// the SDK would use it as an address.
pub fn is_blank(name: &str) -> bool {
    variable(name).is_some_and(|url| url.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "variables of the AWS tools, read once at start")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
