//! The counters in the tokens table.

use std::{array, mem, time::Duration};

use serde::de::IgnoredAny;
use tokio::time::sleep;

use super::{
    Address, Attempt, Counter,
    counter::{Charge, window_end},
};
use crate::{
    config::{DynamicRegistration, RateLimit},
    dynamodb::{self, Outcome, Table, Update, stored},
    time::Timestamp,
};

/// The pauses of an attempt that waits for the result of attempts in progress.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(300),
    Duration::from_millis(500),
    Duration::from_millis(700),
    Duration::from_secs(1),
];
/// The advised wait where attempts in progress fill a counter.
const SOON: Duration = Duration::from_secs(1);

/// The pauses that a request has left, over all of its counters: a function has ten seconds in all.
pub struct WaitBudget(array::IntoIter<Duration, 6>);

impl Default for WaitBudget {
    fn default() -> Self {
        Self(PAUSES.into_iter())
    }
}

/// The counters of attempts in the tokens table.
#[derive(Debug)]
pub struct Store {
    table: Table,
    limits: RateLimit,
}

stored! {
    /// The `l#…` item: one counter in one window of time. Only updates write it.
    struct Count {
        /// `l#`, the channel's letter (`p` login page, `g` password grant, `c` API call; `r` registration), `#`, the
        /// counter's letter (`i` address, `a` account, `b` device cookie, `k` known caller, `t` total), `#`, the digest or
        /// id of the address, account, cookie or caller, or `all`, `#` and the end of the window in epoch seconds.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The number of attempts in this window that are in progress or have failed, or of registrations.
        attempts: u64 = "n",
        /// The number of attempts in this window that have failed.
        #[serde(default)]
        failed: u64 = "f",
        /// When DynamoDB may delete the item: a second after the window, in epoch seconds.
        ttl: u64 = "ttl",
    }
}

/// Decision about an attempt.
#[derive(Debug)]
#[must_use = "an attempt that is not reserved must not reach the hash"]
pub enum Admission {
    Reserved(Reservation),
    RateLimited(RateLimited),
}

/// A counter was full.
#[derive(Debug)]
pub struct RateLimited {
    pub counter: Counter,
    /// How long until the counter may have room again.
    pub retry_after: Duration,
    /// The attempt's charges to the counters before it.
    pub charged: Reservation,
}

/// The keys of the counters that an attempt was charged to, until its result is known.
#[derive(Debug, Default)]
#[must_use = "a reservation is given back or settled"]
pub struct Reservation(Vec<String>);

/// The window of registrations.
const REGISTRATION_WINDOW: Duration = Duration::from_hours(1);

/// Decision about a registration.
#[derive(Debug)]
#[must_use = "a registration beyond the limit must not be made"]
pub enum RegistrationAdmission {
    Counted,
    RateLimited {
        counter: Counter,
        /// How long until the counter has room again.
        retry_after: Duration,
    },
}

/// Result of charging one counter.
enum Room {
    Taken,
    /// Attempts in progress fill the counter, and may make room.
    Busy,
    /// Failed attempts fill the counter until the window ends.
    Full,
}

impl Store {
    /// Creates the counters in `table` with these `limits`.
    pub const fn new(table: Table, limits: RateLimit) -> Self {
        Self { table, limits }
    }

    /// Charges `attempt` to its counters. Callers must hold a reservation before they verify a password.
    pub async fn reserve(
        &self,
        attempt: &Attempt<'_>,
        budget: &mut WaitBudget,
        now: Timestamp,
    ) -> Result<Admission, dynamodb::Error> {
        let end = window_end(now, self.limits.window);
        let mut charged = Reservation::default();
        for charge in attempt.charges(&self.limits, end) {
            let retry_after = match self.charge_when_free(&charge, budget).await {
                Ok(Room::Taken) => {
                    charged.0.push(charge.key);
                    continue;
                }
                Ok(Room::Busy) => {
                    // The attempt did not fail, so no counter keeps it.
                    self.give_back(mem::take(&mut charged)).await;
                    SOON
                }
                Ok(Room::Full) => end.since(now),
                Err(error) => {
                    self.give_back(charged).await;
                    return Err(error);
                }
            };
            let limited = RateLimited { counter: charge.counter, retry_after, charged };
            return Ok(Admission::RateLimited(limited));
        }
        Ok(Admission::Reserved(charged))
    }

    /// Counts a registration (RFC 7591 §3) from `address`. A registration that fails later stays counted. The address is charged
    /// first, so an address at its limit cannot use up that of all addresses.
    pub async fn count_registration(
        &self,
        address: Address,
        limits: &DynamicRegistration,
        now: Timestamp,
    ) -> Result<RegistrationAdmission, dynamodb::Error> {
        let end = window_end(now, REGISTRATION_WINDOW);
        for charge in Charge::of_registration(address, limits, end) {
            if !matches!(self.charge(&charge).await?, Room::Taken) {
                let (counter, retry_after) = (charge.counter, end.since(now));
                return Ok(RegistrationAdmission::RateLimited { counter, retry_after });
            }
        }
        Ok(RegistrationAdmission::Counted)
    }

    /// Charges one counter; while it is busy, waits as long as `budget` lasts.
    async fn charge_when_free(
        &self,
        charge: &Charge,
        budget: &mut WaitBudget,
    ) -> Result<Room, dynamodb::Error> {
        loop {
            let room = self.charge(charge).await?;
            if !matches!(room, Room::Busy) {
                return Ok(room);
            }
            let Some(pause) = budget.0.next() else { return Ok(Room::Busy) };
            sleep(pause).await;
        }
    }

    async fn charge(&self, charge: &Charge) -> Result<Room, dynamodb::Error> {
        let update = Update::or_create::<Count>(
            "#attempts < :limit",
            "SET #version = :version, #ttl = :ttl ADD #attempts :one",
        )
        .value("limit", &charge.limit)?
        .value("version", &1)?
        .value("ttl", &(charge.end.seconds() + 1))?
        .value("one", &1)?;
        Ok(match self.table.update::<Count>(&charge.key, update).await? {
            Outcome::Applied(_) => Room::Taken,
            Outcome::ConditionFailed(Some(count)) if count.failed < charge.limit => Room::Busy,
            Outcome::ConditionFailed(_) => Room::Full,
        })
    }

    /// Takes back the charges of an attempt that succeeded or has no result. If the write fails, the counter counts
    /// one attempt too many.
    pub async fn give_back(&self, reservation: Reservation) {
        for key in reservation.0 {
            let update = Update::when::<Count>("#attempts > :none", "ADD #attempts :less").value("none", &0);
            if let Ok(update) = update.and_then(|update| update.value("less", &-1)) {
                let _ = self.table.update::<IgnoredAny>(&key, update).await;
            }
        }
    }

    /// Records that an attempt failed: its charges stay until the window ends. If the write fails, the attempt counts
    /// all the same, but as one in progress: others wait for its result in vain.
    pub async fn settle(&self, reservation: Reservation) {
        for key in reservation.0 {
            if let Ok(update) = Update::always::<Count>("ADD #failed :one").value("one", &1) {
                let _ = self.table.update::<IgnoredAny>(&key, update).await;
            }
        }
    }
}
