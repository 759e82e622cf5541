//! OpenID Connect (Core 1.0): what a client learns about the user who signed in. Off until a deployment names a signing
//! key.

pub mod claims;
pub mod hint;
pub mod id_token;
mod jws;
pub mod keys;
pub mod nonce;
mod signer;

pub use claims::{Claim, Claims, InvalidClaim};
pub use id_token::IdToken;
pub use keys::{KeyList, SigningKey, Start};
pub use signer::{Signature, Signer, SigningError};

/// Returns the number of bytes of `text` as a JSON text, without its quotes.
fn json_bytes(text: &str) -> usize {
    serde_json::Value::from(text).to_string().len() - 2
}
