//! Resource identifiers (RFC 8707 §2, RFC 9728 §1.2): registration, comparison, and the address of the metadata.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};
use url::Url;

use super::{is_loopback, redirect_uri::has_plain_host};

/// The identifier of a protected resource (RFC 9728 §1.2), as an administrator registered it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct ResourceUri(String);

/// Error for text that cannot be registered as a resource identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a resource is https://HOST[:PORT][/PATH] of at most {} bytes, in the spelling that a browser shows: no user, query, \
     fragment or dot segment (http:// for a loopback address only)",
    ResourceUri::MOST_BYTES
)]
pub struct InvalidResourceUri;

/// The resource that a request names in its parameter `resource` (RFC 8707 §2), in canonical form.
///
/// # Design
/// Clients derive the parameter from the URL that a user has typed or copied: with a slash at its end, with a query, or
/// without the path. The canonical form has no query and no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedResource(Url);

impl ResourceUri {
    /// The most bytes in a resource identifier, which is part of every grant for it.
    pub const MOST_BYTES: usize = 128;
    /// The path before which RFC 9728 §3.1 inserts the path of the resource.
    pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

    /// Returns the identifier that text which cannot be registered may mean: in the normalized spelling, without user, query
    /// and fragment.
    pub fn suggested(text: &str) -> Option<Self> {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.as_str().parse().ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the identifier without the slash at its end, if it has one. Two resources may not have the same form.
    pub fn canonical(&self) -> &str {
        self.0.strip_suffix('/').unwrap_or(&self.0)
    }

    /// Returns the scheme, host and port.
    pub fn origin(&self) -> &str {
        self.0.get(..self.0.len() - self.path().len()).unwrap_or_default()
    }

    /// Returns the host, and the port if the identifier has one.
    pub fn host(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, host)| host)
    }

    /// Returns the path: empty, or with a slash at its start.
    pub fn path(&self) -> &str {
        let after_scheme = self.0.find("://").map_or(0, |colon| colon + 3);
        let path = self.0.get(after_scheme..).and_then(|rest| rest.find('/'));
        path.and_then(|slash| self.0.get(after_scheme + slash..)).unwrap_or_default()
    }

    /// Returns the path of the resource's metadata on its own host (RFC 9728 §3.1).
    pub fn metadata_path(&self) -> String {
        let path = self.path();
        format!("{}{}", Self::WELL_KNOWN, if path == "/" { "" } else { path })
    }

    /// Returns the URL of the resource's metadata (RFC 9728 §3.1).
    pub fn metadata_url(&self) -> String {
        format!("{}{}", self.origin(), self.metadata_path())
    }

    /// Returns the URL at the root of the resource's host, which some clients fetch instead.
    pub fn root_metadata_url(&self) -> String {
        format!("{}{}", self.origin(), Self::WELL_KNOWN)
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ResourceUri {
    type Err = InvalidResourceUri;

    fn from_str(text: &str) -> Result<Self, InvalidResourceUri> {
        let url = Url::parse(text).map_err(|_| InvalidResourceUri)?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let has_more = url.query().is_some() || url.fragment().is_some() || url.username() != "";
        // The identifier is compared as a string, so only the normalized spelling is accepted. The slash of an origin
        // may be left out.
        let normalized =
            url.as_str() == text || (url.path() == "/" && url.as_str().strip_suffix('/') == Some(text));
        if secure
            && has_plain_host(&url)
            && !has_more
            && url.password().is_none()
            && normalized
            && text.len() <= Self::MOST_BYTES
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidResourceUri)
        }
    }
}

impl FromStr for RequestedResource {
    type Err = InvalidResourceUri;

    /// Parses the parameter `resource`. A fragment is an error (RFC 8707 §2).
    fn from_str(text: &str) -> Result<Self, InvalidResourceUri> {
        let mut url = Url::parse(text).map_err(|_| InvalidResourceUri)?;
        if url.cannot_be_a_base() || url.fragment().is_some() {
            return Err(InvalidResourceUri);
        }
        url.set_query(None);
        Ok(Self(url))
    }
}

impl RequestedResource {
    /// Returns whether this is the resource `uri`.
    pub fn is(&self, uri: &ResourceUri) -> bool {
        let text = self.0.as_str();
        text.strip_suffix('/').unwrap_or(text) == uri.canonical()
    }

    /// Returns whether this has no path, and is the origin of `uri`.
    pub fn is_origin_of(&self, uri: &ResourceUri) -> bool {
        self.0.path() == "/" && self.0.as_str().strip_suffix('/') == Some(uri.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> ResourceUri {
        text.parse().unwrap()
    }

    #[test]
    fn a_resource_has_one_spelling() {
        for good in [
            "https://api.example.com",
            "https://api.example.com/",
            "https://api.example.com/mcp",
            "https://api.example.com/mcp/",
            "https://api.example.com:8443/a/b",
            "http://127.0.0.1:8080/api/mcp",
            "http://[::1]:8080/api/mcp",
            "https://192.0.2.1/mcp",
            "https://[2001:db8::1]/mcp",
            "https://xn--bcher-kva.example/mcp",
            "http://localhost:1/x",
        ] {
            assert_eq!(uri(good).as_str(), good);
            let start = good.split_inclusive("://").next().unwrap();
            assert!(good[start.len()..].starts_with(uri(good).host()), "{good}");
        }
        let long = format!("https://api.example.com/{}", "a".repeat(105));
        for bad in [
            "",
            "/mcp",
            "mcp",
            "urn:example:api",
            "http://api.example.com/mcp",
            "https://API.example.com/mcp",
            "https://api.example.com:443/mcp",
            "https://user@api.example.com/mcp",
            "https://:p@api.example.com/mcp",
            "https://api.example.com/mcp?x=1",
            "https://api.example.com/mcp?",
            "https://api.example.com/mcp#x",
            "https://api.example.com/a/../mcp",
            "https://api.example.com/a/%2e%2e/mcp",
            "https://api.example.com/a b",
            "https://api.example.com/\u{e9}",
            // Characters that `url` accepts in a host, but that mean something in a header or a template.
            "https://api\"x.example.com",
            "https://api'x.example.com",
            "https://api(x).example.com",
            "https://api,x.example.com",
            "https://api;x.example.com",
            "https://api=x.example.com",
            "https://api{x}.example.com",
            "https://${x}.example.com",
            "https://api_x.example.com",
            &long,
        ] {
            assert_eq!(bad.parse::<ResourceUri>(), Err(InvalidResourceUri), "{bad}");
        }
    }

    #[test]
    fn the_accepted_spelling_is_suggested() {
        for (text, suggested) in [
            ("HTTPS://u:p@API.example.com:443/x/../mcp?a=b#c", Some("https://api.example.com/mcp")),
            ("https://api.example.com?", Some("https://api.example.com/")),
            ("https://api.example.com/\u{e9}", Some("https://api.example.com/%C3%A9")),
            ("http://api.example.com/mcp", None),
            ("urn:example:api", None),
            ("mcp", None),
        ] {
            assert_eq!(ResourceUri::suggested(text), suggested.map(uri), "{text}");
        }
    }

    #[test]
    fn a_request_may_spell_a_resource_as_users_copy_it() {
        let mcp = uri("https://api.example.com/mcp");
        for (requested, expected) in [
            ("https://api.example.com/mcp", true),
            ("https://api.example.com/mcp/", true),
            ("HTTPS://API.example.com:443/x/../mcp?utm_source=x", true),
            ("https://api.example.com/mcp//", false),
            ("https://api.example.com/MCP", false),
            ("https://api.example.com/mcp/x", false),
            ("http://api.example.com/mcp", false),
            ("https://api.example.com:8443/mcp", false),
            ("https://evil.example/mcp", false),
            ("https://user@api.example.com/mcp", false),
            ("https://api.example.com", false),
        ] {
            assert_eq!(requested.parse::<RequestedResource>().unwrap().is(&mcp), expected, "{requested}");
            assert_eq!(
                requested.parse::<RequestedResource>().unwrap().is(&uri("https://api.example.com/mcp/")),
                expected
            );
        }
        for (requested, expected) in [
            ("https://api.example.com", true),
            ("https://api.example.com/?utm_source=x", true),
            ("https://api.example.com/mcp", false),
            ("https://api.example.com.evil.example", false),
            ("https://user@api.example.com", false),
        ] {
            assert_eq!(
                requested.parse::<RequestedResource>().unwrap().is_origin_of(&mcp),
                expected,
                "{requested}"
            );
        }
        for bad in
            ["", "mcp", "urn:example:api", "https://api.example.com/mcp#", "https://api.example.com/mcp#x"]
        {
            assert!(bad.parse::<RequestedResource>().is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_is_on_the_host_of_the_resource_before_its_path() {
        for (resource, url) in [
            ("https://a.example", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/mcp", "https://a.example/.well-known/oauth-protected-resource/mcp"),
            (
                "http://127.0.0.1:8080/api/mcp",
                "http://127.0.0.1:8080/.well-known/oauth-protected-resource/api/mcp",
            ),
        ] {
            assert_eq!(uri(resource).metadata_url(), url);
        }
    }
}
