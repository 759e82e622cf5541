//! The reasons why the list of signing keys is not changed as requested.

use shared::openid::{KeyList, SigningError};

#[derive(Debug, thiserror::Error)]
pub enum InvalidKey {
    #[error(
        "--local makes a key that can be read in the database, so it is for the server on this machine only: \
         give the --endpoint-url that `jeton serve` prints"
    )]
    NotLocal,
    #[error("key {0} is in the list already; see `jeton key list`")]
    Exists(String),
    #[error(
        "the list has {most} keys, which is the most: remove one that does not sign with `jeton key remove KID`; see \
         `jeton key list`",
        most = KeyList::MOST
    )]
    TooMany,
    #[error(
        "the key is in {key}, and the deployment in {deployment}: the token function cannot sign with it"
    )]
    Region { key: String, deployment: String },
    #[error("the KMS key is for {0}, not for SIGN_VERIFY")]
    Usage(String),
    #[error("the KMS key is of the kind {0}, not RSA_2048")]
    Kind(String),
    #[error("the KMS key does not sign by RSASSA_PKCS1_V1_5_SHA_256")]
    Algorithm,
    #[error("KMS responded with the key {0}: give the ARN of the key itself")]
    Other(String),
    #[error("KMS's public key cannot be read: {0}")]
    Unreadable(String),
    /// Removing the key breaks something.
    #[error("{0}. To remove it all the same, give --force")]
    InUse(String),
}

/// The reason why KMS did not give the public key.
#[derive(Debug, thiserror::Error)]
#[error("{0}{hint}", hint = self.hint())]
pub struct KmsError(pub(super) SigningError);

impl KmsError {
    /// Returns what the administrator should check.
    fn hint(&self) -> &'static str {
        let code = if let SigningError::Service(code) = &self.0 { code.as_str() } else { "" };
        match code {
            "NotFoundException" => "; is this the key's ARN, and are the credentials of its account?",
            "DisabledException" => "; the key is disabled",
            "UnsupportedOperationException" => "; the key is symmetric: it has no public key",
            "KMSInvalidStateException" => "; is the key pending deletion?",
            "AccessDeniedException" => "; you need the right kms:GetPublicKey on the key",
            _ => "; are AWS credentials set (AWS_PROFILE)?",
        }
    }
}
