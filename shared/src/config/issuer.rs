//! What clients are told to trust.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An issuer identifier (RFC 8414 §2): an origin, with nothing after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Issuer(String);

/// Text that is no issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("https://HOST[:PORT] with nothing after it (http:// for a loopback address only)")]
pub struct NotAnIssuer;

impl Issuer {
    /// The most bytes in an issuer: it is part of every grant.
    pub const MOST_BYTES: usize = 100;

    /// The issuer of a deployment that is known by the gateway's own domain name only.
    pub fn of_domain(domain: &str) -> Result<Self, NotAnIssuer> {
        format!("https://{domain}").parse()
    }

    /// The identifier, to be compared as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached over TLS. Only one on a loopback address is not.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The URL of one of the issuer's endpoints.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = NotAnIssuer;

    fn from_str(text: &str) -> Result<Self, NotAnIssuer> {
        let url = Url::parse(text).map_err(|_| NotAnIssuer)?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        // Issuers are compared byte for byte, so only the spelling that a URL library gives back is one.
        if !secure || url.origin().ascii_serialization() != text || text.len() > Self::MOST_BYTES {
            return Err(NotAnIssuer);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether a URL leads nowhere but to the machine it is opened on.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_origin() {
        for good in
            ["https://auth.example.com", "https://a.example:8443", "http://127.0.0.1:8080", "http://[::1]:1"]
        {
            assert_eq!(good.parse::<Issuer>().unwrap().as_str(), good);
        }
        assert_eq!(Issuer::of_domain("evil.example/x?y"), Err(NotAnIssuer));
        assert_eq!(Issuer::of_domain(&"a".repeat(200)), Err(NotAnIssuer));
    }
}
