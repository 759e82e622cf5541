//! What people have agreed to before, so that they need not be asked again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    client::ClientId,
    scope::Scope,
    secret::Id,
    table::{self, Table, Update},
    time::Timestamp,
};

/// How long an agreement is remembered after it was last given.
const LIFETIME: Duration = Duration::from_hours(365 * 24);

/// The `k#…` item: what one person has agreed to with one client. Written for confidential clients only: anyone can
/// pretend to be a public one (RFC 8252 §8.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// `k#`, the person's `sub`, `#` and the client's id.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// What was agreed to, the last time. A String Set, left out if empty.
    #[serde(rename = "sc", default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// When. An agreement from before its person's or client's `not_before` is none.
    #[serde(rename = "ia")]
    pub agreed_at: Timestamp,
    /// When DynamoDB may delete it, in epoch seconds.
    #[serde(rename = "ttl")]
    ttl: u64,
}

/// Reads and writes agreements.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    /// Agreements in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    fn key(person: Id, client: &ClientId) -> String {
        format!("k#{person}#{client}")
    }

    /// What `person` has agreed to with `client`, if it is still remembered.
    pub async fn find(
        &self,
        person: Id,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Consent>, table::Error> {
        let consent: Option<Consent> = self.0.get(&Self::key(person, client)).await?;
        Ok(consent.filter(|consent| !consent.agreed_at.after(LIFETIME).has_passed(now)))
    }

    /// Forgets what `person` has agreed to with `client`.
    pub async fn forget(&self, person: Id, client: &ClientId) -> Result<(), table::Error> {
        let update =
            Update::always("SET #ia = :never REMOVE #sc").value("never", &Timestamp::from_millis(0))?;
        self.0.update::<Consent>(&Self::key(person, client), update).await.map(drop)
    }

    /// Remembers that `person` has agreed to this `scope` with `client`, in place of what was before.
    pub async fn remember(
        &self,
        person: Id,
        client: &ClientId,
        scope: Scope,
        now: Timestamp,
    ) -> Result<(), table::Error> {
        let ttl = now.after(LIFETIME).seconds() + 1;
        self.0.put(&Consent { key: Self::key(person, client), version: 1, scope, agreed_at: now, ttl }).await
    }
}
