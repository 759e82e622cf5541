//! Errors of the UserInfo endpoint (OpenID Connect Core §5.3.3, RFC 6750 §3).

use lambda_http::http::StatusCode;
use shared::{
    dynamodb,
    endpoint::UnknownIssuer,
    grants::TokenError,
    http::{FormError, OAuthError},
    status::StandingError,
};

/// The reason why a UserInfo request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the request has no access token")]
    NoToken,
    #[error("the request has more than one token")]
    TwoMethods,
    #[error("the Authorization header is malformed")]
    MalformedHeader,
    #[error(transparent)]
    Form(#[from] FormError),
    #[error("the token is of another kind")]
    OtherKind,
    #[error("the token is {0}")]
    Token(#[from] TokenError),
    /// The client, the user or the client's owner is no longer in good standing.
    #[error("its client or user: {0}")]
    Standing(#[from] StandingError),
    #[error("the token is not of an authorization code")]
    OtherGrant,
    #[error("the token is for a resource")]
    ForResource,
    #[error("the token is of another issuer")]
    OtherIssuer,
    #[error("the token's scope does not include openid")]
    NoOpenId,
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        match error {
            Error::Table(error) => error.into(),
            Error::Issuer(error) => error.into(),
            Error::NoToken => unauthorized(reason).without_information(),
            Error::Form(error) => Self::from(error).with_challenge(INVALID_REQUEST),
            Error::TwoMethods => {
                let description = "Send one access token, in the header or in a form.";
                Self::invalid_request(description, reason).with_challenge(INVALID_REQUEST)
            }
            Error::MalformedHeader => {
                let description = "The Authorization header is malformed.";
                Self::invalid_request(description, reason).with_challenge(INVALID_REQUEST)
            }
            Error::OtherKind
            | Error::Token(_)
            | Error::Standing(_)
            | Error::OtherGrant
            | Error::ForResource
            | Error::OtherIssuer => unauthorized(reason).with_challenge(INVALID_TOKEN),
            Error::NoOpenId => {
                let description = "The access token's scope does not include openid.";
                Self::new(StatusCode::FORBIDDEN, "insufficient_scope", description, reason)
                    .with_challenge(INSUFFICIENT_SCOPE)
            }
        }
    }
}

/// Returns the error of a request without a valid token. Only the log has the exact reason.
const fn unauthorized(reason: String) -> OAuthError {
    let description = "Send a valid access token that was issued to a client for a user, and for no resource. An ID token is not an \
         access token.";
    OAuthError::new(StatusCode::UNAUTHORIZED, "invalid_token", description, reason)
}

// The challenges of RFC 6750 §3.
const INVALID_REQUEST: &str = "Bearer realm=\"Jeton\", error=\"invalid_request\"";
const INVALID_TOKEN: &str = "Bearer realm=\"Jeton\", error=\"invalid_token\"";
const INSUFFICIENT_SCOPE: &str = "Bearer realm=\"Jeton\", error=\"insufficient_scope\", scope=\"openid\"";
