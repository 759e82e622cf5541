//! Errors of the token endpoint (RFC 6749 §5.2).

use lambda_http::http::StatusCode;
use shared::{
    clients::ScopeError,
    dynamodb,
    endpoint::{PasswordError, ResourceError, UnknownIssuer},
    grants::{RedemptionError, RotationError},
    http::{FormError, OAuthError},
    oauth::pkce::InvalidPkce,
    openid::SigningError,
};

/// The error codes of the token endpoint, besides `invalid_request` and `invalid_client`, which it shares with other
/// endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The code, the refresh token or the user's password is not valid.
    InvalidGrant,
    /// The client is not registered for this grant type.
    UnauthorizedClient,
    /// Jeton or this deployment does not support the grant type.
    UnsupportedGrantType,
    /// The scope is malformed, or exceeds the client's registration or the grant.
    InvalidScope,
    /// The resource is malformed, unknown, or not one that the client may have tokens for (RFC 8707 §2).
    InvalidTarget,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
        }
    }
}

/// The reason why a token request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Form(#[from] FormError),
    #[error(transparent)]
    Client(#[from] shared::endpoint::AuthenticationFailed),
    #[error("the grant type is not supported")]
    UnsupportedGrantType,
    #[error("the client is not registered for this grant type")]
    UnauthorizedClient,
    /// The `ttl` is not a number of milliseconds (a compatibility switch).
    #[error("the requested lifetime is not a whole number")]
    InvalidLifetime,
    /// The user name or password is wrong, or rate-limited (a compatibility switch).
    #[error(transparent)]
    User(#[from] PasswordError),
    /// The scope does not match the grammar of §3.3.
    #[error("the scope is malformed")]
    InvalidScope,
    #[error("the scope is more than the client is registered for")]
    ScopeNotAllowed,
    #[error("the scope is larger than one grant can store")]
    ScopeTooLarge,
    /// The client gets no tokens for the resource that it asks for (RFC 8707 §2).
    #[error(transparent)]
    Resource(ResourceError),
    /// A refresh names a resource for which the client can have no tokens.
    #[error(transparent)]
    RefreshResource(ResourceError),
    /// The code verifier is malformed (RFC 7636 §4.1).
    #[error(transparent)]
    Verifier(#[from] InvalidPkce),
    #[error(transparent)]
    Code(#[from] RedemptionError),
    #[error(transparent)]
    Refresh(#[from] RotationError),
    /// The ID token cannot be signed. The code can still be redeemed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// What precedes the redemption's write took so long that the write might not end in time. The code can still be
    /// redeemed.
    #[error("the ID token was signed too late for the redemption")]
    TooLate,
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<ScopeError> for Error {
    fn from(error: ScopeError) -> Self {
        match error {
            ScopeError::IllFormed => Self::InvalidScope,
            ScopeError::NotAllowed => Self::ScopeNotAllowed,
            ScopeError::TooLarge => Self::ScopeTooLarge,
        }
    }
}

impl From<ResourceError> for Error {
    fn from(error: ResourceError) -> Self {
        match error {
            ResourceError::Table(error) => error.into(),
            error => Self::Resource(error),
        }
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (code, description) = match error {
            Error::Form(error) => return error.into(),
            Error::Client(error) => return error.into(),
            Error::Issuer(error) => return error.into(),
            Error::Table(error) | Error::User(PasswordError::Table(error)) => return error.into(),
            Error::Signing(_) | Error::TooLate => return Self::temporarily_unavailable(reason),
            Error::Verifier(_) => {
                return Self::invalid_request("A code verifier is 43 to 128 unreserved characters.", reason);
            }
            // One response for all of them: it does not tell the holder of a leaked code what is missing.
            Error::Code(
                RedemptionError::Replayed
                | RedemptionError::Spent
                | RedemptionError::Unknown
                | RedemptionError::Expired
                | RedemptionError::OtherClient
                | RedemptionError::OtherIssuer
                | RedemptionError::RedirectUriMismatch
                | RedemptionError::VerifierMismatch
                | RedemptionError::Standing(_),
            ) => (Code::InvalidGrant, "The code is spent, expired, or does not fit this request."),
            Error::Code(RedemptionError::OtherResource) => {
                (Code::InvalidTarget, "The code was issued for another resource, or for none.")
            }
            // Also for the resource: clients forget a refresh token for no other error, and must sign in again.
            Error::Refresh(
                RotationError::Reused
                | RotationError::Late
                | RotationError::Unknown
                | RotationError::Expired
                | RotationError::OtherClient
                | RotationError::OtherIssuer
                | RotationError::Standing(_)
                | RotationError::OtherResource
                | RotationError::LostResource,
            )
            | Error::RefreshResource(_) => (
                Code::InvalidGrant,
                "The refresh token is spent, expired, revoked, not this client's, or for a resource that the client may \
                 not have.",
            ),
            Error::Refresh(RotationError::ScopeExceeded) => {
                (Code::InvalidScope, "The scope is more than was granted.")
            }
            Error::InvalidLifetime => {
                return Self::invalid_request("The ttl is a whole number of milliseconds.", reason);
            }
            Error::User(PasswordError::RateLimited { retry_after, .. }) => {
                let description = "Too many attempts failed. Try again later.";
                return Self::invalid_request(description, reason).too_many_requests(retry_after);
            }
            // §4.3.2: the user's credentials are wrong, not the client's.
            Error::User(PasswordError::Invalid(_)) => (Code::InvalidGrant, "Wrong user name or password."),
            Error::UnsupportedGrantType => {
                (Code::UnsupportedGrantType, "This grant type is not offered here.")
            }
            Error::UnauthorizedClient => {
                (Code::UnauthorizedClient, "This client may not use this grant type.")
            }
            Error::InvalidScope => (Code::InvalidScope, "The scope is not well-formed."),
            Error::ScopeNotAllowed => (Code::InvalidScope, "The scope is more than this client may have."),
            Error::ScopeTooLarge => (Code::InvalidScope, "Ask for fewer scope values at a time."),
            Error::Resource(error) => (Code::InvalidTarget, error.description()),
        };
        Self::new(StatusCode::BAD_REQUEST, code.as_str(), description, reason)
    }
}
