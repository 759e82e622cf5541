//! Saying no: an error answer in the form of RFC 6749 §5.2.

use std::time::Duration;

use lambda_http::http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Response, json};
use crate::{
    app::App,
    audit::{Event, Record},
};

/// What a client is asked for that tried HTTP Basic (RFC 7617 §2).
const BASIC: &str = "Basic realm=\"Jeton\", charset=\"UTF-8\"";
/// What is asked for where a token is taken (RFC 6750 §3).
const BEARER: &str = "Bearer realm=\"Jeton\"";

/// A request that was refused: what the caller is told, and what the log is told.
#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    /// The RFC's code.
    pub(super) code: &'static str,
    description: &'static str,
    /// What exactly was wrong: for the log only.
    pub(super) reason: String,
    challenge: Option<&'static str>,
    /// In how many seconds the caller may come back.
    retry_after: Option<u64>,
}

impl Refusal {
    /// `code` for the program, `description` for the person who reads it, `reason` for the log.
    pub const fn new(
        status: StatusCode,
        code: &'static str,
        description: &'static str,
        reason: String,
    ) -> Self {
        Self { status, code, description, reason, challenge: None, retry_after: None }
    }

    /// The request lacks something, or has it twice, or in another form (RFC 6749 §5.2).
    pub const fn invalid_request(description: &'static str, reason: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description, reason)
    }

    /// DynamoDB is throttled or down: the same request may succeed in a moment.
    pub const fn temporarily_unavailable(reason: String) -> Self {
        let description = "The server cannot answer right now. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description, reason)
    }

    /// The same refusal under another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same refusal with the challenge of RFC 6750 §3: a token is missing, or does not work.
    #[must_use]
    pub fn with_bearer_challenge(self) -> Self {
        Self { challenge: Some(BEARER), ..self }
    }

    /// The same refusal with a challenge: the client tried HTTP Basic (RFC 6749 §5.2).
    #[must_use]
    pub fn with_basic_challenge(self) -> Self {
        Self { challenge: Some(BASIC), ..self }
    }

    /// The same refusal for a caller that came too often, and may come back after `span` (RFC 6585 §4).
    #[must_use]
    pub fn too_many(self, span: Duration) -> Self {
        let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
        Self { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(seconds), ..self }
    }

    /// Whether the fault is the server's, not the caller's.
    pub(super) fn is_outage(&self) -> bool {
        self.status.is_server_error()
    }

    /// The answer to what never became a call: no request id, no endpoint.
    pub(crate) fn answer_without_a_call(&self, app: &App) -> Response {
        let event = Event::Refused { error: self.code, reason: &self.reason, client: None };
        app.log.write(event.level(), &Record::new(app.clock.now(), event));
        self.answer()
    }

    pub(super) fn answer(&self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: &'static str,
            error_description: &'static str,
        }

        let body = Body { error: self.code, error_description: self.description };
        let mut response = json(self.status, &body);
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after.or_else(|| self.is_outage().then_some(1)) {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
