//! Parameters in a form, in a query and in JSON. The second opinions are `form_urlencoded` and `serde_json`.
//!
//! The input is a body. Its first line is also a query, and the rest the body of a request with that query.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use fuzz::request;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shared::http::{Form, FormError, OAuthError, Query};

const FORM: &str = "application/x-www-form-urlencoded";

type Pairs = Vec<(String, String)>;

fuzz_target!(|data: &[u8]| {
    form(data);
    json(data);
    if let Ok(text) = std::str::from_utf8(data) {
        query(text);
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        form_and_query(first, rest);
    }
});

/// Returns the parameters as the other implementation reads them. It is lenient: it keeps a `%` without digits, and replaces
/// what is not UTF-8.
fn pairs(text: &[u8]) -> Pairs {
    form_urlencoded::parse(text).into_owned().collect()
}

/// Returns whether `text` may have an error that the other implementation hides.
fn may_be_misencoded(text: &[u8], pairs: &Pairs) -> bool {
    let digits = |rest: &[u8]| rest.len() >= 2 && rest.iter().take(2).all(u8::is_ascii_hexdigit);
    let broken = (0..text.len()).any(|at| text[at] == b'%' && !digits(&text[at + 1..]));
    broken
        || pairs
            .iter()
            .any(|(name, value)| [name, value].iter().any(|text| text.contains(['\0', '\u{FFFD}'])))
}

/// Returns whether a parameter other than `resource` is repeated.
fn repeats(pairs: &Pairs) -> bool {
    let names: Vec<_> = pairs.iter().map(|(name, _)| name).filter(|name| *name != "resource").collect();
    names.iter().collect::<BTreeSet<_>>().len() < names.len()
}

/// Checks that the form has these parameters, and no others.
fn has_exactly(form: &Form, pairs: &Pairs) {
    let mut names = BTreeSet::new();
    for (name, value) in pairs.iter().filter(|(name, _)| name != "resource") {
        assert_eq!(form.get(name), Some(value.as_str()).filter(|value| !value.is_empty()), "{name:?}");
        if !value.is_empty() {
            names.insert(name.as_str());
        }
    }
    assert_eq!(form.names_after("").collect::<BTreeSet<_>>(), names);
    let resources = pairs.iter().filter(|(name, value)| name == "resource" && !value.is_empty());
    assert_eq!(form.resources(), resources.map(|(_, value)| value.as_str()).collect::<Vec<_>>());
    assert_eq!(form.get("resource"), None);
}

/// Checks that the error is one of the caller's, and that the response to it repeats nothing of the input.
fn is_refusal(error: FormError) {
    let error = OAuthError::from(error);
    assert!(error.code == "invalid_request" && !error.is_outage());
    let status = error.response().status().as_u16();
    assert!([400, 413].contains(&status), "{status}");
}

fn form(body: &[u8]) {
    let expected = pairs(body);
    match Form::parse(&request(FORM, "", body).unwrap()) {
        Ok(form) => {
            assert!(body.len() <= Form::MOST_BYTES && !repeats(&expected));
            has_exactly(&form, &expected);
            // Written and read again, it is the same.
            let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&expected).finish();
            has_exactly(&Form::parse(&request(FORM, "", written.as_bytes()).unwrap()).unwrap(), &expected);
        }
        Err(error) => {
            match error {
                FormError::TooLarge => assert!(body.len() > Form::MOST_BYTES),
                FormError::BadEncoding => assert!(may_be_misencoded(body, &expected)),
                FormError::Repeated => assert!(repeats(&expected)),
                _ => panic!("{error}"),
            }
            is_refusal(error);
        }
    }
    assert_eq!(Form::parse(&request("text/plain", "", body).unwrap()).err(), Some(FormError::NotAForm));
}

fn query(text: &str) {
    let expected = pairs(text.as_bytes());
    match Query::parse(text) {
        Ok(query) => {
            let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for (name, value) in &expected {
                all.entry(name).or_default().push(value);
            }
            for (name, values) in &all {
                let only = match values.as_slice() {
                    [value] => Ok(Some(*value).filter(|value| !value.is_empty())),
                    _ => Err(FormError::Repeated),
                };
                assert_eq!(query.get(name), only, "{name:?}");
            }
            assert_eq!(query.repeats(), repeats(&expected));
        }
        Err(error) => {
            assert!(error == FormError::BadEncoding && may_be_misencoded(text.as_bytes(), &expected))
        }
    }
    // As part of a URI, a query means the same.
    let written = Query::text(text.as_bytes());
    assert_eq!(pairs(written.as_bytes()), expected);
    let uri: lambda_http::http::Uri = format!("/oauth/authorize?{written}").parse().expect("a URI");
    assert_eq!(uri.query(), Some(written.as_str()));
}

fn form_and_query(query: &str, body: &str) {
    let Some(both) = request(FORM, &Query::text(query.as_bytes()), body.as_bytes()) else { return };
    let expected = [pairs(query.as_bytes()), pairs(body.as_bytes())].concat();
    match Form::parse_with_query(&both) {
        Ok(form) => {
            assert!(!repeats(&expected));
            has_exactly(&form, &expected);
        }
        Err(FormError::Repeated) => assert!(repeats(&expected)),
        Err(FormError::BadEncoding) => {
            assert!(
                may_be_misencoded(query.as_bytes(), &expected)
                    || may_be_misencoded(body.as_bytes(), &expected)
            );
        }
        Err(error) => is_refusal(error),
    }
}

fn json(body: &[u8]) {
    let expected: Option<Value> = serde_json::from_slice(body).ok();
    let strings: Option<BTreeMap<String, String>> = serde_json::from_slice(body).ok();
    match Form::parse_json(&request("application/json", "", body).unwrap()) {
        Ok(form) => {
            // A number of 400 digits is too large for the other implementation.
            let Some(expected) = expected else { return };
            let members = expected.as_object().expect("an object");
            for (name, value) in members.iter().filter(|(name, _)| *name != "resource") {
                match value {
                    Value::String(value) => {
                        assert_eq!(form.get(name), Some(value.as_str()).filter(|value| !value.is_empty()));
                    }
                    Value::Number(number) => {
                        let text = form.get(name).expect("digits");
                        assert!(text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()));
                        assert!(
                            number.as_i64().is_none_or(|number| text.parse() == Ok(number) || text == "-0")
                        );
                        assert!(number.as_u64().is_none_or(|number| text.parse() == Ok(number)));
                    }
                    _ => panic!("{name:?} is {value}"),
                }
            }
            assert!(form.names_after("").all(|name| members.contains_key(name)));
        }
        Err(error) => {
            if let Some(strings) = strings {
                let nul = strings.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'));
                // A map keeps one of several members with one name.
                let nul = nul || body.windows(6).any(|text| text == br"\u0000");
                let possible = match error {
                    FormError::TooLarge => body.len() > Form::MOST_BYTES,
                    FormError::BadEncoding => nul,
                    FormError::Repeated => true,
                    _ => false,
                };
                assert!(possible, "{error}");
            }
            is_refusal(error);
        }
    }
}
