//! Grants in the tokens table.

use std::ops::ControlFlow;

use futures_util::future::try_join_all;

use super::{AccessRevocation, End, EndReason, Ending, EndingByRefresh, Grant, Revocation, Slot, Transition};
use crate::{
    dynamodb::{self, Item, Keys, Outcome, Table, schema::BY_USER},
    oauth::ClientId,
    secret::{AccessToken, Digest, Id, RefreshToken, Secret},
    time::Timestamp,
};

/// Result of storing a grant whose id is derived from the user's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// The grant is new.
    Now,
    /// The same decision led to this grant before.
    Before(Box<Grant>),
}

/// The grants that a list is of.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// This user's, by the index, which lags.
    User(Id),
    /// These clients', 1 to [`Selection::MOST_CLIENTS`], by a scan of the whole table.
    Clients(&'a [ClientId]),
}

impl Selection<'_> {
    /// The most clients whose grants one scan finds.
    pub const MOST_CLIENTS: usize = 100;
}

/// One page of a list of grants.
#[derive(Debug)]
pub struct Page {
    pub ids: Vec<Id>,
    /// The number of items that DynamoDB read to find them.
    pub read: u64,
    /// The position of the next page. `None`: this is the last.
    pub next: Option<Item>,
}

#[derive(Debug)]
pub struct Store(Table);

impl Store {
    /// The most attempts to revoke an access token that rotations move from one slot to the other.
    const ATTEMPTS: usize = 3;
    /// The most grants that are ended concurrently.
    const AT_ONCE: usize = 25;

    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// Reads the grant with this id, consistently.
    pub async fn find(&self, id: Id) -> Result<Option<Grant>, dynamodb::Error> {
        self.0.get(&Grant::key(id)).await
    }

    /// Stores a new grant with a random id.
    pub async fn issue(&self, grant: &Grant) -> Result<(), dynamodb::Error> {
        match self.0.insert(grant).await? {
            None => Ok(()),
            // The response to the first attempt was lost, and the SDK's second attempt found the item of the first: the
            // random digest in it is the same.
            Some(there) if there == *grant => Ok(()),
            Some(_) => Err(dynamodb::Error::Conflict("a new grant: another one has its id")),
        }
    }

    /// Stores a grant whose id is derived from the user's decision, unless it exists: the same decision, submitted
    /// twice, is one grant.
    pub async fn issue_once(&self, grant: &Grant) -> Result<Issued, dynamodb::Error> {
        Ok(match self.0.insert(grant).await? {
            None => Issued::Now,
            // The item has the same time: the first attempt of this very write stored it.
            Some(there) if there == *grant => Issued::Now,
            Some(there) => Issued::Before(Box::new(there)),
        })
    }

    /// Makes `transition` on the grant with this id, if its precondition holds.
    pub async fn write(
        &self,
        id: Id,
        transition: &impl Transition,
    ) -> Result<Outcome<Grant>, dynamodb::Error> {
        self.0.update(&Grant::key(id), transition.update()?).await
    }

    /// Makes `transition`, which issues the access token with this digest. If all responses of DynamoDB were lost, one
    /// read finds out whether the write was made. Without it the client would have to try again: it would replay its
    /// code, or use its refresh token after the grace window, and either ends the grant.
    pub async fn issue_tokens(
        &self,
        id: Id,
        transition: &impl Transition,
        access: &Digest<AccessToken>,
    ) -> Result<Outcome<Grant>, dynamodb::Error> {
        let outage = match self.write(id, transition).await {
            Err(outage @ dynamodb::Error::Unavailable { .. }) => outage,
            result => return result,
        };
        match self.find(id).await {
            Ok(Some(grant)) if grant.has_issued(access) => Ok(Outcome::Applied(grant)),
            _ => Err(outage),
        }
    }

    /// Revokes one access token of `client` and nothing else (RFC 7009 §2.1).
    pub async fn revoke_access(
        &self,
        token: &Secret<AccessToken>,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Revocation, dynamodb::Error> {
        let mut revocation =
            AccessRevocation { token: token.digest(), client: client.clone(), slot: Slot::Current, now };
        for _ in 0..Self::ATTEMPTS {
            let grant = match self.write(token.id(), &revocation).await? {
                Outcome::Applied(_) => return Ok(Revocation::Revoked),
                Outcome::ConditionFailed(None) => return Ok(Revocation::Unknown),
                Outcome::ConditionFailed(Some(grant)) => grant,
            };
            match revocation.classify(&grant) {
                ControlFlow::Break(result) => return Ok(result),
                ControlFlow::Continue(slot) => revocation.slot = slot,
            }
        }
        Err(dynamodb::Error::Conflict(
            "a grant whose access token was rotated faster than it could be revoked",
        ))
    }

    /// Ends the grant of a refresh token of `client` (RFC 7009 §2.1).
    pub async fn revoke_refresh(
        &self,
        token: &Secret<RefreshToken>,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Revocation, dynamodb::Error> {
        let ending = EndingByRefresh { family: token.family(), client: client.clone(), now };
        Ok(match self.write(token.id(), &ending).await? {
            Outcome::Applied(_) => Revocation::Revoked,
            Outcome::ConditionFailed(None) => Revocation::Unknown,
            Outcome::ConditionFailed(Some(grant)) => ending.classify(&grant),
        })
    }

    /// Ends the grant with this id, in any state. Returns `None` if there is no such grant.
    pub async fn end(
        &self,
        id: Id,
        reason: EndReason,
        now: Timestamp,
    ) -> Result<Option<Grant>, dynamodb::Error> {
        match self.write(id, &Ending { now, reason }).await? {
            Outcome::Applied(grant) => Ok(Some(grant)),
            Outcome::ConditionFailed(_) => Ok(None),
        }
    }

    /// Returns the ids of a user's grants from the index. The index lags, so it serves lists and housekeeping only;
    /// the user's status decides whether the grants are valid.
    pub async fn of_user(&self, user: Id) -> Result<Vec<Id>, dynamodb::Error> {
        Ok(ids(&self.0.keys_indexed(Grant::PREFIX, BY_USER, &user).await?))
    }

    /// Reads the grants with these ids, consistently. Grants that do not exist are left out.
    pub async fn find_all(&self, ids: &[Id]) -> Result<Vec<(Id, Grant)>, dynamodb::Error> {
        let mut found = Vec::new();
        for chunk in ids.chunks(dynamodb::MOST_AT_ONCE) {
            let keys: Vec<_> = chunk.iter().map(|id| (&self.0, Grant::key(*id))).collect();
            for (id, item) in chunk.iter().zip(dynamodb::get_all(&keys).await?) {
                found.extend(dynamodb::read(item)?.map(|grant| (*id, grant)));
            }
        }
        Ok(found)
    }

    /// Returns one page of the ids of the selected grants. `after` is the position of the page; `None`: the first. For
    /// administration only: the grants may be more than fit in memory.
    pub async fn page(&self, selection: Selection<'_>, after: Option<Item>) -> Result<Page, dynamodb::Error> {
        let Keys { keys, read, next } = match selection {
            Selection::User(user) => self.0.page_indexed(Grant::PREFIX, BY_USER, &user, after).await?,
            Selection::Clients(clients) => {
                self.0.page_with::<Grant>(Grant::PREFIX, "client", clients, after).await?
            }
        };
        Ok(Page { ids: ids(&keys), read, next })
    }

    /// Ends the grants with these ids, several at a time, and calls `progress` after each. Returns the number
    /// of grants that this call ended: others may have ended before, or no longer exist.
    pub async fn sweep(
        &self,
        ids: &[Id],
        reason: EndReason,
        now: Timestamp,
        mut progress: impl FnMut(),
    ) -> Result<usize, dynamodb::Error> {
        let mut ended = 0;
        for chunk in ids.chunks(Self::AT_ONCE) {
            let endings = chunk.iter().map(|id| self.end(*id, reason, now));
            for grant in try_join_all(endings).await? {
                ended += usize::from(grant.is_some_and(|grant| grant.end == Some(End { at: now, reason })));
                progress();
            }
        }
        Ok(ended)
    }
}

fn ids(keys: &[String]) -> Vec<Id> {
    keys.iter().filter_map(|key| key.strip_prefix(Grant::PREFIX)?.parse().ok()).collect()
}
