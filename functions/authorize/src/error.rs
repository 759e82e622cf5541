//! The errors of the authorization endpoint (RFC 6749 §4.1.2.1).

use shared::{
    clients::ScopeError,
    dynamodb,
    endpoint::{ResourceError, UnknownIssuer},
    oauth::ClientId,
    pages::{ErrorKind, ErrorPage},
};

/// The `error` parameter of a redirect to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, repeated or invalid.
    InvalidRequest,
    /// The client may not use this grant type.
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    /// The resource is malformed, unknown, or not one that the client may request (RFC 8707 §2).
    InvalidTarget,
    /// DynamoDB is throttled or down.
    TemporarilyUnavailable,
    /// The user must sign in, but `prompt=none` forbids the page; or another user than the one of `id_token_hint` has
    /// signed in (OpenID Connect Core §3.1.2.1, §3.1.2.6).
    LoginRequired,
    /// The user must consent, but `prompt=none` forbids the page (OpenID Connect Core §3.1.2.6).
    ConsentRequired,
    /// The request has a `request` parameter (RFC 9101 §6.1).
    RequestNotSupported,
    /// The request has a `request_uri` parameter (RFC 9101 §6.1).
    RequestUriNotSupported,
    /// The request has a `registration` parameter (OpenID Connect Core §7.2.1).
    RegistrationNotSupported,
}

impl Code {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
        }
    }
}

/// An error, and the party that receives it.
pub(crate) enum Failure {
    ToClient(Error),
    ToUser(ErrorPage),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::ToClient(error)
    }
}

impl From<dynamodb::Error> for Failure {
    fn from(error: dynamodb::Error) -> Self {
        Self::ToClient(error.into())
    }
}

impl From<ErrorPage> for Failure {
    fn from(page: ErrorPage) -> Self {
        Self::ToUser(page)
    }
}

/// An error that is sent to the client. Its `Display` is the exact reason, for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is in the request more than once (§3.1).
    #[error("a parameter is repeated")]
    Repeated,
    /// The request has no `response_type` (§3.1.1).
    #[error("response_type is missing")]
    NoResponseType,
    /// Only `code` is supported; and `token`, with a compatibility switch.
    #[error("unsupported response_type")]
    UnsupportedResponseType,
    /// `query`, `fragment` and `form_post` are supported; for a token only the last two.
    #[error("unsupported response_mode")]
    UnsupportedResponseMode,
    #[error("the client is not registered for this response type")]
    UnauthorizedClient,
    /// The requested scope is malformed, too large, or more than the client may have (§3.3).
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The client gets no tokens for the resource that it asks for (RFC 8707 §2).
    #[error(transparent)]
    Resource(ResourceError),
    /// The client must use PKCE, but sent no challenge (RFC 7636 §4.4.1).
    #[error("code_challenge is missing")]
    NoChallenge,
    #[error("malformed code_challenge")]
    MalformedChallenge,
    /// Only S256 is supported; a missing method means `plain` (RFC 7636 §4.3).
    #[error("unsupported code_challenge_method")]
    UnsupportedChallengeMethod,
    #[error("a parameter is too long")]
    TooLong,
    #[error("invalid prompt or max_age")]
    InvalidPrompt,
    /// Request objects are not supported (RFC 9101).
    #[error("the request has a request object")]
    RequestObject,
    /// Request objects by reference are not supported (RFC 9101). The URI is never fetched.
    #[error("the request has a request_uri")]
    RequestUri,
    /// Registration in the request is not supported (OpenID Connect Core §7.2.1).
    #[error("the request has a registration")]
    Registration,
    #[error("prompt=none, but the user must sign in")]
    LoginRequired,
    #[error("the user who has signed in is not the one of id_token_hint")]
    OtherUser,
    #[error("prompt=none, but the user must consent")]
    ConsentRequired,
    #[error("the user declined")]
    Declined,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<ResourceError> for Error {
    fn from(error: ResourceError) -> Self {
        match error {
            ResourceError::Table(error) => error.into(),
            error => Self::Resource(error),
        }
    }
}

impl Error {
    /// Returns whether the user has decided, on a page that names the client and its destination.
    pub(crate) const fn is_decision(&self) -> bool {
        matches!(self, Self::Declined)
    }

    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Repeated
            | Self::NoResponseType
            | Self::UnsupportedResponseMode
            | Self::NoChallenge
            | Self::MalformedChallenge
            | Self::UnsupportedChallengeMethod
            | Self::TooLong
            | Self::InvalidPrompt => Code::InvalidRequest,
            Self::UnsupportedResponseType => Code::UnsupportedResponseType,
            Self::UnauthorizedClient => Code::UnauthorizedClient,
            Self::Scope(_) => Code::InvalidScope,
            Self::Resource(_) => Code::InvalidTarget,
            Self::RequestObject => Code::RequestNotSupported,
            Self::RequestUri => Code::RequestUriNotSupported,
            Self::Registration => Code::RegistrationNotSupported,
            Self::LoginRequired | Self::OtherUser => Code::LoginRequired,
            Self::ConsentRequired => Code::ConsentRequired,
            Self::Declined => Code::AccessDenied,
            Self::Table(_) => Code::TemporarilyUnavailable,
        }
    }

    /// Returns the parameters of the error response (§4.1.2.1).
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let (code, description) = (self.code().as_str(), self.description());
        vec![("error", code.to_owned()), ("error_description", description.to_owned())]
    }

    /// Returns the `error_description`: one sentence for the client's developer.
    pub(crate) const fn description(&self) -> &'static str {
        match self {
            Self::Repeated => "A parameter is repeated.",
            Self::NoResponseType => "response_type is missing.",
            Self::UnsupportedResponseType => "Unsupported response_type.",
            Self::UnsupportedResponseMode => "Unsupported response_mode.",
            Self::UnauthorizedClient => "This client may not use this grant type.",
            Self::Scope(ScopeError::IllFormed) => "The scope is not well-formed.",
            Self::Scope(ScopeError::NotAllowed) => "The scope is more than this client may have.",
            Self::Scope(ScopeError::TooLarge) => "Ask for fewer scope values at a time.",
            Self::Resource(error) => error.description(),
            Self::NoChallenge => "PKCE is required: code_challenge is missing.",
            Self::MalformedChallenge => "code_challenge is not 43 characters of base64url.",
            Self::UnsupportedChallengeMethod => "code_challenge_method must be S256.",
            Self::TooLong => "A parameter is too long.",
            Self::InvalidPrompt => "Invalid prompt or max_age.",
            Self::RequestObject => "Request objects are not supported.",
            Self::RequestUri => "request_uri is not supported.",
            Self::Registration => "The parameter registration is not supported.",
            Self::LoginRequired => "The user must sign in.",
            Self::OtherUser => "Another user has signed in.",
            Self::ConsentRequired => "The user must consent.",
            Self::Declined => "The user declined.",
            Self::Table(_) => "The server cannot answer right now. Try again in a moment.",
        }
    }
}

/// The reason why a request has no destination. It is shown to the user, because it cannot be sent to a client.
#[derive(Debug, thiserror::Error)]
pub enum NoDestination {
    #[error("client_id is missing, repeated or malformed")]
    NoClientId,
    #[error("the client is unknown or disabled")]
    UnknownClient,
    /// The id is that of a self-registered client.
    #[error("the client's registration has ended, or was deleted or disabled")]
    Registration,
    #[error("redirect_uri is repeated")]
    RepeatedRedirectUri,
    /// Only a client with one redirect URI may leave it out (§3.1.2.3).
    #[error("redirect_uri is missing, and the client has several")]
    NoRedirectUri,
    #[error("the redirect URI is not registered")]
    UnknownRedirectUri,
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl NoDestination {
    /// Returns the error for the id of no client in good standing.
    pub(crate) fn of_unknown(id: &ClientId) -> Self {
        if id.is_self_registered() { Self::Registration } else { Self::UnknownClient }
    }
}

impl From<NoDestination> for ErrorPage {
    fn from(error: NoDestination) -> Self {
        let reason = error.to_string();
        match error {
            NoDestination::NoClientId | NoDestination::UnknownClient => {
                Self::new(ErrorKind::UnknownApplication, reason)
            }
            NoDestination::Registration => Self::new(ErrorKind::EndedRegistration, reason),
            NoDestination::RepeatedRedirectUri
            | NoDestination::NoRedirectUri
            | NoDestination::UnknownRedirectUri => Self::new(ErrorKind::UnknownAddress, reason),
            NoDestination::Issuer(error) => error.into(),
            NoDestination::Table(error) => error.into(),
        }
    }
}
