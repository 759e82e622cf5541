//! Known callers: an address or a client's server that has proven an account's password in the last 30 days.
//!
//! A known caller has its own counter once the shared counters are full, and no other advantage. At API calls and token
//! requests it has the role of a [device cookie](crate::users::device_cookie).

use std::time::Duration;

use super::{Account, Channel, KnownCaller, Origin};
use crate::{
    dynamodb::{self, Table, stored},
    secret::{self, Digest, Id},
    status,
    time::Timestamp,
};

/// How long a caller is known after it last proved the password.
pub const LIFETIME: Duration = Duration::from_hours(30 * 24);

stored! {
    /// The `c#…` item.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Caller {
        /// `c#`, the channel's letter, `#` and the digest of account and origin.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The user whose password the caller proved.
        user: Id = "u",
        /// When the caller last proved the password. It counts only if it is after the user's `not_before`.
        pub proven_at: Timestamp = "at",
        pub expires_at: Timestamp = "ax",
        /// When DynamoDB may delete the item, in epoch seconds.
        ttl: u64 = "ttl",
    }
}

impl Caller {
    /// Prefix of every known caller's key.
    pub(in crate::users) const PREFIX: &str = "c#";
}

/// The known callers in the tokens table.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// Returns the caller at `origin`, if it has proven the password of `account` by this channel.
    pub async fn find(
        &self,
        statuses: &status::Store,
        channel: Channel,
        account: Account,
        origin: &Origin<'_>,
        now: Timestamp,
    ) -> Result<Option<KnownCaller>, dynamodb::Error> {
        let Some(name) = name(account, origin) else { return Ok(None) };
        let caller: Option<Caller> = self.0.get(&key(channel, &name)).await?;
        let Some(caller) = caller.filter(|caller| !caller.expires_at.has_passed(now)) else {
            return Ok(None);
        };
        let status = statuses.find_user(caller.user).await?;
        let is_known = status.is_some_and(|status| {
            status.check(caller.proven_at).is_ok() && Account::named(&status.name) == account
        });
        Ok(is_known.then_some(KnownCaller(name)))
    }

    /// Remembers that the caller at `origin` has proven the password of `account`, which is `user`'s.
    pub async fn remember(
        &self,
        channel: Channel,
        account: Account,
        origin: &Origin<'_>,
        user: Id,
        now: Timestamp,
    ) -> Result<(), dynamodb::Error> {
        let Some(name) = name(account, origin) else { return Ok(()) };
        let expires_at = now.after(LIFETIME);
        let key = key(channel, &name);
        self.0
            .put(&Caller { key, version: 1, user, proven_at: now, expires_at, ttl: expires_at.seconds() + 1 })
            .await
    }
}

fn key(channel: Channel, name: &str) -> String {
    format!("{}{}#{name}", Caller::PREFIX, channel.letter())
}

/// Returns the digest of account and origin. `None` for a browser: its device cookie makes it known.
fn name(account: Account, origin: &Origin<'_>) -> Option<String> {
    let origin = match origin {
        Origin::Address(address) => format!("address {}", address.text()),
        Origin::Client(client) => format!("client {client}"),
        Origin::DeviceCookie(_) | Origin::Caller(_) => return None,
    };
    Some(Digest::<secret::KnownCaller>::of(format!("{} {origin}", account.0.name())).name())
}
