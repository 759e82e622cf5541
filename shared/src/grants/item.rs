//! The `g#…` item: a grant, attribute by attribute.
//!
//! # Design
//! Attribute names are one or two letters: an item of up to 1,024 bytes costs one write unit, and the largest grant
//! must not cost two, unless its refreshes request a large scope. Attributes that a state does not need are absent.
//! Times are milliseconds, except `ttl`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use strum::{Display, EnumString, IntoStaticStr};

use crate::{
    dynamodb::stored,
    oauth::{ClientId, GrantType, Issuer, ResourceUri, Scope},
    secret::{AccessToken, AuthorizationCode, Digest, Family, Id, RedirectUri, RefreshToken, Verifier},
    time::Timestamp,
};

/// The way in which a grant was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A user signed in and consented (RFC 6749 §4.1).
    #[serde(rename = "ac")]
    AuthorizationCode,
    /// A client used its own credentials (RFC 6749 §4.4). The grant has no user; `sub` is the client.
    #[serde(rename = "cc")]
    ClientCredentials,
    /// The client sent a user's name and password (RFC 6749 §4.3; a compatibility switch).
    #[serde(rename = "pw")]
    Password,
    /// A user signed in and consented, and the client got a token without a code (RFC 6749 §4.2; a compatibility
    /// switch).
    #[serde(rename = "im")]
    Implicit,
}

impl Kind {
    pub const fn grant_type(self) -> GrantType {
        match self {
            Self::AuthorizationCode => GrantType::AuthorizationCode,
            Self::ClientCredentials => GrantType::ClientCredentials,
            Self::Password => GrantType::Password,
            Self::Implicit => GrantType::Implicit,
        }
    }
}

/// State of a grant. A grant only moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// The authorization code is not redeemed yet.
    #[serde(rename = "c")]
    Code,
    /// The grant has tokens.
    #[serde(rename = "a")]
    Active,
    /// The grant has ended. The digests are removed; the item stays until its TTL, so that no late write revives it.
    #[serde(rename = "e")]
    Ended,
}

stored! {
    /// The `g#…` item. All its attributes are declared here or in the types of its fields.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct Grant {
        /// `g#ID`.
        pub(super) key: String = "pk",
        /// The version of this format: 1.
        pub(super) version: u8 = "v",
        pub kind: Kind = "k",
        /// The state. A condition that an ended grant must fail tests this field, or a Map that an ending removes.
        pub state: State = "st",
        /// The client that the tokens are issued to.
        pub client: ClientId = "c",
        /// The developer who owns the client, if there is one. The grant depends on the owner's standing, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub owner: Option<Id> = "o",
        /// The user who consented. Absent for a client's own grant, which is therefore not in the index `by_user`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub user: Option<Id> = "p",
        /// The granted scope: a String Set, absent if empty.
        #[serde(default, skip_serializing_if = "Scope::is_empty")]
        pub scope: Scope = "sc",
        /// The resource that the tokens are for (RFC 8707). Absent: none in particular.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resource: Option<ResourceUri> = "rs",
        /// The issuer that made the grant.
        pub issuer: Issuer = "is",
        /// When the user last signed in, for `auth_time` and `max_age`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub authenticated_at: Option<Timestamp> = "at",
        /// When the grant was made. Compared with `not_before` in the statuses of the client and the user.
        pub issued_at: Timestamp = "ia",
        /// When the whole grant expires. Absent: never (a compatibility switch).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp> = "ax",
        /// When DynamoDB may delete the item, in epoch *seconds*. Deletion is lazy, and no decision
        /// depends on it. Absent in a grant that never expires, until it is ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub(super) ttl: Option<u64> = "ttl",
        /// The authorization code. It stays after redemption, to classify a replay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub code: Option<Code> = "cd" { Code },
        /// The current access token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub access: Option<Access> = "a" { Access },
        /// The access token before the last rotation, which is valid until it expires.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub previous_access: Option<Access> = "pa" { Access },
        /// The refresh token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub refresh: Option<Refresh> = "r" { Refresh },
        /// When and why the grant was ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub end: Option<End> = "e" { End },
    }
}

stored! {
    /// The authorization code of a grant: attribute `cd`.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct Code {
        pub digest: Digest<AuthorizationCode> = "d",
        pub expires_at: Timestamp = "x",
        /// The decoded S256 code challenge (RFC 7636 §4.2). Absent if the client needs none and sent none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub challenge: Option<Digest<Verifier>> = "h",
        pub redirect_uri: Digest<RedirectUri> = "u",
        /// Whether the authorization request contained that URI. The token request must then repeat it (RFC 6749
        /// §4.1.3).
        pub redirect_uri_sent: bool = "s",
        /// The authorization request's `nonce` (OpenID Connect Core §3.1.2.1). Removed at redemption.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub nonce: Option<String> = "n",
    }
}

stored! {
    /// An access token of a grant: attributes `a` and `pa`.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct Access {
        /// The digest. It stays when the token is revoked.
        pub digest: Digest<AccessToken> = "d",
        pub issued_at: Timestamp = "i",
        /// Absent: never (a compatibility switch).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp> = "x",
        /// The scope of the refresh request, if the request had one (RFC 6749 §6): a String Set. A rotation writes without
        /// reading, so it cannot tell whether this is less than the grant's scope. If the last two refresh requests had
        /// a large scope, the item may cost a second write unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub requested_scope: Option<Scope> = "s",
        /// When the token was revoked alone, without its grant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub revoked_at: Option<Timestamp> = "rv",
    }
}

stored! {
    /// The refresh token of a grant: attribute `r`.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct Refresh {
        /// The digest of the current token.
        pub digest: Digest<RefreshToken> = "d",
        /// When the current token expires if it is not used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp> = "x",
        /// The digest of the bits that all refresh tokens of the grant share, which prove that a spent token was genuine.
        pub family: Digest<Family> = "f",
        /// The number of rotations that led to the current token.
        pub generation: u64 = "g",
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rotation: Option<Rotation> = "o" { Rotation },
    }
}

stored! {
    /// The last rotation of a refresh token: attribute `o` of `r`. Without rotation (a compatibility switch), the last
    /// renewal of the access token.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct Rotation {
        /// The digest of the token that the client presented. Without rotation this is the current token.
        pub previous: Digest<RefreshToken> = "d",
        /// The successor is derived from this nonce and the presented token's key, so a retry derives the same one.
        pub nonce: Nonce = "n",
        pub at: Timestamp = "t",
    }
}

/// 256 random bits of one rotation. No token can be derived from them alone, so they reveal nothing to a reader of the
/// table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(#[serde(with = "serde_bytes")] pub [u8; 32]);

stored! {
    /// The end of a grant: attribute `e`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct End {
        pub at: Timestamp = "t",
        pub reason: EndReason = "w",
    }
}

/// The reason why a grant was ended.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    SerializeDisplay,
    DeserializeFromStr,
    Display,
    EnumString,
    IntoStaticStr,
)]
#[strum(const_into_str)]
pub enum EndReason {
    /// The client revoked the grant (RFC 7009).
    #[strum(serialize = "revoked")]
    Revoked,
    /// An administrator ended the grant.
    #[strum(serialize = "admin")]
    Administrator,
    /// The authorization code was redeemed a second time, with the proof of the same client.
    #[strum(serialize = "replay")]
    CodeReplayed,
    /// A spent refresh token was used again.
    #[strum(serialize = "reuse")]
    RefreshReused,
    /// The user withdrew the consent.
    #[strum(serialize = "user")]
    Withdrawn,
    /// The grant was used after the client or the user was deleted or disabled, or after everything of theirs was
    /// revoked.
    #[strum(serialize = "standing")]
    StandingLost,
}

impl EndReason {
    /// Returns the stored word, which logs contain, too.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Returns the reason in words, for an administrator.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Revoked => "revoked by its client",
            Self::Administrator => "ended by an administrator",
            Self::CodeReplayed => "its authorization code was replayed",
            Self::RefreshReused => "a spent refresh token was used again",
            Self::Withdrawn => "ended by its user",
            Self::StandingLost => {
                "used after its client or user was disabled or deleted, or had everything ended"
            }
        }
    }
}

impl Grant {
    /// Prefix of every grant's key.
    pub(crate) const PREFIX: &str = "g#";

    /// Returns whether a request that names `requested` is about a grant for that resource. A request that names none is.
    pub(super) fn is_for(&self, requested: Option<&ResourceUri>) -> bool {
        requested.is_none() || self.resource.as_ref() == requested
    }

    /// Returns the key of the grant with this id.
    pub fn key(id: Id) -> String {
        format!("{}{id}", Self::PREFIX)
    }
}

/// The longest lifetime of a grant, however often it is refreshed.
pub const LONGEST_GRANT: Duration = Duration::from_hours(90 * 24);

/// How long a user's browser may submit the same consent form again. The item must stay that long, so that the form leads
/// to the same grant, whether or not its code is spent.
pub const DECISION_LIFETIME: Duration = Duration::from_mins(15);

/// How long a grant that never expired stays after it was ended, so that `jeton token inspect` can show the reason.
const RETENTION_AFTER_END: Duration = Duration::from_hours(90 * 24);

/// Returns the TTL of a grant without one that is ended at `now`.
pub(super) fn ttl_once_ended(now: Timestamp) -> u64 {
    ttl(now.after(RETENTION_AFTER_END))
}

/// Returns the TTL of a grant that expires at `expires_at`: the first second in which no request can depend on the item.
pub(super) fn ttl(expires_at: Timestamp) -> u64 {
    expires_at.after(DECISION_LIFETIME).seconds() + 1
}
