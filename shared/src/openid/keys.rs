//! The list of signing keys: one item of the clients table, and the calendar that it keeps.
//!
//! # Design
//! The list holds public keys and times, and no secret. Each change is made only to the revision that it read. A key is
//! published before it signs, and stays published after the next one signs, so that a client that caches the list always
//! knows the key of a new ID token.

mod store;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{
    config::{KeyName, SigningKeys},
    dynamodb::stored,
    time::Timestamp,
};

pub use store::{Store, WriteError};

/// How long a key is published before it signs.
pub const PUBLISHED_BEFORE: Duration = Duration::from_hours(24);
/// How long a key is published after the next one signs.
pub const PUBLISHED_AFTER: Duration = Duration::from_hours(48);
/// How long the signature of an `id_token_hint` counts after its key is no longer published.
pub const HINTS_AFTER: Duration = Duration::from_hours(90 * 24);

/// When a key that is added begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Now,
    /// After [`PUBLISHED_BEFORE`].
    AfterPublication,
}

/// How far two administrators' clocks may be apart, as both know DynamoDB's to a second.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(2);

/// A signing key: its public part, and when it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The key's thumbprint (RFC 7638), which an ID token's header names.
    pub kid: String,
    pub name: KeyName,
    /// The modulus in base64url (RFC 7518 §6.3.1.1).
    pub n: String,
    /// The exponent in base64url (RFC 7518 §6.3.1.2).
    pub e: String,
    /// When the key begins to sign.
    pub use_from: Timestamp,
    /// When the key is no longer published. `None`: no newer key is in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_until: Option<Timestamp>,
    /// When an `id_token_hint` by this key no longer counts. `None` as long as `published_until` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hints_until: Option<Timestamp>,
    /// Attributes of a later version.
    #[serde(flatten)]
    later: Map<String, Value>,
}

impl SigningKey {
    /// Returns whether the key is no longer published.
    pub fn is_retired(&self, now: Timestamp) -> bool {
        self.published_until.is_some_and(|published_until| published_until.has_passed(now))
    }

    /// Returns whether an `id_token_hint` by the key no longer counts.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.hints_until.is_some_and(|until| until.has_passed(now))
    }

    /// Returns the key called `name` with this RSA public key, each number as bytes, most significant first.
    pub fn new(name: KeyName, modulus: &[u8], exponent: &[u8], use_from: Timestamp) -> Self {
        let (n, e) = (URL_SAFE_NO_PAD.encode(modulus), URL_SAFE_NO_PAD.encode(exponent));
        // RFC 7638 §3: the required members in alphabetical order, without white space.
        let required = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(required));
        Self { kid, name, n, e, use_from, published_until: None, hints_until: None, later: Map::new() }
    }
}

stored! {
    /// The item `keys#`: the signing keys, in the order of their use.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct KeyList {
        /// `keys#`.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The number of changes.
        revision: u64 = "n",
        /// A List of Maps.
        keys: Vec<SigningKey> = "keys",
    }
}

impl KeyList {
    /// The most keys: the item stays below 4 KB, which is one read unit.
    pub const MOST: usize = 4;

    /// Returns the keys in the order of their use.
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// Returns the key called `kid`.
    pub fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// Returns the key that signs at `now`: the newest in use of those that the deployment permits.
    pub fn signing(&self, permitted: &SigningKeys, now: Timestamp) -> Option<&SigningKey> {
        let usable = |key: &&SigningKey| permitted.permit(&key.name) && key.use_from <= now;
        self.keys.iter().filter(usable).max_by_key(|key| key.use_from)
    }

    /// Returns the keys that are published at `now`: also one that still signs because its successor was not deployed. A
    /// key of a local database is published only where it may sign: its private part can be read in the database.
    pub fn published(&self, permitted: &SigningKeys, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let signing = self.signing(permitted, now).map(|key| &key.kid);
        let is_published = move |key: &&SigningKey| {
            (!key.is_retired(now) || Some(&key.kid) == signing)
                && (!key.name.is_local() || permitted.permit(&key.name))
        };
        self.keys.iter().filter(is_published)
    }

    /// Returns the key called `kid`, if an `id_token_hint` by it counts at `now`: also one that still signs. A key of a local
    /// database counts only where it may sign.
    pub fn for_hint(&self, kid: &str, permitted: &SigningKeys, now: Timestamp) -> Option<&SigningKey> {
        let signs = || self.signing(permitted, now).is_some_and(|key| key.kid == kid);
        self.find(kid).filter(|key| {
            (!key.is_expired(now) || signs()) && (!key.name.is_local() || permitted.permit(&key.name))
        })
    }

    /// Returns the list with `key`, in the place of a key with its `kid`. It signs from `start` on, and the first key of a
    /// list at once. The key before it is then published for another [`PUBLISHED_AFTER`].
    #[must_use]
    pub fn with(&self, mut key: SigningKey, start: Start, now: Timestamp) -> Self {
        let mut changed = self.clone();
        changed.keys.retain(|known| known.kid != key.kid);
        key.use_from = if start == Start::Now || changed.keys.is_empty() {
            // The clock of the administrator who added the last key may have been a little ahead.
            let soon = now.after(CLOCK_DIFFERENCE);
            let begun = changed.keys.iter().map(|key| key.use_from).filter(|begun| *begun <= soon).max();
            begun.map_or(now, |begun| begun.max(now))
        } else {
            now.after(PUBLISHED_BEFORE)
        };
        changed.keys.push(key);
        changed.retire(now);
        changed
    }

    /// Returns the list without the key called `kid`.
    #[must_use]
    pub fn without(&self, kid: &str, now: Timestamp) -> Self {
        let mut changed = self.clone();
        changed.keys.retain(|key| key.kid != kid);
        changed.retire(now);
        changed
    }

    /// Returns the list without the keys that are of no use any more: hints by them no longer count, and they do not sign.
    #[must_use]
    pub fn without_expired(&self, permitted: &SigningKeys, now: Timestamp) -> Self {
        let signing = self.signing(permitted, now).map(|key| key.kid.clone());
        let mut changed = self.clone();
        changed.keys.retain(|key| !key.is_expired(now) || Some(&key.kid) == signing.as_ref());
        changed
    }

    /// Sets when each key is no longer published: by the key that follows it. A key that is gone comes back only if it is
    /// the newest in use again.
    fn retire(&mut self, now: Timestamp) {
        self.keys.sort_by_key(|key| key.use_from);
        let in_use = self.keys.iter().rposition(|key| key.use_from <= now);
        let followers = self.keys.iter().skip(1).map(|key| Some(key.use_from));
        let followers: Vec<_> = followers.chain([None]).collect();
        for (at, (key, follower)) in self.keys.iter_mut().zip(followers).enumerate() {
            if follower.is_none() || !key.is_retired(now) || Some(at) == in_use {
                key.published_until = follower.map(|used| used.after(PUBLISHED_AFTER));
                key.hints_until = key.published_until.map(|gone| gone.after(HINTS_AFTER));
            }
        }
    }
}

#[cfg(test)]
mod tests;
