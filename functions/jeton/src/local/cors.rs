//! Cross-origin requests to the demo's APIs (Fetch §3.2).

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};

/// What pages of any origin may send to an API, and read from it. They send a token, never cookies.
pub(super) struct Cors {
    pub(super) methods: &'static str,
    pub(super) headers: &'static str,
    pub(super) exposed: &'static str,
}

impl Cors {
    /// Returns the response to a preflight, which has no token.
    pub(super) fn preflight(&self) -> Response<Body> {
        let headers = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, self.methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers),
            (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        ];
        (StatusCode::NO_CONTENT, headers).into_response()
    }

    /// Lets pages of any origin read `response`.
    pub(super) fn expose(&self, mut response: Response<Body>) -> Response<Body> {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(self.exposed));
        response
    }
}
