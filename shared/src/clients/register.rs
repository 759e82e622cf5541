//! The write of a client that registers itself (RFC 7591 §3).

use super::{Client, InvalidRegistration, SelfRegistration, Store, life};
use crate::{
    dynamodb::{self, Outcome, Transaction},
    oauth::ClientId,
    secret::{ClientSecret, Secret},
    status::Status,
    time::Timestamp,
};

/// A client that has registered itself.
#[derive(Debug)]
pub struct SelfRegistered {
    pub client: Client,
    /// `None`: the client is public.
    pub secret: Option<Secret<ClientSecret>>,
    /// Whether an earlier request has registered the client: a public client with the same metadata.
    pub repeated: bool,
}

/// The reason why a client was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error(transparent)]
    Invalid(#[from] InvalidRegistration),
    #[error("an administrator has disabled the client {0}, which has the same metadata")]
    Disabled(ClientId),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

/// The stored items of a client with a certain id.
#[derive(Default)]
struct Items {
    client: Option<Client>,
    /// It may be a tombstone.
    status: Option<Status>,
}

impl Items {
    /// Returns the client, if it is enabled and goes on for at least half of [`life::UNUSED`], and its status as long.
    fn lasting(&self, now: Timestamp) -> Option<&Client> {
        let client = self.client.as_ref()?;
        let status = self.status.as_ref().filter(|status| !status.disabled)?;
        let lasts = client.expires_at.is_none_or(|end| end.since(now) >= life::UNUSED / 2);
        let is_outlived = status.expires_at.is_none_or(|end| client.expires_at <= Some(end));
        (lasts && is_outlived).then_some(client)
    }
}

impl Store {
    /// The most attempts to write a client while other requests write the same one.
    const ATTEMPTS: usize = 5;

    /// Registers a client that asks for it. A public client that is registered already goes on: for 30 days, if less than
    /// half of that is left.
    pub async fn register(
        &self,
        registration: &SelfRegistration,
        now: Timestamp,
    ) -> Result<SelfRegistered, RegisterError> {
        for id in registration.ids() {
            let (client, secret) = registration.client(id, now)?;
            if let Some((client, repeated)) = self.insert_or_renew(client, now).await? {
                return Ok(SelfRegistered { client, secret, repeated });
            }
        }
        Err(dynamodb::Error::Conflict("the random id of a client").into())
    }

    /// Returns the public client that [`Store::register`] would return without a write: the one that is registered already,
    /// and goes on for long enough.
    pub async fn registered_before(
        &self,
        registration: &SelfRegistration,
        now: Timestamp,
    ) -> Result<Option<SelfRegistered>, dynamodb::Error> {
        let all = self.items(registration.derived_ids()).await?;
        let is_deleted = |items: &Items| items.status.as_ref().is_some_and(|status| status.deleted);
        let first = all.into_iter().find(|items| !is_deleted(items));
        let client = first.as_ref().and_then(|items| items.lasting(now)).cloned();
        Ok(client.map(|client| SelfRegistered { client, secret: None, repeated: true }))
    }

    /// Inserts `client` with its status; or renews those of the two that are there, and inserts the other. Returns the
    /// client as it is stored, and whether it was there; `None` if it was deleted by an administrator.
    ///
    /// # Design
    /// The usual case, a new client, is one transaction and no read. If its condition fails, the items are read, and the
    /// next transaction has the conditions for what was found. DynamoDB may delete the two expired items at different times.
    async fn insert_or_renew(
        &self,
        client: Client,
        now: Timestamp,
    ) -> Result<Option<(Client, bool)>, RegisterError> {
        let mut there = Items::default();
        for _ in 0..Self::ATTEMPTS {
            match self.write(&client, &there, now).await {
                Ok(Outcome::Applied(())) => {
                    let repeated = there.client.is_some();
                    return Ok(Some((there.client.unwrap_or(client), repeated)));
                }
                // Another request writes the same client.
                Ok(Outcome::ConditionFailed(_)) | Err(dynamodb::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
            there = self.items([client.id.clone()]).await?.pop().unwrap_or_default();
            match &there.status {
                Some(status) if status.deleted => return Ok(None),
                Some(status) if status.disabled => return Err(RegisterError::Disabled(client.id)),
                // The id of a confidential client is random: it is taken.
                Some(_) if !client.is_public() => return Ok(None),
                Some(_) | None => {}
            }
            if let Some(lasting) = there.lasting(now) {
                return Ok(Some((lasting.clone(), true)));
            }
        }
        Err(dynamodb::Error::Conflict("a client: other requests kept changing it").into())
    }

    /// Inserts those of the two items of `client` that are not `there`, and renews the other.
    async fn write(
        &self,
        client: &Client,
        there: &Items,
        now: Timestamp,
    ) -> Result<Outcome<()>, dynamodb::Error> {
        let ends = [
            there.client.as_ref().and_then(|client| client.expires_at),
            there.status.as_ref().and_then(|status| status.expires_at),
        ];
        // No end becomes earlier.
        let end = ends.into_iter().flatten().fold(now.after(life::UNUSED), Timestamp::max);
        let (expires_at, ttl) = (Some(end), Some(life::ttl(end)));
        let status = Status::new(&client.id, &client.name);
        let all = Transaction::on(self.table());
        let all = match &there.client {
            Some(there) => all.update(&Client::key(&there.id), Client::renewal(end)?)?,
            None => all.insert(dynamodb::item(&Client { expires_at, ttl, ..client.clone() })?)?,
        };
        let all = match &there.status {
            Some(there) => all.update(&there.key, Status::renewal(end, life::ttl(end))?)?,
            None => all.insert(dynamodb::item(&Status { expires_at, ttl, ..status })?)?,
        };
        all.commit().await
    }

    /// Returns what is stored under each of these ids, by one read.
    async fn items(&self, ids: impl IntoIterator<Item = ClientId>) -> Result<Vec<Items>, dynamodb::Error> {
        let keys_of = |id| [Client::key(&id), Status::key(&id)].map(|key| (self.table(), key));
        let keys: Vec<_> = ids.into_iter().flat_map(keys_of).collect();
        let mut found = dynamodb::get_all(&keys).await?.into_iter();
        let mut all = Vec::new();
        while let (Some(client), Some(status)) = (found.next(), found.next()) {
            all.push(Items { client: dynamodb::read(client)?, status: dynamodb::read(status)? });
        }
        Ok(all)
    }
}
