//! The signer of ID tokens.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

use crate::config::KeyName;

/// Signs with private keys that this process does not hold (KMS), or with those of a local database.
///
/// # Design
/// A trait, so that only the functions that sign contain a client of KMS.
pub trait Signer: Debug + Send + Sync {
    /// Signs `message` with the key called `key`, by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3). It takes 1.2 seconds
    /// at most, with all attempts.
    fn sign<'a>(
        &'a self,
        key: &'a KeyName,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, SigningError>>;
}

/// A signature, and the name of the request that made it.
#[derive(Clone, Debug)]
pub struct Signature {
    pub bytes: Vec<u8>,
    /// The id of the request to KMS, which CloudTrail records, too. `None`: a local key made the signature.
    pub request_id: Option<String>,
}

/// The reason why there is no signature. The user and the client are not at fault: the request may be sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The deployment names no key that is in the list of keys and in use.
    #[error("no signing key is usable; see `jeton key list`")]
    NoKey,
    #[error("KMS: timed out")]
    TimedOut,
    /// KMS could not be reached.
    #[error("KMS: no connection")]
    NoConnection,
    #[error("the ID token's claims cannot be encoded")]
    Encoding,
    /// KMS's error, by its code.
    #[error("KMS: {0}")]
    Service(String),
    /// A local key cannot be read, or does not sign.
    #[error("local signing key: {0}")]
    Local(String),
}

impl SigningError {
    /// Returns whether KMS refused the request, and may go on refusing it.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Service(code) if code != "ThrottlingException")
    }
}
