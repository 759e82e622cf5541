//! Why the benchmark stops.

use hyper::{Response, StatusCode, body::Bytes};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Url(#[from] url::ParseError),
    #[error("{name}: {source}")]
    Contender { name: &'static str, source: Box<Error> },
    #[error("unexpected response to {case}: {status} {body}")]
    Unexpected { case: String, status: StatusCode, body: String },
    #[error("the authorization response has no code: {0}")]
    NoCode(String),
    #[error("the response to {0} has no refresh token")]
    NoRefreshToken(&'static str),
    #[error("the response to refresh_token has the same refresh token")]
    SameRefreshToken,
    #[error("{0}: no request was sent")]
    NoRequests(&'static str),
    #[error("the server does not start")]
    NotStarted,
    #[error("the embedded DynamoDB: {0}")]
    Engine(String),
    #[error("`jeton {command}` failed: {reason}")]
    Command { command: String, reason: String },
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The error of a response that the case does not expect, with the start of its body.
    pub(super) fn unexpected(case: &str, response: &Response<Bytes>) -> Self {
        let body: String = String::from_utf8_lossy(response.body()).chars().take(300).collect();
        Self::Unexpected { case: case.to_owned(), status: response.status(), body }
    }
}
