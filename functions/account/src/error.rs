//! What the endpoints for programs refuse, and how (RFC 6750 §3).

use lambda_http::http::StatusCode;
use shared::{
    http::{FormError, Refusal},
    table,
    throttle::Unproven,
    user::Unchanged,
};

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It shows nothing, or not in a way that is known here.
    #[error("the request has no credentials of a kind that is taken here")]
    NoCredentials,
    /// It shows two things at once.
    #[error("the request has a token in more than one place")]
    TwoMethods,
    /// What it shows does not work.
    #[error("the credentials are wrong, or over")]
    WrongCredentials,
    /// Nobody has proven to be a person.
    #[error(transparent)]
    Person(#[from] Unproven),
    /// It is about another person.
    #[error("the token is not that person's, nor an administrator's")]
    NotAllowed,
    /// It is about nobody.
    #[error("there is no such person")]
    NobodyThere,
    /// It names no token to revoke.
    #[error("the parameter token is missing")]
    NoToken,
    /// Its query is none.
    #[error(transparent)]
    Query(#[from] FormError),
    /// The person is gone.
    #[error(transparent)]
    Unchanged(#[from] Unchanged),
    /// DynamoDB failed.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (status, code, description) = match error {
            Error::Query(error) => return error.into(),
            Error::Table(error) | Error::Unchanged(Unchanged::Table(error)) => return error.into(),
            Error::NoToken => return Self::invalid_request("A required parameter is missing.", reason),
            Error::TwoMethods => {
                return Self::invalid_request("Send the token in one place only.", reason);
            }
            Error::NoCredentials => {
                (StatusCode::UNAUTHORIZED, "invalid_request", "Authentication is required.")
            }
            Error::WrongCredentials | Error::Person(Unproven::Wrong { .. }) => {
                (StatusCode::UNAUTHORIZED, "invalid_token", "The credentials are wrong, or no longer good.")
            }
            Error::Person(Unproven::TooMany { retry_after, .. }) => {
                return Self::invalid_request("Too many attempts failed. Try again later.", reason)
                    .too_many(retry_after);
            }
            Error::NotAllowed => (StatusCode::FORBIDDEN, "insufficient_scope", "This token may not do that."),
            Error::NobodyThere | Error::Unchanged(_) => {
                (StatusCode::NOT_FOUND, "not_found", "There is no such person.")
            }
        };
        let refusal = Self::new(status, code, description, reason);
        if status == StatusCode::UNAUTHORIZED { refusal.with_bearer_challenge() } else { refusal }
    }
}
