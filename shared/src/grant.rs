//! Grants: what one authorization is, from its code to its last token.
//!
//! A grant is one login-and-consent of one person at one client, or one issuance of `client_credentials`. It is
//! **one item**; its code, access tokens and refresh tokens all carry its id, so whoever holds one of them can be
//! answered from a single read, and every change of state is a single conditional write.
//!
//! # Design
//! Attribute names are one or two letters: an item of up to 1,024 bytes costs one write unit, and the largest grant
//! must not cost two. What a state does not need is left out. Times are milliseconds, except `ttl`.

mod store;

pub use store::{Revocation, Store};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    client::ClientId,
    config::Issuer,
    scope::Scope,
    secret::{AccessToken, AuthorizationCode, Digest, Id, RefreshToken, Secret},
    status::Whose,
    time::Timestamp,
};

/// How a grant came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A person signed in and agreed (RFC 6749 §4.1).
    #[serde(rename = "ac")]
    AuthorizationCode,
    /// A client used its own credentials (RFC 6749 §4.4). There is no person, and `sub` is the client.
    #[serde(rename = "cc")]
    ClientCredentials,
}

/// Where a grant is in its life. It only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// `g#` and the grant's id.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
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
    /// rests on it.
    #[serde(rename = "ttl", default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a code challenge is the digest of (RFC 7636 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verifier {}

/// What [`Code::redirect_uri`] is the digest of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectUri {}

/// What [`Refresh::family`] is the digest of: the 128 bits that all refresh tokens of one grant share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {}

/// An access token of a grant: attributes `a` and `pa`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Its digest; impossible once revoked.
    #[serde(rename = "d")]
    pub digest: Digest<AccessToken>,
    /// When it was issued.
    #[serde(rename = "i")]
    pub issued_at: Timestamp,
    /// When it stops working. Absent: never (a compatibility switch).
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Its scope if that is less than the grant's (RFC 6749 §6): the first four bytes of each value's SHA-256. A
    /// rotation writes without reading, so it cannot tell whether the scope it was asked for is the whole; spelled
    /// out three times, the largest scope would not fit one write unit.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none", with = "serde_bytes_option")]
    pub narrowed: Option<Vec<u8>>,
    /// When it was revoked by itself, while its grant lived on.
    #[serde(rename = "rv", default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// The refresh token of a grant: attribute `r`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The last rotation, if there was one.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// The last rotation of a refresh token: attribute `o` of `r`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The digest of the token that was presented.
    #[serde(rename = "d")]
    pub previous: Digest<RefreshToken>,
    /// 256 random bits. With the presented token's key they make its successor, so a retry finds the same one.
    #[serde(rename = "n")]
    pub nonce: Digest<Nonce>,
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
}

/// What [`Rotation::nonce`] is: random, not a digest of anything, but as long and as opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {}

/// How a grant ended: attribute `e`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// Why.
    #[serde(rename = "w")]
    pub why: Why,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => "revoked by its client",
            Self::Administrator => "ended by an administrator",
            Self::CodeReplayed => "its authorization code was replayed",
            Self::RefreshReused => "a spent refresh token was used again",
        })
    }
}

/// What `client_credentials` is granted: everything that the decision needs, nothing that it makes.
#[derive(Debug)]
pub struct MachineGrant<'a> {
    /// The client, which has authenticated.
    pub client: &'a crate::client::Client,
    /// What it is granted.
    pub scope: Scope,
    /// The issuer it asked.
    pub issuer: Issuer,
    /// When it asked.
    pub now: Timestamp,
}

/// Which of a grant's two access tokens a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The one issued last.
    Current,
    /// The one before.
    Previous,
}

impl Grant {
    /// The key of the grant called `id`.
    pub fn key(id: Id) -> String {
        format!("g#{id}")
    }

    /// A client's own grant, with its only token.
    pub fn for_machine(asked: MachineGrant<'_>, token: &Secret<AccessToken>) -> Self {
        let expires_at = asked.now.after(asked.client.lifetimes.access_token());
        Self {
            key: Self::key(token.id()),
            version: 1,
            kind: Kind::ClientCredentials,
            state: State::Active,
            client: asked.client.id.clone(),
            owner: asked.client.owner,
            person: None,
            scope: asked.scope,
            issuer: asked.issuer,
            authenticated_at: None,
            issued_at: asked.now,
            expires_at: Some(expires_at),
            ttl: Some(Self::ttl(expires_at)),
            code: None,
            access: Some(Access {
                digest: token.digest(),
                issued_at: asked.now,
                expires_at: Some(expires_at),
                narrowed: None,
                revoked_at: None,
            }),
            previous_access: None,
            refresh: None,
            end: None,
        }
    }

    /// The first second at which nothing of a grant that expires then can matter.
    const fn ttl(expires_at: Timestamp) -> u64 {
        expires_at.seconds() + 1
    }

    /// The access token that reads `token`, if the grant has it and it works at `now`: the item's own word, before
    /// anyone's status is asked.
    pub fn live_access(&self, token: &Secret<AccessToken>, now: Timestamp) -> Result<&Access, Dead> {
        match self.state {
            State::Ended => return Err(Dead::Ended),
            State::Code => return Err(Dead::Unknown),
            State::Active => {}
        }
        let digest = token.digest();
        let access = match self.slot(&digest).ok_or(Dead::Unknown)? {
            Slot::Current => self.access.as_ref(),
            Slot::Previous => self.previous_access.as_ref(),
        };
        let access = access.ok_or(Dead::Unknown)?;
        let ends = [access.expires_at, self.expires_at];
        if ends.into_iter().flatten().any(|end| end.has_passed(now)) {
            return Err(Dead::Expired);
        }
        Ok(access)
    }

    /// Whose standing decides about the grant.
    pub fn depends_on(&self) -> Vec<Whose> {
        let people = self.person.into_iter().chain(self.owner).map(Whose::Person);
        [Whose::Client(self.client.clone())].into_iter().chain(people).collect()
    }

    /// What `sub` is: the person, or the client itself (RFC 7662 §2.2).
    pub fn subject(&self) -> String {
        self.person.map_or_else(|| self.client.to_string(), |person| person.to_string())
    }

    pub(crate) fn slot(&self, digest: &Digest<AccessToken>) -> Option<Slot> {
        let holds = |access: &Option<Access>| access.as_ref().is_some_and(|access| access.digest == *digest);
        if holds(&self.access) {
            Some(Slot::Current)
        } else if holds(&self.previous_access) {
            Some(Slot::Previous)
        } else {
            None
        }
    }
}

/// Why a token does not work. The caller is never told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Dead {
    /// Jeton did not issue it, or no longer knows; or it was revoked by itself.
    #[error("unknown")]
    Unknown,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its grant was ended.
    #[error("ended")]
    Ended,
}

/// Optional bytes as Binary: serde would make a list of numbers of them.
mod serde_bytes_option {
    use serde::{Deserializer, Serializer, de};

    #[expect(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes.as_deref().unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        struct Bytes;

        impl de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }

        deserializer.deserialize_byte_buf(Bytes).map(Some)
    }
}
