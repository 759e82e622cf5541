//! `id_token_hint`: an ID token of this server, which a client sends back to say which user it means (OpenID Connect Core
//! §3.1.2.1, RP-Initiated Logout §2).
//!
//! # Design
//! Jeton writes every header alike, so a hint's header is compared as text with those of the keys in the list, and its
//! claims are parsed only after the signature is verified. Nothing that a client invents is ever parsed: no algorithm, no
//! key and no `crit`. The keys sign nothing but ID tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

use super::{KeyList, SigningKey, jws};
use crate::{
    config::SigningKeys,
    oauth::{ClientId, Issuer},
    secret::Id,
    time::Timestamp,
};

/// The most bytes in a hint. An ID token has at most [`MOST_OF_ID_TOKEN`](super::Claims::MOST_OF_ID_TOKEN).
pub const MOST_BYTES: usize = 2_048;

/// What a verified hint says. Its ID token may have expired.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Hint {
    /// The user.
    pub sub: Id,
    /// The client that the ID token was issued to.
    pub aud: ClientId,
    /// In epoch seconds: when the user had last entered the password.
    pub auth_time: u64,
}

/// Error for text that is not an ID token of this server, or was signed with a key whose hints no longer count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id_token_hint is not an ID token of this server")]
pub struct InvalidHint;

/// Verifies `text` with one of `keys`, as an ID token that `issuer`, a deployment with these `permitted` keys, has issued.
pub fn verify(
    text: &str,
    keys: &KeyList,
    permitted: &SigningKeys,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Hint, InvalidHint> {
    #[derive(Deserialize)]
    struct Claims {
        iss: Issuer,
        #[serde(flatten)]
        hint: Hint,
    }

    if text.len() > MOST_BYTES {
        return Err(InvalidHint);
    }
    let (signing_input, signature) = text.rsplit_once('.').ok_or(InvalidHint)?;
    let (header, payload) = signing_input.split_once('.').ok_or(InvalidHint)?;
    let is_signer = |key: &&SigningKey| jws::header(&key.kid) == header;
    let signer = keys.keys().iter().find(is_signer).ok_or(InvalidHint)?;
    let key = keys.for_hint(&signer.kid, permitted, now).ok_or(InvalidHint)?;
    let public = RsaPublicKeyComponents { n: decode(&key.n)?, e: decode(&key.e)? };
    public
        .verify(&RSA_PKCS1_2048_8192_SHA256, signing_input.as_bytes(), &decode(signature)?)
        .map_err(|_| InvalidHint)?;
    let claims: Claims = serde_json::from_slice(&decode(payload)?).map_err(|_| InvalidHint)?;
    if claims.iss == *issuer { Ok(claims.hint) } else { Err(InvalidHint) }
}

fn decode(text: &str) -> Result<Vec<u8>, InvalidHint> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidHint)
}
