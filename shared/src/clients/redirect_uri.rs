//! The redirect URI of a request (RFC 6749 §3.1.2).

use super::Client;
use crate::oauth::redirect_uri::is_same_but_for_port;

/// The loopback addresses, where every client may use any port.
const LOOPBACK_ADDRESSES: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];
/// The loopback addresses and their name, where a public or self-registered client may use any port.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

impl Client {
    /// Returns `requested`, if it is registered (RFC 6749 §3.1.2.3): as the same string, or, on a loopback address, with
    /// another port, which a native application cannot know beforehand (RFC 8252 §7.3). Without `requested`, returns the
    /// client's only redirect URI.
    ///
    /// # Design
    /// A public client may use any port on `localhost`, too, because widely used clients listen there. RFC 8252 §8.3
    /// advises against the name: it may resolve to another interface than the loopback one. PKCE, which every public
    /// client must use, makes a code that is sent there useless to any other program. The same holds for a self-registered
    /// client with a secret: it is a native application all the same, which the system gives another port at each start
    /// (RFC 8252 §7.3), and it must use PKCE. On `localhost`, an administrator's confidential client is a website in
    /// development, at one port.
    pub fn redirect_uri<'a>(&'a self, requested: Option<&'a str>) -> Option<&'a str> {
        match (requested, self.redirect_uris.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(requested), registered) => {
                let is_native = self.is_public() || self.is_self_registered();
                let hosts = if is_native { &LOOPBACK[..] } else { &LOOPBACK_ADDRESSES };
                let matches = |uri: &String| uri == requested || is_same_but_for_port(uri, requested, hosts);
                registered.iter().any(matches).then_some(requested)
            }
        }
    }
}
