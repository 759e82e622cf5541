//! The keys that verify ID tokens, as JSON Web Keys (RFC 7517, RFC 7518 §6.3.1).

use serde::Serialize;
use shared::openid::SigningKey;

/// A JWK Set (RFC 7517 §5).
#[derive(Serialize)]
pub(crate) struct KeySet<'a> {
    keys: Vec<Key<'a>>,
}

/// An RSA public key.
#[derive(Serialize)]
struct Key<'a> {
    kty: &'static str,
    /// RFC 7517 §4.2.
    r#use: &'static str,
    alg: &'static str,
    kid: &'a str,
    n: &'a str,
    e: &'a str,
}

impl<'a> KeySet<'a> {
    pub(crate) fn of(keys: impl Iterator<Item = &'a SigningKey>) -> Self {
        let key = |key: &'a SigningKey| {
            let SigningKey { kid, n, e, .. } = key;
            Key { kty: "RSA", r#use: "sig", alg: "RS256", kid, n, e }
        };
        Self { keys: keys.map(key).collect() }
    }
}
