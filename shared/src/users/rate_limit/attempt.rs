//! An attempt to verify a password: by which channel, at which account, from where.

use super::Address;
use crate::{
    oauth::ClientId,
    secret::{AccountName, Digest},
    users::{UserName, device_cookie::ProvenDeviceCookie},
};

/// The account of an attempt, by the name as it was entered. The account may not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(pub(crate) Digest<AccountName>);

impl Account {
    /// Returns the account with this name: the same for every spelling of a user name. Text that cannot be a user name
    /// is counted, too.
    pub fn named(entered: &str) -> Self {
        Self(entered.parse::<UserName>().map_or_else(|_| Digest::of(entered), |name| Digest::of(name.key())))
    }

    /// Returns a few bits for the log: enough to tell one account under attack from many, too few to recover a password
    /// that a user entered as the name by mistake.
    pub fn hint(&self) -> String {
        self.0.name().split_off(28)
    }
}

/// A way to send a password. Each has its own counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    LoginPage,
    /// The `password` grant.
    PasswordGrant,
    /// HTTP Basic with an API call.
    ApiCall,
}

impl Channel {
    /// Returns the channel's letter in keys.
    pub(super) const fn letter(self) -> char {
        match self {
            Self::LoginPage => 'p',
            Self::PasswordGrant => 'g',
            Self::ApiCall => 'c',
        }
    }
}

/// The origin of an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    Address(Address),
    /// The server of this authenticated client, which passes on its users' attempts.
    Client(&'a ClientId),
    /// A browser with this device cookie, which is one of the account's user.
    DeviceCookie(&'a ProvenDeviceCookie),
    /// A caller that has proven the account's password before.
    Caller(&'a KnownCaller),
}

/// A caller that has proven the password of the account's user, who is in good standing. Only
/// [`Store::find`](super::known_caller::Store::find) makes one.
#[derive(Clone, Debug)]
pub struct KnownCaller(pub(super) String);

/// An attempt to verify a password.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub channel: Channel,
    pub account: Account,
    pub origin: Origin<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_name_is_one_account_and_nothing_else_is() {
        assert_eq!(Account::named("Ada"), Account::named("aDA"));
        for other in ["", " ada", "ada ", "adb", "ada\0", &"ada".repeat(1_000)] {
            assert_ne!(Account::named(other), Account::named("ada"), "{other:?}");
        }
        assert_eq!(Account::named("ada").hint().len(), 4);
    }
}
