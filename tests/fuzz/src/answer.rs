//! What every answer must be, and what it gives names to.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use crate::{
    deployment::{CALLBACKS, ISSUER},
    names::{Names, has_token, is_token},
};

/// The codes of errors that are the client's or the user's fault.
const CODES: [&str; 21] = [
    "access_denied",
    "account_selection_required",
    "consent_required",
    "insufficient_scope",
    "interaction_required",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "request_not_supported",
    "request_uri_not_supported",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_mode",
    "unsupported_response_type",
    "unsupported_token_type",
];

/// The tags that the templates write.
const TAGS: [&str; 34] = [
    "!doctype", "a", "body", "br", "button", "code", "dd", "div", "dl", "dt", "fieldset", "form", "h1", "h2",
    "head", "header", "html", "img", "input", "label", "legend", "main", "meta", "nav", "p", "script",
    "span", "strong", "style", "table", "td", "th", "title", "tr",
];

/// A function's response, as the gateway gets it.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    headers: BTreeMap<String, String>,
    cookies: Vec<String>,
    pub body: String,
}

impl Answer {
    /// Reads a response.
    ///
    /// # Panics
    /// If a gateway could not read it.
    pub fn of(response: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        assert_eq!(response["isBase64Encoded"], false, "every body is text");
        let headers = response["headers"].as_object().expect("headers").iter();
        let cookies = response["cookies"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            status: response["statusCode"].as_u64().expect("a status"),
            headers: headers.map(|(name, value)| (name.clone(), text(value))).collect(),
            cookies: cookies.iter().map(text).collect(),
            body: response["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Checks the rules for the answer to any request.
    ///
    /// # Panics
    /// If one is broken.
    pub fn check(&self, names: &Names) {
        let media_type =
            self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        match (self.status, media_type) {
            (404, "application/json") => assert_eq!(self.json()["message"], "Not Found"),
            (200 | 201 | 400..=499, "application/json") => self.check_json(),
            (200 | 400..=499, "text/html") => self.check_page(),
            (303, "") => self.check_location(names),
            (200 | 204, "") => assert_eq!(self.body, ""),
            // RFC 6750 §3.1: no information without authentication.
            (401, "") => assert!(self.body.is_empty() && self.header("www-authenticate").is_some()),
            _ => panic!("no answer is like this: {self:?}"),
        }
        // No function serves a path that is switched off.
        if self.status != 404 {
            assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{self:?}");
            assert!(self.header("cache-control").is_some(), "{self:?}");
        }
        for cookie in &self.cookies {
            let strict = ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"];
            assert!(
                cookie.starts_with("__Host-jeton-") && strict.iter().all(|part| cookie.contains(part)),
                "{cookie}"
            );
        }
    }

    fn check_json(&self) {
        let document = self.json();
        assert!(document.is_object(), "{self:?}");
        if self.status >= 400 {
            let code = document["error"].as_str().unwrap_or_default();
            assert!(CODES.contains(&code) && document["error_description"].is_string(), "{self:?}");
            assert!(!has_token(&self.body), "an error repeats a secret: {self:?}");
        }
    }

    fn check_page(&self) {
        assert!(self.body.starts_with("<!doctype html>"), "{self:?}");
        let policy = self.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{self:?}");
        for tag in self.body.split('<').skip(1) {
            let name =
                tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric() && c != '!').next();
            let name = name.unwrap_or_default().to_ascii_lowercase();
            assert!(TAGS.contains(&name.as_str()), "the page has <{name}>: {self:?}");
        }
        let script = "<script>document.forms[0].submit()</script>";
        assert!(!self.body.replacen(script, "", 1).contains("<script"), "{self:?}");
    }

    /// Checks that a redirect leads to this server, or to a client.
    fn check_location(&self, names: &Names) {
        let location = self.header("location").expect("a redirect has a location");
        let url = Url::parse(ISSUER).unwrap().join(location).expect("a location is a URL");
        let is_own = location.starts_with('/') && url.as_str().starts_with(&format!("{ISSUER}/"));
        let registered = names.get("redirect-uris").split(' ').filter(|uri| !uri.is_empty());
        let leads_to = |uri: &str| {
            let rest = location.strip_prefix(uri);
            let is_same = rest.is_some_and(|rest| {
                rest.is_empty() || uri.ends_with('?') || rest.starts_with(['?', '#', '&'])
            });
            is_same
                || without_port(&url)
                    .is_some_and(|url| Url::parse(uri).ok().and_then(|uri| without_port(&uri)) == Some(url))
        };
        let is_clients = CALLBACKS.into_iter().chain(registered).any(leads_to);
        assert!(is_own || is_clients, "an open redirect: {self:?}");
    }

    /// Gives names to what later requests need: tokens, codes, cookies, and the hidden fields of forms.
    pub fn name(&self, names: &mut Names) {
        let document = self.json();
        for (member, name) in [
            ("access_token", "access"),
            ("refresh_token", "refresh"),
            ("id_token", "id-token"),
            ("client_id", "registered"),
            ("client_secret", "registered-secret"),
        ] {
            if let Some(value) = document[member].as_str() {
                names.set(name, value);
            }
        }
        if self.status == 201
            && let Some(uris) = document["redirect_uris"].as_array()
        {
            let uris = uris
                .iter()
                .filter_map(Value::as_str)
                .fold(names.get("redirect-uris").to_owned(), |all, uri| format!("{all} {uri}"));
            names.set("redirect-uris", uris);
        }
        if let Some(location) = self.header("location") {
            let parameters = location.split(['?', '#', '&']).filter_map(|part| part.split_once('='));
            for (name, value) in parameters {
                match name {
                    "code" => names.set("code", value),
                    "access_token" => names.set("access", value),
                    _ => {}
                }
            }
        }
        for cookie in &self.cookies {
            let pair =
                cookie.strip_prefix("__Host-jeton-").and_then(|rest| rest.split(';').next()?.split_once('='));
            if let Some((name @ ("session" | "visit" | "device"), value)) = pair {
                names.set(name, value);
            }
        }
        if self.body.starts_with('<') {
            for field in ["csrf", "page", "end", "delete"] {
                let start = format!("name=\"{field}\" value=\"");
                let values: Vec<_> =
                    self.body.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect();
                if let [first, .., last] | [first @ last] = values.as_slice() {
                    names.set(field, *first);
                    names.set(&format!("last-{field}"), *last);
                }
            }
            let words = self.body.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for token in words.filter(|word| is_token(word)) {
                names.set(&token[..3], token);
            }
        }
    }
}

/// Returns the URL of a loopback address without its port, query and fragment: the port may be any (RFC 8252 §7.3).
fn without_port(url: &Url) -> Option<Url> {
    let mut url = url.clone();
    let is_loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&url.host_str()?);
    url.set_port(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    is_loopback.then_some(url)
}
