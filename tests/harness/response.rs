//! HTTP requests and responses of a client.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::Registered;

/// A builder of an HTTP request.
pub struct Call(reqwest::RequestBuilder);

/// A response with its whole body.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The body.
    pub text: String,
    headers: reqwest::header::HeaderMap,
}

impl Call {
    pub fn new(request: reqwest::RequestBuilder) -> Self {
        Self(request)
    }

    /// Authenticates with HTTP Basic (RFC 6749 §2.3.1).
    pub fn basic(self, client: &Registered) -> Self {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        self.raw_basic(&format!("{}:{}", encoded(&client.id), encoded(&client.secret)))
    }

    /// Sends an `Authorization: Basic` header of this text.
    pub fn raw_basic(self, credentials: &str) -> Self {
        let value = format!("Basic {}", STANDARD.encode(credentials));
        self.header("authorization", &value)
    }

    /// Authenticates in the body, and sends these parameters there.
    pub fn post(self, client: &Registered, parameters: &[(&str, &str)]) -> Self {
        let credentials = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        self.form(&[&credentials, parameters].concat())
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sends these parameters in the body, form-encoded.
    pub fn form(self, parameters: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Sends this body, as it is.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", content_type).body(body))
    }

    pub async fn send(self) -> Response {
        self.try_send().await.unwrap()
    }

    /// Sends the request to a server that may stop before it responds.
    pub async fn try_send(self) -> reqwest::Result<Response> {
        let response = self.0.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Response { status, headers, text: response.text().await? })
    }
}

impl Response {
    /// Returns the value of a header; a repeated header is an error.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert_eq!(values.next(), None, "{name} is repeated");
        value
    }

    /// Returns all values of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Status, headers and body, without the headers that differ between two equal requests.
    pub fn essence(&self) -> (u16, Vec<(String, String)>, &str) {
        let headers =
            self.headers.iter().filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        (self.status, headers.collect(), &self.text)
    }

    /// Returns the body, which must be JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.text).unwrap()
    }

    /// Asserts an error of RFC 6749 §5.2.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.json()["error"].as_str()), (status, Some(code)), "{}", self.text);
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
        assert!(self.json()["error_description"].as_str().unwrap().chars().all(allowed), "{}", self.text);
        self.is_not_stored();
    }

    /// Asserts the error of a failed client authentication.
    #[track_caller]
    pub fn is_invalid_client(&self) {
        self.is_error(401, "invalid_client");
    }

    /// Asserts the error of an outage of DynamoDB.
    #[track_caller]
    pub fn is_unavailable(&self) {
        self.is_error(503, "temporarily_unavailable");
        assert_eq!(self.header("retry-after"), Some("1"));
    }

    /// Asserts a page without a script: no redirect, no frame, no external resource, no caching, and no access for other
    /// origins.
    #[track_caller]
    pub fn is_page(&self, status: u16) {
        self.is_page_that_may_submit(status);
        assert!(!self.text.contains("<script") && !self.policy().contains("script-src"), "{}", self.text);
    }

    fn policy(&self) -> &str {
        self.header("content-security-policy").unwrap_or_default()
    }

    /// Checks the same, but the page may have the one script that submits its form.
    #[track_caller]
    pub fn is_page_that_may_submit(&self, status: u16) {
        assert_eq!((self.status, self.header("location")), (status, None), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(self.header("x-frame-options"), Some("DENY"));
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let policy = self.policy();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.ends_with("base-uri 'none'; frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("form-action"), "{policy}");
        self.is_for_no_script();
        let language = format!("<html lang=\"{}\">", self.header("content-language").unwrap());
        assert!(self.text.contains(&language), "{}", self.text);
        for external in [" src=", "<link", "<img", "@import", "url("] {
            assert!(!self.text.contains(external), "{external}");
        }
        self.is_not_stored();
    }

    /// Asserts that no script of another origin may read the response (RFC 9700 §2.6).
    #[track_caller]
    pub fn is_for_no_script(&self) {
        assert!(self.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }

    /// Asserts the error page of an outage of DynamoDB.
    #[track_caller]
    pub fn is_unavailable_page(&self) {
        self.is_page(503);
        assert_eq!(self.header("retry-after"), Some("1"));
    }

    /// Asserts the headers that forbid caching.
    #[track_caller]
    pub fn is_not_stored(&self) {
        assert_eq!(
            (self.header("cache-control"), self.header("pragma")),
            (Some("no-store"), Some("no-cache"))
        );
    }
}

/// Returns altered copies of `token`: with one or more characters changed, or with the second half of `other`.
pub fn altered(token: &str, other: &str) -> Vec<String> {
    let changed = |at: usize| {
        let new = if &token[at..=at] == "0" { "1" } else { "0" };
        format!("{}{new}{}", &token[..at], &token[at + 1..])
    };
    let mut all: Vec<_> = [token.len() - 1, 4, 25, 26, 50, 69, 0].map(changed).into();
    all.extend([token.to_uppercase(), token.replace('_', "-"), token[..token.len() - 1].to_owned()]);
    all.extend([format!("{token}0"), format!(" {token}"), format!("{token}\n"), format!("{token}={token}")]);
    if let (Some(name), Some(secret)) = (token.get(..26), other.get(26..)) {
        all.push(format!("{name}{secret}"));
    }
    all
}
