//! Browsers that a person has signed in with before.
//!
//! Such a browser has a counter of its own for attempts to sign in (see [`throttle`](crate::throttle)), and is good for
//! nothing else: whoever steals its cookie may make as many guesses as the limit says, at this one account.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    http::{Call, Cookie},
    page::Problem,
    secret::{self, Digest, Id, Secret},
    status::{Status, Whose},
    table::{self, Table, Update, Written},
    throttle::Account,
    time::Timestamp,
};

/// Where the browser keeps it.
pub const COOKIE: Cookie = Cookie::new("jeton-browser");
/// How long a browser is known after its person last signed in with it.
pub const LIFETIME: Duration = Duration::from_hours(180 * 24);

/// The `b#…` item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Browser {
    /// `b#` and the browser's id.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The digest of what the browser holds.
    #[serde(rename = "d")]
    digest: Digest<secret::Browser>,
    /// Who signed in with it.
    #[serde(rename = "p")]
    person: Id,
    /// When, the last time. A browser from before its person's `not_before` is unknown.
    #[serde(rename = "at")]
    signed_in_at: Timestamp,
    /// When it is forgotten.
    #[serde(rename = "ax")]
    expires_at: Timestamp,
    /// When DynamoDB may delete it, in epoch seconds.
    #[serde(rename = "ttl")]
    ttl: u64,
}

impl Browser {
    fn new(secret: &Secret<secret::Browser>, person: Id, now: Timestamp) -> Self {
        let expires_at = now.after(LIFETIME);
        Self {
            key: Self::key(secret.id()),
            version: 1,
            digest: secret.digest(),
            person,
            signed_in_at: now,
            expires_at,
            ttl: expires_at.seconds() + 1,
        }
    }

    fn key(id: Id) -> String {
        format!("b#{id}")
    }
}

/// A browser that the owner of the account, in good standing, has signed in with before. Only [`known`] makes one.
#[derive(Debug)]
pub struct Known(Secret<secret::Browser>);

impl Known {
    /// What its item and its counter are called.
    pub const fn id(&self) -> Id {
        self.0.id()
    }
}

/// The browser that sent `call`, if the owner of `account` has signed in with it before. Nothing is read unless it says
/// so itself.
pub async fn known(call: &Call<'_>, account: Account) -> Result<Option<Known>, Problem> {
    let issuer = call.issuer()?;
    let Some(secret) = COOKIE.read(&call.request, &issuer).and_then(|text| Secret::parse(text).ok()) else {
        return Ok(None);
    };
    let Some(browser) = call.app.browsers.find(&secret, call.now).await? else { return Ok(None) };
    let statuses = call.app.statuses.find(&[Whose::Person(browser.person)]).await?;
    let owner = statuses.into_iter().next().flatten().filter(|status: &Status| {
        status.upholds(browser.signed_in_at).is_ok() && Account::typed(&status.name) == account
    });
    Ok(owner.map(|_| Known(secret)))
}

/// Reads and writes browsers.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    /// Browsers in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    async fn find(
        &self,
        secret: &Secret<secret::Browser>,
        now: Timestamp,
    ) -> Result<Option<Browser>, table::Error> {
        let browser: Option<Browser> = self.0.get(&Browser::key(secret.id())).await?;
        Ok(browser.filter(|browser| browser.digest == secret.digest() && !browser.expires_at.has_passed(now)))
    }

    /// Remembers that `person` has signed in with this browser: what it is to hold from now on. What it held before is
    /// worth nothing any more.
    pub async fn remember(
        &self,
        person: Id,
        known: Option<Known>,
        now: Timestamp,
    ) -> Result<Secret<secret::Browser>, table::Error> {
        if let Some(Known(old)) = known
            && let Some(renewed) = self.renew(person, &old, now).await?
        {
            return Ok(renewed);
        }
        let secret = Secret::new(Id::random(), &secret::random());
        let browser = Browser::new(&secret, person, now);
        match self.0.insert(&browser).await? {
            None => Ok(secret),
            Some(there) if there == browser => Ok(secret),
            Some(_) => {
                let reason = String::from("another browser has this id");
                Err(table::Error::Unavailable { operation: "PutItem", reason })
            }
        }
    }

    /// Another secret for the same browser; none if its other tab came first.
    async fn renew(
        &self,
        person: Id,
        old: &Secret<secret::Browser>,
        now: Timestamp,
    ) -> Result<Option<Secret<secret::Browser>>, table::Error> {
        let secret = Secret::new(old.id(), &secret::random());
        let new = Browser::new(&secret, person, now);
        let change = "SET #d = :new, #at = :now, #ax = :expires, #ttl = :ttl";
        let update = Update::when("#d = :old AND #p = :person", change)
            .value("old", &old.digest())?
            .value("person", &person)?
            .value("new", &new.digest)?
            .value("now", &now)?
            .value("expires", &new.expires_at)?
            .value("ttl", &new.ttl)?;
        match self.0.change::<Browser>(&new.key, update).await? {
            Written::Done(()) => Ok(Some(secret)),
            // The answer to the first attempt got lost, and the SDK's second met what the first had written.
            Written::Refused(Some(there)) if there.digest == new.digest => Ok(Some(secret)),
            Written::Refused(_) => Ok(None),
        }
    }
}
