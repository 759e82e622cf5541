//! Sessions: a browser that a person has signed in with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    http::{Call, Cookie},
    secret::{self, Digest, Id, Secret},
    status::{Status, Whose},
    table::{self, Table, Update},
    time::Timestamp,
};

/// Where the browser keeps it.
pub const COOKIE: Cookie = Cookie::new("jeton-session");
/// How long a person stays signed in.
pub const LIFETIME: Duration = Duration::from_hours(12);

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
    /// When it is over.
    #[serde(rename = "ax")]
    expires_at: Timestamp,
    /// When DynamoDB may delete it, in epoch seconds.
    #[serde(rename = "ttl")]
    ttl: u64,
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
pub struct Store(Table);

impl Store {
    /// Sessions in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    fn key(id: Id) -> String {
        format!("s#{id}")
    }

    /// Begins a session of `person`; its id is new, so nobody can have fixed it before (session fixation).
    pub async fn begin(&self, person: Id, now: Timestamp) -> Result<Secret<secret::Session>, table::Error> {
        let secret = Secret::<secret::Session>::new(Id::random(), &secret::random());
        let expires_at = now.after(LIFETIME);
        let session = Session {
            key: Self::key(secret.id()),
            version: 1,
            digest: secret.digest(),
            person,
            authenticated_at: now,
            expires_at,
            ttl: expires_at.seconds() + 1,
        };
        match self.0.insert(&session).await? {
            None => Ok(secret),
            Some(there) if there == session => Ok(secret),
            Some(_) => {
                let reason = String::from("another session has this id");
                Err(table::Error::Unavailable { operation: "PutItem", reason })
            }
        }
    }

    /// The session that `secret` is for, unless it is over.
    async fn find(
        &self,
        secret: &Secret<secret::Session>,
        now: Timestamp,
    ) -> Result<Option<Session>, table::Error> {
        let session: Option<Session> = self.0.get(&Self::key(secret.id())).await?;
        Ok(session.filter(|session| session.digest == secret.digest() && !session.expires_at.has_passed(now)))
    }

    /// Ends the session that `secret` is for.
    pub async fn end(&self, secret: &Secret<secret::Session>) -> Result<(), table::Error> {
        let update = Update::when("#d = :digest", "SET #d = :impossible")
            .value("digest", &secret.digest())?
            .value("impossible", &Digest::<secret::Session>::impossible())?;
        self.0.update::<Session>(&Self::key(secret.id()), update).await.map(drop)
    }
}

/// Who sent `call`, if they are signed in.
pub async fn signed_in(call: &Call<'_>) -> Result<Option<SignedIn>, crate::page::Problem> {
    let issuer = call.issuer()?;
    let Some(secret) = COOKIE.read(&call.request, &issuer).and_then(|text| Secret::parse(text).ok()) else {
        return Ok(None);
    };
    let Some(session) = call.app.sessions.find(&secret, call.now).await? else { return Ok(None) };
    let statuses = call.app.statuses.find(&[Whose::Person(session.person)], call.now).await?;
    let status: Option<Status> = statuses.into_iter().next().flatten();
    let Some(status) = status.filter(|status| status.upholds(session.authenticated_at).is_ok()) else {
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
