//! Device cookies: browsers that a user has signed in with before (OWASP).
//!
//! A browser with a device cookie has its own counter in the [rate limit](crate::users::rate_limit) of its user's
//! account, and no other advantage: an attacker who steals the cookie may make as many guesses as the limit permits, at
//! this one account.

use std::time::Duration;

use crate::{
    dynamodb::{self, Outcome, Table, Update, stored},
    secret::{self, Digest, Id, Secret},
    time::Timestamp,
};

/// How long a device cookie is valid after the user last signed in with it.
pub const LIFETIME: Duration = Duration::from_hours(180 * 24);

stored! {
    /// The `b#…` item.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeviceCookie {
        /// `b#` and the cookie's id.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        digest: Digest<secret::DeviceCookie> = "d",
        /// The user who signed in.
        pub user: Id = "p",
        /// When the user last signed in. It counts only if it is after the user's `not_before`.
        pub signed_in_at: Timestamp = "at",
        pub expires_at: Timestamp = "ax",
        /// When DynamoDB may delete the item, in epoch seconds.
        ttl: u64 = "ttl",
    }
}

impl DeviceCookie {
    /// Prefix of every device cookie's key.
    pub(super) const PREFIX: &str = "b#";

    fn new(secret: &Secret<secret::DeviceCookie>, user: Id, now: Timestamp) -> Self {
        let expires_at = now.after(LIFETIME);
        Self {
            key: Self::key(secret.id()),
            version: 1,
            digest: secret.digest(),
            user,
            signed_in_at: now,
            expires_at,
            ttl: expires_at.seconds() + 1,
        }
    }

    fn key(id: Id) -> String {
        format!("{}{id}", Self::PREFIX)
    }
}

/// A valid device cookie of the account's user, who is in good standing. Only
/// [`device_cookie`](crate::endpoint::device_cookie()) makes one.
#[derive(Debug)]
pub struct ProvenDeviceCookie(pub(crate) Secret<secret::DeviceCookie>);

impl ProvenDeviceCookie {
    /// Returns the id of the device cookie and of its counter.
    pub const fn id(&self) -> Id {
        self.0.id()
    }
}

/// The device cookies in the tokens table.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    pub async fn find(
        &self,
        secret: &Secret<secret::DeviceCookie>,
        now: Timestamp,
    ) -> Result<Option<DeviceCookie>, dynamodb::Error> {
        let cookie: Option<DeviceCookie> = self.0.get(&DeviceCookie::key(secret.id())).await?;
        Ok(cookie.filter(|cookie| cookie.digest == secret.digest() && !cookie.expires_at.has_passed(now)))
    }

    /// Remembers that `user` has signed in, and returns the browser's new device cookie. The browser's `earlier` one, if
    /// it had one, is invalid from now on.
    pub async fn remember(
        &self,
        user: Id,
        earlier: Option<ProvenDeviceCookie>,
        now: Timestamp,
    ) -> Result<Secret<secret::DeviceCookie>, dynamodb::Error> {
        if let Some(ProvenDeviceCookie(old)) = earlier
            && let Some(renewed) = self.renew(user, &old, now).await?
        {
            return Ok(renewed);
        }
        let secret = Secret::new(Id::random(), &secret::random());
        let cookie = DeviceCookie::new(&secret, user, now);
        match self.0.insert(&cookie).await? {
            None => Ok(secret),
            Some(stored) if stored == cookie => Ok(secret),
            Some(_) => Err(dynamodb::Error::Conflict("the id of a new device cookie")),
        }
    }

    /// Replaces the secret of the device cookie `old`; `None` if another tab of the browser did so first.
    async fn renew(
        &self,
        user: Id,
        old: &Secret<secret::DeviceCookie>,
        now: Timestamp,
    ) -> Result<Option<Secret<secret::DeviceCookie>>, dynamodb::Error> {
        let secret = Secret::new(old.id(), &secret::random());
        let new = DeviceCookie::new(&secret, user, now);
        let change = "SET #digest = :new, #signed_in_at = :now, #expires_at = :expires, #ttl = :ttl";
        let update = Update::when::<DeviceCookie>("#digest = :old AND #user = :user", change)
            .value("old", &old.digest())?
            .value("user", &user)?
            .value("new", &new.digest)?
            .value("now", &now)?
            .value("expires", &new.expires_at)?
            .value("ttl", &new.ttl)?;
        match self.0.change::<DeviceCookie>(&new.key, update).await? {
            Outcome::Applied(()) => Ok(Some(secret)),
            // The response to the first attempt was lost, and the SDK's retry found the new digest.
            Outcome::ConditionFailed(Some(stored)) if stored.digest == new.digest => Ok(Some(secret)),
            Outcome::ConditionFailed(_) => Ok(None),
        }
    }
}
