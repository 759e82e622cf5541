//! Parameters in a form-encoded body (RFC 6749 §3.2 and appendix B).

use std::collections::BTreeMap;

use lambda_http::http::{StatusCode, header};
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::{OAuthError, Request};

/// The only parameter that a request may repeat (RFC 8707 §2).
pub(super) const RESOURCE: &str = "resource";

/// The name and the value of a parameter.
pub(super) type Pair = (String, Zeroizing<String>);

/// The parameters of a request, without repeated or empty ones. Values are wiped when dropped: they may be secrets.
pub struct Form {
    parameters: BTreeMap<String, Zeroizing<String>>,
    resources: Vec<Zeroizing<String>>,
}

/// The reason why a request's parameters cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("the content type is not application/x-www-form-urlencoded")]
    NotAForm,
    #[error("the body is not a JSON object of strings and whole numbers")]
    NotFlatJson,
    /// More than [`Form::MOST_BYTES`].
    #[error("the body is too large")]
    TooLarge,
    /// A `%` without two hexadecimal digits, bytes that are not UTF-8, or a NUL.
    #[error("the body is not correctly encoded")]
    BadEncoding,
    /// RFC 6749 §3.2: a parameter must not be repeated, except for `resource`.
    #[error("a parameter is repeated")]
    Repeated,
    /// A required parameter is absent or empty.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
}

impl Form {
    /// The most bytes in a body or a query.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// Returns whether the body of `request` says that it is a form.
    pub fn is_form(request: &Request) -> bool {
        media_type(request).eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// Parses the form in `request`'s body. Parameters in the query are ignored (RFC 6749 §2.3.1).
    pub fn parse(request: &Request) -> Result<Self, FormError> {
        Self::of(Self::pairs(request)?)
    }

    /// Returns the parameters in `request`'s body, including repeated and empty ones.
    pub(super) fn pairs(request: &Request) -> Result<Vec<Pair>, FormError> {
        if Self::is_form(request) { decode(request.body()) } else { Err(FormError::NotAForm) }
    }

    /// Builds a form from decoded parameters, unless one is repeated.
    pub(super) fn of(pairs: impl IntoIterator<Item = Pair>) -> Result<Self, FormError> {
        let (mut parameters, mut resources) = (BTreeMap::new(), Vec::new());
        for (name, value) in pairs {
            if name.contains('\0') || value.contains('\0') {
                return Err(FormError::BadEncoding);
            }
            if name == RESOURCE {
                resources.push(value);
            } else if parameters.insert(name, value).is_some() {
                return Err(FormError::Repeated);
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        resources.retain(|value| !value.is_empty());
        Ok(Self { parameters, resources })
    }

    /// Returns the value of `name`; an empty value counts as absent (RFC 6749 §3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(|value| value.as_str())
    }

    /// Returns the values of `resource` (RFC 8707 §2), without empty ones.
    pub fn resources(&self) -> Vec<&str> {
        self.resources.iter().map(|value| value.as_str()).collect()
    }

    /// Returns the rest of each parameter name that starts with `prefix`.
    pub fn names_after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters.keys().filter_map(move |name| name.strip_prefix(prefix))
    }

    /// Returns the value of a required parameter.
    pub fn require(&self, name: &'static str) -> Result<&str, FormError> {
        self.get(name).ok_or(FormError::Missing(name))
    }
}

/// Decodes form-encoded `text`, of a body or a query.
pub(super) fn decode(text: &[u8]) -> Result<Vec<Pair>, FormError> {
    if text.len() > Form::MOST_BYTES {
        return Err(FormError::TooLarge);
    }
    if !is_decodable(text) {
        return Err(FormError::BadEncoding);
    }
    let pairs = form_urlencoded::parse(text);
    Ok(pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect())
}

/// Returns the media type of `request`'s body, without parameters like a charset.
pub(super) fn media_type(request: &Request) -> &str {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim()
}

/// Returns whether `body` is correctly form-encoded. The decoder itself is lenient: it keeps a broken `%` and replaces
/// bytes that are not UTF-8.
pub(super) fn is_decodable(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let Some([_, high, low]) = rest.get(at..at + 3) else { return false };
        if !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit() {
            return false;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    percent_decode(body).decode_utf8().is_ok()
}

impl From<FormError> for OAuthError {
    fn from(error: FormError) -> Self {
        let reason = error.to_string();
        match error {
            FormError::NotAForm => Self::invalid_request(
                "Send the parameters in the body, as application/x-www-form-urlencoded.",
                reason,
            ),
            FormError::NotFlatJson => Self::invalid_request(
                "The body must be one JSON object of strings and whole numbers.",
                reason,
            ),
            FormError::TooLarge => Self::invalid_request("The body is too large.", reason)
                .with_status(StatusCode::PAYLOAD_TOO_LARGE),
            FormError::BadEncoding => {
                Self::invalid_request("The body is not a correctly encoded form.", reason)
            }
            FormError::Repeated => Self::invalid_request("A parameter is repeated.", reason),
            FormError::Missing(_) => Self::invalid_request("A required parameter is missing.", reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &[u8]) -> Result<Form, FormError> {
        Form::of(super::decode(body)?)
    }

    fn value(body: &str, name: &str) -> Option<String> {
        decode(body.as_bytes()).unwrap().get(name).map(str::to_owned)
    }

    #[test]
    fn values_are_decoded_exactly_once() {
        assert_eq!(value("a=1+2%203%2B4%2520", "a").as_deref(), Some("1 2 3+4%20"));
        assert_eq!(value("a=%C3%A9&b", "a").as_deref(), Some("é"));
        assert_eq!(value("a=b=c", "a").as_deref(), Some("b=c"));
    }

    #[test]
    fn an_empty_value_counts_as_absent() {
        assert_eq!(value("a=&b", "a"), None);
        assert_eq!(value("", "a"), None);
        assert_eq!(decode(b"a=").unwrap().require("a").err(), Some(FormError::Missing("a")));
    }

    #[test]
    fn a_repeated_parameter_is_refused_even_if_both_agree_or_are_empty() {
        for body in ["a=1&a=1", "a=1&a=2", "a=&a=1", "a&a", "a=1&%61=1"] {
            assert_eq!(decode(body.as_bytes()).err(), Some(FormError::Repeated), "{body}");
        }
    }

    #[test]
    fn only_resource_may_be_repeated() {
        let resources = |body: &str| -> Vec<String> {
            let form = decode(body.as_bytes()).unwrap();
            assert_eq!(form.get("resource"), None);
            form.resources().into_iter().map(str::to_owned).collect()
        };
        assert_eq!(resources("a=1"), [""; 0]);
        assert_eq!(resources("resource=&resource"), [""; 0]);
        assert_eq!(resources("resource=x&a=1&resource=&resource=x"), ["x", "x"]);
        assert_eq!(decode(b"resource=x&Resource=y&Resource=z").err(), Some(FormError::Repeated));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for body in ["a=%", "a=%z1", "a=%1", "%zz=1", "a=%FF", "a=%C3", "a=%00", "%00=a", "a=%u0041"] {
            assert_eq!(decode(body.as_bytes()).err(), Some(FormError::BadEncoding), "{body}");
        }
        assert_eq!(decode(b"a=\xFF").err(), Some(FormError::BadEncoding));
    }
}
