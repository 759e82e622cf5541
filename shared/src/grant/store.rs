//! Grants in the tokens table.

use futures_util::future::try_join_all;

use super::{AccessRevocation, End, Ending, EndingByRefresh, Grant, Revocation, Slot, Transition, Why};
use crate::{
    client::ClientId,
    secret::{AccessToken, Digest, Id, RefreshToken, Secret},
    table::{self, Table, Written, schema::BY_PERSON},
    time::Timestamp,
};

/// Whether a grant is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It is.
    Now,
    /// The same decision led to this one before.
    Before(Box<Grant>),
}

/// Reads and writes grants.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    /// How often a revocation follows a token that rotations move from one attribute to the next.
    const ATTEMPTS: usize = 3;
    /// How many grants are ended at a time.
    const AT_ONCE: usize = 25;

    /// Grants in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// The table the grants are in.
    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// The grant called `id`, as it is at this moment.
    pub async fn find(&self, id: Id) -> Result<Option<Grant>, table::Error> {
        self.0.get(&Grant::key(id)).await
    }

    /// Keeps a new grant.
    pub async fn issue(&self, grant: &Grant) -> Result<(), table::Error> {
        match self.0.insert(grant).await? {
            None => Ok(()),
            // The answer to the first attempt got lost, and the SDK's second met what the first had written: the
            // random digest in it says so.
            Some(there) if there == *grant => Ok(()),
            Some(_) => {
                let reason = String::from("another grant has this id");
                Err(table::Error::Unavailable { operation: "PutItem", reason })
            }
        }
    }

    /// Keeps a grant whose id was derived from what it was granted for, unless it is there already: the same
    /// decision, sent twice, is one grant. Whether it was not there yet.
    pub async fn issue_once(&self, grant: &Grant) -> Result<Issued, table::Error> {
        Ok(match self.0.insert(grant).await? {
            None => Issued::Now,
            // With the very same time in it, it is what the first attempt of this very write left behind.
            Some(there) if there == *grant => Issued::Now,
            Some(there) => Issued::Before(Box::new(there)),
        })
    }

    /// Lets `transition` happen to the grant called `id`, if it may.
    pub async fn write(&self, id: Id, transition: &impl Transition) -> Result<Written<Grant>, table::Error> {
        self.0.update(&Grant::key(id), transition.update()?).await
    }

    /// Lets `transition` happen, which issues the access token with this digest. When all of DynamoDB's answers were
    /// lost, one read tells whether the write was done: told to try again, a client would replay its code, or show its
    /// refresh token when the window is closed, and either ends the grant.
    pub async fn issue_tokens(
        &self,
        id: Id,
        transition: &impl Transition,
        access: &Digest<AccessToken>,
    ) -> Result<Written<Grant>, table::Error> {
        let outage = match self.write(id, transition).await {
            Err(outage @ table::Error::Unavailable { .. }) => outage,
            written => return written,
        };
        match self.find(id).await {
            Ok(Some(grant)) if grant.has_issued(access) => Ok(Written::Done(grant)),
            _ => Err(outage),
        }
    }

    /// Makes one access token of `client` useless, and nothing else (RFC 7009 §2.1).
    pub async fn revoke_access(
        &self,
        token: &Secret<AccessToken>,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Revocation, table::Error> {
        let mut revocation =
            AccessRevocation { token: token.digest(), client: client.clone(), slot: Slot::Current, now };
        for _ in 0..Self::ATTEMPTS {
            let grant = match self.write(token.id(), &revocation).await? {
                Written::Done(_) => return Ok(Revocation::Revoked),
                Written::Refused(None) => return Ok(Revocation::Unknown),
                Written::Refused(Some(grant)) => grant,
            };
            match revocation.judge(&grant) {
                Ok(answer) => return Ok(answer),
                Err(slot) => revocation.slot = slot,
            }
        }
        let reason = String::from("the token was rotated faster than it could be revoked");
        Err(table::Error::Unavailable { operation: "UpdateItem", reason })
    }

    /// Ends the grant that a refresh token of `client` belongs to (RFC 7009 §2.1).
    pub async fn revoke_refresh(
        &self,
        token: &Secret<RefreshToken>,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Revocation, table::Error> {
        let ending = EndingByRefresh { family: token.family(), client: client.clone(), now };
        Ok(match self.write(token.id(), &ending).await? {
            Written::Done(_) => Revocation::Revoked,
            Written::Refused(None) => Revocation::Unknown,
            Written::Refused(Some(grant)) => ending.judge(&grant),
        })
    }

    /// Ends the grant called `id`, whatever its state. `None`: no such grant.
    pub async fn end(&self, id: Id, why: Why, now: Timestamp) -> Result<Option<Grant>, table::Error> {
        match self.write(id, &Ending { now, why }).await? {
            Written::Done(grant) => Ok(Some(grant)),
            Written::Refused(_) => Ok(None),
        }
    }

    /// The grants of the person called `person`, as the index has them: it lags, so it is for lists and for cleaning
    /// up. That a person's grants are dead is their status's to say.
    pub async fn of_person(&self, person: Id) -> Result<Vec<Id>, table::Error> {
        Ok(ids(&self.0.keys_indexed(Grant::PREFIX, BY_PERSON, &person).await?))
    }

    /// Those of the grants called `ids` that are kept, each as it is at this moment.
    pub async fn find_all(&self, ids: &[Id]) -> Result<Vec<(Id, Grant)>, table::Error> {
        let mut found = Vec::new();
        for some in ids.chunks(table::MOST_AT_ONCE) {
            let keys: Vec<_> = some.iter().map(|id| (&self.0, Grant::key(*id))).collect();
            for (id, item) in some.iter().zip(table::get_all(&keys).await?) {
                found.extend(table::read(item)?.map(|grant| (*id, grant)));
            }
        }
        Ok(found)
    }

    /// The grants of a client. It goes through the whole table: for administration.
    pub async fn of_client(&self, client: &ClientId) -> Result<Vec<Id>, table::Error> {
        Ok(ids(&self.0.keys_with(Grant::PREFIX, Grant::CLIENT, client).await?))
    }

    /// Ends the grants called `ids`, some at a time, and calls `progress` after each. Returns how many it was that
    /// ended now: some may have been over before, or be gone.
    pub async fn sweep(
        &self,
        ids: &[Id],
        why: Why,
        now: Timestamp,
        mut progress: impl FnMut(),
    ) -> Result<usize, table::Error> {
        let mut ended = 0;
        for some in ids.chunks(Self::AT_ONCE) {
            let endings = some.iter().map(|id| self.end(*id, why, now));
            for grant in try_join_all(endings).await? {
                ended += usize::from(grant.is_some_and(|grant| grant.end == Some(End { at: now, why })));
                progress();
            }
        }
        Ok(ended)
    }
}

/// The grants that have these keys.
fn ids(keys: &[String]) -> Vec<Id> {
    keys.iter().filter_map(|key| key.strip_prefix(Grant::PREFIX)?.parse().ok()).collect()
}
