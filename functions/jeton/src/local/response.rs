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

/// Returns the response to a request without valid credentials.
pub(super) fn unauthorized(challenge: &str) -> Response<Body> {
    ([(header::WWW_AUTHENTICATE, challenge)], message(StatusCode::UNAUTHORIZED, "Unauthorized"))
        .into_response()
}

/// Returns the response to a request whose caller lacks scope.
pub(super) fn forbidden(challenge: &str) -> Response<Body> {
    ([(header::WWW_AUTHENTICATE, challenge)], message(StatusCode::FORBIDDEN, "Forbidden")).into_response()
}

/// Returns the response while the authorizer cannot answer.
pub(super) fn unavailable() -> Response<Body> {
    let body = message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    ([(header::RETRY_AFTER, "1")], body).into_response()
}
