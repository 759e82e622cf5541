//! The events for a request: that of an HTTP API (payload format 2.0), and that of a REST API for its authorizer.

use std::{collections::BTreeMap, net::SocketAddr};

use axum::http::{HeaderMap, header, request::Parts};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::{secret::Id, time::Timestamp};
use time::{OffsetDateTime, macros::format_description};

/// A request to the gateway, from `peer` at `now`.
pub(super) struct GatewayRequest<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) peer: SocketAddr,
    pub(super) now: Timestamp,
}

impl GatewayRequest<'_> {
    /// Returns the event of this request to the route `route_key`. An absent part of the request is absent in the event.
    pub(super) fn event(&self, route_key: &str, path_parameters: &BTreeMap<String, String>) -> Value {
        let Self { parts, body, .. } = *self;
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let source_ip = self.peer.ip().to_string();
        let mut headers = joined(&parts.headers);
        let cookies = headers.remove("cookie");
        let forwarded_for = match headers.get("x-forwarded-for") {
            Some(before) => format!("{before}, {source_ip}"),
            None => source_ip.clone(),
        };
        headers.insert("x-forwarded-for".to_owned(), forwarded_for);
        headers.insert("x-forwarded-port".to_owned(), "443".to_owned());
        headers.insert("x-forwarded-proto".to_owned(), "https".to_owned());
        let user_agent = headers.get("user-agent").cloned().unwrap_or_default();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "localhost",
                "http": {
                    "method": parts.method.as_str(),
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": source_ip,
                    "userAgent": user_agent,
                },
                "requestId": Id::random(),
                "routeKey": route_key,
                "stage": "$default",
                "time": clf_time(self.now),
                "timeEpoch": self.now,
            },
            "isBase64Encoded": false,
        });
        let Some(fields) = event.as_object_mut() else { return event };
        if let Some(cookies) = cookies {
            fields.insert("cookies".to_owned(), cookies.split("; ").collect());
        }
        if !path_parameters.is_empty() {
            fields.insert("pathParameters".to_owned(), json!(path_parameters));
        }
        if !query.is_empty() {
            fields.insert("queryStringParameters".to_owned(), json!(query_parameters(query)));
        }
        if !body.is_empty() {
            let text = is_text(headers.get("content-type")).then(|| std::str::from_utf8(body).ok()).flatten();
            fields.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
            let encoded = || STANDARD.encode(body);
            fields.insert("body".to_owned(), json!(text.map_or_else(encoded, str::to_owned)));
        }
        event
    }

    /// Returns the event that a REST API sends its authorizer (type `REQUEST`) for this request to `resource`, which has
    /// no parameters. It has no body.
    pub(super) fn authorizer_event(&self, resource: &str) -> Value {
        let Self { parts, .. } = *self;
        let method = parts.method.as_str();
        let headers = parts.headers.iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
        json!({
            "type": "REQUEST",
            "methodArn": format!("arn:aws:execute-api:local:000000000000:local/demo/{method}{resource}"),
            "resource": resource,
            "path": resource,
            "httpMethod": method,
            "multiValueHeaders": grouped(headers),
            "multiValueQueryStringParameters": grouped(query),
            "pathParameters": {},
            "requestContext": {
                "requestId": Id::random(),
                "stage": "demo",
                "identity": { "sourceIp": self.peer.ip().to_string() },
            },
        })
    }
}

/// Returns all values of each name.
fn grouped(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        groups.entry(name).or_default().push(value);
    }
    groups
}

/// Returns the headers by names in lower case. Several values are joined by a comma; cookies, by a semicolon.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let pairs = headers.iter().map(|(name, value)| {
        let separator = if name == header::COOKIE { "; " } else { "," };
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned(), separator)
    });
    join(pairs)
}

/// Returns the map of parameters. Jeton reads the raw query instead, but the map is a part of the event.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    join(pairs.map(|(name, value)| (name.into_owned(), value.into_owned(), ",")))
}

/// Joins the values of each name by its separator.
fn join(pairs: impl Iterator<Item = (String, String, &'static str)>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value, separator) in pairs {
        match joined.get_mut(&name) {
            Some(values) => values.extend([separator, &value]),
            None => drop(joined.insert(name, value)),
        }
    }
    joined
}

/// Returns whether the gateway passes a body of this type as text. Forms arrive in base64.
fn is_text(content_type: Option<&String>) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media_type.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&media_type)
}

/// Returns the time in the Common Log Format.
fn clf_time(now: Timestamp) -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let time = i64::try_from(now.seconds())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(format).ok()).unwrap_or_default()
}
