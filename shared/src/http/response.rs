//! JSON responses, redirects, and the value of `Retry-After`.

use std::time::Duration;

use lambda_http::{
    Body,
    http::{HeaderValue, StatusCode, header},
};
use serde::Serialize;

use super::Response;

pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Serializing our own plain structs into memory cannot fail; an empty body would still be well-formed HTTP.
    let mut response = Response::new(Body::Text(serde_json::to_string(value).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns a response without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

/// Returns the gateway's own response where there is no route: the deployment does not offer the endpoint.
pub fn not_found() -> Response {
    json(StatusCode::NOT_FOUND, &serde_json::json!({ "message": "Not Found" }))
}

/// Adds the headers of every response: it is not stored unless it says so, and it is what its media type says.
pub fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Redirects by GET (303, RFC 9110 §15.4.4): the browser does not send a form's fields to `location`.
pub fn see_other(location: &str) -> Response {
    let mut response = empty(StatusCode::SEE_OTHER);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Returns the value of a `Retry-After` header: a client that waits so many seconds is not too early.
pub fn rounded_up_to_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
