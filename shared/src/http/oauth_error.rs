//! OAuth error responses (RFC 6749 §5.2).

use std::time::Duration;

use lambda_http::http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Response, empty, json, rounded_up_to_seconds};
use crate::dynamodb;

/// The challenge to a client that used HTTP Basic (RFC 7617 §2).
const BASIC: &str = "Basic realm=\"Jeton\", charset=\"UTF-8\"";
/// The challenge of endpoints that accept bearer tokens (RFC 6750 §3).
const BEARER: &str = "Bearer realm=\"Jeton\"";

/// An error response, and the exact reason for the log.
#[derive(Clone, Debug)]
pub struct OAuthError {
    status: StatusCode,
    /// The RFC's code.
    pub code: &'static str,
    description: &'static str,
    /// The exact reason: for the log only.
    pub reason: String,
    challenge: Option<&'static str>,
    has_body: bool,
    retry_after_seconds: Option<u64>,
}

impl OAuthError {
    /// Makes an error with a `code` for programs, a `description` for people, and a `reason` for the log.
    pub const fn new(
        status: StatusCode,
        code: &'static str,
        description: &'static str,
        reason: String,
    ) -> Self {
        Self { status, code, description, reason, challenge: None, has_body: true, retry_after_seconds: None }
    }

    /// Returns the error `invalid_request`: a parameter is missing, repeated or malformed (RFC 6749 §5.2).
    pub const fn invalid_request(description: &'static str, reason: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description, reason)
    }

    /// Returns the error `temporarily_unavailable`: the same request may succeed in a moment.
    pub const fn temporarily_unavailable(reason: String) -> Self {
        let description = "The server cannot answer right now. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description, reason)
    }

    /// Sets another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds the challenge of RFC 6750 §3: the token is missing or invalid.
    #[must_use]
    pub fn with_bearer_challenge(self) -> Self {
        Self { challenge: Some(BEARER), ..self }
    }

    /// Adds this challenge of RFC 6750 §3, which names the error.
    #[must_use]
    pub fn with_challenge(self, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// Leaves the error out of the response, and adds the challenge of RFC 6750 §3.1: the request has no authentication
    /// information.
    #[must_use]
    pub fn without_information(self) -> Self {
        Self { challenge: Some(BEARER), has_body: false, ..self }
    }

    /// Adds the challenge for a client that used HTTP Basic (RFC 6749 §5.2).
    #[must_use]
    pub fn with_basic_challenge(self) -> Self {
        Self { challenge: Some(BASIC), ..self }
    }

    /// Makes it a 429 (RFC 6585 §4): the caller may try again after `wait`, rounded up to seconds.
    #[must_use]
    pub fn too_many_requests(self, wait: Duration) -> Self {
        let seconds = rounded_up_to_seconds(wait);
        Self { status: StatusCode::TOO_MANY_REQUESTS, retry_after_seconds: Some(seconds), ..self }
    }

    /// Returns whether the server is at fault, not the caller.
    pub fn is_outage(&self) -> bool {
        self.status.is_server_error()
    }

    pub fn response(&self) -> Response {
        #[derive(Serialize)]
        struct Document {
            error: &'static str,
            error_description: &'static str,
        }

        let document = Document { error: self.code, error_description: self.description };
        let mut response = if self.has_body { json(self.status, &document) } else { empty(self.status) };
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_seconds.or_else(|| self.is_outage().then_some(1)) {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<dynamodb::Error> for OAuthError {
    fn from(error: dynamodb::Error) -> Self {
        Self::temporarily_unavailable(error.to_string())
    }
}
