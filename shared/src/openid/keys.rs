//! The list of signing keys: one item of the clients table, and the calendar that it keeps.
//!
//! # Design
//! The list holds public keys and times, and no secret. Each change is made only to the revision that it read. A key is
//! published before it signs, and stays published after the next one signs, so that a client that caches the list always
//! knows the key of a new ID token.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    config::{KeyName, SigningKeys},
    dynamodb::{self, Outcome, Table, Update, stored},
    time::Timestamp,
};

/// The key of the list.
const LIST: &str = "keys#";
/// How long a function uses the list without reading it again.
const REMEMBERED: Duration = Duration::from_mins(5);
/// How long a key is published before it signs.
pub const PUBLISHED_BEFORE: Duration = Duration::from_hours(24);
/// How long a key is published after the next one signs.
pub const PUBLISHED_AFTER: Duration = Duration::from_hours(48);
/// How long the signature of an `id_token_hint` counts after its key is no longer published.
pub const HINTS_AFTER: Duration = Duration::from_hours(90 * 24);

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
    pub gone_at: Option<Timestamp>,
    /// When an `id_token_hint` by this key no longer counts. `None` as long as `gone_at` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint_until: Option<Timestamp>,
}

impl SigningKey {
    /// Returns the key called `name` with this RSA public key, each number as bytes, most significant first.
    pub fn new(name: KeyName, modulus: &[u8], exponent: &[u8], use_from: Timestamp) -> Self {
        let (n, e) = (URL_SAFE_NO_PAD.encode(modulus), URL_SAFE_NO_PAD.encode(exponent));
        // RFC 7638 §3: the required members in alphabetical order, without white space.
        let required = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(required));
        Self { kid, name, n, e, use_from, gone_at: None, hint_until: None }
    }
}

stored! {
    /// The item `keys#`: the signing keys, oldest first.
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

/// The reason why the list was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("the list of keys was changed by another administrator at the same time; try again")]
    Raced,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl KeyList {
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// Returns the key that signs at `now`: the newest in use of those that the deployment permits.
    pub fn signing(&self, permitted: &SigningKeys, now: Timestamp) -> Option<&SigningKey> {
        let usable = |key: &&SigningKey| permitted.permit(&key.name) && key.use_from <= now;
        self.keys.iter().filter(usable).max_by_key(|key| key.use_from)
    }

    /// Returns the keys that are published at `now`: also one that still signs because its successor was not deployed.
    pub fn published(&self, permitted: &SigningKeys, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let signing = self.signing(permitted, now).map(|key| &key.kid);
        let is_published = move |key: &&SigningKey| {
            key.gone_at.is_none_or(|gone_at| !gone_at.has_passed(now)) || Some(&key.kid) == signing
        };
        self.keys.iter().filter(is_published)
    }

    /// Returns the key called `kid`, if an `id_token_hint` by it counts at `now`.
    pub fn for_hint(&self, kid: &str, now: Timestamp) -> Option<&SigningKey> {
        let counts = |key: &&SigningKey| key.hint_until.is_none_or(|until| !until.has_passed(now));
        self.keys.iter().filter(counts).find(|key| key.kid == kid)
    }

    /// Returns the list with `key` as its newest. It signs at once if no key does or `at_once` says so, else after
    /// [`PUBLISHED_BEFORE`]; the older keys are then published for another [`PUBLISHED_AFTER`].
    #[must_use]
    pub fn with(&self, mut key: SigningKey, at_once: bool, now: Timestamp) -> Self {
        let mut changed = self.clone();
        key.use_from = if at_once || self.keys.is_empty() { now } else { now.after(PUBLISHED_BEFORE) };
        let gone_at = key.use_from.after(PUBLISHED_AFTER);
        for older in changed.keys.iter_mut().filter(|older| older.gone_at.is_none()) {
            older.gone_at = Some(gone_at);
            older.hint_until = Some(gone_at.after(HINTS_AFTER));
        }
        changed.keys.push(key);
        changed
    }
}

/// The list in the clients table, and the list as it was last read.
#[derive(Debug)]
pub struct Store {
    table: Table,
    remembered: Mutex<Option<(Timestamp, Arc<KeyList>)>>,
}

impl Store {
    pub const fn new(table: Table) -> Self {
        Self { table, remembered: Mutex::new(None) }
    }

    /// Returns the list, read no more than five minutes ago. A list without a key that signs is read every time.
    pub async fn list(
        &self,
        permitted: &SigningKeys,
        now: Timestamp,
    ) -> Result<Arc<KeyList>, dynamodb::Error> {
        if let Some((read_at, list)) = &*self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
            && *read_at <= now
            && now.since(*read_at) < REMEMBERED
        {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(self.read().await?);
        if list.signing(permitted, now).is_some() {
            let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            *remembered = Some((now, Arc::clone(&list)));
        }
        Ok(list)
    }

    /// Reads the list consistently.
    pub async fn read(&self) -> Result<KeyList, dynamodb::Error> {
        Ok(self.table.get(LIST).await?.unwrap_or_default())
    }

    /// Changes the list, as it was read, to `changed`.
    pub async fn replace(&self, read: &KeyList, changed: &KeyList) -> Result<(), WriteError> {
        let next = read.revision + 1;
        let update = Update::or_create::<KeyList>(
            "#revision = :read",
            "SET #version = :version, #revision = :next, #keys = :keys",
        )
        .value("read", &read.revision)?
        .value("version", &1)?
        .value("next", &next)?
        .value("keys", &changed.keys)?;
        match self.table.update::<KeyList>(LIST, update).await? {
            Outcome::Applied(_) => Ok(()),
            // The response to the SDK's first attempt got lost, and its second attempt found that change.
            Outcome::ConditionFailed(Some(there)) if there.revision == next && there.keys == changed.keys => {
                Ok(())
            }
            Outcome::ConditionFailed(_) => Err(WriteError::Raced),
        }
    }
}
