//! Issuer identifiers (RFC 8414 §2).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// An issuer identifier (RFC 8414 §2): an origin without a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Issuer(String);

/// Error for text that is not an issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("https://HOST[:PORT] with nothing after it (http:// for a loopback address only)")]
pub struct InvalidIssuer;

impl Issuer {
    /// The most bytes in an issuer, which is part of every grant.
    pub const MOST_BYTES: usize = 100;

    /// Returns the issuer of a deployment without a domain of its own: the gateway's domain name.
    pub fn of_domain(domain: &str) -> Result<Self, InvalidIssuer> {
        format!("https://{domain}").parse()
    }

    /// Returns the identifier. Issuers are compared as strings.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the issuer uses TLS. Only an issuer on a loopback address does not.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Returns the URL of an endpoint.
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
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer)?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        // Issuers are compared byte by byte, so only the normalized form is accepted.
        if !secure || url.origin().ascii_serialization() != text || text.len() > Self::MOST_BYTES {
            return Err(InvalidIssuer);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Returns whether the host of `url` is the machine on which it is opened.
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
        assert_eq!(Issuer::of_domain("evil.example/x?y"), Err(InvalidIssuer));
        assert_eq!(Issuer::of_domain(&"a".repeat(200)), Err(InvalidIssuer));
    }
}
