//! HTTP Basic authentication (RFC 7617).

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// A name and a password from a request, not yet verified.
pub struct Basic {
    /// A user's name or a client's id. It has no colon (§2).
    pub name: String,
    /// A user's password or a client's secret.
    pub password: Zeroizing<String>,
}

impl Basic {
    /// Parses the value of an `Authorization` header. The scheme may be in any case.
    pub fn of_header(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Basic").then(|| Self::parse(encoded))?
    }

    /// Parses the part of the header after the scheme: base64 of UTF-8 (§2.1).
    pub fn parse(encoded: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_ascii()).ok()?);
        let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self { name: name.to_owned(), password: Zeroizing::new(password.to_owned()) })
    }
}
