//! Events of API Gateway.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

use crate::http::{self, FORM, form};

/// The name under which the gateway of the events was called.
const DOMAIN: &str = "auth123456.execute-api.us-east-1.amazonaws.com";

/// A request to a gateway.
pub(crate) struct Request {
    method: &'static str,
    path: String,
    headers: Map<String, Value>,
    cookies: Vec<String>,
    body: Option<String>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    fn new(method: &'static str, path: &str) -> Self {
        let headers = [
            ("accept", "*/*"),
            ("host", DOMAIN),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("x-amzn-trace-id", "Root=1-6782e5a0-000000000000000000000001"),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
        Self { method, path: path.to_owned(), headers, cookies: Vec::new(), body: None }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the credentials of a client (RFC 6749 §2.3.1).
    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        self.header("authorization", &http::basic(id, secret))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds cookies, each as `name=value`.
    pub(crate) fn cookies(mut self, cookies: &[String]) -> Self {
        self.cookies.extend_from_slice(cookies);
        self
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form(fields);
        Self { body: Some(body), ..self }.header("content-type", FORM)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        Self { body: Some(body.to_string()), ..self }.header("content-type", "application/json")
    }

    /// Returns the event of an HTTP API, in the payload format 2.0.
    pub(crate) fn event(mut self) -> Bytes {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let parameters: Map<String, Value> = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect();
        if let Some(body) = &self.body {
            self.headers.insert("content-length".to_owned(), body.len().to_string().into());
        }
        let mut event = json!({
            "version": "2.0",
            "routeKey": format!("ANY {path}"),
            "rawPath": path,
            "rawQueryString": query,
            "headers": self.headers,
            "requestContext": self.context(path),
            "isBase64Encoded": self.body.is_some(),
        });
        if !self.cookies.is_empty() {
            event["cookies"] = self.cookies.into();
        }
        if !parameters.is_empty() {
            event["queryStringParameters"] = parameters.into();
        }
        if let Some(body) = self.body {
            event["body"] = STANDARD.encode(body).into();
        }
        event.to_string().into()
    }

    fn context(&self, path: &str) -> Value {
        json!({
            "accountId": "123456789012",
            "apiId": "auth123456",
            "domainName": DOMAIN,
            "domainPrefix": "auth123456",
            "http": {
                "method": self.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": self.headers["user-agent"],
            },
            "requestId": "JKJaX01iIoAMEPZg=",
            "routeKey": format!("ANY {path}"),
            "stage": "$default",
            "time": "11/Jan/2026:21:42:24 +0000",
            "timeEpoch": 1_768_167_744_001_u64,
        })
    }
}

/// Returns the event of a REST API for its authorizer of the type `TOKEN`.
pub(crate) fn of_rest_api(token: &str) -> Bytes {
    let event = json!({
        "type": "TOKEN",
        "authorizationToken": format!("Bearer {token}"),
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:api654321/prod/GET/orders/17",
    });
    event.to_string().into()
}

/// Returns the event of an HTTP API for its authorizer.
pub(crate) fn of_http_api(token: &str) -> Bytes {
    let request = Request::get("/orders/17").bearer(token);
    let authorization = request.headers["authorization"].clone();
    let event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:api123456/$default/GET/orders/17",
        "identitySource": [authorization],
        "routeKey": "GET /orders/{id}",
        "rawPath": "/orders/17",
        "rawQueryString": "",
        "headers": request.headers,
        "requestContext": request.context("/orders/17"),
        "pathParameters": {"id": "17"},
    });
    event.to_string().into()
}
