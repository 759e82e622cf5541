//! Callers that have proven an account's password in the last month: an address, or a client's server, with that
//! account.
//!
//! Such a caller has a counter of its own, once those that it shares with strangers are full, and is good for nothing
//! else. It is to API calls and token requests what a [known browser](crate::browser) is to the login page.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Account, Channel, Origin};
use crate::{
    secret::{Digest, Id, KnownCaller},
    status::{self, Whose},
    table::{self, Table},
    time::Timestamp,
};

/// How long a caller is known after it last proved the password.
pub const LIFETIME: Duration = Duration::from_hours(30 * 24);

/// The `c#…` item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Caller {
    /// `c#`, the channel, `#` and the digest of account and origin.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The user whose password it was.
    #[serde(rename = "u")]
    user: Id,
    /// When it was last proven. A caller from before its user's `not_before` is unknown.
    #[serde(rename = "at")]
    proven_at: Timestamp,
    /// When the caller is forgotten.
    #[serde(rename = "ax")]
    expires_at: Timestamp,
    /// When DynamoDB may delete it, in epoch seconds.
    #[serde(rename = "ttl")]
    ttl: u64,
}

/// A caller that has proven the password of the account's user, who is in good standing. Only [`Callers::known`] makes
/// one.
#[derive(Clone, Debug)]
pub struct Known(String);

impl Known {
    /// The name of its counter.
    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

/// Reads and writes known callers.
#[derive(Debug)]
pub struct Callers(Table);

impl Callers {
    /// Callers in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// The caller at `origin`, if it has proven the password of `account` lately.
    pub(super) async fn known(
        &self,
        statuses: &status::Store,
        channel: Channel,
        account: Account,
        origin: &Origin<'_>,
        now: Timestamp,
    ) -> Result<Option<Known>, table::Error> {
        let Some(name) = name(account, origin) else { return Ok(None) };
        let caller: Option<Caller> = self.0.get(&key(channel, &name)).await?;
        let Some(caller) = caller.filter(|caller| !caller.expires_at.has_passed(now)) else {
            return Ok(None);
        };
        let status = statuses.find(&[Whose::Person(caller.user)]).await?.into_iter().next().flatten();
        let good = status.is_some_and(|status| {
            status.upholds(caller.proven_at).is_ok() && Account::typed(&status.name) == account
        });
        Ok(good.then_some(Known(name)))
    }

    /// Remembers that the caller at `origin` has proven the password of `account`, which is `user`'s.
    pub(super) async fn remember(
        &self,
        channel: Channel,
        account: Account,
        origin: &Origin<'_>,
        user: Id,
        now: Timestamp,
    ) -> Result<(), table::Error> {
        let Some(name) = name(account, origin) else { return Ok(()) };
        let expires_at = now.after(LIFETIME);
        let key = key(channel, &name);
        self.0
            .put(&Caller { key, version: 1, user, proven_at: now, expires_at, ttl: expires_at.seconds() + 1 })
            .await
    }
}

fn key(channel: Channel, name: &str) -> String {
    format!("c#{}#{name}", channel.letter())
}

/// What account and origin are called together; a browser is known in another way.
fn name(account: Account, origin: &Origin<'_>) -> Option<String> {
    let origin = match origin {
        Origin::Address(address) => format!("address {}", address.text()),
        Origin::Client(client) => format!("client {client}"),
        Origin::Browser(_) | Origin::Caller(_) => return None,
    };
    Some(Digest::<KnownCaller>::of(format!("{} {origin}", account.0.name())).name())
}
