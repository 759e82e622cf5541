//! Errors of the client registration endpoint (RFC 7591 §3.2.2).

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::{
    clients::{NoRedirectUri, RegisterError},
    dynamodb,
    http::OAuthError,
    users::rate_limit::Counter,
};

/// The reason why a registration failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the content type is not application/json")]
    NotJson,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is not one JSON object with each member once")]
    NotAnObject,
    #[error("redirect_uris is not a list of strings")]
    MalformedRedirectUris,
    #[error(transparent)]
    RedirectUris(#[from] NoRedirectUri),
    #[error("{0} has a value of the wrong type")]
    WrongType(&'static str),
    #[error("response_types is without code")]
    NoCode,
    #[error("the authentication method is not supported")]
    UnsupportedAuthMethod,
    #[error("too many registrations: the counter {} is full", .counter.name())]
    RateLimited { counter: Counter, retry_after: Duration },
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (code, description) = match error {
            Error::Table(error) | Error::Register(RegisterError::Table(error)) => return error.into(),
            Error::NotJson => {
                return Self::invalid_request("Send the client metadata as application/json.", reason);
            }
            Error::TooLarge => {
                return Self::invalid_request("The body is too large.", reason)
                    .with_status(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Error::NotAnObject => {
                let description = "The body must be one JSON object, with each member once.";
                return Self::invalid_request(description, reason);
            }
            Error::RateLimited { retry_after, .. } => {
                let description = "Too many clients have registered. Try again later.";
                return Self::invalid_request(description, reason).too_many_requests(retry_after);
            }
            Error::MalformedRedirectUris | Error::RedirectUris(_) => (
                "invalid_redirect_uri",
                "Send 1 to 10 redirect URIs, at least one of them with https, with http on a loopback address, \
                 or with a private-use scheme that contains a dot, or one that this server permits.",
            ),
            Error::WrongType(_) => {
                (INVALID_CLIENT_METADATA, "A member of the client metadata has a value of the wrong type.")
            }
            Error::NoCode => (INVALID_CLIENT_METADATA, "Clients that register here use response_type=code."),
            Error::UnsupportedAuthMethod => (
                INVALID_CLIENT_METADATA,
                "token_endpoint_auth_method is none, client_secret_basic or client_secret_post.",
            ),
            Error::Register(RegisterError::Disabled(_)) => (
                INVALID_CLIENT_METADATA,
                "An administrator of this server has disabled the client with these metadata.",
            ),
            Error::Register(RegisterError::Invalid(_)) => {
                (INVALID_CLIENT_METADATA, "These client metadata cannot be combined.")
            }
        };
        Self::new(StatusCode::BAD_REQUEST, code, description, reason)
    }
}

/// The value of one of the metadata is invalid.
const INVALID_CLIENT_METADATA: &str = "invalid_client_metadata";
