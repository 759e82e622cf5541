//! Clients in the clients table.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;

use super::{Client, RegisteredSecret};
use crate::{
    dynamodb::{self, Item, Outcome, Table, Transaction, Update, id_list::IdList},
    oauth::{ClientId, Switches},
    secret::Id,
    status::{Ending, Status},
    time::Timestamp,
};

/// The ids of a developer's clients.
const OWNED: IdList = IdList { prefix: "owned#", most: Client::MOST_OWNED };

/// The clients in the clients table, with a cache.
#[derive(Debug)]
pub struct Store {
    table: Table,
    permitted: Switches,
    cache_age: Duration,
    cache: Mutex<LruCache<ClientId, (Timestamp, Arc<Client>)>>,
}

/// A client in good standing.
#[derive(Clone, Debug)]
pub struct Found {
    pub client: Arc<Client>,
    /// Whether the client was read for this request, not from the cache.
    pub fresh: bool,
}

/// The clients that a list contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Those that administrators and developers registered.
    Administered,
    /// Those that registered themselves. There may be millions.
    SelfRegistered,
}

impl Listed {
    /// Returns whether a list contains the client that `item` is of.
    fn includes(self, item: &Item) -> bool {
        let id = item.get(dynamodb::KEY).and_then(|key| key.as_s().ok()?.split_once('#')?.1.parse().ok());
        let is_self_registered = id.is_some_and(|id: ClientId| id.is_self_registered());
        is_self_registered == (self == Self::SelfRegistered)
    }
}

/// A list of clients.
#[derive(Debug)]
pub struct Listing {
    /// The clients with their statuses, in no particular order.
    pub clients: Vec<(Client, Status)>,
    /// The number of clients that the list does not contain.
    pub others: usize,
}

/// The reason why a client was not found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("there is no such client")]
    Unknown,
    #[error("the client is disabled")]
    Disabled,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

/// The reason why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("there is no client {0}")]
    Unknown(ClientId),
    #[error("there is a client {0} already")]
    Exists(ClientId),
    #[error("client {0} was deleted; its id cannot be used again")]
    Deleted(ClientId),
    #[error("one user may own {} clients at most", Client::MOST_OWNED)]
    TooMany,
    #[error("client {0} was changed by another administrator at the same time; try again")]
    Raced(ClientId),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl Store {
    /// The most clients in the cache.
    const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// Returns the clients in `table`, cached for `cache_age`, in a deployment that permits these switches.
    pub fn new(table: Table, cache_age: Duration, permitted: Switches) -> Self {
        let cache = Mutex::new(LruCache::new(Self::MOST));
        Self { table, permitted, cache_age, cache }
    }

    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Returns the client, if it is in good standing; possibly from the cache.
    pub async fn find(&self, id: &ClientId, now: Timestamp) -> Result<Found, FindError> {
        match self.cached(id, now) {
            Some(client) => Ok(Found { client, fresh: false }),
            None => self.find_fresh(id, now).await,
        }
    }

    /// Returns the client, if there is one in good standing; possibly from the cache.
    pub async fn registered(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, dynamodb::Error> {
        match self.find(id, now).await {
            Ok(found) => Ok(Some(found.client)),
            Err(FindError::Table(error)) => Err(error),
            Err(FindError::Unknown | FindError::Disabled) => Ok(None),
        }
    }

    /// Returns the client, if it is in good standing, by a consistent read.
    pub async fn find_fresh(&self, id: &ClientId, now: Timestamp) -> Result<Found, FindError> {
        let found = self.read(id).await?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        match found.filter(|(client, _)| !client.has_ended(now)) {
            Some((client, status)) if !status.disabled => {
                let client = Arc::new(client.limited_to(&self.permitted));
                if !self.cache_age.is_zero() {
                    cache.put(id.clone(), (now, Arc::clone(&client)));
                }
                Ok(Found { client, fresh: true })
            }
            // Only clients in good standing are cached: requests with invented ids cannot fill the cache.
            Some(_) => {
                cache.pop(id);
                Err(FindError::Disabled)
            }
            None => {
                cache.pop(id);
                Err(FindError::Unknown)
            }
        }
    }

    fn cached(&self, id: &ClientId, now: Timestamp) -> Option<Arc<Client>> {
        if self.cache_age.is_zero() {
            return None;
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, client) = cache.get(id)?;
        let is_fresh = *read_at <= now && now.since(*read_at) < self.cache_age;
        (is_fresh && !client.has_ended(now)).then(|| Arc::clone(client))
    }

    /// Returns the client and its status as they are stored, with switches that the deployment does not permit.
    pub async fn read(&self, id: &ClientId) -> Result<Option<(Client, Status)>, dynamodb::Error> {
        let keys = [(&self.table, Client::key(id)), (&self.table, Status::key(id))];
        let mut items = dynamodb::get_all(&keys).await?.into_iter();
        let client: Option<Client> = dynamodb::read(items.next().flatten())?;
        let status = Status::read(items.next().flatten())?;
        Ok(client.zip(status))
    }

    /// Returns the `listed` clients. It scans the table: for administration only.
    pub async fn list(&self, listed: Listed) -> Result<Listing, dynamodb::Error> {
        let (mut clients, mut statuses, mut others) = (Vec::new(), HashMap::new(), 0);
        self.table
            .for_each(|item| {
                match (dynamodb::kind(&item), listed.includes(&item)) {
                    (Some("client"), true) => clients.extend(dynamodb::read::<Client>(Some(item))?),
                    (Some("client"), false) => others += 1,
                    (Some("status"), true) => {
                        let status = Status::read(Some(item))?;
                        statuses.extend(status.map(|status| (status.key.clone(), status)));
                    }
                    _ => {}
                }
                Ok(())
            })
            .await?;
        let with_status = |client: Client| {
            let status = statuses.remove(&Status::key(&client.id))?;
            Some((client, status))
        };
        Ok(Listing { clients: clients.into_iter().filter_map(with_status).collect(), others })
    }

    /// Creates `client`, unless its owner has the most clients allowed.
    pub async fn create(&self, client: &Client) -> Result<(), WriteError> {
        self.create_with(client, &Status::new(&client.id, &client.name)).await
    }

    /// Creates `client` with this status, unless its owner has the most clients allowed.
    pub async fn create_with(&self, client: &Client, status: &Status) -> Result<(), WriteError> {
        let mut all =
            Transaction::on(&self.table).insert(dynamodb::item(client)?)?.insert(dynamodb::item(status)?)?;
        if let Some(owner) = client.owner {
            all = all.update(&OWNED.key(owner), OWNED.add(&client.id)?)?;
        }
        match all.commit().await? {
            Outcome::Applied(()) => Ok(()),
            Outcome::ConditionFailed(_) => {
                // The response to the SDK's first attempt got lost, and its second attempt found that client.
                if self.read(&client.id).await?.is_some_and(|(there, _)| there == *client) {
                    return Ok(());
                }
                let there: Option<Status> = self.table.get(&status.key).await?;
                Err(match (there, client.owner) {
                    (Some(there), _) if there.deleted => WriteError::Deleted(client.id.clone()),
                    (None, Some(_)) => WriteError::TooMany,
                    (Some(_), _) | (None, None) => WriteError::Exists(client.id.clone()),
                })
            }
        }
    }

    /// Returns the clients of a developer, oldest first.
    pub async fn owned_by(&self, user: Id) -> Result<Vec<Client>, dynamodb::Error> {
        let ids = OWNED.list(&self.table, user).await?;
        let ids = ids.iter().filter_map(|id| id.parse().ok());
        let keys: Vec<_> = ids.map(|id: ClientId| (&self.table, Client::key(&id))).collect();
        let items = dynamodb::get_all(&keys).await?;
        let clients = items.into_iter().map(dynamodb::read::<Client>).collect::<Result<Vec<_>, _>>()?;
        let mut clients: Vec<_> = clients.into_iter().flatten().collect();
        clients.sort_by(|one, other| (one.created_at, &one.name).cmp(&(other.created_at, &other.name)));
        Ok(clients)
    }

    /// Changes `client`, as it was read, to `updated`.
    pub async fn update(&self, client: &Client, updated: &Client) -> Result<(), WriteError> {
        self.exchange(client, updated).await?;
        let rename = Status::change("SET #name = :name").value("name", &updated.name)?;
        self.table.update::<Status>(&Status::key(&client.id), rename).await?;
        Ok(())
    }

    /// Replaces the secrets of `client`, as it was read.
    pub async fn replace_secrets(&self, client: &Client, new: &[RegisteredSecret]) -> Result<(), WriteError> {
        self.exchange(client, &Client { secrets: new.to_vec(), ..client.clone() }).await
    }

    /// Changes the attributes of `client`, as it was read, that differ in `updated`. Attributes of later versions stay.
    async fn exchange(&self, client: &Client, updated: &Client) -> Result<(), WriteError> {
        let stored = self.stored(client).await?;
        if client == updated {
            return Ok(());
        }
        let update = Update::exchange(&stored, &dynamodb::item(client)?, &dynamodb::item(updated)?);
        match self.table.update::<Client>(&Client::key(&client.id), update).await? {
            Outcome::Applied(_) => Ok(()),
            // The response to the SDK's first attempt got lost, and its second attempt found that change.
            Outcome::ConditionFailed(Some(there)) if there == *updated => Ok(()),
            Outcome::ConditionFailed(_) => Err(WriteError::Raced(client.id.clone())),
        }
    }

    /// Returns the item of `client`, as it was read, with the attributes that another version may have written.
    async fn stored(&self, client: &Client) -> Result<Item, WriteError> {
        let stored = dynamodb::get_all(&[(&self.table, Client::key(&client.id))]).await?.pop().flatten();
        let stored = stored.ok_or_else(|| WriteError::Unknown(client.id.clone()))?;
        if dynamodb::read::<Client>(Some(stored.clone()))?.as_ref() != Some(client) {
            return Err(WriteError::Raced(client.id.clone()));
        }
        Ok(stored)
    }

    /// Disables the client and ends all its grants until `at`: one write, effective at the next introspection.
    pub async fn disable(&self, id: &ClientId, at: Timestamp) -> Result<(), WriteError> {
        let disabled = Status::disable(&self.table, id, at).await?;
        disabled.ok_or_else(|| WriteError::Unknown(id.clone()))
    }

    /// Enables the client. Ended grants stay ended.
    pub async fn enable(&self, id: &ClientId) -> Result<(), WriteError> {
        Status::enable(&self.table, id).await?.ok_or_else(|| WriteError::Unknown(id.clone()))
    }

    /// Ends all grants of the client until `now`: one write, effective at the next introspection.
    pub async fn end_everything(&self, id: &ClientId, now: Timestamp) -> Result<(), WriteError> {
        let ended = Status::end(&self.table, id, Ending::Everything, now).await?;
        ended.ok_or_else(|| WriteError::Unknown(id.clone()))
    }

    /// Deletes the client: its status becomes a tombstone, and all its grants end.
    pub async fn delete(&self, id: &ClientId) -> Result<(), WriteError> {
        let client: Option<Client> = self.table.get(&Client::key(id)).await?;
        let client = client.ok_or_else(|| WriteError::Unknown(id.clone()))?;
        match client.owner {
            Some(owner) => self.delete_owned(id, owner).await,
            None => {
                self.delete_with_tombstone(id, Transaction::on(&self.table).delete(&Client::key(id))?).await
            }
        }
    }

    /// Deletes a client of no developer, as it was `read`.
    pub async fn delete_read(&self, read: &Client) -> Result<(), WriteError> {
        let stored = self.stored(read).await?;
        let deletion = Transaction::on(&self.table).delete_unchanged(&Client::key(&read.id), &stored)?;
        match self.delete_with_tombstone(&read.id, deletion).await {
            Err(WriteError::Unknown(id)) => Err(WriteError::Raced(id)),
            deleted => deleted,
        }
    }

    /// Deletes a client of the developer `owner`, and no other client.
    pub async fn delete_owned(&self, id: &ClientId, owner: Id) -> Result<(), WriteError> {
        let deletion = Transaction::on(&self.table)
            .delete_of::<Client>(&Client::key(id), "owner", &owner)?
            .update(&OWNED.key(owner), IdList::remove([id.as_str()]))?;
        self.delete_with_tombstone(id, deletion).await
    }

    /// Commits `deletion`, together with the client's tombstone.
    async fn delete_with_tombstone(&self, id: &ClientId, deletion: Transaction) -> Result<(), WriteError> {
        match deletion.update(&Status::key(id), Status::deletion()?)?.commit().await? {
            Outcome::Applied(()) => Ok(()),
            Outcome::ConditionFailed(_) => Err(WriteError::Unknown(id.clone())),
        }
    }
}
