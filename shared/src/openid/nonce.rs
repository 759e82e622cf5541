//! The `nonce` of an authorization request (OpenID Connect Core §3.1.2.1), which its ID token repeats.

use super::json_bytes;

/// The most bytes in a nonce, as JSON writes it: escaped characters cannot make an ID token larger.
pub const MOST_BYTES: usize = 256;

/// Returns whether an ID token can repeat `nonce`.
pub fn fits(nonce: &str) -> bool {
    json_bytes(nonce) <= MOST_BYTES
}
