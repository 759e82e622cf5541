//! Redirect URIs (RFC 6749 §3.1.2): which may be registered, which one is meant, and where it leads.

use url::Url;

use super::{Client, NotRegistrable, Registration};
use crate::config::is_loopback;

/// The loopback addresses, where any client has the free port.
const LOOPBACK_ADDRESSES: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];
/// The same and their name, where a public client has it.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

impl Client {
    /// The registered redirect URI that `asked` is (RFC 6749 §3.1.2.3): the same string; or, on a loopback address,
    /// the same but for its port, which a native application cannot know beforehand (RFC 8252 §7.3). If none is
    /// asked for, the only one.
    ///
    /// # Design
    /// A public client has the free port on `localhost`, too, because widely used ones listen there. RFC 8252 §8.3
    /// advises against the name: it may resolve to another interface than the loopback one. PKCE, which every public
    /// client must use, keeps a code that is sent there useless to any other program.
    pub fn redirect_uri<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        match (asked, self.redirect_uris.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(asked), registered) => {
                let hosts = if self.is_public() { &LOOPBACK[..] } else { &LOOPBACK_ADDRESSES };
                let is_asked = |uri: &String| uri == asked || is_same_but_for_port(uri, asked, hosts);
                registered.iter().any(is_asked).then_some(asked)
            }
        }
    }
}

/// Where a redirect URI leads, in words that a person can compare: its host; or, for an application on the device, its
/// scheme, as whatever else stands in such a URI is the application's own choice.
pub fn destination(uri: &str) -> &str {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    host.filter(|_| ["https", "http"].contains(&scheme)).unwrap_or(scheme)
}

/// Whether both are the same URI at the same one of `origins`, whatever the port.
fn is_same_but_for_port(registered: &str, asked: &str, origins: &[&str]) -> bool {
    origins.iter().any(|origin| {
        let without_port = |uri: &str| {
            let rest = uri.strip_prefix(origin)?;
            let Some(after_colon) = rest.strip_prefix(':') else { return Some(rest.to_owned()) };
            let (port, rest) =
                after_colon.split_at(after_colon.bytes().take_while(u8::is_ascii_digit).count());
            port.parse::<u16>().is_ok().then(|| rest.to_owned())
        };
        // What follows must be a path, a query or nothing: `http://127.0.0.1.evil.example` is another host.
        without_port(registered)
            .zip(without_port(asked))
            .is_some_and(|(one, other)| one == other && (one.is_empty() || one.starts_with(['/', '?'])))
    })
}

/// Whether `uri` may be registered (RFC 6749 §3.1.2, RFC 8252 §7 and §8.4, RFC 9700 §2.1 and §2.6).
pub(super) fn check(uri: &str) -> Result<(), NotRegistrable> {
    let refuse = |problem| Err(NotRegistrable::RedirectUri { uri: uri.chars().take(100).collect(), problem });
    if uri.len() > Registration::MOST_REDIRECT_URI_BYTES {
        return refuse("it is longer than 512 bytes");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic())
        || uri.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}'])
    {
        return refuse("it has characters that no URI has");
    }
    let Ok(url) = Url::parse(uri) else { return refuse("it is not an absolute URI") };
    if uri.contains('#') {
        return refuse("it has a fragment");
    }
    if uri.contains('*') {
        return refuse("it has a wildcard: every URI is compared as it is written");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it has a user name");
    }
    if url.query_pairs().any(|(name, _)| {
        ["code", "state", "iss", "error", "error_description", "error_uri", "response"]
            .contains(&name.as_ref())
    }) {
        return refuse("its query has a parameter that the answer needs");
    }
    // A URL library mends what is written another way; a browser, given it as a Location, may not.
    let written = url.host_str().is_some_and(|host| {
        uri.strip_prefix(url.scheme())
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|rest| rest.starts_with(host))
    });
    if ["https", "http"].contains(&url.scheme()) && !written {
        return refuse("its scheme and host must be written in lower case, as scheme://host");
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => refuse("http is for loopback addresses only; use https"),
        // RFC 8252 §7.1: a domain name that the application's maker controls, reversed.
        scheme if scheme.contains('.') => Ok(()),
        _ => refuse("a private-use scheme must contain a dot, like com.example.app"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_that_lead_where_they_say_are_accepted() {
        for uri in [
            "https://app.example.com/callback",
            "https://app.example.com/callback?fixed=1",
            "http://127.0.0.1/callback",
            "http://[::1]:8000/callback",
            "http://localhost:30000",
            "com.example.app:/oauth2redirect",
        ] {
            assert!(check(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn redirect_uris_that_may_lead_elsewhere_are_refused() {
        let long = format!("https://app.example.com/{}", "a".repeat(500));
        for uri in [
            "https://app.example.com/cb#fragment",
            "https://app.example.com/cb#",
            "/callback",
            "",
            "http://app.example.com/callback",
            "http://127.0.0.1.evil.example/callback",
            "https://user@app.example.com/callback",
            "https://*.example.com/callback",
            "https://app.example.com/cb?code=attacker",
            "https://app.example.com/cb?a=1&state=x",
            "https://app.example.com/cb?%65rror=x",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/callback",
            "https://app.example.com/\"x",
            "https://app.example.com/a b",
            "https://app.example.com/\r\nSet-Cookie:x",
            &long,
        ] {
            assert!(matches!(check(uri), Err(NotRegistrable::RedirectUri { .. })), "{uri}");
        }
    }
}
