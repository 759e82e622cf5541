//! Clients in the clients table.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;

use super::{AuthenticationError, Client, ClientId, RegisteredSecret};
use crate::{
    compat::Switches,
    owned,
    secret::Id,
    status::Status,
    table::{self, Item, Table, Transaction, Update, Written},
    time::Timestamp,
};

/// The set of the clients that a person owns.
const OWNED: owned::Kind = owned::Kind { prefix: "owned#", most: Client::MOST_OWNED };

/// Reads clients, and remembers them for as long as the deployment allows; writes them for administration.
#[derive(Debug)]
pub struct Store {
    pub(super) table: Table,
    /// The compatibility switches that the deployment permits.
    pub(super) permitted: Switches,
    pub(super) cache_age: Duration,
    cache: Mutex<LruCache<ClientId, (Timestamp, Arc<Client>)>>,
    pub(super) in_use: Mutex<Option<(Timestamp, Switches)>>,
}

/// A client in good standing.
pub(super) struct Found {
    pub(super) client: Arc<Client>,
    /// Whether it was read for this request.
    pub(super) fresh: bool,
}

/// A change that was not made.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    /// There is no such client.
    #[error("there is no client {0}")]
    Unknown(ClientId),
    /// There is one already.
    #[error("there is a client {0} already")]
    Exists(ClientId),
    /// There was one, which was deleted.
    #[error("client {0} was deleted; nothing makes it again")]
    Deleted(ClientId),
    /// Its owner has as many as one person may have.
    #[error("one person may own {} clients at most", Client::MOST_OWNED)]
    TooMany,
    /// Somebody else changed it at the same time.
    #[error("client {0} was changed by somebody else at the same time; look, and try again")]
    Raced(ClientId),
    /// The table did not answer.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Store {
    /// The most clients remembered.
    const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// Clients in `table`, remembered for `cache_age`, in a deployment that permits these switches.
    pub fn new(table: Table, cache_age: Duration, permitted: Switches) -> Self {
        let cache = Mutex::new(LruCache::new(Self::MOST));
        Self { table, permitted, cache_age, cache, in_use: Mutex::default() }
    }

    /// The table the clients are in.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Reads nothing in particular, so that the first request that matters finds the connection open.
    pub async fn warm_up(&self) -> Result<(), table::Error> {
        self.table.get::<Status>(&Status::key("warm-up")).await.map(drop)
    }

    /// The client called `id`, if it is in good standing; perhaps from memory.
    pub(super) async fn find(&self, id: &ClientId, now: Timestamp) -> Result<Found, AuthenticationError> {
        match self.remembered(id, now) {
            Some(client) => Ok(Found { client, fresh: false }),
            None => self.find_fresh(id, now).await,
        }
    }

    /// The client called `id`, if there is one in good standing.
    pub async fn registered(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, table::Error> {
        match self.find(id, now).await {
            Ok(found) => Ok(Some(found.client)),
            Err(AuthenticationError::Table(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The client called `id`, if it is in good standing at this moment.
    pub(super) async fn find_fresh(
        &self,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Found, AuthenticationError> {
        let found = self.read(id).await?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some((client, status)) if !status.disabled => {
                let client = Arc::new(client.under(&self.permitted));
                if !self.cache_age.is_zero() {
                    cache.put(id.clone(), (now, Arc::clone(&client)));
                }
                Ok(Found { client, fresh: true })
            }
            // Only clients in good standing are remembered: nobody can fill the memory with names.
            Some(_) => {
                cache.pop(id);
                Err(AuthenticationError::Disabled)
            }
            None => {
                cache.pop(id);
                Err(AuthenticationError::Unknown)
            }
        }
    }

    fn remembered(&self, id: &ClientId, now: Timestamp) -> Option<Arc<Client>> {
        if self.cache_age.is_zero() {
            return None;
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, client) = cache.get(id)?;
        (*read_at <= now && now.since(*read_at) < self.cache_age).then(|| Arc::clone(client))
    }

    /// The client called `id`, and its status: as they are kept, whatever the deployment permits.
    pub async fn read(&self, id: &ClientId) -> Result<Option<(Client, Status)>, table::Error> {
        let keys = [(&self.table, Client::key(id)), (&self.table, Status::key(id))];
        let mut items = table::get_all(&keys).await?.into_iter();
        let client: Option<Client> = table::read(items.next().flatten())?;
        let status = Status::read(items.next().flatten())?;
        Ok(client.zip(status))
    }

    /// Every client, with its status, in no particular order. It goes through the whole table: for administration.
    pub async fn list(&self) -> Result<Vec<(Client, Status)>, table::Error> {
        let items: Vec<Item> = self.table.all().await?;
        let (mut clients, mut statuses) = (Vec::new(), Vec::new());
        for item in items {
            match table::kind(&item) {
                Some("client") => clients.extend(table::read::<Client>(Some(item))?),
                Some("status") => statuses.extend(Status::read(Some(item))?),
                _ => {}
            }
        }
        let status_of = |client: &Client| {
            let key = Status::key(&client.id);
            statuses.iter().find(|status| status.key == key).cloned()
        };
        Ok(clients
            .into_iter()
            .filter_map(|client| status_of(&client).map(|status| (client, status)))
            .collect())
    }

    /// Registers `client`; one that somebody owns only if they do not own as many as they may.
    pub async fn create(&self, client: &Client) -> Result<(), Unchanged> {
        let status = Status::new(&client.id, &client.name);
        let mut all =
            Transaction::on(&self.table).insert(table::item(client)?)?.insert(table::item(&status)?)?;
        if let Some(owner) = client.owner {
            all = all.update(&OWNED.key(owner), OWNED.add(&client.id)?)?;
        }
        match all.commit().await? {
            Written::Done(()) => Ok(()),
            Written::Refused(_) => {
                let there: Option<Status> = self.table.get(&status.key).await?;
                Err(match (there, client.owner) {
                    (Some(there), _) if there.deleted => Unchanged::Deleted(client.id.clone()),
                    (None, Some(_)) => Unchanged::TooMany,
                    (Some(_), _) | (None, None) => Unchanged::Exists(client.id.clone()),
                })
            }
        }
    }

    /// The clients that `person` owns, oldest first.
    pub async fn owned_by(&self, person: Id) -> Result<Vec<Client>, table::Error> {
        let ids = OWNED.list(&self.table, person).await?;
        let ids = ids.iter().filter_map(|id| id.parse().ok());
        let keys: Vec<_> = ids.map(|id: ClientId| (&self.table, Client::key(&id))).collect();
        let items = table::get_all(&keys).await?;
        let clients = items.into_iter().map(table::read::<Client>).collect::<Result<Vec<_>, _>>()?;
        let mut clients: Vec<_> = clients.into_iter().flatten().collect();
        clients.sort_by(|one, other| (one.created_at, &one.name).cmp(&(other.created_at, &other.name)));
        Ok(clients)
    }

    /// Makes `client`, as it was read, `amended`.
    pub async fn amend(&self, client: &Client, amended: &Client) -> Result<(), Unchanged> {
        self.exchange(client, amended).await?;
        let rename = Status::change("SET #name = :name").value("name", &amended.name)?;
        self.table.update::<Status>(&Status::key(&client.id), rename).await?;
        Ok(())
    }

    /// Gives `client`, as it was read, these secrets instead of those it had then.
    pub async fn replace_secrets(&self, client: &Client, new: &[RegisteredSecret]) -> Result<(), Unchanged> {
        self.exchange(client, &Client { secrets: new.to_vec(), ..client.clone() }).await
    }

    /// Changes in `client`, as it was read, what is different in `amended`. Attributes of later versions stay.
    async fn exchange(&self, client: &Client, amended: &Client) -> Result<(), Unchanged> {
        let raced = || Unchanged::Raced(client.id.clone());
        let key = Client::key(&client.id);
        // The item itself, not what this version would make of it: another one may have written it.
        let kept = table::get_all(&[(&self.table, key.clone())]).await?.pop().flatten();
        let kept = kept.ok_or_else(|| Unchanged::Unknown(client.id.clone()))?;
        if table::read::<Client>(Some(kept.clone()))?.as_ref() != Some(client) {
            return Err(raced());
        }
        if client == amended {
            return Ok(());
        }
        let update = Update::exchange(&kept, &table::item(client)?, &table::item(amended)?);
        match self.table.update::<Client>(&key, update).await? {
            Written::Done(_) => Ok(()),
            // The answer to the first attempt got lost, and the SDK's second met what the first had written.
            Written::Refused(Some(there)) if there == *amended => Ok(()),
            Written::Refused(_) => Err(raced()),
        }
    }

    /// Disables the client and ends whatever it was issued until `at`: one write, felt at the next introspection.
    pub async fn disable(&self, id: &ClientId, at: Timestamp) -> Result<(), Unchanged> {
        let disabled = Status::disable(&self.table, id, at).await?;
        disabled.ok_or_else(|| Unchanged::Unknown(id.clone()))
    }

    /// Enables the client again. What was ended stays ended.
    pub async fn enable(&self, id: &ClientId) -> Result<(), Unchanged> {
        Status::enable(&self.table, id).await?.ok_or_else(|| Unchanged::Unknown(id.clone()))
    }

    /// Ends whatever the client was issued until `now`: one write, felt at the next introspection.
    pub async fn end_everything(&self, id: &ClientId, now: Timestamp) -> Result<(), Unchanged> {
        let ended = Status::end_everything(&self.table, id, now).await?;
        ended.ok_or_else(|| Unchanged::Unknown(id.clone()))
    }

    /// Deletes the client: its status becomes a tombstone, and whatever it was issued is dead.
    pub async fn delete(&self, id: &ClientId) -> Result<(), Unchanged> {
        let client: Option<Client> = self.table.get(&Client::key(id)).await?;
        let client = client.ok_or_else(|| Unchanged::Unknown(id.clone()))?;
        match client.owner {
            Some(owner) => self.delete_owned(id, owner).await,
            None => self.bury(id, Transaction::on(&self.table).delete(&Client::key(id))?).await,
        }
    }

    /// The same for a client that `owner` owns; there is no other for them.
    pub async fn delete_owned(&self, id: &ClientId, owner: Id) -> Result<(), Unchanged> {
        let deletion = Transaction::on(&self.table)
            .delete_of(&Client::key(id), "owner", &owner)?
            .update(&OWNED.key(owner), owned::Kind::remove([id.as_str()]))?;
        self.bury(id, deletion).await
    }

    /// Makes `deletion` of the client called `id`, and its status a tombstone: all of it, or nothing.
    async fn bury(&self, id: &ClientId, deletion: Transaction) -> Result<(), Unchanged> {
        match deletion.update(&Status::key(id), Status::deletion()?)?.commit().await? {
            Written::Done(()) => Ok(()),
            Written::Refused(_) => Err(Unchanged::Unknown(id.clone())),
        }
    }
}
