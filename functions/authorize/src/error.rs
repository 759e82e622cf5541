//! What the authorization endpoint refuses, and how (RFC 6749 §4.1.2.1).

use shared::{
    client::ScopeError,
    http::UnknownIssuer,
    page::{Problem, Trouble},
    table,
};

/// The codes that a client may be told, by redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, repeated, or has another form.
    InvalidRequest,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The person declined.
    AccessDenied,
    /// The response type is none that is offered.
    UnsupportedResponseType,
    /// The scope is ill-formed, or more than the client may have.
    InvalidScope,
    /// DynamoDB is throttled or down.
    TemporarilyUnavailable,
    /// `prompt=none`, but the person must sign in (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// `prompt=none`, but the person must agree (OpenID Connect Core §3.1.2.6).
    ConsentRequired,
    /// Request objects are not offered (RFC 9101 §6.1).
    RequestNotSupported,
    /// Nor are they by reference.
    RequestUriNotSupported,
}

impl Code {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
        }
    }
}

/// Why a request with a good client and redirect URI was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is there more than once (§3.1).
    #[error("a parameter is repeated")]
    Repeated,
    /// There is no response type (§3.1.1).
    #[error("the response type is missing")]
    NoResponseType,
    /// Only `code` is offered; and `token`, where a compatibility switch says so.
    #[error("the response type is none that is offered")]
    UnsupportedResponseType,
    /// `query`, `fragment` and `form_post` are supported; for a token only the last two.
    #[error("unsupported response_mode")]
    UnsupportedResponseMode,
    /// The client is not registered for this grant.
    #[error("the client is not registered for this response type")]
    UnauthorizedClient,
    /// The scope is not granted (§3.3).
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The client must send a challenge (RFC 7636 §4.4.1).
    #[error("the code challenge is missing")]
    NoChallenge,
    /// The challenge is not what S256 makes.
    #[error("the code challenge is not one of S256")]
    MalformedChallenge,
    /// The challenge method is not S256; left out it is `plain` (RFC 7636 §4.3).
    #[error("the code challenge method is not S256")]
    UnsupportedChallengeMethod,
    /// A parameter is longer than any client needs.
    #[error("a parameter is too long")]
    TooLong,
    /// `prompt` or `max_age` is none that makes sense.
    #[error("prompt or max_age cannot be understood")]
    BadPrompt,
    /// `request` (RFC 9101).
    #[error("request objects are not offered")]
    RequestObject,
    /// `request_uri` (RFC 9101). It is never fetched.
    #[error("request objects are not offered by reference either")]
    RequestUri,
    /// Silence was asked for, but the person must sign in.
    #[error("prompt=none, but the person must sign in")]
    LoginRequired,
    /// Silence was asked for, but the person must agree.
    #[error("prompt=none, but the person must agree")]
    ConsentRequired,
    /// The person declined.
    #[error("the person declined")]
    Declined,
    /// DynamoDB failed.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Error {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Repeated
            | Self::NoResponseType
            | Self::UnsupportedResponseMode
            | Self::NoChallenge
            | Self::MalformedChallenge
            | Self::UnsupportedChallengeMethod
            | Self::TooLong
            | Self::BadPrompt => Code::InvalidRequest,
            Self::UnsupportedResponseType => Code::UnsupportedResponseType,
            Self::UnauthorizedClient => Code::UnauthorizedClient,
            Self::Scope(_) => Code::InvalidScope,
            Self::RequestObject => Code::RequestNotSupported,
            Self::RequestUri => Code::RequestUriNotSupported,
            Self::LoginRequired => Code::LoginRequired,
            Self::ConsentRequired => Code::ConsentRequired,
            Self::Declined => Code::AccessDenied,
            Self::Table(_) => Code::TemporarilyUnavailable,
        }
    }

    /// One plain sentence for the client's developer.
    pub(crate) const fn description(&self) -> &'static str {
        match self {
            Self::Repeated => "A parameter is there more than once.",
            Self::NoResponseType => "response_type is missing.",
            Self::UnsupportedResponseType => "response_type must be code.",
            Self::UnsupportedResponseMode => "Unsupported response_mode.",
            Self::UnauthorizedClient => "This client may not use this grant type.",
            Self::Scope(ScopeError::IllFormed) => "The scope is not well-formed.",
            Self::Scope(ScopeError::NotAllowed) => "The scope is more than this client may have.",
            Self::Scope(ScopeError::TooLarge) => "Ask for fewer scope values at a time.",
            Self::NoChallenge => "PKCE is required: code_challenge is missing.",
            Self::MalformedChallenge => "code_challenge is not 43 characters of base64url.",
            Self::UnsupportedChallengeMethod => "code_challenge_method must be S256.",
            Self::TooLong => "A parameter is too long.",
            Self::BadPrompt => "prompt or max_age cannot be understood.",
            Self::RequestObject => "Request objects are not supported.",
            Self::RequestUri => "request_uri is not supported.",
            Self::LoginRequired => "The person must sign in.",
            Self::ConsentRequired => "The person must agree.",
            Self::Declined => "The person declined.",
            Self::Table(_) => "The server cannot answer right now. Try again in a moment.",
        }
    }
}

/// Why a request could not even be answered to a client: there is only the person to tell.
#[derive(Debug, thiserror::Error)]
pub enum NoDestination {
    /// The client is missing, repeated, unknown or disabled.
    #[error("the client is missing, unknown or disabled")]
    Client,
    /// The redirect URI is missing, repeated, or not registered.
    #[error("the redirect URI is missing or not registered")]
    RedirectUri,
    /// The request is longer than any client needs.
    #[error("the request is too long")]
    TooLong,
    /// The query cannot be decoded.
    #[error("the query is not correctly encoded")]
    Encoding,
    /// The deployment does not know its own name.
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    /// DynamoDB failed.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl From<NoDestination> for Problem {
    fn from(error: NoDestination) -> Self {
        let reason = error.to_string();
        match error {
            NoDestination::Client => Self::new(Trouble::UnknownApplication, reason),
            NoDestination::RedirectUri => Self::new(Trouble::UnknownAddress, reason),
            NoDestination::TooLong | NoDestination::Encoding => Self::new(Trouble::Unreadable, reason),
            NoDestination::Issuer(error) => error.into(),
            NoDestination::Table(error) => error.into(),
        }
    }
}
