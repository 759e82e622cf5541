//! Configuration from the environment: read once, at start, and never wrong afterwards.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::log::Level;

/// Everything that a deployment decides. Each field names the variable that sets it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `JETON_ISSUER`: the issuer (RFC 8414 §2), for a deployment behind a domain of its own. Without it, every
    /// request's issuer is `https://` and the domain name that the gateway served it under.
    pub issuer: Option<Issuer>,
    /// The three tables.
    pub tables: TableNames,
    /// `JETON_CLIENT_CACHE_SECONDS`, 0 to 300: how long a client's registration may be used without being read
    /// again. 0, the default, reads it for every request. Meanwhile a client that was disabled, or a secret that
    /// was taken back, still gets tokens; introspection and the authorizer refuse the tokens of a disabled client
    /// all the same.
    pub client_cache: Duration,
    /// `JETON_STATUS_CACHE_SECONDS`, 0 to 300: how long a person's or client's status may be used without being
    /// read again. 0, the default, makes disabling and ending everything take effect at the next call; more saves
    /// a read per introspection and delays both by as much. Revoking a single token is never delayed.
    pub status_cache: Duration,
    /// `JETON_LOG_LEVEL`: `error`, `warn`, `info` (the default) or `debug`.
    pub log_level: Level,
}

/// The tables' names, which a deployment chooses.
#[derive(Clone, Debug)]
pub struct TableNames {
    /// `JETON_TOKENS_TABLE`, else `jeton-tokens`: everything that expires.
    pub tokens: String,
    /// `JETON_CLIENTS_TABLE`, else `jeton-clients`: the registered applications.
    pub clients: String,
    /// `JETON_USERS_TABLE`, else `jeton-users`: the people.
    pub users: String,
}

/// A variable that holds something it cannot.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is {value:?}, but must be {expected}")]
pub struct Invalid {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

impl Config {
    /// The configuration that the process's environment holds. Empty variables count as absent.
    pub fn from_env() -> Result<Self, Invalid> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        Self::read(|variable| std::env::var(variable).ok())
    }

    /// The configuration that `variables` holds.
    pub fn read(variables: impl Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        let text = |variable: &'static str| variables(variable).filter(|value| !value.is_empty());
        let table = |variable: &'static str, default: &str| {
            let name = text(variable).unwrap_or_else(|| default.to_owned());
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            if (3..=255).contains(&name.len()) && name.chars().all(allowed) {
                Ok(name)
            } else {
                let expected = "a table name: 3 to 255 letters, digits, dots, dashes or underscores";
                Err(Invalid { variable, value: name, expected })
            }
        };
        let seconds = |variable: &'static str| match text(variable).map(|value| (value.parse(), value)) {
            None => Ok(Duration::ZERO),
            Some((Ok(seconds @ 0..=300), _)) => Ok(Duration::from_secs(seconds)),
            Some((_, value)) => Err(Invalid { variable, value, expected: "0 to 300 seconds" }),
        };
        Ok(Self {
            issuer: text("JETON_ISSUER")
                .map(|value| {
                    let expected =
                        "https://HOST[:PORT], nothing after it (http:// for a loopback address only)";
                    let invalid = |_| Invalid { variable: "JETON_ISSUER", value: value.clone(), expected };
                    value.parse().map_err(invalid)
                })
                .transpose()?,
            tables: TableNames {
                tokens: table("JETON_TOKENS_TABLE", "jeton-tokens")?,
                clients: table("JETON_CLIENTS_TABLE", "jeton-clients")?,
                users: table("JETON_USERS_TABLE", "jeton-users")?,
            },
            client_cache: seconds("JETON_CLIENT_CACHE_SECONDS")?,
            status_cache: seconds("JETON_STATUS_CACHE_SECONDS")?,
            log_level: match text("JETON_LOG_LEVEL") {
                None => Level::Info,
                Some(value) => value.parse().map_err(|()| Invalid {
                    variable: "JETON_LOG_LEVEL",
                    value,
                    expected: "error, warn, info or debug",
                })?,
            },
        })
    }
}

/// An issuer identifier (RFC 8414 §2): an origin, with nothing after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Issuer(String);

/// Text that is no issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer is https://HOST[:PORT] with nothing after it; http:// is for loopback addresses only")]
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

    fn read(variables: &[(&str, &str)]) -> Result<Config, Invalid> {
        Config::read(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_variables_the_strictest_defaults_hold() {
        let config = read(&[]).unwrap();
        assert_eq!(
            (config.issuer, config.client_cache, config.status_cache),
            (None, Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(config.tables.tokens, "jeton-tokens");
    }

    #[test]
    fn an_error_names_the_variable_and_says_what_it_must_be() {
        for (variable, value) in [
            ("JETON_ISSUER", "http://auth.example.com"),
            ("JETON_ISSUER", "https://auth.example.com/"),
            ("JETON_ISSUER", "https://auth.example.com/tenant"),
            ("JETON_ISSUER", "https://AUTH.example.com"),
            ("JETON_ISSUER", "https://auth.example.com:443"),
            ("JETON_ISSUER", "https://user@auth.example.com"),
            ("JETON_TOKENS_TABLE", "a"),
            ("JETON_CLIENTS_TABLE", "no spaces"),
            ("JETON_CLIENT_CACHE_SECONDS", "301"),
            ("JETON_STATUS_CACHE_SECONDS", "-1"),
            ("JETON_LOG_LEVEL", "loud"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable) && error.contains("must be"), "{error}");
        }
    }

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
