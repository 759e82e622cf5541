//! What happened, for those who must answer for it: one log line an event, which is also its metric.
//!
//! Events hold ids and the first bits of digests, never a token, code, secret, password or verifier.
//! Every line is in CloudWatch's embedded metric format: it counts 1 under the name of its event, so that alarms
//! need no metric filters and no second line.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{client::ClientId, log::Level, secret::Id, time::Timestamp};

/// The metrics' namespace.
const NAMESPACE: &str = "Jeton";

/// Something worth remembering.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Tokens were issued for a new grant.
    Issued {
        /// The grant's id.
        grant: Id,
        /// How the grant came about.
        kind: &'static str,
        /// To whom.
        client: &'a ClientId,
        /// The access token's `jti`.
        token: String,
        /// The scope granted, space-delimited.
        scope: String,
    },
    /// A refresh token was exchanged for the next pair; or a retry got that pair again.
    Refreshed {
        /// The grant's id.
        grant: Id,
        /// Whose.
        client: &'a ClientId,
        /// The access token's `jti`.
        token: String,
        /// The access token's scope, space-delimited.
        scope: String,
        /// Whether it was the same pair again, for a token that was spent within the grace window.
        retry: bool,
    },
    /// An authorization code was redeemed a second time, with all proof: its grant was ended.
    Replayed {
        /// The grant's id.
        grant: Id,
        /// Whose.
        client: &'a ClientId,
    },
    /// A spent refresh token was used again: its grant was ended.
    Reused {
        /// The grant's id.
        grant: Id,
        /// Whose.
        client: &'a ClientId,
    },
    /// A person agreed, or had agreed before: a code was issued.
    Consented {
        /// The grant's id.
        grant: Id,
        /// With whom.
        client: &'a ClientId,
        /// Who.
        person: Id,
        /// To what, space-delimited.
        scope: String,
        /// Whether they were asked.
        asked: bool,
    },
    /// A person declined.
    Declined {
        /// Whom.
        client: &'a ClientId,
        /// Who.
        person: Id,
    },
    /// A person signed in.
    SignedIn {
        /// Who.
        person: Id,
    },
    /// Somebody tried to sign in, with a name or password that is not right.
    SignInFailed {
        /// Whose name it was, if anybody's.
        person: Option<Id>,
    },
    /// An attempt to sign in was not looked at: there had been too many.
    SignInThrottled {
        /// By which count: `address`, `account` or `browser`.
        by: &'static str,
        /// A few bits of what stands for the account, whether or not there is one.
        account: String,
    },
    /// A person signed out.
    SignedOut {
        /// Who.
        person: Id,
        /// Of every browser, or only of the one they sat at.
        everywhere: bool,
    },
    /// A person took back what they had allowed a client: everything that it was granted by them was ended.
    Withdrawn {
        /// From whom.
        client: &'a ClientId,
        /// Who.
        person: Id,
    },
    /// A personal token was made or ended.
    PersonalTokenChanged {
        /// Whose it is.
        person: Id,
        /// Its id. No one's means all of that person's temporary tokens.
        token: Option<Id>,
        /// What was done: `created`, `ended`.
        change: &'static str,
    },
    /// A token was revoked, or a grant ended, at its client's or an administrator's wish.
    Revoked {
        /// The grant's id.
        grant: Id,
        /// Who asked: a client; no one means an administrator.
        client: Option<&'a ClientId>,
        /// The access token's `jti`, if only that one was revoked.
        token: Option<String>,
    },
    /// A request was refused.
    Refused {
        /// The RFC's error code.
        error: &'static str,
        /// What exactly was wrong.
        reason: &'a str,
        /// Who asked, or said they did.
        client: Option<&'a ClientId>,
    },
    /// DynamoDB did not answer, or not with what it should.
    Unavailable {
        /// What exactly failed.
        reason: &'a str,
        /// Whose request failed.
        client: Option<&'a ClientId>,
    },
    /// An administrator changed a client, or a developer one of their own.
    ClientChanged {
        /// Which.
        client: &'a ClientId,
        /// What was done: `created`, `updated`, `secret_rotated`, `disabled`, `enabled`, `deleted`; `everything_ended`: all
        /// that it was issued until then.
        change: &'static str,
    },
    /// An administrator changed what people are told a scope value means.
    ScopeChanged {
        /// Which value.
        scope: &'a str,
        /// What was done: `described`, `forgotten`.
        change: &'static str,
    },
    /// An administrator changed a person; or they ended everything themselves.
    UserChanged {
        /// Whom: their `sub`.
        person: Id,
        /// What was done: `created`, `password_set`, `disabled`, `enabled`, `deleted`, `role_granted`, `role_removed`;
        /// `signed_out`, of every browser; `everything_ended`: all that they had agreed to until then.
        change: &'static str,
    },
}

impl Event<'_> {
    /// How much the event matters.
    pub const fn level(&self) -> Level {
        match self {
            Self::Issued { .. }
            | Self::Refreshed { .. }
            | Self::Consented { .. }
            | Self::Declined { .. }
            | Self::SignedIn { .. }
            | Self::SignedOut { .. }
            | Self::Withdrawn { .. }
            | Self::PersonalTokenChanged { .. }
            | Self::Revoked { .. }
            | Self::ClientChanged { .. }
            | Self::ScopeChanged { .. }
            | Self::UserChanged { .. } => Level::Info,
            Self::SignInFailed { .. }
            | Self::SignInThrottled { .. }
            | Self::Refused { .. }
            | Self::Replayed { .. }
            | Self::Reused { .. } => Level::Warn,
            Self::Unavailable { .. } => Level::Error,
        }
    }

    /// The metric that counts it, and what the count is split by.
    const fn metric(&self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Issued { .. } => ("Issued", &["kind"]),
            Self::Consented { .. } => ("Consented", &[]),
            Self::Declined { .. } => ("Declined", &[]),
            Self::SignedIn { .. } => ("SignedIn", &[]),
            Self::SignInFailed { .. } => ("SignInFailed", &[]),
            Self::SignInThrottled { .. } => ("SignInThrottled", &["by"]),
            Self::SignedOut { .. } => ("SignedOut", &[]),
            Self::Withdrawn { .. } => ("Withdrawn", &[]),
            Self::PersonalTokenChanged { .. } => ("PersonalTokenChanged", &["change"]),
            Self::Refreshed { .. } => ("Refreshed", &[]),
            Self::Replayed { .. } => ("Replayed", &[]),
            Self::Reused { .. } => ("Reused", &[]),
            Self::Revoked { .. } => ("Revoked", &[]),
            Self::Refused { .. } => ("Refused", &["path", "error"]),
            Self::Unavailable { .. } => ("Unavailable", &["path"]),
            Self::ClientChanged { .. } => ("ClientChanged", &[]),
            Self::ScopeChanged { .. } => ("ScopeChanged", &[]),
            Self::UserChanged { .. } => ("UserChanged", &[]),
        }
    }
}

/// An event, and the request it happened in.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    /// When, in milliseconds.
    pub time_ms: Timestamp,
    /// The request's id, which its answer carries too. No one's means the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'a str>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event<'a>,
    /// The metric; see [`Metric`].
    #[serde(flatten)]
    metric: Metric,
}

impl<'a> Record<'a> {
    /// `event`, which happened at `time_ms`.
    pub const fn new(time_ms: Timestamp, event: Event<'a>) -> Self {
        let (name, dimensions) = event.metric();
        Self { time_ms, request_id: None, path: None, event, metric: Metric { time_ms, name, dimensions } }
    }
}

/// The embedded metric format's own members: `_aws` and the metric's value.
#[derive(Clone, Copy, Debug)]
struct Metric {
    time_ms: Timestamp,
    name: &'static str,
    dimensions: &'static [&'static str],
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // By its dimensions, and in all: an alarm adds nothing up.
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
