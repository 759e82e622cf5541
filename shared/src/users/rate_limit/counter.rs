//! The counters that an attempt is charged to, and their windows of time.

use std::time::Duration;

use super::{Address, Attempt, Origin};
use crate::{
    config::{DynamicRegistration, RateLimit},
    time::Timestamp,
};

/// The letter of registrations in keys, where attempts to verify a password have that of their channel.
const REGISTRATIONS: char = 'r';

/// The kind of a counter. Its name in logs is in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Counter {
    /// The counter of all attempts from an address.
    Address,
    /// The counter of all attempts at an account, except those with a device cookie of its user.
    Account,
    /// The counter of all attempts with one device cookie.
    #[strum(serialize = "device")]
    DeviceCookie,
    /// The counter of all attempts from a known caller.
    Caller,
    /// The counter of all registrations.
    Total,
}

impl Counter {
    /// Returns the counter's name in logs.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the counter's letter in keys.
    const fn letter(self) -> char {
        match self {
            Self::Address => 'i',
            Self::Account => 'a',
            Self::DeviceCookie => 'b',
            Self::Caller => 'k',
            Self::Total => 't',
        }
    }
}

/// A counter in one window, which an attempt or a registration is charged to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Charge {
    pub(super) counter: Counter,
    pub(super) key: String,
    /// The end of the window.
    pub(super) end: Timestamp,
    /// The most attempts in the window.
    pub(super) limit: u64,
}

impl Charge {
    fn new(channel: char, counter: Counter, name: &str, end: Timestamp, limit: u64) -> Self {
        let key = format!("l#{channel}#{}#{name}#{}", counter.letter(), end.seconds());
        Self { counter, key, end, limit }
    }

    /// Returns the charges of a registration from `address`, in this order, in the window that ends at `end`.
    pub(super) fn of_registration(
        address: Address,
        limits: &DynamicRegistration,
        end: Timestamp,
    ) -> [Self; 2] {
        let charge = |counter, name: &str, limit| Self::new(REGISTRATIONS, counter, name, end, limit);
        [
            charge(Counter::Address, &address.digest(), limits.per_address),
            charge(Counter::Total, "all", limits.in_all),
        ]
    }
}

impl Attempt<'_> {
    /// Returns the counters that the attempt is charged to, in this order, in the window that ends at `end`.
    pub(super) fn charges(&self, limits: &RateLimit, end: Timestamp) -> Vec<Charge> {
        let charge =
            |counter, name: &str, limit| Charge::new(self.channel.letter(), counter, name, end, limit);
        let account = || charge(Counter::Account, &self.account.0.name(), limits.per_account);
        match self.origin {
            Origin::Address(address) => {
                vec![charge(Counter::Address, &address.digest(), limits.per_address), account()]
            }
            Origin::Client(_) => vec![account()],
            Origin::DeviceCookie(cookie) => {
                vec![charge(Counter::DeviceCookie, &cookie.id().to_string(), limits.per_account)]
            }
            Origin::Caller(known) => vec![charge(Counter::Caller, &known.0, limits.per_account)],
        }
    }
}

/// Returns the end of the window that contains `now`.
pub(super) fn window_end(now: Timestamp, window: Duration) -> Timestamp {
    let seconds = window.as_secs().max(1);
    let begin = Timestamp::from_millis(now.seconds() / seconds * seconds * 1_000);
    begin.after(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::rate_limit::{Account, Address, Channel};

    fn limits() -> RateLimit {
        let window = Duration::from_mins(15);
        RateLimit { per_account: 10, per_address: 100, window, trusted_proxies: 0, api_trusted_proxies: 0 }
    }

    #[test]
    fn an_unknown_origin_is_charged_to_address_and_account_under_names_that_cannot_be_read() {
        let origin = Origin::Address(Address::seen("203.0.113.7", None, 0));
        let attempt = Attempt { channel: Channel::LoginPage, account: Account::named("ada"), origin };
        let charges = attempt.charges(&limits(), Timestamp::from_millis(900_000));
        let counters: Vec<_> = charges.iter().map(|charge| (charge.counter, charge.limit)).collect();
        assert_eq!(counters, [(Counter::Address, 100), (Counter::Account, 10)]);
        for (charge, kind) in charges.iter().zip(["l#p#i#", "l#p#a#"]) {
            assert!(charge.key.starts_with(kind) && charge.key.ends_with("#900"), "{charge:?}");
            assert!(charge.key.len() == 42 && !charge.key.contains("ada"), "{charge:?}");
        }
        let client = "web".parse().unwrap();
        let passed_on = Attempt { origin: Origin::Client(&client), ..attempt };
        assert_eq!(passed_on.charges(&limits(), Timestamp::from_millis(900_000)), charges[1..]);
        for channel in [Channel::PasswordGrant, Channel::ApiCall] {
            let elsewhere = Attempt { channel, ..attempt };
            let elsewhere = elsewhere.charges(&limits(), Timestamp::from_millis(900_000));
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

    #[test]
    fn counters_have_these_names_in_logs() {
        let names =
            [Counter::Address, Counter::Account, Counter::DeviceCookie, Counter::Caller, Counter::Total]
                .map(Counter::name);
        assert_eq!(names, ["address", "account", "device", "caller", "total"]);
    }
}
