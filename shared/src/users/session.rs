//! Sessions of signed-in users.

use std::time::Duration;

use super::user_agent::UserAgent;
use crate::{
    config::SessionLifetime,
    dynamodb::{self, Outcome, Table, Update, schema::BY_USER, stored},
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
        /// When the session was last used, to [`USE_PRECISION`], or was signed out; absent if it never was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used_at: Option<Timestamp> = "u",
        /// The browser that signed in; absent if it is unknown.
        #[serde(default, skip_serializing_if = "UserAgent::is_unknown")]
        pub user_agent: UserAgent = "ua" { UserAgent },
        /// When the session ends, even if it is used; or when its user ended it, if that was earlier.
        pub expires_at: Timestamp = "ax",
        /// When DynamoDB may delete the item, in epoch seconds.
        ttl: u64 = "ttl",
    }
}

impl Session {
    /// Prefix of every session's key.
    pub(super) const PREFIX: &str = "s#";

    fn key(id: Id) -> String {
        format!("{}{id}", Self::PREFIX)
    }

    /// Returns when the session was last used, to a minute.
    pub fn used_at(&self) -> Timestamp {
        self.used_at.unwrap_or(self.authenticated_at)
    }

    /// Returns when the session was ended before its time, as far as the session itself tells: when it was signed out, or
    /// when its user ended it from another browser, which leaves the `ttl`.
    pub fn ended_at(&self) -> Option<Timestamp> {
        if self.digest == Digest::impossible() {
            return Some(self.used_at());
        }
        (self.expires_at.seconds() + 1 < self.ttl).then_some(self.expires_at)
    }

    /// Returns whether the session goes on at `now`, as far as the session itself decides.
    fn is_open(&self, lifetime: SessionLifetime, now: Timestamp) -> bool {
        self.digest != Digest::impossible()
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

    /// Begins a session of `user` in the browser that `user_agent` names. Its id is new: an attacker cannot fix it beforehand
    /// (session fixation).
    pub async fn begin(
        &self,
        user: Id,
        user_agent: UserAgent,
        now: Timestamp,
    ) -> Result<Secret<secret::Session>, dynamodb::Error> {
        let secret = Secret::<secret::Session>::new(Id::random(), &secret::random());
        let expires_at = now.after(self.lifetime.absolute);
        let session = Session {
            key: Session::key(secret.id()),
            version: 1,
            digest: secret.digest(),
            user,
            authenticated_at: now,
            used_at: None,
            user_agent,
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
        let session: Option<Session> = self.table.get(&Session::key(secret.id())).await?;
        let session = session
            .filter(|session| session.digest == secret.digest() && session.is_open(self.lifetime, now));
        if session.as_ref().is_some_and(|session| now.since(session.used_at()) >= USE_PRECISION) {
            // No condition on the digest: the policy of a function that only uses sessions can then exclude that
            // attribute, whose writer could take over a session. A session that has ended meanwhile stays ended.
            let update = Update::always::<Session>("SET #used_at = :now").value("now", &now)?;
            self.table.change::<Session>(&Session::key(secret.id()), update).await?;
        }
        Ok(session)
    }

    /// Returns the user of the session with this `secret`, even if the session has ended.
    pub async fn user_of(&self, secret: &Secret<secret::Session>) -> Result<Option<Id>, dynamodb::Error> {
        let session: Option<Session> = self.table.get(&Session::key(secret.id())).await?;
        Ok(session.filter(|session| session.digest == secret.digest()).map(|session| session.user))
    }

    /// Ends the session with this `secret`. Returns whether there was one to end.
    pub async fn end(
        &self,
        secret: &Secret<secret::Session>,
        now: Timestamp,
    ) -> Result<bool, dynamodb::Error> {
        let change = "SET #digest = :impossible, #used_at = :now";
        let update = Update::when::<Session>("#digest = :digest", change)
            .value("digest", &secret.digest())?
            .value("now", &now)?
            .value("impossible", &Digest::<secret::Session>::impossible())?;
        let outcome = self.table.change::<Session>(&Session::key(secret.id()), update).await?;
        Ok(matches!(outcome, Outcome::Applied(())))
    }

    /// Reads the sessions of `user` that go on at `now`, as far as the sessions themselves decide, with their ids: the one
    /// called `known`, and those in the index. The index may lag behind.
    pub async fn of_user(
        &self,
        user: Id,
        known: Id,
        now: Timestamp,
    ) -> Result<Vec<(Id, Session)>, dynamodb::Error> {
        let mut keys = self.table.keys_indexed(Session::PREFIX, BY_USER, &user).await?;
        if !keys.contains(&Session::key(known)) {
            keys.push(Session::key(known));
        }
        let mut sessions = Vec::new();
        for chunk in keys.chunks(dynamodb::MOST_AT_ONCE) {
            let wanted: Vec<_> = chunk.iter().map(|key| (&self.table, key.clone())).collect();
            for item in dynamodb::get_all(&wanted).await? {
                sessions.extend(dynamodb::read::<Session>(item)?);
            }
        }
        sessions.retain(|session| session.user == user && session.is_open(self.lifetime, now));
        let with_id =
            |session: Session| Some((session.key.strip_prefix(Session::PREFIX)?.parse().ok()?, session));
        Ok(sessions.into_iter().filter_map(with_id).collect())
    }

    /// Ends the session called `id`, if it is one of `user`. Returns whether there was one to end.
    ///
    /// # Design
    /// The read decides whose session it is, because a session never changes its user. A condition would let the policy of
    /// the function that ends sessions write that attribute, and so take over a session.
    pub async fn end_of(&self, user: Id, id: Id, now: Timestamp) -> Result<bool, dynamodb::Error> {
        let session: Option<Session> = self.table.get(&Session::key(id)).await?;
        if !session.is_some_and(|session| session.user == user && session.is_open(self.lifetime, now)) {
            return Ok(false);
        }
        // Never later than it was: on another machine's clock, an ended session must not go on.
        let update =
            Update::when::<Session>("#expires_at > :now", "SET #expires_at = :now").value("now", &now)?;
        let outcome = self.table.change::<Session>(&Session::key(id), update).await?;
        Ok(matches!(outcome, Outcome::Applied(())))
    }
}
