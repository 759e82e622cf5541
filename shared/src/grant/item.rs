//! The `g#…` item: what a grant is made of, attribute by attribute.
//!
//! # Design
//! Attribute names are one or two letters: an item of up to 1,024 bytes costs one write unit, and the largest grant
//! must not cost two. What a state does not need is left out. Times are milliseconds, except `ttl`.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    client::ClientId,
    config::Issuer,
    scope::{Scope, Tags},
    secret::{AccessToken, AuthorizationCode, Digest, Family, Id, RedirectUri, RefreshToken, Verifier},
    time::Timestamp,
};

/// How a grant came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A person signed in and agreed (RFC 6749 §4.1).
    #[serde(rename = "ac")]
    AuthorizationCode,
    /// A client used its own credentials (RFC 6749 §4.4). There is no person, and `sub` is the client.
    #[serde(rename = "cc")]
    ClientCredentials,
    /// A person gave their name and password to the client (RFC 6749 §4.3; a compatibility switch).
    #[serde(rename = "pw")]
    Password,
    /// A person signed in and agreed, and there was no code (RFC 6749 §4.2; a compatibility switch).
    #[serde(rename = "im")]
    Implicit,
}

impl Kind {
    /// The grant type's own name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::Implicit => "implicit",
        }
    }
}

/// Where a grant is in its life. It only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// Its code waits to be redeemed.
    #[serde(rename = "c")]
    Code,
    /// It has tokens.
    #[serde(rename = "a")]
    Active,
    /// It is over. The digests are gone, the item stays until its time: a late write cannot revive it.
    #[serde(rename = "e")]
    Ended,
}

/// The `g#…` item. Every attribute of it is declared here or in the types of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// `g#` and the grant's id.
    #[serde(rename = "pk")]
    pub(super) key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    pub(super) version: u8,
    /// How it came about.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// Where it is in its life. Every condition names it.
    #[serde(rename = "st")]
    pub state: State,
    /// Whose tokens they are.
    #[serde(rename = "c")]
    pub client: ClientId,
    /// The person who owns the client, if one does: their standing counts, too.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Id>,
    /// The person who agreed; absent for a machine's grant, which keeps it out of the index `by_person`.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Id>,
    /// What was granted. A String Set, left out if empty.
    #[serde(rename = "sc", default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The issuer it was granted by.
    #[serde(rename = "is")]
    pub issuer: Issuer,
    /// When the person last signed in, for `auth_time` and `max_age`.
    #[serde(rename = "at", default, skip_serializing_if = "Option::is_none")]
    pub authenticated_at: Option<Timestamp>,
    /// When it was issued. Compared with `not_before` of the client and the person.
    #[serde(rename = "ia")]
    pub issued_at: Timestamp,
    /// When it is over whatever happens. Absent: never (a compatibility switch).
    #[serde(rename = "ax", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When DynamoDB may delete it, in epoch *seconds*: the first after `ax`. Deletion is lazy and no decision
    /// rests on it. Absent as long as there is no such second; what ends all the same gets one then.
    #[serde(rename = "ttl", default, skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<u64>,
    /// Its authorization code. Kept after redemption, to judge a replay.
    #[serde(rename = "cd", default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Its access token.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// The access token before the last rotation, which lives to its own end.
    #[serde(rename = "pa", default, skip_serializing_if = "Option::is_none")]
    pub previous_access: Option<Access>,
    /// Its refresh token.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Refresh>,
    /// Its end, once ended.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// The authorization code of a grant: attribute `cd`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Code {
    /// Its digest.
    #[serde(rename = "d")]
    pub digest: Digest<AuthorizationCode>,
    /// When it stops working.
    #[serde(rename = "x")]
    pub expires_at: Timestamp,
    /// The S256 code challenge, decoded (RFC 7636 §4.2); absent if the client needs none and sent none.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Digest<Verifier>>,
    /// The digest of the redirect URI.
    #[serde(rename = "u")]
    pub redirect_uri: Digest<RedirectUri>,
    /// Whether the authorization request named that URI, so that the token request must, too (RFC 6749 §4.1.3).
    #[serde(rename = "s")]
    pub redirect_uri_sent: bool,
}

/// An access token of a grant: attributes `a` and `pa`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Access {
    /// Its digest. It stays when the token is revoked.
    #[serde(rename = "d")]
    pub digest: Digest<AccessToken>,
    /// When it was issued.
    #[serde(rename = "i")]
    pub issued_at: Timestamp,
    /// When it stops working. Absent: never (a compatibility switch).
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The scope that its request named, if it named one (RFC 6749 §6). A rotation writes without reading, so it
    /// cannot tell whether that is less than the whole; spelled out three times, the largest scope would not fit
    /// one write unit, so these are tags.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub narrowed: Option<Tags>,
    /// When it was revoked by itself, while its grant lived on.
    #[serde(rename = "rv", default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// The refresh token of a grant: attribute `r`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refresh {
    /// The current token's digest.
    #[serde(rename = "d")]
    pub digest: Digest<RefreshToken>,
    /// When the current token stops working if it is not used.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What all of the grant's refresh tokens prove to be once genuine by.
    #[serde(rename = "f")]
    pub family: Digest<Family>,
    /// How many rotations led to the current token.
    #[serde(rename = "g")]
    pub generation: u64,
    /// The last rotation, if there was one.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// The last rotation of a refresh token: attribute `o` of `r`. Or, where refresh tokens are not rotated (a
/// compatibility switch), the last time that it was used for a new access token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rotation {
    /// The digest of the token that was presented; without rotation it is the current one's.
    #[serde(rename = "d")]
    pub previous: Digest<RefreshToken>,
    /// With the presented token's key it makes the successor, so that a retry finds the same one.
    #[serde(rename = "n")]
    pub nonce: Nonce,
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
}

/// 256 random bits that belong to one rotation. Alone they give nothing: whoever reads the table has no token to
/// go with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(#[serde(with = "serde_bytes")] pub [u8; 32]);

/// How a grant ended: attribute `e`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct End {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// Why.
    #[serde(rename = "w")]
    pub why: Why,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Why {
    /// Its client asked (RFC 7009).
    #[serde(rename = "revoked")]
    Revoked,
    /// An administrator asked.
    #[serde(rename = "admin")]
    Administrator,
    /// Its code was redeemed a second time, with all that proves the client.
    #[serde(rename = "replay")]
    CodeReplayed,
    /// A refresh token was used after its successor had been.
    #[serde(rename = "reuse")]
    RefreshReused,
    /// The person who had agreed took it back.
    #[serde(rename = "person")]
    Withdrawn,
    /// It was used after the client or the user had been deleted or disabled, or had everything ended.
    #[serde(rename = "standing")]
    StandingLost,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => "revoked by its client",
            Self::Administrator => "ended by an administrator",
            Self::CodeReplayed => "its authorization code was replayed",
            Self::RefreshReused => "a spent refresh token was used again",
            Self::Withdrawn => "ended by its person",
            Self::StandingLost => {
                "used after its client or user was disabled or deleted, or had everything ended"
            }
        })
    }
}

impl Grant {
    /// What every grant's key begins with.
    pub(super) const PREFIX: &str = "g#";
    /// The attribute that names the client.
    pub(super) const CLIENT: &str = "c";

    /// The key of the grant called `id`.
    pub fn key(id: Id) -> String {
        format!("{}{id}", Self::PREFIX)
    }
}

/// All of a grant is over after this, however often it is refreshed.
pub const LONGEST_GRANT: Duration = Duration::from_hours(90 * 24);

/// How long a form that leads to a code can be sent again: until then the item must stay, so that it leads to the
/// same one, spent or not.
pub const DECISION_LIFETIME: Duration = Duration::from_mins(15);

/// How long a grant that had no end is still known for after it was ended, so that `jeton token inspect` can say why.
const KNOWN_AFTER_ITS_END: Duration = Duration::from_hours(90 * 24);

/// When DynamoDB may delete a grant that had no end and is ended at `now`.
pub(super) fn ttl_once_ended(now: Timestamp) -> u64 {
    ttl(now.after(KNOWN_AFTER_ITS_END))
}

/// The first second at which nothing of a grant that expires then can matter.
pub(super) fn ttl(expires_at: Timestamp) -> u64 {
    expires_at.after(DECISION_LIFETIME).seconds() + 1
}
