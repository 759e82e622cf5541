//! JSON bodies; and parameters in one or in the query, each behind a compatibility switch.

use std::fmt;

use lambda_http::http::header;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    Form, FormError, Request,
    form::{Pair, decode, media_type},
};

impl Form {
    /// Returns whether the content type of `request` is JSON.
    pub fn is_json(request: &Request) -> bool {
        media_type(request).eq_ignore_ascii_case("application/json")
    }

    /// Parses the parameters in `request`'s body: a JSON object of strings and whole numbers, without repeated names.
    pub fn parse_json(request: &Request) -> Result<Self, FormError> {
        Self::of(json_pairs(request)?)
    }

    /// Parses the parameters in `request`'s query and in its body, if it has one. A name in both counts as repeated.
    pub fn parse_with_query(request: &Request) -> Result<Self, FormError> {
        let query = decode(request.uri().query().unwrap_or_default().as_bytes())?;
        let body = if Self::is_json(request) {
            json_pairs(request)?
        } else if request.body().is_empty() && !request.headers().contains_key(header::CONTENT_TYPE) {
            Vec::new()
        } else {
            Self::pairs(request)?
        };
        Self::of(query.into_iter().chain(body))
    }
}

/// Returns the parameters in `request`'s body, including repeated and empty ones.
fn json_pairs(request: &Request) -> Result<Vec<Pair>, FormError> {
    let body = request.body().as_ref();
    if body.len() > Form::MOST_BYTES {
        return Err(FormError::TooLarge);
    }
    let Members(members) = serde_json::from_slice(body).map_err(|_| FormError::NotFlatJson)?;
    let parameter = |(name, value): (String, &RawValue)| Ok((name, Zeroizing::new(text(value.get())?)));
    let parameters: serde_json::Result<_> = members.into_iter().map(parameter).collect();
    parameters.map_err(|_| FormError::NotFlatJson)
}

/// The members of a JSON object, including repeated names.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Returns the text of a JSON string, or the digits of a whole number of any length. Fractions, exponents, `true`,
/// `false` and `null` are errors, because their text is ambiguous.
fn text(value: &str) -> serde_json::Result<String> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(value.to_owned())
    } else {
        serde_json::from_str(value)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn json(body: &str) -> Result<Form, FormError> {
        Form::parse_json(&Request::new(Body::from(body)))
    }

    #[test]
    fn a_whole_number_is_read_as_its_text() {
        for text in ["0", "7", "-7", "18446744073709551616", &"9".repeat(400)] {
            let body = format!(r#"{{"a": {text} }}"#);
            assert_eq!(json(&body).unwrap().get("a"), Some(text));
        }
    }

    #[test]
    fn a_flat_object_of_strings_is_read_exactly() {
        let form = json(r#" {"grant_type": "password", "password": "\u00e9 %20+\"", "empty": ""} "#).unwrap();
        assert_eq!(form.get("password"), Some("é %20+\""));
        assert_eq!((form.get("empty"), form.get("grant_type")), (None, Some("password")));
    }

    #[test]
    fn any_other_json_is_refused() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(10_000), "1");
        for body in [
            "",
            "null",
            "[]",
            "\"a\"",
            "{",
            "{}x",
            "{\"a\":1.0}",
            "{\"a\":1e3}",
            "{\"a\":-}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":null}",
            "{\"a\":true}",
            "{\"a\":[\"b\"]}",
            "{\"a\":{\"b\":\"c\"}}",
            "{a:\"b\"}",
            "{\"a\":\"b\",}",
            &deep,
        ] {
            assert_eq!(json(body).err(), Some(FormError::NotFlatJson), "{body:.60}");
        }
        for body in [r#"{"a":"1","a":"1"}"#, r#"{"a":"1","\u0061":"2"}"#, r#"{"a":"","a":"1"}"#] {
            assert_eq!(json(body).err(), Some(FormError::Repeated), "{body}");
        }
        assert_eq!(json(r#"{"a":"\u0000"}"#).err(), Some(FormError::BadEncoding));
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(Form::MOST_BYTES));
        assert_eq!(json(&large).err(), Some(FormError::TooLarge));
    }

    #[test]
    fn a_parameter_in_both_query_and_body_is_repeated() {
        let request = |query: &str, body: &str| {
            let mut request = Request::new(Body::from(body));
            *request.uri_mut() = format!("/oauth/token?{query}").parse().unwrap();
            if !body.is_empty() {
                let form = header::HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers_mut().insert(header::CONTENT_TYPE, form);
            }
            request
        };
        let form = Form::parse_with_query(&request("a=1%2B", "b=2")).unwrap();
        assert_eq!((form.get("a"), form.get("b")), (Some("1+"), Some("2")));
        assert_eq!(Form::parse_with_query(&request("a=1", "")).unwrap().get("a"), Some("1"));
        for (query, body) in [("a=1&a=1", ""), ("a=1", "a=1"), ("a=", "a=1"), ("a=1", "a=")] {
            assert_eq!(Form::parse_with_query(&request(query, body)).err(), Some(FormError::Repeated));
        }
        assert_eq!(Form::parse_with_query(&request("a=%zz", "")).err(), Some(FormError::BadEncoding));
    }
}
