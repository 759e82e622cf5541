//! ID tokens (OpenID Connect Core §2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{SigningKey, jws};
use crate::{
    oauth::{ClientId, Issuer},
    secret::{AccessToken, Id, Secret},
};

/// The claims of an ID token.
#[derive(Clone, Debug, Serialize)]
pub struct IdToken<'a> {
    #[serde(serialize_with = "as_text")]
    pub iss: &'a Issuer,
    pub sub: Id,
    /// The client.
    pub aud: &'a ClientId,
    /// In epoch seconds.
    pub exp: u64,
    /// In epoch seconds: when the access token was issued.
    pub iat: u64,
    /// In epoch seconds: when the user last entered the password.
    pub auth_time: u64,
    /// That of the authorization request. A refresh response has none (§12.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// The left half of the access token's SHA-256 (§3.1.3.6).
    pub at_hash: String,
    /// The claims about the user.
    #[serde(flatten)]
    pub claims: Map<String, Value>,
}

fn as_text<S: serde::Serializer>(issuer: &Issuer, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(issuer.as_str())
}

/// Returns the `at_hash` of an access token (§3.1.3.6).
pub fn at_hash(token: &Secret<AccessToken>) -> String {
    let digest = Sha256::digest(token.expose());
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}

impl IdToken<'_> {
    /// Returns what is signed of the ID token with `key`: its header and its claims.
    pub fn signing_input(&self, key: &SigningKey) -> serde_json::Result<String> {
        jws::signing_input(&key.kid, self)
    }

    /// Returns the ID token of `signing_input` with its signature.
    pub fn signed(signing_input: &str, signature: &[u8]) -> String {
        jws::compact(signing_input, signature)
    }
}
