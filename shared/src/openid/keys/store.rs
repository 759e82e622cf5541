//! The list of signing keys in the clients table.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::KeyList;
use crate::{
    config::SigningKeys,
    dynamodb::{self, Outcome, Table, Update},
    time::Timestamp,
};

/// The key of the list.
const LIST: &str = "keys#";
/// How long a function uses the list without reading it again.
const REMEMBERED: Duration = Duration::from_mins(5);

/// The reason why the list was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("the list of keys was changed by another administrator at the same time; try again")]
    Raced,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

/// The list in the clients table, and the list as it was last read.
#[derive(Debug)]
pub struct Store {
    table: Table,
    /// The keys that the deployment may sign with.
    permitted: SigningKeys,
    remembered: Mutex<Option<(Timestamp, Arc<KeyList>)>>,
}

impl Store {
    pub const fn new(table: Table, permitted: SigningKeys) -> Self {
        Self { table, permitted, remembered: Mutex::new(None) }
    }

    /// Returns the list, read no more than five minutes ago. A list without a key that signs is read every time, and
    /// after [`Store::forget`] the list is read again.
    pub async fn list(&self, now: Timestamp) -> Result<Arc<KeyList>, dynamodb::Error> {
        if let Some((read_at, list)) = &*self.remembered()
            && *read_at <= now
            && now.since(*read_at) < REMEMBERED
        {
            return Ok(Arc::clone(list));
        }
        let list = Arc::new(self.read().await?);
        if list.signing(&self.permitted, now).is_some() {
            *self.remembered() = Some((now, Arc::clone(&list)));
        }
        Ok(list)
    }

    /// Has the next [`Store::list`] read the list again, because the key that signs was refused.
    pub fn forget(&self) {
        *self.remembered() = None;
    }

    fn remembered(&self) -> MutexGuard<'_, Option<(Timestamp, Arc<KeyList>)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
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
