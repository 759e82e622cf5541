//! Proof Key for Code Exchange (RFC 7636), with S256 only: `plain` does not protect against a reader of the request.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::secret::{Digest, Verifier};

/// The reason why text is not a code verifier or a code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPkce {
    /// A verifier is 43 to 128 unreserved characters (§4.1).
    #[error("the code verifier is not 43 to 128 unreserved characters")]
    Verifier,
    /// An S256 challenge is 43 characters of unpadded base64url (§4.2).
    #[error("the code challenge is not what S256 makes of a verifier")]
    Challenge,
}

/// Parses a code verifier and returns the challenge that it matches (§4.6).
pub fn verifier(text: &str) -> Result<Digest<Verifier>, InvalidPkce> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
        Ok(Digest::of(text))
    } else {
        Err(InvalidPkce::Verifier)
    }
}

/// Parses the challenge of an authorization request (§4.3).
pub fn challenge(text: &str) -> Result<Digest<Verifier>, InvalidPkce> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPkce::Challenge)?;
    bytes.try_into().map(Digest::from_bytes).map_err(|_| InvalidPkce::Challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_appendix_b_matches_its_challenge() {
        let expected = challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert_eq!(verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap(), expected);
    }

    #[test]
    fn malformed_verifiers_and_challenges_are_refused() {
        let long = "a".repeat(129);
        for text in ["", "abc", "dBjftJeZ4CVP+mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &long] {
            assert_eq!(verifier(text), Err(InvalidPkce::Verifier), "{text}");
        }
        for text in
            ["", "abc", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", &"A".repeat(44), &"A".repeat(128)]
        {
            assert_eq!(challenge(text), Err(InvalidPkce::Challenge), "{text}");
        }
    }
}
