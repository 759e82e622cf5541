//! Remembered consents: the consent page is not shown again for what a user has agreed to.

use std::time::Duration;

use crate::{
    dynamodb::{self, Table, Update, stored},
    oauth::{ClientId, ResourceUri, Scope},
    secret::Id,
    time::Timestamp,
};

/// How long a consent is remembered after the user last gave it.
const LIFETIME: Duration = Duration::from_hours(365 * 24);

stored! {
    /// The `k#…` item: the consent of one user to one client. Stored for confidential clients only: any program can
    /// pretend to be a public client (RFC 8252 §8.6).
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Consent {
        /// `k#`, the user's `sub`, `#` and the client's id.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The scope that the user last agreed to. A String Set; absent if empty.
        #[serde(default, skip_serializing_if = "Scope::is_empty")]
        pub scope: Scope = "sc",
        /// The resource that the scope is for. `None`: none in particular.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resource: Option<ResourceUri> = "rs",
        /// When the user agreed. It counts only if it is after the user's and the client's `not_before`.
        pub agreed_at: Timestamp = "ia",
        /// When DynamoDB may delete the item, in epoch seconds.
        ttl: u64 = "ttl",
    }
}

impl Consent {
    /// Prefix of every consent's key.
    pub(super) const PREFIX: &str = "k#";

    /// Returns the consent of `user` to `client`, given at `now`, for `scope` at no resource in particular.
    pub fn new(user: Id, client: &ClientId, scope: Scope, now: Timestamp) -> Self {
        let ttl = now.after(LIFETIME).seconds() + 1;
        Self { key: Self::key(user, client), version: 1, scope, resource: None, agreed_at: now, ttl }
    }

    /// Sets the resource that the scope is for.
    #[must_use]
    pub fn at(self, resource: Option<ResourceUri>) -> Self {
        Self { resource, ..self }
    }

    /// Returns whether the user agreed to all of `scope` at this `resource`: the same word may mean more at another.
    pub fn includes(&self, scope: &Scope, resource: Option<&ResourceUri>) -> bool {
        scope.is_within(&self.scope) && resource == self.resource.as_ref()
    }

    fn key(user: Id, client: &ClientId) -> String {
        format!("{}{client}", Self::prefix(user))
    }

    /// Returns the beginning of the keys of all consents of `user`.
    pub(super) fn prefix(user: Id) -> String {
        format!("{}{user}#", Self::PREFIX)
    }

    /// Returns the id of the client.
    pub fn client(&self) -> &str {
        self.key.rsplit('#').next().unwrap_or_default()
    }
}

/// The consents in the tokens table.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// Returns the consent of `user` to `client`, if it is still remembered.
    pub async fn find(
        &self,
        user: Id,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Consent>, dynamodb::Error> {
        let consent: Option<Consent> = self.0.get(&Consent::key(user, client)).await?;
        Ok(consent.filter(|consent| !consent.agreed_at.after(LIFETIME).has_passed(now)))
    }

    /// Forgets the consent of `user` to `client`.
    pub async fn forget(&self, user: Id, client: &ClientId) -> Result<(), dynamodb::Error> {
        let update = Update::always::<Consent>("SET #agreed_at = :never REMOVE #scope, #resource")
            .value("never", &Timestamp::from_millis(0))?;
        self.0.update::<Consent>(&Consent::key(user, client), update).await.map(drop)
    }

    /// Remembers `consent`, in place of an earlier one of the same user to the same client.
    pub async fn remember(&self, consent: &Consent) -> Result<(), dynamodb::Error> {
        self.0.put(consent).await
    }
}
