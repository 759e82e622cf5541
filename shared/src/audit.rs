//! Audit events: one log line per event, which is also its metric.
//!
//! Events contain ids and the first bits of digests; never a token, code, secret, password or verifier.
//! Every line is in CloudWatch's embedded metric format: it counts 1 under the name of its event, so that alarms
//! need no metric filters and no second line.

use serde::{Serialize, Serializer, ser::SerializeMap};
use strum::IntoStaticStr;

use crate::{
    log::Level,
    oauth::{ClientId, GrantType, ResourceUri},
    secret::Id,
    time::Timestamp,
};

/// The namespace of the metrics.
const NAMESPACE: &str = "Jeton";

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
    /// The user name or the password was wrong.
    SignInFailed {
        /// The user with that name, if there is one.
        user: Option<Id>,
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
        /// The names of the claims that [`UserChange::ClaimsSet`] is about; never their values.
        #[serde(skip_serializing_if = "<[&str]>::is_empty")]
        claims: &'a [&'static str],
    },
    /// An administrator exported all users with the hashes of their passwords.
    PasswordHashesExported,
}

/// A change of a personal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenChange {
    Created,
    Ended,
}

/// A change of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientChange {
    Created,
    Updated,
    SecretRotated,
    Disabled,
    Enabled,
    Deleted,
    /// All tokens that were issued to the client until then were revoked.
    EverythingEnded,
}

/// A change of a scope value's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeChange {
    Described,
    Deleted,
}

/// A change of a protected resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceChange {
    Created,
    Updated,
    Deleted,
}

/// A change of a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyChange {
    Added,
    /// A key that waited signs without waiting any longer.
    UsedAtOnce,
    Removed,
}

/// A change of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserChange {
    Created,
    /// An administrator set the password.
    PasswordSet,
    /// The user changed the password.
    PasswordChanged,
    /// An administrator made a reset link.
    ResetLinkCreated,
    /// The user set the password by a reset link.
    PasswordReset,
    Disabled,
    Enabled,
    Deleted,
    RoleGranted,
    RoleRemoved,
    /// An administrator set or removed claims (OpenID Connect Core §5.1).
    ClaimsSet,
    /// All sessions of the user were ended.
    SignedOut,
    /// All grants and personal tokens of the user until then were revoked.
    EverythingEnded,
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
            | Self::PasswordHashesExported => &[],
        }
    }
}

/// One log line: an event and the request in which it happened.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    pub time_ms: Timestamp,
    /// The request's id, which the response contains, too. `None`: an administrator's command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The path of the request's route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'a str>,
    #[serde(flatten)]
    pub event: Event<'a>,
    #[serde(flatten)]
    metric: Metric,
}

impl<'a> Record<'a> {
    pub const fn new(time_ms: Timestamp, event: Event<'a>) -> Self {
        let metric = Metric { time_ms, name: event.into_str(), dimensions: event.dimensions() };
        Self { time_ms, request_id: None, path: None, event, metric }
    }
}

/// The members of the embedded metric format: `_aws` and the metric's value.
#[derive(Clone, Copy, Debug)]
struct Metric {
    time_ms: Timestamp,
    name: &'static str,
    dimensions: &'static [&'static str],
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Counted by its dimensions and in total: an alarm cannot add up metrics.
        let by_dimensions = (!self.dimensions.is_empty()).then_some(self.dimensions);
        let dimensions: Vec<_> = by_dimensions.into_iter().chain([[].as_slice()]).collect();
        let metadata = serde_json::json!({
            "Timestamp": self.time_ms,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": dimensions,
                "Metrics": [{ "Name": self.name, "Unit": "Count" }],
            }],
        });
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("_aws", &metadata)?;
        map.serialize_entry(self.name, &1)?;
        map.end()
    }
}
