//! Why the benchmark stops.

use crate::http;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("{name}: {source}")]
    Contender { name: &'static str, source: Box<Error> },
    #[error("the response to {0} has no refresh token")]
    NoRefreshToken(&'static str),
    #[error("the response to refresh_token has the same refresh token")]
    SameRefreshToken,
    #[error("{0}: no request was sent")]
    NoRequests(&'static str),
    #[error("the embedded DynamoDB: {0}")]
    Engine(String),
}
