//! Audit events: one log line per event, which is also its metric.
//!
//! Events contain ids and the first bits of digests; never a token, code, secret, password or verifier.
//! Every line is in CloudWatch's embedded metric format: it counts 1 under the name of its event, so that alarms
//! need no metric filters and no second line.

mod change;
mod record;

use serde::Serialize;
use strum::IntoStaticStr;

use crate::{
    log::Level,
    oauth::{ClientId, GrantType, ResourceUri},
    secret::Id,
};

pub use change::{ClientChange, KeyChange, ResourceChange, ScopeChange, TokenChange, UserChange};
pub use record::Record;

/// A security-relevant event. The name of the variant is the name of its metric.
#[derive(Clone, Debug, Serialize, IntoStaticStr)]
#[serde(tag = "audit", rename_all = "snake_case")]
#[strum(const_into_str)]
pub enum Event<'a> {
    /// Tokens were issued for a new grant.
    Issued {
        grant: Id,
        kind: GrantType,
        client: &'a ClientId,
        /// The access token's `jti`.
        token: String,
        /// Space-delimited.
        scope: String,
    },
    /// A refresh token was exchanged for new tokens, or a retry got the same tokens again.
    Refreshed {
        grant: Id,
        client: &'a ClientId,
        /// The access token's `jti`.
        token: String,
        /// The access token's scope, space-delimited.
        scope: String,
        /// Whether the client got the same tokens again for a token that was spent within the grace window.
        retry: bool,
    },
    /// KMS or a local key signed an ID token. The client has not got it if its grant was ended meanwhile.
    IdTokenSigned {
        grant: Id,
        client: &'a ClientId,
        /// The key's id, which the ID token's header contains, too.
        kid: &'a str,
        /// The id of the request to KMS, which CloudTrail records, too. `None`: a local key.
        kms_request_id: Option<&'a str>,
    },
    /// A refresh response contains no ID token, although the client is registered for one.
    IdTokenNotSigned {
        grant: Id,
        client: &'a ClientId,
        /// The exact reason.
        reason: &'a str,
    },
    /// An authorization code was redeemed a second time, with the complete proof: its grant was ended.
    Replayed {
        grant: Id,
        client: &'a ClientId,
    },
    /// A spent refresh token was used again: its grant was ended.
    Reused {
        grant: Id,
        client: &'a ClientId,
    },
    /// A user consented now or earlier, and a code was issued.
    Consented {
        grant: Id,
        client: &'a ClientId,
        user: Id,
        /// Space-delimited.
        scope: String,
        /// Whether the consent page was shown.
        asked: bool,
    },
    /// A user declined on the consent page.
    Declined {
        client: &'a ClientId,
        user: Id,
    },
    SignedIn {
        user: Id,
    },
    /// The user name or the password was wrong, or the user is disabled.
    SignInFailed {
        /// The user with that name, if there is one.
        user: Option<Id>,
        /// The exact reason.
        reason: String,
    },
    /// An attempt to sign in was rejected without a check of the password: too many had failed, or were in progress.
    SignInThrottled {
        /// The counter that was full: `address`, `account`, `device` (a device cookie) or `caller` (a known caller).
        by: &'static str,
        /// A few bits of the digest of the user name, whether or not there is such a user.
        account: String,
    },
    SignedOut {
        user: Id,
        /// Whether all sessions of the user were ended, or one.
        everywhere: bool,
    },
    /// A user ended a session of another browser.
    SessionEnded {
        user: Id,
        /// The session's id.
        session: Id,
    },
    /// A user withdrew the consent to a client: all of the client's grants by this user were ended.
    Withdrawn {
        client: &'a ClientId,
        user: Id,
    },
    PersonalTokenChanged {
        user: Id,
        /// The token's id. `None`: all temporary tokens of the user.
        token: Option<Id>,
        change: TokenChange,
    },
    /// A token was revoked or a grant was ended: by its client, its user or an administrator; or by Jeton, because the
    /// client or the user is no longer in good standing.
    Revoked {
        grant: Id,
        /// The client that sent the request. `None`: an administrator, or a user at an endpoint compatible with Usergrid.
        client: Option<&'a ClientId>,
        /// The word of the [reason](crate::grants::EndReason), as an ended grant stores it.
        reason: &'static str,
        /// The access token's `jti`, if only that token was revoked.
        token: Option<String>,
    },
    /// A request was refused.
    Refused {
        /// The RFC's error code.
        error: &'static str,
        /// The exact reason.
        reason: &'a str,
        /// The client that sent the request, or that the request claims to be from.
        client: Option<&'a ClientId>,
    },
    /// A request failed because of DynamoDB, or because KMS did not sign.
    Unavailable {
        /// The exact reason.
        reason: &'a str,
        client: Option<&'a ClientId>,
    },
    /// A client registered itself (RFC 7591).
    Registered {
        client: &'a ClientId,
        /// Whether the client was registered before, with the same metadata.
        repeated: bool,
    },
    /// An administrator changed a client, or a developer changed one of their own.
    ClientChanged {
        client: &'a ClientId,
        change: ClientChange,
    },
    /// An administrator changed the description of a scope value.
    ScopeChanged {
        scope: &'a str,
        change: ScopeChange,
    },
    /// An administrator changed a protected resource.
    ResourceChanged {
        resource: &'a ResourceUri,
        change: ResourceChange,
    },
    /// An administrator changed the list of signing keys.
    KeyChanged {
        kid: &'a str,
        change: KeyChange,
    },
    /// An administrator changed a user; or a user set a new password or revoked everything themselves.
    UserChanged {
        user: Id,
        change: UserChange,
    },
    /// An administrator set or removed claims of a user (OpenID Connect Core §5.1).
    ClaimsSet {
        user: Id,
        /// The names of the claims; never their values.
        claims: &'a [&'static str],
    },
    /// An administrator exported all users with the hashes of their passwords.
    PasswordHashesExported,
}

impl Event<'_> {
    pub const fn level(&self) -> Level {
        match self {
            Self::Issued { .. }
            | Self::Refreshed { .. }
            | Self::IdTokenSigned { .. }
            | Self::Consented { .. }
            | Self::Declined { .. }
            | Self::SignedIn { .. }
            | Self::SignedOut { .. }
            | Self::SessionEnded { .. }
            | Self::Withdrawn { .. }
            | Self::PersonalTokenChanged { .. }
            | Self::Revoked { .. }
            | Self::ClientChanged { .. }
            | Self::ScopeChanged { .. }
            | Self::ResourceChanged { .. }
            | Self::KeyChanged { .. }
            | Self::UserChanged { .. }
            | Self::ClaimsSet { .. }
            | Self::PasswordHashesExported => Level::Info,
            // No log level may leave this out: an alarm counts it.
            Self::Registered { .. }
            | Self::SignInFailed { .. }
            | Self::SignInThrottled { .. }
            | Self::Refused { .. }
            | Self::Replayed { .. }
            | Self::Reused { .. } => Level::Warn,
            Self::Unavailable { .. } | Self::IdTokenNotSigned { .. } => Level::Error,
        }
    }

    /// Returns the dimensions by which the metric is split.
    const fn dimensions(&self) -> &'static [&'static str] {
        match self {
            Self::Issued { .. } => &["kind"],
            Self::SignInThrottled { .. } => &["by"],
            Self::PersonalTokenChanged { .. } => &["change"],
            Self::Refused { .. } => &["path", "error"],
            Self::Unavailable { .. } => &["path"],
            Self::Consented { .. }
            | Self::Declined { .. }
            | Self::SignedIn { .. }
            | Self::SignInFailed { .. }
            | Self::SignedOut { .. }
            | Self::SessionEnded { .. }
            | Self::Withdrawn { .. }
            | Self::Refreshed { .. }
            | Self::IdTokenSigned { .. }
            | Self::IdTokenNotSigned { .. }
            | Self::Replayed { .. }
            | Self::Reused { .. }
            | Self::Revoked { .. }
            | Self::Registered { .. }
            | Self::ClientChanged { .. }
            | Self::ScopeChanged { .. }
            | Self::ResourceChanged { .. }
            | Self::KeyChanged { .. }
            | Self::UserChanged { .. }
            | Self::ClaimsSet { .. }
            | Self::PasswordHashesExported => &[],
        }
    }
}
