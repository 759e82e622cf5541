//! Redirect URIs (RFC 6749 §3.1.2): rules of registration, comparison and display.

use form_urlencoded::Serializer;
use url::{Host, Url};

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
    #[error("its host has characters other than letters, digits, dots and dashes")]
    Host,
    #[error("http is for loopback addresses only; use https")]
    InsecureHttp,
    #[error("a private-use scheme must contain a dot, like com.example.app")]
    SchemeWithoutDot,
}

/// The parameters of an authorization response.
const RESPONSE_PARAMETERS: [&str; 7] =
    ["code", "state", "iss", "error", "error_description", "error_uri", "response"];

/// The most bytes in the authority of a private-use URI that is shown.
const MOST_AUTHORITY_BYTES: usize = 64;

/// Returns the destination of a redirect URI as pages show it: the host of a website. For an application on the device, the
/// scheme with its colon, so that `claude.ai:` is not read as a host. After a scheme without a dot, which an administrator
/// has permitted, also what stands in the place of the host: VS Code gives the URI to the extension that this names. Any
/// other application can choose that freely.
pub fn destination(uri: &str) -> &str {
    let (scheme, authority) = scheme_and_authority(uri);
    if is_web(scheme) {
        return authority;
    }
    let shown = match authority.len() {
        1..=MOST_AUTHORITY_BYTES if !scheme.contains('.') => scheme.len() + "://".len() + authority.len(),
        _ => scheme.len() + ":".len(),
    };
    uri.get(..shown).unwrap_or(uri)
}

/// Returns the scheme of a URI, and its authority: what stands between `//` and the path. Without `//`, the authority
/// is empty.
fn scheme_and_authority(uri: &str) -> (&str, &str) {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    (scheme, authority.unwrap_or_default())
}

/// Returns whether a redirect URI leads to a program on the user's own computer: by a private-use scheme, or on loopback
/// (RFC 8252 §7.1, §7.3).
pub fn is_on_this_computer(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| !is_web(url.scheme()) || is_loopback(&url))
}

/// Returns a registered redirect URI, not normalized, with `fields` added to its query (RFC 6749 §3.1.2).
pub fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    if fields.is_empty() {
        return uri.to_owned();
    }
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let query = Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{uri}{separator}{query}")
}

fn is_web(scheme: &str) -> bool {
    ["https", "http"].contains(&scheme)
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
    check_with(uri, |_| false)
}

/// Checks `uri` as [`check`] does, but also accepts the private-use schemes without a dot that are `permitted`.
pub fn check_with(uri: &str, permitted: impl Fn(&str) -> bool) -> Result<(), InvalidRedirectUri> {
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
    // An empty user name, too: `app.example://@` is no URL once it has a query.
    if scheme_and_authority(uri).1.contains('@') {
        return Err(InvalidRedirectUri::UserName);
    }
    if url.query_pairs().any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref())) {
        return Err(InvalidRedirectUri::ResponseParameter);
    }
    if is_web(url.scheme()) && !is_normalized(uri, &url) {
        return Err(InvalidRedirectUri::NotNormalized);
    }
    if ["https", "http"].contains(&url.scheme()) && !has_plain_host(&url) {
        return Err(InvalidRedirectUri::Host);
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err(InvalidRedirectUri::InsecureHttp),
        // RFC 8252 §7.1: a domain name under the control of the application's developer, reversed.
        scheme if scheme.contains('.') || permitted(scheme) => Ok(()),
        _ => Err(InvalidRedirectUri::SchemeWithoutDot),
    }
}

/// Returns whether the host of `url` is an IP address, or a domain of letters, digits, dots and dashes only (RFC 1123 §2.1).
/// URLs allow more, such as quotation marks and commas, which mean something where a URL is written in a header.
pub(super) fn has_plain_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
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
            "https://192.0.2.1/callback",
            "https://[2001:db8::1]/callback",
            "https://xn--bcher-kva.example/callback",
            "com.example.app:/oauth2redirect",
        ] {
            assert!(check(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn only_a_host_is_shown_as_one() {
        let long = format!("vscode://{}/x", "a".repeat(MOST_AUTHORITY_BYTES + 1));
        for (uri, shown, on_this_computer) in [
            ("https://app.example.com:8443/cb?x", "app.example.com:8443", false),
            ("https://app.example.com?x", "app.example.com", false),
            ("http://localhost:3334/cb", "localhost:3334", true),
            ("http://[::1]:8000/cb", "[::1]:8000", true),
            ("com.example.app:/oauth2redirect", "com.example.app:", true),
            ("claude.ai:/cb", "claude.ai:", true),
            ("claude.ai:///cb", "claude.ai:", true),
            ("claude.ai:claude.ai", "claude.ai:", true),
            ("claude.ai://claude.ai/cb", "claude.ai:", true),
            ("vscode://publisher.extension?x", "vscode://publisher.extension", true),
            (&long, "vscode:", true),
        ] {
            assert_eq!((destination(uri), is_on_this_computer(uri)), (shown, on_this_computer), "{uri}");
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
            "https://:password@app.example.com/callback",
            "com.example.app://user@x/callback",
            "com.example.app://@",
            "https://*.example.com/callback",
            "https://app.example.com/cb?code=attacker",
            "https://app.example.com/cb?a=1&state=x",
            "https://app.example.com/cb?%65rror=x",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/callback",
            "https://app'x.example.com/cb",
            "https://app(x).example.com/cb",
            "https://app,x.example.com/cb",
            "https://app;x.example.com/cb",
            "https://app=x.example.com/cb",
            "https://$x.example.com/cb",
            "https://app_x.example.com/cb",
            "https://app.example.com/\"x",
            "https://app.example.com/a b",
            "https://app.example.com/\r\nSet-Cookie:x",
            &long,
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
    }
}
