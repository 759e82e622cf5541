//! Building answers.

use lambda_http::{
    Body,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::Response;

/// A JSON answer.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Serializing our own plain structs into memory cannot fail; an empty body would still be well-formed HTTP.
    let mut response = Response::new(Body::Text(serde_json::to_string(value).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
