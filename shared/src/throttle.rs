//! How often somebody may try a password (RFC 6749 §10.10).
//!
//! Before a password is looked at, the attempt is *reserved* on every counter that it is charged to, by a write that
//! fails at the limit. So of any number of simultaneous guesses only as many reach the hash as the limit says. Whoever
//! then proves to know the password gets the reservation back: people who sign in often, or share an address, do not
//! use it up, and an attacker gains nothing by signing in to an account of their own.
//!
//! An attempt is charged to the address that it comes from and then to the account that it is at, whether or not there
//! is such an account. Each [`Channel`] has counters of its own, so that wrong guesses at one do not shut the others.
//! Three kinds of origin are told apart from strangers:
//! - a browser that the account's user has signed in with before has a counter of its own instead;
//! - so has a [known caller](caller), at API calls and token requests, once the shared counters are full;
//! - an attempt that an authenticated client's server passes on is charged to the account alone: its address is that of
//!   all who use it.
//!
//! # Design
//! A counter belongs to one window of time, whose end is part of its key. That makes a reservation exactly one request
//! (a counter that began with its first attempt would need a second to begin anew), its end the same for everybody,
//! and a reservation that is given back late harmless. The price is that twice the limit fits around the end of a
//! window.
//!
//! The address comes first: one that is exhausted cannot exhaust any account. What the account's counter refuses stays
//! charged to the address.
//!
//! A counter tells attempts that are under way from those that have failed. Where it is full of the former, an attempt
//! waits for their verdict, three seconds at most: right passwords make room, however many come at once, and wrong ones
//! do not. So the first wave of an attack is no larger than the limit, and the second is refused without a wait.
//!
//! A write whose answer gets lost is repeated, and then counts twice. It cannot be provoked from outside, and at most
//! makes one guess more or less.

mod address;
pub mod caller;
mod claim;
mod proofs;
mod store;

pub use address::Address;
pub use caller::Callers;
pub use claim::{Claim, Unproven};
pub use proofs::Proofs;
pub use store::Store;

use std::time::Duration;

use crate::{
    browser,
    client::ClientId,
    config::Throttling,
    secret::{AccountName, CallerAddress, Digest},
    time::Timestamp,
    user::UserName,
};

/// The account that somebody tries to sign in to, by what they typed. There need not be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(Digest<AccountName>);

impl Account {
    /// The account called `typed`: the same for every spelling of a name. What can be nobody's name is counted, too.
    pub fn typed(typed: &str) -> Self {
        Self(typed.parse::<UserName>().map_or_else(|_| Digest::of(typed), |name| Digest::of(name.key())))
    }

    /// A few bits for the log: enough to tell one account under attack from many, too few to guess from them what
    /// somebody typed by mistake.
    pub fn hint(&self) -> String {
        self.0.name().split_off(28)
    }
}

/// A way in that takes passwords. Each has counters of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The login page.
    Page,
    /// The `password` grant.
    Grant,
    /// HTTP Basic with an API call.
    Call,
}

impl Channel {
    /// What keys have.
    const fn letter(self) -> char {
        match self {
            Self::Page => 'p',
            Self::Grant => 'g',
            Self::Call => 'c',
        }
    }
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A network address.
    Address(Address),
    /// The server of this authenticated client, which passes on its users' attempts.
    Client(&'a ClientId),
    /// A browser that the account's user has signed in with before.
    Browser(&'a browser::Known),
    /// A caller that has proven the account's password before.
    Caller(&'a caller::Known),
}

/// One attempt at an account.
#[derive(Clone, Copy, Debug)]
struct Attempt<'a> {
    channel: Channel,
    account: Account,
    origin: Origin<'a>,
}

/// What an attempt is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// All attempts from an address.
    Address,
    /// All attempts at an account, but those from its owner's browsers.
    Account,
    /// All attempts from one of the owner's browsers.
    Browser,
    /// All attempts from a known caller.
    Caller,
}

impl Counter {
    /// What it is called in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
            Self::Browser => "browser",
            Self::Caller => "caller",
        }
    }
}

/// Whether an attempt may go on.
#[derive(Debug)]
#[must_use = "an attempt that is not reserved must not reach the hash"]
enum Verdict {
    /// It may.
    Reserved(Reservation),
    /// There were too many.
    TooMany {
        /// By which count.
        by: Counter,
        /// When there will be room again.
        retry_after: Duration,
        /// What it was charged before.
        charged: Reservation,
    },
}

/// What an attempt was charged, until there is a verdict on it.
#[derive(Debug, Default)]
#[must_use = "a reservation is given back or settled"]
struct Reservation(Vec<String>);

/// One counter in the window of an attempt.
#[derive(Debug, PartialEq, Eq)]
struct Charge {
    counter: Counter,
    key: String,
    most: u64,
}

impl Attempt<'_> {
    /// What it is charged to, in this order, in the window that ends at `end`.
    fn charges(&self, limits: &Throttling, end: Timestamp) -> Vec<Charge> {
        let charge = |counter: Counter, name: &str, most| {
            let key = format!("l#{}#{}#{name}#{}", self.channel.letter(), counter.letter(), end.seconds());
            Charge { counter, key, most }
        };
        let account = || charge(Counter::Account, &self.account.0.name(), limits.per_account);
        match self.origin {
            Origin::Address(address) => {
                let name = Digest::<CallerAddress>::of(address.text()).name();
                vec![charge(Counter::Address, &name, limits.per_address), account()]
            }
            Origin::Client(_) => vec![account()],
            Origin::Browser(known) => {
                vec![charge(Counter::Browser, &known.id().to_string(), limits.per_account)]
            }
            Origin::Caller(known) => vec![charge(Counter::Caller, known.name(), limits.per_account)],
        }
    }
}

/// When the window that `now` is in ends.
fn window_end(now: Timestamp, window: Duration) -> Timestamp {
    let seconds = window.as_secs().max(1);
    let begin = Timestamp::from_millis(now.seconds() / seconds * seconds * 1_000);
    begin.after(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Throttling {
        let window = Duration::from_mins(15);
        Throttling { per_account: 10, per_address: 100, window, trusted_proxies: 0, api_trusted_proxies: 0 }
    }

    #[test]
    fn every_spelling_of_a_name_is_one_account_and_nothing_else_is() {
        assert_eq!(Account::typed("Ada"), Account::typed("aDA"));
        for other in ["", " ada", "ada ", "adb", "ada\0", &"ada".repeat(1_000)] {
            assert_ne!(Account::typed(other), Account::typed("ada"), "{other:?}");
        }
        assert_eq!(Account::typed("ada").hint().len(), 4);
    }

    #[test]
    fn a_stranger_is_charged_to_address_and_account_under_names_that_cannot_be_read() {
        let origin = Origin::Address(Address::seen("203.0.113.7", None, 0));
        let attempt = Attempt { channel: Channel::Page, account: Account::typed("ada"), origin };
        let charges = attempt.charges(&limits(), Timestamp::from_millis(900_000));
        let limits: Vec<_> = charges.iter().map(|charge| (charge.counter, charge.most)).collect();
        assert_eq!(limits, [(Counter::Address, 100), (Counter::Account, 10)]);
        for (charge, kind) in charges.iter().zip(["l#p#i#", "l#p#a#"]) {
            assert!(charge.key.starts_with(kind) && charge.key.ends_with("#900"), "{charge:?}");
            assert!(charge.key.len() == 42 && !charge.key.contains("ada"), "{charge:?}");
        }
        let client = "web".parse().unwrap();
        let passed_on = Attempt { origin: Origin::Client(&client), ..attempt };
        assert_eq!(passed_on.charges(&self::limits(), Timestamp::from_millis(900_000)), charges[1..]);
        for channel in [Channel::Grant, Channel::Call] {
            let elsewhere = Attempt { channel, ..attempt };
            let elsewhere = elsewhere.charges(&self::limits(), Timestamp::from_millis(900_000));
            assert!(elsewhere.iter().all(|charge| charges.iter().all(|other| other.key != charge.key)));
        }
    }

    #[test]
    fn a_window_ends_when_the_next_begins() {
        let window = Duration::from_mins(15);
        for (now, end) in [(0, 900_000), (899_999, 900_000), (900_000, 1_800_000)] {
            let now = Timestamp::from_millis(now);
            assert_eq!(window_end(now, window), Timestamp::from_millis(end));
        }
    }
}
