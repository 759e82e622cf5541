//! What the token endpoint refuses, and how (RFC 6749 §5.2).

use lambda_http::http::StatusCode;
use shared::{
    client::{self, ScopeError},
    grant::{NotRedeemed, NotRotated},
    http::{FormError, Refusal, UnknownIssuer},
    pkce, table,
    throttle::Unproven,
};

/// The codes that are the token endpoint's own. It shares `invalid_request` and `invalid_client` with the other
/// endpoints that clients call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The code or refresh token is unknown, spent, expired, or was issued under other conditions.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// There is no such grant, or not here.
    UnsupportedGrantType,
    /// The scope is ill-formed, or more than the client may have.
    InvalidScope,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }
}

/// Why a token request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its body is no form, or lacks something.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It is not from a client in good standing.
    #[error(transparent)]
    Client(#[from] client::Failed),
    /// Jeton does not know what it is asked to grant.
    #[error("the grant type is none that is offered")]
    UnsupportedGrantType,
    /// The client is not registered for this grant.
    #[error("the client is not registered for this grant type")]
    UnauthorizedClient,
    /// The lifetime asked for is no number of milliseconds (a compatibility switch).
    #[error("the lifetime asked for is not a whole number")]
    IllFormedLifetime,
    /// Nobody has proven to be a person (a compatibility switch).
    #[error(transparent)]
    Person(#[from] Unproven),
    /// The scope breaks the grammar of §3.3.
    #[error("the scope is ill-formed")]
    IllFormedScope,
    /// The scope goes beyond the client's registration.
    #[error("the scope is more than the client is registered for")]
    ScopeNotAllowed,
    /// The scope is larger than one grant carries.
    #[error("the scope is larger than one grant carries")]
    ScopeTooLarge,
    /// The verifier is none (RFC 7636 §4.1).
    #[error(transparent)]
    Verifier(#[from] pkce::Malformed),
    /// Nothing can be had for the code.
    #[error("{0}")]
    Code(NotRedeemed),
    /// Nothing can be had for the refresh token.
    #[error("{0}")]
    Refresh(NotRotated),
    /// The deployment does not know its own name.
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    /// DynamoDB failed.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl From<ScopeError> for Error {
    fn from(error: ScopeError) -> Self {
        match error {
            ScopeError::IllFormed => Self::IllFormedScope,
            ScopeError::NotAllowed => Self::ScopeNotAllowed,
            ScopeError::TooLarge => Self::ScopeTooLarge,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (code, description) = match error {
            Error::Form(error) => return error.into(),
            Error::Client(error) => return error.into(),
            Error::Issuer(error) => return error.into(),
            Error::Table(error) => return error.into(),
            Error::Verifier(_) => {
                return Self::invalid_request("A code verifier is 43 to 128 unreserved characters.", reason);
            }
            // One answer for all of these: it does not tell whoever found a code what they lack.
            Error::Code(
                NotRedeemed::Replayed
                | NotRedeemed::Spent
                | NotRedeemed::Unknown
                | NotRedeemed::Expired
                | NotRedeemed::Foreign
                | NotRedeemed::OtherIssuer
                | NotRedeemed::RedirectUriMismatch
                | NotRedeemed::VerifierMismatch
                | NotRedeemed::Fallen(_),
            ) => (Code::InvalidGrant, "The code is spent, expired, or does not fit this request."),
            Error::Refresh(
                NotRotated::Reused
                | NotRotated::Late
                | NotRotated::Unknown
                | NotRotated::Expired
                | NotRotated::Foreign
                | NotRotated::OtherIssuer
                | NotRotated::Fallen(_),
            ) => (Code::InvalidGrant, "The refresh token is spent, expired, revoked, or not this client's."),
            Error::Refresh(NotRotated::ScopeExceeded) => {
                (Code::InvalidScope, "The scope is more than was granted.")
            }
            Error::IllFormedLifetime => {
                return Self::invalid_request("The ttl is a whole number of milliseconds.", reason);
            }
            Error::Person(Unproven::TooMany { retry_after, .. }) => {
                let description = "Too many attempts failed. Try again later.";
                return Self::invalid_request(description, reason).too_many(retry_after);
            }
            // §4.3.2: not the client is wrong, but what it was given.
            Error::Person(Unproven::Wrong { .. }) => (Code::InvalidGrant, "Wrong user name or password."),
            Error::UnsupportedGrantType => {
                (Code::UnsupportedGrantType, "This grant type is not offered here.")
            }
            Error::UnauthorizedClient => {
                (Code::UnauthorizedClient, "This client may not use this grant type.")
            }
            Error::IllFormedScope => (Code::InvalidScope, "The scope is not well-formed."),
            Error::ScopeNotAllowed => (Code::InvalidScope, "The scope is more than this client may have."),
            Error::ScopeTooLarge => (Code::InvalidScope, "Ask for fewer scope values at a time."),
        };
        Self::new(StatusCode::BAD_REQUEST, code.as_str(), description, reason)
    }
}
