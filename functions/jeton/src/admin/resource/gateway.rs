//! What the host of a resource serves for the resource's clients: the metadata (RFC 9728 §3), and the challenges that name it
//! (§5.1, RFC 6750 §3).

use std::{fmt::Write as _, io};

use askama::Template;
use serde_json::{Value, json};
use shared::{
    oauth::{Issuer, ResourceUri},
    resources::{ProtectedResourceMetadata, Resource},
};

use crate::admin::error::Error;

/// The metadata of a resource, and the fragment of a `CloudFormation` template that lets a REST API serve it.
pub(super) struct Gateway<'a> {
    metadata: ProtectedResourceMetadata<'a>,
    urls: Vec<String>,
    page: String,
}

/// The output for people: a fragment of a template, after comments.
#[derive(Template)]
#[template(path = "gateway.yaml", escape = "none")]
struct Page<'a> {
    uri: &'a ResourceUri,
    metadata_urls: &'a [String],
    /// The document as JSON that a mapping template and a quoted YAML string can hold.
    metadata: String,
    /// `None`: no REST API can have the path of the resource.
    fragment: Option<Fragment>,
}

struct Fragment {
    /// The segments of the resource's path.
    segments: Vec<String>,
    /// The logical ids of the API's resources that serve the metadata.
    served: Vec<String>,
    /// The logical ids of what a deployment of the API must contain.
    dependencies: Vec<String>,
    /// Where clients look first.
    metadata_url: String,
}

impl<'a> Gateway<'a> {
    /// Describes the host of `resource`, for which `issuer` issues tokens.
    pub(super) fn new(resource: &'a Resource, issuer: &'a Issuer) -> Result<Self, Error> {
        let uri = &resource.uri;
        let metadata = ProtectedResourceMetadata::of(resource, issuer);
        // Some clients look at the root only.
        let mut urls = vec![uri.metadata_url(), uri.root_metadata_url()];
        urls.dedup();
        let page = Page {
            uri,
            metadata_urls: &urls,
            metadata: escaped(&serde_json::to_string(&metadata).map_err(io::Error::from)?),
            fragment: Fragment::of(uri),
        };
        let page = page.render().map_err(io::Error::other)?;
        Ok(Self { metadata, urls, page })
    }

    pub(super) fn json(&self) -> Value {
        json!({ "metadata": self.metadata, "metadata_urls": self.urls, "cloudformation": self.page })
    }

    pub(super) fn text(&self) -> &str {
        &self.page
    }
}

impl Fragment {
    fn of(uri: &ResourceUri) -> Option<Self> {
        let path = uri.path().trim_start_matches('/');
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<_> = path.split('/').filter(|_| !path.is_empty()).map(str::to_owned).collect();
        if !segments.iter().all(|segment| is_path_part(segment)) {
            return None;
        }
        let at_path = (!segments.is_empty()).then(|| format!("ResourceMetadata{}", segments.len()));
        let served: Vec<_> = [Some("ResourceMetadata".to_owned()), at_path].into_iter().flatten().collect();
        let methods = served.iter().flat_map(|id| [format!("Get{id}"), format!("Options{id}")]);
        let responses = ["Unauthorized", "AccessDenied"].map(str::to_owned);
        let dependencies = methods.chain(responses).collect();
        Some(Self { segments, served, dependencies, metadata_url: uri.metadata_url() })
    }
}

/// Returns whether a resource of a REST API can have this `PathPart`.
fn is_path_part(segment: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    !segment.is_empty() && segment.bytes().all(allowed)
}

/// Returns the JSON text with escapes for three kinds of characters: those that are special in a mapping template (`$` and
/// `#`), the quote that ends a quoted YAML string, and those that are not ASCII, because the response names no charset. JSON
/// has them in strings only.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && !"$#'".contains(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_mapping_templates_and_quotes() {
        let name = "l'été $context.stage #set \u{1f600} \\u0024 \"x\"";
        let json = serde_json::to_string(name).unwrap();
        let text = escaped(&json);
        assert!(text.is_ascii() && !text.contains(['$', '#', '\'']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), name);
    }

    #[test]
    fn a_rest_api_has_no_path_with_other_characters() {
        for (uri, segments) in [
            ("https://a.example", Some(vec![])),
            ("https://a.example/", Some(vec![])),
            ("https://a.example/mcp/", Some(vec!["mcp"])),
            ("https://a.example/v1.0/a:b_c-d", Some(vec!["v1.0", "a:b_c-d"])),
            ("https://a.example/a//b", None),
            ("https://a.example/mcp//", None),
            ("https://a.example/~x", None),
            ("https://a.example/it's", None),
            ("https://a.example/%7Bproxy+%7D", None),
        ] {
            let found = Fragment::of(&uri.parse().unwrap()).map(|fragment| fragment.segments);
            assert_eq!(found, segments.map(|all| all.into_iter().map(str::to_owned).collect()), "{uri}");
        }
    }
}
