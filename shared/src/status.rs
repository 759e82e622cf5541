//! Whether a client or a person is in good standing.
//!
//! Beside its record, every client and every person has a small status item, which introspection and the authorizer
//! may read while the record, with its secret digests or its password hash, stays closed to them. Disabling, and
//! ending everything at once, are one write to it.

use std::{num::NonZeroUsize, sync::Mutex, time::Duration};

use lru::LruCache;
use serde::{Deserialize, Serialize};

use crate::{
    role::Role,
    secret::Id,
    table::{self, Item, Table, Update, Written},
    time::Timestamp,
};

/// The `status#…` item of a client or a user.
///
/// # Design
/// Deleting a client or a user leaves a tombstone: no write brings it to life again, and it keeps a copy from a backup
/// (which is made only where there is no item) from doing so. The id in its key is random, and it holds no name, so it
/// says nothing about anybody. Only the stores see tombstones: to everything else a deleted client or user has no
/// status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `status#` and the client's or person's id.
    #[serde(rename = "pk")]
    pub key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    pub version: u8,
    /// Nothing of theirs is good while this is set.
    #[serde(rename = "disabled")]
    pub disabled: bool,
    /// Set in a tombstone: the client or user was deleted, and nothing else is left of them. Left out otherwise.
    #[serde(rename = "deleted", default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// A grant issued at or before this moment is dead.
    #[serde(rename = "not_before", default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// A session begun at or before this moment is over: the person signed out everywhere. Grants go on.
    #[serde(rename = "signed_out", default, skip_serializing_if = "Option::is_none")]
    pub signed_out_at: Option<Timestamp>,
    /// The user's login name, or the client's name: it may change, so grants do not carry it. Left out of a tombstone.
    #[serde(rename = "name", default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The person's roles; a String Set, left out if empty.
    #[serde(
        rename = "roles",
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "serde_dynamo::string_set::serialize"
    )]
    pub roles: Vec<Role>,
}

/// The condition of every change: the status is no tombstone.
pub(crate) const LIVE: &str = "attribute_not_exists(#deleted)";

/// Whether there is a status that a change was made to, or that needed none.
fn is_there(written: Written<(), Status>) -> Option<()> {
    match written {
        Written::Done(()) => Some(()),
        Written::Refused(there) => there.filter(|status| !status.deleted).map(drop),
    }
}

/// Why a grant is dead though nobody ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fallen {
    /// The client or person was deleted.
    #[error("deleted")]
    Deleted,
    /// The client or person is disabled.
    #[error("disabled")]
    Disabled,
    /// Everything they had been issued by some moment was ended.
    #[error("everything issued until then was ended")]
    Ended,
    /// The client is a developer's, who is none any more.
    #[error("its owner is no developer")]
    NoDeveloper,
}

impl Status {
    /// The key of the status of the client or person called `id`.
    pub fn key(id: impl std::fmt::Display) -> String {
        format!("status#{id}")
    }

    /// The status of someone new.
    pub fn new(id: impl std::fmt::Display, name: &str) -> Self {
        let name = name.to_owned();
        Self {
            key: Self::key(id),
            version: 1,
            disabled: false,
            deleted: false,
            not_before: None,
            signed_out_at: None,
            name,
            roles: Vec::new(),
        }
    }

    /// Reads a status that [`table::get_all`] returned; none for a tombstone.
    pub fn read(item: Option<Item>) -> Result<Option<Self>, table::Error> {
        Ok(table::read(item)?.filter(|status: &Self| !status.deleted))
    }

    /// A change to a status: tombstones stay as they are.
    pub(crate) fn change(change: &str) -> Update {
        Update::when(LIVE, change)
    }

    /// What makes a tombstone of a status.
    pub(crate) fn deletion() -> Result<Update, table::Error> {
        let change = "SET #deleted = :yes, #disabled = :yes REMOVE #name, #roles, #not_before, #signed_out";
        Self::change(change).value("yes", &true)
    }

    /// Ends whatever was granted until `at`; refused if that would take back a later end.
    pub(crate) fn ending(at: Timestamp) -> Result<Update, table::Error> {
        Self::advancing("not_before", at, "")
    }

    /// Moves `moment` to `at`, unless it is later, and makes `more` changes.
    fn advancing(moment: &str, at: Timestamp, more: &str) -> Result<Update, table::Error> {
        let not_later = format!("{LIVE} AND (attribute_not_exists(#{moment}) OR #{moment} <= :at)");
        Update::when(&not_later, &format!("SET #{moment} = :at{more}")).value("at", &at)
    }

    /// Ends whatever the client or user called `id` was granted until `at`. A later end stays, if two clocks differ.
    /// `None`: there is no such status in `table`.
    pub(crate) async fn end_everything(
        table: &Table,
        id: impl std::fmt::Display,
        at: Timestamp,
    ) -> Result<Option<()>, table::Error> {
        let written = table.change(&Self::key(id), Self::ending(at)?).await?;
        Ok(is_there(written))
    }

    /// Ends every session that the user called `id` began until `at`, and nothing else. `None`: there is no such
    /// status in `table`.
    pub(crate) async fn sign_out_everywhere(
        table: &Table,
        id: impl std::fmt::Display,
        at: Timestamp,
    ) -> Result<Option<()>, table::Error> {
        let written = table.change(&Self::key(id), Self::advancing("signed_out", at, "")?).await?;
        Ok(is_there(written))
    }

    /// Disables the client or user called `id`, and ends whatever they were granted until `at`, in one write: enabling
    /// them brings nothing back. `None`: there is no such status in `table`.
    pub(crate) async fn disable(
        table: &Table,
        id: impl std::fmt::Display,
        mut at: Timestamp,
    ) -> Result<Option<()>, table::Error> {
        let key = Self::key(id);
        loop {
            let update = Self::advancing("not_before", at, ", #disabled = :yes")?.value("yes", &true)?;
            match table.update::<Self>(&key, update).await? {
                Written::Done(_) => return Ok(Some(())),
                Written::Refused(there) => match there.and_then(|status| status.later_end(at)) {
                    Some(later) => at = later,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Enables the client or user called `id`. `None`: there is no such status in `table`.
    pub(crate) async fn enable(
        table: &Table,
        id: impl std::fmt::Display,
    ) -> Result<Option<()>, table::Error> {
        let update = Self::change("SET #disabled = :no").value("no", &false)?;
        Ok(is_there(table.change(&Self::key(id), update).await?))
    }

    /// When everything was ended, if that is later than `at`.
    pub(crate) fn later_end(&self, at: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|later| *later > at && !self.deleted)
    }

    /// Whether a session begun at `authenticated_at` goes on.
    pub fn is_signed_in_since(&self, authenticated_at: Timestamp) -> bool {
        self.upholds(authenticated_at).is_ok()
            && self.signed_out_at.is_none_or(|signed_out_at| authenticated_at > signed_out_at)
    }

    /// Whether a grant issued at `issued_at` is still good.
    pub fn upholds(&self, issued_at: Timestamp) -> Result<(), Fallen> {
        if self.deleted {
            return Err(Fallen::Deleted);
        }
        if self.disabled {
            return Err(Fallen::Disabled);
        }
        if self.not_before.is_some_and(|not_before| issued_at <= not_before) {
            return Err(Fallen::Ended);
        }
        Ok(())
    }

    /// Whether the person has `role`.
    pub fn has(&self, role: &Role) -> bool {
        self.roles.contains(role)
    }

    /// Whether the person may own clients, and what these were issued at `issued_at` is still good.
    pub fn upholds_ownership(&self, issued_at: Timestamp) -> Result<(), Fallen> {
        self.upholds(issued_at)?;
        if self.has(&Role::developer()) { Ok(()) } else { Err(Fallen::NoDeveloper) }
    }
}

/// Whose status is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A client's.
    Client(crate::client::ClientId),
    /// A person's.
    Person(Id),
    /// A person's who owns the client that it is about: whoever loses the role of a developer loses what their
    /// clients have.
    Owner(Id),
}

impl Whose {
    /// Whether `status`, which is theirs, lets something that was issued at `issued_at` be good.
    pub fn upholds(&self, status: Option<&Status>, issued_at: Timestamp) -> Result<(), Fallen> {
        let status = status.ok_or(Fallen::Deleted)?;
        match self {
            Self::Client(_) | Self::Person(_) => status.upholds(issued_at),
            Self::Owner(_) => status.upholds_ownership(issued_at),
        }
    }
}

/// Reads statuses, and remembers them for as long as the deployment allows.
#[derive(Debug)]
pub struct Store {
    clients: Table,
    users: Table,
    cache_age: Duration,
    cache: Mutex<LruCache<Whose, (Timestamp, Status)>>,
}

impl Store {
    /// The most statuses remembered.
    const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// Statuses of clients from `clients`, of people from `users`, remembered for `cache_age`.
    pub fn new(clients: Table, users: Table, cache_age: Duration) -> Self {
        Self { clients, users, cache_age, cache: Mutex::new(LruCache::new(Self::MOST)) }
    }

    /// The statuses of all of `wanted`, in that order, as they are at this moment: one request.
    pub async fn find(&self, wanted: &[Whose]) -> Result<Vec<Option<Status>>, table::Error> {
        let keys: Vec<_> = wanted
            .iter()
            .map(|whose| match whose {
                Whose::Client(id) => (&self.clients, Status::key(id)),
                Whose::Person(id) | Whose::Owner(id) => (&self.users, Status::key(id)),
            })
            .collect();
        table::get_all(&keys).await?.into_iter().map(Status::read).collect()
    }

    /// The same for what tokens and clients are worth, which a deployment may have answered from memory.
    pub async fn find_lately(
        &self,
        wanted: &[Whose],
        now: Timestamp,
    ) -> Result<Vec<Option<Status>>, table::Error> {
        if let Some(all) = self.remembered(wanted, now) {
            return Ok(all);
        }
        let statuses = self.find(wanted).await?;
        if !self.cache_age.is_zero() {
            let mut cache = self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (whose, status) in wanted.iter().zip(&statuses) {
                if let Some(status) = status {
                    cache.put(whose.clone(), (now, status.clone()));
                }
            }
        }
        Ok(statuses)
    }

    fn remembered(&self, wanted: &[Whose], now: Timestamp) -> Option<Vec<Option<Status>>> {
        if self.cache_age.is_zero() {
            return None;
        }
        let mut cache = self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        wanted
            .iter()
            .map(|whose| {
                let (read_at, status) = cache.get(whose)?;
                (now.since(*read_at) < self.cache_age && *read_at <= now).then(|| Some(status.clone()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_issued_at_the_very_moment_that_everything_ended_is_dead() {
        let end = Timestamp::from_millis(1_000);
        let status = Status { not_before: Some(end), ..Status::new("c", "C") };
        assert_eq!(status.upholds(end), Err(Fallen::Ended));
        assert_eq!(status.upholds(Timestamp::from_millis(1_001)), Ok(()));
    }

    #[test]
    fn only_a_developer_in_good_standing_owns_clients_that_work() {
        let (now, nobody) = (Timestamp::from_millis(1), Status::new("s", "ada"));
        let developer = Status { roles: vec![Role::admin(), Role::developer()], ..nobody.clone() };
        let disabled = Status { disabled: true, ..developer.clone() };
        let owner = Whose::Owner(Id::from_bits(1));
        assert_eq!(owner.upholds(Some(&developer), now), Ok(()));
        assert_eq!(owner.upholds(Some(&nobody), now), Err(Fallen::NoDeveloper));
        assert_eq!(owner.upholds(Some(&disabled), now), Err(Fallen::Disabled));
        assert_eq!(owner.upholds(None, now), Err(Fallen::Deleted));
        assert_eq!(Whose::Person(Id::from_bits(1)).upholds(Some(&nobody), now), Ok(()));
    }

    #[test]
    fn nothing_of_a_disabled_client_is_good() {
        let status = Status { disabled: true, ..Status::new("c", "C") };
        assert_eq!(status.upholds(Timestamp::from_millis(u64::MAX)), Err(Fallen::Disabled));
    }
}
