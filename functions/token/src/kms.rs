//! The Key Management Service: its client, and the signer of ID tokens in AWS.

use std::time::Duration;

use aws_sdk_kms::{
    Client,
    config::{Builder as Configuration, Region},
    error::{ProvideErrorMetadata, SdkError},
    operation::{RequestId, sign::builders::SignFluentBuilder},
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use lambda_http::BoxFuture;
use sha2::{Digest, Sha256};
use shared::{
    aws::{self, Patience, SdkConfig},
    config::{KeyName, SigningKeys},
    openid::{Signature, Signer, SigningError},
};

/// The timeout of one request with all its attempts: the time of [`Signer::sign`].
const OPERATION: Duration = Duration::from_millis(1_200);
/// KMS responds to a function of its region within some hundredths of a second.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_millis(500),
    attempts: 3,
    operation: OPERATION,
    pauses: [Duration::from_millis(25), Duration::from_millis(100)],
};

/// Signs with keys in KMS.
#[derive(Debug)]
pub struct Kms(Client);

/// A signer with the keys of the client's region.
impl From<Client> for Kms {
    fn from(client: Client) -> Self {
        Self(client)
    }
}

impl Kms {
    /// Returns the signer with these settings. It signs with keys of the settings' region.
    pub fn new(settings: &SdkConfig) -> Self {
        client(settings, None, PATIENCE).into()
    }

    /// Opens the connection, by a dry run of a signature: the one request that the function's policy permits. KMS signs
    /// nothing, and CloudTrail records the request as a `DryRunOperationException`. If it fails, the first signature opens
    /// the connection.
    pub async fn warm_up(&self, keys: &SigningKeys) {
        if let Some(key) = keys.kms_keys().next() {
            let _ = self.request(key, b"").dry_run(true).send().await;
        }
    }

    /// Returns the request for a signature of `message`. KMS gets its digest only.
    fn request(&self, key: &KeyName, message: &[u8]) -> SignFluentBuilder {
        self.0
            .sign()
            .key_id(key.as_str())
            .message(Blob::new(Sha256::digest(message).as_slice()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256)
    }
}

impl Signer for Kms {
    fn sign<'a>(
        &'a self,
        key: &'a KeyName,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, SigningError>> {
        Box::pin(async move {
            let response = self.request(key, message).send().await.map_err(|error| reason(&error))?;
            let request_id = response.request_id().map(str::to_owned);
            let bytes = response.signature.ok_or_else(|| SigningError::Service("no signature".to_owned()))?;
            Ok(Signature { bytes: bytes.into_inner(), request_id })
        })
    }
}

/// Returns the client of KMS with these settings, for keys of `region`. `None`: the settings' own.
pub fn client(settings: &SdkConfig, region: Option<&str>, patience: Patience) -> Client {
    let mut configuration =
        Configuration::from(settings).timeout_config(patience.timeouts()).retry_config(patience.retries());
    if let Some(region) = region {
        configuration.set_region(Some(Region::new(region.to_owned())));
    }
    if aws::is_blank("AWS_ENDPOINT_URL_KMS") {
        configuration.set_endpoint_url(settings.endpoint_url().map(str::to_owned));
    }
    Client::from_conf(configuration.build())
}

/// Returns why a request to KMS failed, without the SDK's message, which may quote the request.
pub fn reason<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> SigningError {
    match error {
        SdkError::TimeoutError(_) => SigningError::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => SigningError::TimedOut,
        SdkError::DispatchFailure(_) => SigningError::NoConnection,
        SdkError::ServiceError(_) => {
            SigningError::Service(error.code().unwrap_or("unknown error").to_owned())
        }
        SdkError::ConstructionFailure(_) => SigningError::Service("no request could be sent".to_owned()),
        _ => SigningError::Service("malformed response".to_owned()),
    }
}
