//! JSON Web Signatures in the compact form (RFC 7515 §3.1), with RS256 alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::json;

/// Returns the encoded header of every JWT that the key called `kid` signs.
pub(super) fn header(kid: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "kid": kid, "typ": "JWT" }).to_string())
}

/// Returns the signing input (RFC 7515 §5.1) of a JWT with these `claims`.
pub(super) fn signing_input(kid: &str, claims: &impl Serialize) -> serde_json::Result<String> {
    let payload = serde_json::to_vec(claims)?;
    Ok(format!("{}.{}", header(kid), URL_SAFE_NO_PAD.encode(payload)))
}

/// Returns the compact form of `signing_input` with its signature.
pub(super) fn compact(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}
