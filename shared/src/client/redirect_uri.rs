//! Redirect URIs (RFC 6749 §3.1.2): which one is meant, and where it leads.

use super::Client;

impl Client {
    /// The registered redirect URI that `asked` is (RFC 6749 §3.1.2.3): the same string; or, on a loopback address,
    /// the same but for its port, which a native application cannot know beforehand (RFC 8252 §7.3). If none is
    /// asked for, the only one.
    pub fn redirect_uri<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        match (asked, self.redirect_uris.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(asked), registered) => {
                registered.iter().any(|uri| uri == asked || is_same_but_for_port(uri, asked)).then_some(asked)
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

/// Whether both are the same URI on the same loopback address, whatever the port. Not for `localhost`: it is a name,
/// which may lead elsewhere (RFC 8252 §8.3).
fn is_same_but_for_port(registered: &str, asked: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].iter().any(|origin| {
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
