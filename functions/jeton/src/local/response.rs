//! Responses of the gateway itself, without a function.

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
    response::IntoResponse,
};
use serde_json::json;

/// Returns a JSON body with a `message`, as API Gateway writes it.
pub(super) fn message(status: StatusCode, message: &str) -> Response<Body> {
    let body = json!({ "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
