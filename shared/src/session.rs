//! Sessions: a browser that a person has signed in with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    config::SessionLifetime,
    http::{Call, Cookie},
    secret::{self, Digest, Id, Secret},
    status::{Status, Whose},
    table::{self, Table, Update, Written},
    time::Timestamp,
};

/// Where the browser keeps it.
pub const COOKIE: Cookie = Cookie::new("jeton-session");
/// How much later than it was used a session may say it was: a page in between costs no write. As much too early it
/// may be over.
const USED_LATELY: Duration = Duration::from_mins(1);

/// The `s#…` item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// `s#` and the session's id.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The digest of what the browser holds; impossible once signed out.
    #[serde(rename = "d")]
    digest: Digest<secret::Session>,
    /// Who signed in.
    #[serde(rename = "p")]
    pub person: Id,
    /// When.
    #[serde(rename = "at")]
    pub authenticated_at: Timestamp,
    /// When it was used last, to [`USED_LATELY`]; none if it never was.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    used_at: Option<Timestamp>,
    /// When it is over, however much it is used.
    #[serde(rename = "ax")]
    expires_at: Timestamp,
    /// When DynamoDB may delete it, in epoch seconds.
    #[serde(rename = "ttl")]
    ttl: u64,
}

impl Session {
    /// When it was used last.
    fn used_at(&self) -> Timestamp {
        self.used_at.unwrap_or(self.authenticated_at)
    }

    /// Whether `secret` opens it at `now`.
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

/// A person who is signed in, and in good standing.
#[derive(Debug)]
pub struct SignedIn {
    /// What their browser holds: it seals their forms.
    pub secret: Secret<secret::Session>,
    /// Who they are.
    pub person: Id,
    /// What they are called.
    pub username: String,
    /// When they signed in.
    pub authenticated_at: Timestamp,
    /// Their standing, as it is at this moment.
    pub status: Status,
}

/// Reads and writes sessions.
#[derive(Debug)]
pub struct Store {
    table: Table,
    lifetime: SessionLifetime,
}

impl Store {
    /// Sessions in `table`, which last for `lifetime`.
    pub const fn new(table: Table, lifetime: SessionLifetime) -> Self {
        Self { table, lifetime }
    }

    fn key(id: Id) -> String {
        format!("s#{id}")
    }

    /// Begins a session of `person`; its id is new, so nobody can have fixed it before (session fixation).
    pub async fn begin(&self, person: Id, now: Timestamp) -> Result<Secret<secret::Session>, table::Error> {
        let secret = Secret::<secret::Session>::new(Id::random(), &secret::random());
        let expires_at = now.after(self.lifetime.absolute);
        let session = Session {
            key: Self::key(secret.id()),
            version: 1,
            digest: secret.digest(),
            person,
            authenticated_at: now,
            used_at: None,
            expires_at,
            ttl: expires_at.seconds() + 1,
        };
        match self.table.insert(&session).await? {
            None => Ok(secret),
            Some(there) if there == session => Ok(secret),
            Some(_) => {
                let reason = String::from("another session has this id");
                Err(table::Error::Unavailable { operation: "PutItem", reason })
            }
        }
    }

    /// The session that `secret` is for, unless it is over. It is thereby used.
    async fn open(
        &self,
        secret: &Secret<secret::Session>,
        now: Timestamp,
    ) -> Result<Option<Session>, table::Error> {
        let session: Option<Session> = self.table.get(&Self::key(secret.id())).await?;
        let session = session.filter(|session| session.is_open_to(secret, self.lifetime, now));
        if session.as_ref().is_some_and(|session| now.since(session.used_at()) >= USED_LATELY) {
            // Without a condition on the digest: a function that only uses sessions needs no right to write one, which
            // would be the right to take a session over. A session that has ended meanwhile stays so.
            let update = Update::always("SET #u = :now").value("now", &now)?;
            self.table.change::<Session>(&Self::key(secret.id()), update).await?;
        }
        Ok(session)
    }

    /// The user whose session `secret` is for, if there is one, over or not.
    pub async fn user_of(&self, secret: &Secret<secret::Session>) -> Result<Option<Id>, table::Error> {
        let session: Option<Session> = self.table.get(&Self::key(secret.id())).await?;
        Ok(session.filter(|session| session.digest == secret.digest()).map(|session| session.person))
    }

    /// Ends the session that `secret` is for. Returns whether it was not over, nor unknown.
    pub async fn end(&self, secret: &Secret<secret::Session>) -> Result<bool, table::Error> {
        let update = Update::when("#d = :digest", "SET #d = :impossible")
            .value("digest", &secret.digest())?
            .value("impossible", &Digest::<secret::Session>::impossible())?;
        let written = self.table.change::<Session>(&Self::key(secret.id()), update).await?;
        Ok(matches!(written, Written::Done(())))
    }
}

/// Who sent `call`, if they are signed in.
pub async fn signed_in(call: &Call<'_>) -> Result<Option<SignedIn>, crate::page::Problem> {
    let issuer = call.issuer()?;
    let Some(secret) = COOKIE.read(&call.request, &issuer).and_then(|text| Secret::parse(text).ok()) else {
        return Ok(None);
    };
    let Some(session) = call.app.sessions.open(&secret, call.now).await? else { return Ok(None) };
    let statuses = call.app.statuses.find(&[Whose::Person(session.person)]).await?;
    let status: Option<Status> = statuses.into_iter().next().flatten();
    let Some(status) = status.filter(|status| status.is_signed_in_since(session.authenticated_at)) else {
        return Ok(None);
    };
    Ok(Some(SignedIn {
        secret,
        person: session.person,
        username: status.name.clone(),
        authenticated_at: session.authenticated_at,
        status,
    }))
}
