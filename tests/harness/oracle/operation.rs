//! Operations on a grant, and their replies.

use std::collections::BTreeSet;

use crate::harness::code_flow::Pair;

/// Milliseconds.
pub type Ms = u64;

/// Scope values.
pub type Values = BTreeSet<String>;

/// Returns the values of a space-delimited scope.
pub fn values(scope: &str) -> Values {
    scope.split_ascii_whitespace().map(str::to_owned).collect()
}

/// The resource that a request about a grant names (RFC 8707 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    Nothing,
    Own,
    /// A registered resource that is not the grant's.
    Other,
    /// A resource that is not registered or not in the sender's list, or no longer, even if it is the grant's.
    Refused,
}

/// An operation on a grant, by a client that has authenticated. `own`: it is the grant's client. `genuine`: the token was
/// returned once, not made up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `proven`: with the right client, verifier and redirect URI.
    Redeem {
        proven: bool,
        resource: Named,
    },
    Refresh {
        token: String,
        own: bool,
        genuine: bool,
        scope: Option<&'static str>,
        resource: Named,
    },
    RevokeRefresh {
        token: String,
        own: bool,
        genuine: bool,
    },
    RevokeAccess {
        token: String,
        own: bool,
    },
    /// `allowed`: the sender is the grant's client, or a resource server that serves the grant's resource (RFC 7662 §4).
    IntrospectAccess {
        token: String,
        allowed: bool,
    },
    IntrospectRefresh {
        token: String,
        own: bool,
    },
}

impl Operation {
    /// Returns the operation's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Redeem { .. } => "Redeem",
            Self::Refresh { .. } => "Refresh",
            Self::RevokeRefresh { .. } => "RevokeRefresh",
            Self::RevokeAccess { .. } => "RevokeAccess",
            Self::IntrospectAccess { .. } => "IntrospectAccess",
            Self::IntrospectRefresh { .. } => "IntrospectRefresh",
        }
    }
}

/// The meaning of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Tokens. Without rotation a refresh leads to an access token alone.
    Tokens {
        access: String,
        refresh: Option<String>,
        scope: Values,
        expires_in: u64,
    },
    InvalidGrant,
    InvalidScope,
    InvalidTarget,
    Revoked,
    Active {
        scope: Values,
    },
    Inactive,
    /// A 503, or no response at all.
    Unavailable,
}

/// The properties of the grant's client when an operation was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terms {
    /// The scope that the client may have at the grant's resource. `None`: it may have no tokens for it any more.
    pub scope: Option<Values>,
    /// The most scope that a refresh may request. `None`: a refresh for more gets the rest.
    pub registered: Option<Values>,
    /// The lifetimes of new tokens.
    pub access: Ms,
    pub refresh: Ms,
    /// How long a spent refresh token may be presented again.
    pub grace: Ms,
    /// Whether a refresh spends the refresh token.
    pub rotates: bool,
    /// Whether the client's owner, if it has one, is a developer in good standing. If not, no token of the client works.
    pub owner_works: bool,
}

impl Terms {
    /// Returns whether a refresh may request this scope, or none.
    pub(super) fn permit(&self, requested: Option<&Values>) -> bool {
        let Some((requested, registered)) = requested.zip(self.registered.as_ref()) else { return true };
        requested.is_subset(registered)
    }
}

/// An operation with its reply.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The number of the operation, which no other operation has.
    pub nth: usize,
    pub operation: Operation,
    pub reply: Reply,
}

impl Observed {
    /// Returns the tokens that the response tells.
    pub(super) fn pair(&self) -> Option<Pair> {
        let Reply::Tokens { access, refresh, .. } = &self.reply else { return None };
        let refresh = match (&self.operation, refresh) {
            (_, Some(refresh)) => refresh,
            (Operation::Refresh { token, .. }, None) => token,
            _ => return None,
        };
        Some(Pair { access: access.clone(), refresh: refresh.clone() })
    }
}
