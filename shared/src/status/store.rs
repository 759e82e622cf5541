//! Statuses in the clients and users tables.

use std::{
    num::NonZeroUsize,
    slice,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;

use super::{Principal, Status};
use crate::{
    dynamodb::{self, Table},
    secret::Id,
    time::Timestamp,
};

/// The statuses in the clients and users tables, with a cache.
#[derive(Debug)]
pub struct Store {
    clients: Table,
    users: Table,
    cache_age: Duration,
    cache: Mutex<LruCache<Principal, (Timestamp, Status)>>,
}

impl Store {
    /// The most statuses in the cache.
    const MOST: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// Returns a store over these tables whose cache entries live for `cache_age`; zero turns the cache off.
    pub fn new(clients: Table, users: Table, cache_age: Duration) -> Self {
        Self { clients, users, cache_age, cache: Mutex::new(LruCache::new(Self::MOST)) }
    }

    /// Reads the statuses of all `principals`, in that order, as they are at this moment: one request.
    pub async fn find(&self, principals: &[Principal]) -> Result<Vec<Option<Status>>, dynamodb::Error> {
        let key = |principal: &Principal| match principal {
            Principal::Client(id) => (&self.clients, Status::key(id)),
            Principal::User(id) | Principal::Owner(id) => (&self.users, Status::key(id)),
        };
        let keys: Vec<_> = principals.iter().map(key).collect();
        dynamodb::get_all(&keys).await?.into_iter().map(Status::read).collect()
    }

    /// Reads the status of `principal` as it is at this moment.
    pub async fn find_one(&self, principal: &Principal) -> Result<Option<Status>, dynamodb::Error> {
        Ok(self.find(slice::from_ref(principal)).await?.into_iter().next().flatten())
    }

    /// Reads the status of `user` as it is at this moment.
    pub async fn find_user(&self, user: Id) -> Result<Option<Status>, dynamodb::Error> {
        self.find_one(&Principal::User(user)).await
    }

    /// Reads the statuses of all `principals` from the cache if it has them all, else from the tables. For decisions
    /// about tokens and clients, which a deployment may let lag behind.
    pub async fn find_cached(
        &self,
        principals: &[Principal],
        now: Timestamp,
    ) -> Result<Vec<Option<Status>>, dynamodb::Error> {
        if let Some(all) = self.cached(principals, now) {
            return Ok(all);
        }
        let statuses = self.find(principals).await?;
        if !self.cache_age.is_zero() {
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            for (principal, status) in principals.iter().zip(&statuses) {
                if let Some(status) = status {
                    cache.put(principal.clone(), (now, status.clone()));
                }
            }
        }
        Ok(statuses)
    }

    fn cached(&self, principals: &[Principal], now: Timestamp) -> Option<Vec<Option<Status>>> {
        if self.cache_age.is_zero() {
            return None;
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let mut find = |principal: &Principal| {
            let (read_at, status) = cache.get(principal)?;
            let is_fresh = *read_at <= now && now.since(*read_at) < self.cache_age;
            is_fresh.then(|| Some(status.clone()))
        };
        principals.iter().map(&mut find).collect()
    }
}
