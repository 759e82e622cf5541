//! A stand-in for AWS KMS: one key, which signs ID tokens.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{Response, StatusCode, body::Bytes};
use rand::{rand_core::UnwrapErr, rngs::SysRng};
use rsa::{Pkcs1v15Sign, PrivateKey, traits::PublicKeyParts};
use serde_json::{Value, json};
use shared::{openid::SigningKey, time::Timestamp};

use super::Error;

/// The name of the key.
pub(crate) const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// The operation that the functions request.
pub(crate) const SIGN: &str = "Sign";

/// The size of the key's modulus, in bits.
const BITS: usize = 2_048;
/// The start of the DER encoding of a SHA-256 digest in a signature (RFC 8017 §9.2).
const SHA256: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

/// The private key.
pub(crate) struct Kms(PrivateKey);

impl Kms {
    pub(crate) fn new() -> Result<Self, Error> {
        let key = PrivateKey::new(&mut UnwrapErr(SysRng), BITS);
        key.map(Self).map_err(|error| Error::unexpected(error.to_string()))
    }

    /// Returns the key as the list of signing keys has it.
    pub(crate) fn signing_key(&self, use_from: Timestamp) -> Result<SigningKey, Error> {
        let (n, e) = (self.0.n().to_be_bytes_trimmed_vartime(), self.0.e().to_be_bytes_trimmed_vartime());
        let name = ARN.parse().map_err(|_| Error::unexpected(ARN))?;
        Ok(SigningKey::new(name, &n, &e, use_from))
    }

    /// Responds to a request for the signature of a digest. A dry run, which opens a function's connection, is refused, as
    /// KMS refuses it.
    pub(crate) fn sign(&self, request: &[u8]) -> Result<Response<Bytes>, Error> {
        let request: Value = serde_json::from_slice(request)?;
        let response = Response::builder().header("x-amzn-requestid", "5e7c1b9a-0f0e-4a6e-9d3c-8f5b7a6c4d2e");
        let (status, body) = if request["DryRun"] == true {
            (StatusCode::PRECONDITION_FAILED, json!({ "__type": "DryRunOperationException" }))
        } else {
            let digest = STANDARD.decode(request["Message"].as_str().unwrap_or_default());
            let digest = digest.map_err(|error| Error::unexpected(error.to_string()))?;
            let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(SHA256) };
            let signature =
                self.0.sign(padding, &digest).map_err(|error| Error::unexpected(error.to_string()))?;
            let algorithm = &request["SigningAlgorithm"];
            let signature = STANDARD.encode(signature);
            (StatusCode::OK, json!({ "KeyId": ARN, "Signature": signature, "SigningAlgorithm": algorithm }))
        };
        Ok(response.status(status).body(body.to_string().into())?)
    }
}
