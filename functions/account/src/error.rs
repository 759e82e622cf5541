//! Errors of the endpoints for programs (RFC 6750 §3).

use lambda_http::http::StatusCode;
use shared::{
    dynamodb,
    endpoint::PasswordError,
    http::{FormError, OAuthError},
    users::Unchanged,
};

/// The reason why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the request has no credentials of a kind that this endpoint accepts")]
    NoCredentials,
    #[error("the request has a token in more than one place")]
    TwoMethods,
    /// A response must not tell apart why the credentials are invalid.
    #[error("the credentials are malformed, unknown or no longer valid")]
    InvalidCredentials,
    #[error(transparent)]
    User(#[from] PasswordError),
    #[error("the token is neither that user's nor an administrator's")]
    NotAllowed,
    #[error("there is no such user")]
    UnknownUser,
    #[error("the parameter token is missing")]
    NoToken,
    #[error(transparent)]
    Query(#[from] FormError),
    /// The user was deleted meanwhile.
    #[error(transparent)]
    Unchanged(#[from] Unchanged),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (status, code, description) = match error {
            Error::Query(error) => return error.into(),
            Error::Table(error)
            | Error::Unchanged(Unchanged::Table(error))
            | Error::User(PasswordError::Table(error)) => return error.into(),
            Error::NoToken => return Self::invalid_request("A required parameter is missing.", reason),
            Error::TwoMethods => {
                return Self::invalid_request("Send the token in one place only.", reason);
            }
            Error::NoCredentials => {
                (StatusCode::UNAUTHORIZED, "invalid_request", "Authentication is required.")
            }
            Error::InvalidCredentials | Error::User(PasswordError::Invalid(_)) => {
                (StatusCode::UNAUTHORIZED, "invalid_token", "The credentials are wrong or no longer valid.")
            }
            Error::User(PasswordError::RateLimited { retry_after, .. }) => {
                return Self::invalid_request("Too many attempts failed. Try again later.", reason)
                    .too_many_requests(retry_after);
            }
            Error::NotAllowed => (StatusCode::FORBIDDEN, "insufficient_scope", "This token may not do that."),
            Error::UnknownUser
            | Error::Unchanged(
                Unchanged::Unknown(_)
                | Unchanged::Exists(_)
                | Unchanged::TooManyRoles(_)
                | Unchanged::GroupsTooLarge(_)
                | Unchanged::Raced(_),
            ) => (StatusCode::NOT_FOUND, "not_found", "There is no such user."),
        };
        let error = Self::new(status, code, description, reason);
        if status == StatusCode::UNAUTHORIZED { error.with_bearer_challenge() } else { error }
    }
}
