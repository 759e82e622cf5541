//! Redirect URIs (RFC 6749 §3.1.2): rules of registration, comparison and display.

use url::Url;

use super::is_loopback;

/// The most bytes in a redirect URI.
pub const MOST_BYTES: usize = 512;

/// The reason why a URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    #[error("it is longer than {MOST_BYTES} bytes")]
    TooLong,
    #[error("it has characters that are not allowed in a URI")]
    InvalidCharacter,
    #[error("it is not an absolute URI")]
    NotAbsolute,
    #[error("it has a fragment")]
    Fragment,
    #[error("it has a wildcard: URIs are compared exactly")]
    Wildcard,
    #[error("it has a user name")]
    UserName,
    #[error("its query has a parameter that the response needs")]
    ResponseParameter,
    #[error("its scheme and host must be written in lower case, as scheme://host")]
    NotNormalized,
    #[error("http is for loopback addresses only; use https")]
    InsecureHttp,
    #[error("a private-use scheme must contain a dot, like com.example.app")]
    SchemeWithoutDot,
}

/// The parameters of an authorization response.
const RESPONSE_PARAMETERS: [&str; 7] =
    ["code", "state", "iss", "error", "error_description", "error_uri", "response"];

/// Returns the destination of a redirect URI as the consent page shows it: the host; or the scheme for an application on
/// the device, which can choose the rest of the URI freely.
pub fn destination(uri: &str) -> &str {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    host.filter(|_| ["https", "http"].contains(&scheme)).unwrap_or(scheme)
}

/// Returns whether both URIs are equal except for the port, and at the same one of `origins`.
pub(crate) fn is_same_but_for_port(registered: &str, requested: &str, origins: &[&str]) -> bool {
    origins.iter().any(|origin| {
        without_port(registered, origin)
            .zip(without_port(requested, origin))
            // The rest must be a path, a query or empty: `http://127.0.0.1.evil.example` is another host.
            .is_some_and(|(one, other)| one == other && (one.is_empty() || one.starts_with(['/', '?'])))
    })
}

/// Returns `uri` without `origin` and the port, or `None` if its origin or port is another.
fn without_port<'a>(uri: &'a str, origin: &str) -> Option<&'a str> {
    let rest = uri.strip_prefix(origin)?;
    let Some(after_colon) = rest.strip_prefix(':') else { return Some(rest) };
    let digits = after_colon.bytes().take_while(u8::is_ascii_digit).count();
    let (port, rest) = after_colon.split_at(digits);
    port.parse::<u16>().is_ok().then_some(rest)
}

/// Checks whether `uri` may be registered (RFC 6749 §3.1.2, RFC 8252 §7 and §8.4, RFC 9700 §2.1 and §2.6).
pub fn check(uri: &str) -> Result<(), InvalidRedirectUri> {
    if uri.len() > MOST_BYTES {
        return Err(InvalidRedirectUri::TooLong);
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic())
        || uri.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}'])
    {
        return Err(InvalidRedirectUri::InvalidCharacter);
    }
    let url = Url::parse(uri).map_err(|_| InvalidRedirectUri::NotAbsolute)?;
    if uri.contains('#') {
        return Err(InvalidRedirectUri::Fragment);
    }
    if uri.contains('*') {
        return Err(InvalidRedirectUri::Wildcard);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidRedirectUri::UserName);
    }
    if url.query_pairs().any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref())) {
        return Err(InvalidRedirectUri::ResponseParameter);
    }
    if ["https", "http"].contains(&url.scheme()) && !is_normalized(uri, &url) {
        return Err(InvalidRedirectUri::NotNormalized);
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err(InvalidRedirectUri::InsecureHttp),
        // RFC 8252 §7.1: a domain name under the control of the application's developer, reversed.
        scheme if scheme.contains('.') => Ok(()),
        _ => Err(InvalidRedirectUri::SchemeWithoutDot),
    }
}

/// Returns whether the scheme and host of `uri` are written as `url`, its parsed form, has them. A URL library repairs
/// other spellings; a browser that gets them in a `Location` header may not.
fn is_normalized(uri: &str, url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        uri.strip_prefix(url.scheme())
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|rest| rest.starts_with(host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unambiguous_redirect_uris_are_accepted() {
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
            assert!(check(uri).is_err(), "{uri}");
        }
    }
}
