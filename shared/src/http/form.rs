//! Parameters in a form-encoded body (RFC 6749 §3.2 and appendix B).

mod elsewhere;

use std::collections::BTreeMap;

use lambda_http::http::{StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};
use zeroize::Zeroizing;

use super::{Refusal, Request};

/// What may not stand in a URI's query as it is, beside controls and all that is not ASCII.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// The parameters of a request: none twice, none empty. Values are wiped when dropped: they hold secrets.
pub struct Form(BTreeMap<String, Zeroizing<String>>);

/// A body that is no form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Another content type, or none.
    #[error("the content type is not application/x-www-form-urlencoded")]
    NotAForm,
    /// JSON of another form than an object of strings and whole numbers; or no JSON.
    #[error("the body is not a JSON object of strings and whole numbers")]
    NotFlatJson,
    /// More than [`Form::MOST_BYTES`].
    #[error("the body is larger than a form may be")]
    TooLarge,
    /// A `%` without two hexadecimal digits, bytes that are not UTF-8, or a NUL.
    #[error("the body is not correctly encoded")]
    BadEncoding,
    /// A parameter that appears more than once (RFC 6749 §3.2).
    #[error("a parameter is repeated")]
    Repeated,
    /// A parameter that is not there, or empty, but must be.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
}

impl Form {
    /// The most bytes in a body.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// The form in `request`'s body. Parameters in its query are no part of it (RFC 6749 §2.3.1).
    pub fn parse(request: &Request) -> Result<Self, FormError> {
        if !is_form(request) {
            return Err(FormError::NotAForm);
        }
        let body = request.body().as_ref();
        if body.len() > Self::MOST_BYTES {
            return Err(FormError::TooLarge);
        }
        Self::decode(body)
    }

    fn decode(body: &[u8]) -> Result<Self, FormError> {
        if !is_decodable(body) {
            return Err(FormError::BadEncoding);
        }
        Self::of(
            form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))),
        )
    }

    /// The form of these parameters, if no name is there twice.
    fn of(pairs: impl IntoIterator<Item = (String, Zeroizing<String>)>) -> Result<Self, FormError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if name.contains('\0') || value.contains('\0') {
                return Err(FormError::BadEncoding);
            }
            if parameters.insert(name, value).is_some() {
                return Err(FormError::Repeated);
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    /// The value of `name`; an empty one counts as absent (RFC 6749 §3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    /// The names that start with `prefix`, without it.
    pub fn names_after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |name| name.strip_prefix(prefix))
    }

    /// The value of a parameter that must be there.
    pub fn require(&self, name: &'static str) -> Result<&str, FormError> {
        self.get(name).ok_or(FormError::Missing(name))
    }
}

/// The parameters in a request's query. Unlike in a form, a repeated one is no error of the whole: what it means
/// depends on which it is (RFC 6749 §4.1.2.1).
pub struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    /// Makes the query of a URI of form-encoded `parameters`: only bytes that no URI has are percent-encoded.
    pub fn text(parameters: &[u8]) -> String {
        percent_encode(parameters, NOT_IN_A_QUERY).to_string()
    }

    /// The parameters in `query`, as it stands in the URI.
    pub fn parse(query: &str) -> Result<Self, FormError> {
        if !is_decodable(query.as_bytes()) {
            return Err(FormError::BadEncoding);
        }
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            parameters.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self::of(parameters)
    }

    /// These parameters, which somebody else has decoded.
    pub fn of(parameters: BTreeMap<String, Vec<String>>) -> Result<Self, FormError> {
        let has_nul = |text: &String| text.contains('\0');
        if parameters.iter().any(|(name, values)| has_nul(name) || values.iter().any(has_nul)) {
            return Err(FormError::BadEncoding);
        }
        Ok(Self(parameters))
    }

    /// The value of `name`, which may be there once; an empty one counts as absent (RFC 6749 §3.1).
    pub fn get(&self, name: &str) -> Result<Option<&str>, FormError> {
        match self.0.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
            Some(_) => Err(FormError::Repeated),
        }
    }

    /// Whether a parameter is there more than once that may not be; `resource` may (RFC 8707 §2).
    pub fn repeats(&self) -> bool {
        self.0.iter().any(|(name, values)| values.len() > 1 && name != "resource")
    }
}

fn is_form(request: &Request) -> bool {
    media_type(request).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// What `request` says its body is, without parameters like a charset.
fn media_type(request: &Request) -> &str {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim()
}

/// Whether a form decoder will find in `body` exactly what was encoded: the usual ones are lenient.
fn is_decodable(body: &[u8]) -> bool {
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

impl From<FormError> for Refusal {
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
            FormError::Repeated => Self::invalid_request("A parameter is there more than once.", reason),
            FormError::Missing(_) => Self::invalid_request("A required parameter is missing.", reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(body: &str, name: &str) -> Option<String> {
        Form::decode(body.as_bytes()).unwrap().get(name).map(str::to_owned)
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
        assert_eq!(Form::decode(b"a=").unwrap().require("a").err(), Some(FormError::Missing("a")));
    }

    #[test]
    fn a_repeated_parameter_is_refused_even_if_both_agree_or_are_empty() {
        for body in ["a=1&a=1", "a=1&a=2", "a=&a=1", "a&a", "a=1&%61=1"] {
            assert_eq!(Form::decode(body.as_bytes()).err(), Some(FormError::Repeated), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for body in ["a=%", "a=%z1", "a=%1", "%zz=1", "a=%FF", "a=%C3", "a=%00", "%00=a", "a=%u0041"] {
            assert_eq!(Form::decode(body.as_bytes()).err(), Some(FormError::BadEncoding), "{body}");
        }
        assert_eq!(Form::decode(b"a=\xFF").err(), Some(FormError::BadEncoding));
    }
}
