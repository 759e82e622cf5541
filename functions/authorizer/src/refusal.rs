//! Why a request does not pass (RFC 6750 §3.1). The log is told; the caller is told what its gateway can say.

use shared::{bearer::Inactive, client::AuthenticationError, scope::Scope, throttle::Unproven};

/// Nobody known is asking: 401.
#[derive(Debug, thiserror::Error)]
pub enum Unauthenticated {
    /// The request shows no credentials at all.
    #[error("the request has no credentials")]
    Nobody,
    /// It shows credentials twice, or in two ways (§2).
    #[error("the request has credentials more than once")]
    Twice,
    /// It shows them in a way that is not permitted.
    #[error("the Authorization header has a scheme that is not permitted")]
    OtherScheme,
    /// It shows a token by a scheme that is for others.
    #[error("the scheme is not for this kind of token")]
    OtherKind,
    /// What it shows is nothing that Jeton issues, or that anybody has.
    #[error("the credentials are not well-formed")]
    Malformed,
    /// The token does not work, or not any more.
    #[error(transparent)]
    Inactive(#[from] Inactive),
    /// The token is another issuer's.
    #[error("the token was granted by another issuer")]
    OtherIssuer,
    /// Nobody has proven to be a person. Also if too many have tried: a gateway cannot be told to answer 429.
    #[error(transparent)]
    Person(#[from] Unproven),
    /// A person's password came by a gateway that does not tell from where, so that attempts cannot be counted.
    #[error("an authorizer of type TOKEN cannot take passwords")]
    NoAddress,
    /// No client has proven itself.
    #[error(transparent)]
    Client(AuthenticationError),
    /// The client is not registered for the grant that lets clients act for themselves.
    #[error("the client is not registered for client_credentials")]
    NotForItself,
}

impl Unauthenticated {
    /// The RFCs' code, as the log has it.
    pub const fn error(&self) -> &'static str {
        match self {
            Self::Nobody | Self::Twice | Self::OtherScheme | Self::NoAddress => "invalid_request",
            Self::Malformed | Self::OtherKind | Self::Inactive(_) | Self::OtherIssuer => "invalid_token",
            Self::Person(_) => "access_denied",
            Self::Client(_) => "invalid_client",
            Self::NotForItself => "unauthorized_client",
        }
    }
}

/// Somebody known is asking for what is not theirs: 403.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The route needs more scope than the token has.
    #[error("the route needs the scope {0}")]
    InsufficientScope(Scope),
    /// Nobody may take the route: the configuration does not list it.
    #[error("the route is not listed in JETON_ROUTE_SCOPES")]
    Unlisted,
    /// The path leads to another route than the one that the gateway says it takes, or holds characters that mean
    /// more to IAM than themselves.
    #[error("the path cannot be named in a policy")]
    Unnameable,
    /// The request's method or path is not one that the gateway's route takes.
    #[error("the request's method and path do not lead to the gateway's route")]
    OtherRoute,
}

impl Forbidden {
    /// The RFC's code: whatever is forbidden, another token might open.
    pub const fn error(&self) -> &'static str {
        "insufficient_scope"
    }

    /// The challenge that tells the caller (§3), for a gateway that can send it.
    pub fn challenge(&self) -> String {
        match self {
            Self::InsufficientScope(needed) => {
                format!("Bearer realm=\"Jeton\", error=\"insufficient_scope\", scope=\"{needed}\"")
            }
            Self::Unlisted | Self::Unnameable | Self::OtherRoute => {
                String::from("Bearer realm=\"Jeton\", error=\"insufficient_scope\"")
            }
        }
    }
}
