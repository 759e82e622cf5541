//! Parameters in the query of a URI.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::{
    FormError,
    form::{RESOURCE, is_decodable},
};

/// The characters that must be percent-encoded in a query, besides all that are not ASCII.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// The parameters in a request's query. Unlike in a [`Form`](super::Form), a repeated parameter does not spoil the
/// others: an authorization request needs them to find the client and its redirect URI (RFC 6749 §4.1.2.1).
pub struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    /// Makes a URI's query from form-encoded `parameters`: percent-encodes only bytes that no query may hold.
    pub fn text(parameters: &[u8]) -> String {
        percent_encode(parameters, NOT_IN_A_QUERY).to_string()
    }

    /// Parses the query of a URI.
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

    /// Wraps parameters that a gateway has decoded.
    pub fn of(parameters: BTreeMap<String, Vec<String>>) -> Result<Self, FormError> {
        let has_nul = |text: &String| text.contains('\0');
        if parameters.iter().any(|(name, values)| has_nul(name) || values.iter().any(has_nul)) {
            return Err(FormError::BadEncoding);
        }
        Ok(Self(parameters))
    }

    /// Returns the value of `name`; an empty value counts as absent, and a repeated one is an error (RFC 6749 §3.1).
    pub fn get(&self, name: &str) -> Result<Option<&str>, FormError> {
        match self.0.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
            Some(_) => Err(FormError::Repeated),
        }
    }

    /// Returns the values of `resource` (RFC 8707 §2), without empty ones.
    pub fn resources(&self) -> Vec<&str> {
        let values = self.0.get(RESOURCE).into_iter().flatten();
        values.map(String::as_str).filter(|value| !value.is_empty()).collect()
    }

    /// Returns whether a parameter is repeated; `resource` may be (RFC 8707 §2).
    pub fn repeats(&self) -> bool {
        self.0.iter().any(|(name, values)| values.len() > 1 && name != RESOURCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_resource_counts_as_absent() {
        for (query, resources) in [
            ("a=1", &[][..]),
            ("resource=&resource", &[]),
            ("resource=&resource=x", &["x"]),
            ("resource=x&a=1&resource=&resource=x", &["x", "x"]),
        ] {
            assert_eq!(Query::parse(query).unwrap().resources(), resources, "{query}");
        }
    }
}
