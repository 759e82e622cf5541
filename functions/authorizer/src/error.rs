//! The reasons why a request does not pass (RFC 6750 §3.1). The log has the exact reason; the caller gets only the
//! response that the API's gateway can send.

use shared::{
    dynamodb,
    endpoint::{AuthenticationError, PasswordError, UnknownIssuer, bearer::BearerError},
    grants::TokenError,
    oauth::{ResourceUri, Scope},
    status::StandingError,
};

/// The reason why the request has no valid credentials: 401.
#[derive(Debug, thiserror::Error)]
pub enum Unauthenticated {
    #[error("the request has no credentials")]
    NoCredentials,
    /// The request has credentials twice, or in two ways (§2).
    #[error("the request has credentials more than once")]
    SeveralCredentials,
    #[error("the Authorization header has a scheme that is not permitted")]
    UnsupportedScheme,
    /// The scheme is for another kind of token.
    #[error("the scheme is not for this kind of token")]
    WrongScheme,
    #[error("the credentials are not well-formed")]
    Malformed,
    #[error("the token is {0}")]
    Token(TokenError),
    #[error("the standing of the token's client or user: {0}")]
    Standing(StandingError),
    #[error("nothing of the token's scope is in JETON_PERSONAL_SCOPES")]
    NotOffered,
    #[error("the token was granted by another issuer")]
    OtherIssuer,
    /// The token is for another resource than `JETON_RESOURCE`, or one of the two is for none (RFC 8707 §2).
    #[error("the credentials are for another resource than JETON_RESOURCE, or one of the two is for none")]
    OtherResource,
    /// The user name and password are wrong, or too many attempts failed: a gateway cannot answer 429.
    #[error(transparent)]
    User(PasswordError),
    /// The gateway's event has no address, so that password attempts cannot be counted.
    #[error("an authorizer of type TOKEN cannot take passwords")]
    NoAddress,
    #[error(transparent)]
    Client(AuthenticationError),
    /// The client calls with its own secret, but is not registered for `client_credentials`.
    #[error("the client is not registered for client_credentials")]
    UnauthorizedClient,
}

impl Unauthenticated {
    /// Returns the RFCs' error code, for the log.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials | Self::SeveralCredentials | Self::UnsupportedScheme | Self::NoAddress => {
                "invalid_request"
            }
            Self::Malformed
            | Self::WrongScheme
            | Self::Token(_)
            | Self::Standing(_)
            | Self::NotOffered
            | Self::OtherIssuer
            | Self::OtherResource => "invalid_token",
            Self::User(_) => "access_denied",
            Self::Client(_) => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
        }
    }
}

/// The reason why there is no caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallerError {
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
}

impl From<BearerError> for CallerError {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Token(error) => Unauthenticated::Token(error).into(),
            BearerError::Standing(error) => Unauthenticated::Standing(error).into(),
            BearerError::NotOffered => Unauthenticated::NotOffered.into(),
            BearerError::Table(error) => Self::Table(error),
        }
    }
}

impl From<PasswordError> for CallerError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Table(error) => Self::Table(error),
            PasswordError::Invalid(_) | PasswordError::RateLimited { .. } => {
                Self::Unauthenticated(Unauthenticated::User(error))
            }
        }
    }
}

/// The reason why the caller may not send this request: 403.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("the route needs the scope {0}")]
    InsufficientScope(Scope),
    #[error("the route is not listed in JETON_ROUTE_SCOPES")]
    Unlisted,
    /// The path leads to another route than the gateway's, or has characters that IAM does not take literally.
    #[error("the path cannot be named in a policy")]
    AmbiguousPath,
    #[error("the request's method and path do not lead to the gateway's route")]
    OtherRoute,
}

impl Forbidden {
    /// Returns the RFC's error code. RFC 6750 has no code for a route that no token opens, so every refusal has this one.
    pub const fn code(&self) -> &'static str {
        "insufficient_scope"
    }

    /// Returns the challenge (§3) to a caller with the scope `held`, for a gateway that can send one.
    ///
    /// With a `resource`, it names the metadata of the resource (RFC 9728 §5.1), and `scope` includes what the caller
    /// has: a client requests just that, and would lose the rest.
    pub fn challenge(&self, held: &Scope, resource: Option<&ResourceUri>) -> String {
        let scope = match self {
            Self::InsufficientScope(required) if resource.is_some() => Some(required.with(held)),
            Self::InsufficientScope(required) => Some(required.clone()),
            Self::Unlisted | Self::AmbiguousPath | Self::OtherRoute => None,
        };
        let parameters = [
            Some(String::from("error=\"insufficient_scope\"")),
            scope.map(|scope| format!("scope=\"{scope}\"")),
            resource.map(|resource| format!("resource_metadata=\"{}\"", resource.metadata_url())),
        ];
        let parameters: Vec<_> = parameters.into_iter().flatten().collect();
        format!("Bearer realm=\"Jeton\", {}", parameters.join(", "))
    }
}
