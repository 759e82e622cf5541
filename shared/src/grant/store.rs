//! Grants in the tokens table.

use super::{End, Grant, Slot, Why};
use crate::{
    client::ClientId,
    secret::{AccessToken, Id, Secret},
    table::{self, Table, Update, Written},
    time::Timestamp,
};

/// Reads and writes grants.
#[derive(Debug)]
pub struct Store(Table);

/// What became of a wish to revoke a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It no longer works.
    Revoked,
    /// There is no such token, or not any more: nothing had to be done (RFC 7009 §2.2).
    Unknown,
    /// It is another client's, and works on (RFC 7009 §2.1).
    Foreign,
}

impl Store {
    /// How often a revocation follows a token that rotations move from one attribute to the next.
    const ATTEMPTS: usize = 3;

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

    /// Makes one access token of `client` useless, and nothing else (RFC 7009 §2.1).
    pub async fn revoke_access(
        &self,
        token: &Secret<AccessToken>,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Revocation, table::Error> {
        let mut slot = Slot::Current;
        for _ in 0..Self::ATTEMPTS {
            let attribute = match slot {
                Slot::Current => "#a",
                Slot::Previous => "#pa",
            };
            // The digest is overwritten, not removed: the next rotation copies `a` to `pa`, and must not fail.
            let update = Update::when(
                &format!("#c = :client AND {attribute}.#d = :digest"),
                &format!("SET {attribute}.#d = :impossible, {attribute}.#rv = :now"),
            )
            .value("client", client)?
            .value("digest", &token.digest())?
            .value("impossible", &crate::secret::Digest::<AccessToken>::impossible())?
            .value("now", &now)?;
            let grant: Grant = match self.0.update(&Grant::key(token.id()), update).await? {
                Written::Done(_) => return Ok(Revocation::Revoked),
                Written::Refused(None) => return Ok(Revocation::Unknown),
                Written::Refused(Some(grant)) => grant,
            };
            match grant.slot(&token.digest()) {
                None => return Ok(Revocation::Unknown),
                Some(_) if grant.client != *client => return Ok(Revocation::Foreign),
                Some(moved) => slot = moved,
            }
        }
        let reason = String::from("the token was rotated faster than it could be revoked");
        Err(table::Error::Unavailable { operation: "UpdateItem", reason })
    }

    /// Ends the grant called `id`, whatever its state. Ending twice keeps the first reason. `None`: no such grant.
    pub async fn end(&self, id: Id, why: Why, now: Timestamp) -> Result<Option<Grant>, table::Error> {
        let update = Update::always("SET #st = :ended, #e = if_not_exists(#e, :end) REMOVE #cd, #a, #pa, #r")
            .value("ended", &super::State::Ended)?
            .value("end", &End { at: now, why })?;
        match self.0.update(&Grant::key(id), update).await? {
            Written::Done(grant) => Ok(Some(grant)),
            Written::Refused(_) => Ok(None),
        }
    }
}
