//! Sessions of signed-in users.

use std::time::Duration;

use crate::{
    config::SessionLifetime,
    dynamodb::{self, Outcome, Table, Update, stored},
    secret::{self, Digest, Id, Secret},
    time::Timestamp,
};

/// The precision of the time of last use: at most one write a minute. An idle session may end this much too early.
const USE_PRECISION: Duration = Duration::from_mins(1);

stored! {
    /// The `s#…` item.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Session {
        /// `s#` and the session's id.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The digest of the session cookie; impossible once signed out.
        digest: Digest<secret::Session> = "d",
        pub user: Id = "p",
        pub authenticated_at: Timestamp = "at",
        /// When the session was last used, to [`USE_PRECISION`]; absent if it never was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used_at: Option<Timestamp> = "u",
        /// When the session ends, however much it is used.
        expires_at: Timestamp = "ax",
        /// When DynamoDB may delete the item, in epoch seconds.
        ttl: u64 = "ttl",
    }
}

impl Session {
    fn used_at(&self) -> Timestamp {
        self.used_at.unwrap_or(self.authenticated_at)
    }

    /// Returns whether `secret` opens the session at `now`.
    fn is_open_to(
        &self,
        secret: &Secret<secret::Session>,
        lifetime: SessionLifetime,
        now: Timestamp,
    ) -> bool {
        self.digest == secret.digest()
            && !self.expires_at.has_passed(now)
            && !self.used_at().after(lifetime.idle).has_passed(now)
    }
}

/// The sessions in the tokens table.
#[derive(Debug)]
pub struct Store {
    table: Table,
    lifetime: SessionLifetime,
}

impl Store {
    pub const fn new(table: Table, lifetime: SessionLifetime) -> Self {
        Self { table, lifetime }
    }

    fn key(id: Id) -> String {
        format!("s#{id}")
    }

    /// Begins a session of `user`. Its id is new: an attacker cannot fix it beforehand (session fixation).
    pub async fn begin(&self, user: Id, now: Timestamp) -> Result<Secret<secret::Session>, dynamodb::Error> {
        let secret = Secret::<secret::Session>::new(Id::random(), &secret::random());
        let expires_at = now.after(self.lifetime.absolute);
        let session = Session {
            key: Self::key(secret.id()),
            version: 1,
            digest: secret.digest(),
            user,
            authenticated_at: now,
            used_at: None,
            expires_at,
            ttl: expires_at.seconds() + 1,
        };
        match self.table.insert(&session).await? {
            None => Ok(secret),
            Some(stored) if stored == session => Ok(secret),
            Some(_) => Err(dynamodb::Error::Conflict("the id of a new session")),
        }
    }

    /// Returns the session with this `secret`, unless it has ended, and records its use.
    pub async fn open(
        &self,
        secret: &Secret<secret::Session>,
        now: Timestamp,
    ) -> Result<Option<Session>, dynamodb::Error> {
        let session: Option<Session> = self.table.get(&Self::key(secret.id())).await?;
        let session = session.filter(|session| session.is_open_to(secret, self.lifetime, now));
        if session.as_ref().is_some_and(|session| now.since(session.used_at()) >= USE_PRECISION) {
            // No condition on the digest: the policy of a function that only uses sessions can then exclude that
            // attribute, whose writer could take over a session. A session that has ended meanwhile stays ended.
            let update = Update::always::<Session>("SET #used_at = :now").value("now", &now)?;
            self.table.change::<Session>(&Self::key(secret.id()), update).await?;
        }
        Ok(session)
    }

    /// Returns the user of the session with this `secret`, even if the session has ended.
    pub async fn user_of(&self, secret: &Secret<secret::Session>) -> Result<Option<Id>, dynamodb::Error> {
        let session: Option<Session> = self.table.get(&Self::key(secret.id())).await?;
        Ok(session.filter(|session| session.digest == secret.digest()).map(|session| session.user))
    }

    /// Ends the session with this `secret`. Returns whether there was one to end.
    pub async fn end(&self, secret: &Secret<secret::Session>) -> Result<bool, dynamodb::Error> {
        let update = Update::when::<Session>("#digest = :digest", "SET #digest = :impossible")
            .value("digest", &secret.digest())?
            .value("impossible", &Digest::<secret::Session>::impossible())?;
        let outcome = self.table.change::<Session>(&Self::key(secret.id()), update).await?;
        Ok(matches!(outcome, Outcome::Applied(())))
    }
}
