//! The `nonce` of an authorization request (OpenID Connect Core §3.1.2.1), which its ID token repeats.

/// The most bytes in a nonce, as JSON writes it: an ID token stays small whatever its characters are.
pub const MOST_BYTES: usize = 256;

/// Returns whether an ID token can repeat `nonce`.
pub fn fits(nonce: &str) -> bool {
    const QUOTES: usize = 2;
    serde_json::to_string(nonce).is_ok_and(|json| json.len() <= MOST_BYTES + QUOTES)
}
