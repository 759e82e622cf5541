//! Why a request does not pass (RFC 6750 §3.1). The log is told; the caller is told what its gateway can say.

use shared::{bearer::Inactive, scope::Scope};

/// Nobody known is asking: 401.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// The request shows no credentials at all.
    #[error("the request has no credentials")]
    Nobody,
    /// It shows credentials twice (§2).
    #[error("the request has more than one Authorization header")]
    Twice,
    /// It shows something else than a bearer token.
    #[error("the Authorization header has another scheme than Bearer")]
    OtherScheme,
    /// What it shows is no token that Jeton issues.
    #[error("the Authorization header has no well-formed token")]
    Malformed,
    /// The token does not work, or not any more.
    #[error(transparent)]
    Inactive(#[from] Inactive),
    /// The token is another issuer's.
    #[error("the token was granted by another issuer")]
    OtherIssuer,
}

impl Unauthenticated {
    /// The RFC's code, as the log has it.
    pub const fn error(&self) -> &'static str {
        match self {
            Self::Nobody | Self::Twice | Self::OtherScheme => "invalid_request",
            Self::Malformed | Self::Inactive(_) | Self::OtherIssuer => "invalid_token",
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
            Self::Unlisted | Self::Unnameable => {
                String::from("Bearer realm=\"Jeton\", error=\"insufficient_scope\"")
            }
        }
    }
}
