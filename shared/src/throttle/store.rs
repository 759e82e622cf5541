//! The counters in the tokens table.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | `l#`, the channel (`p` login page, `g` password grant, `c` API call), `#`, the kind of counter (`i` address, `a` account, `b` browser, `k` known caller), `#`, whose (a digest; a browser's id), `#` and when its window ends, in epoch seconds |
//! | `v` | the version of this format: 1 |
//! | `n` | how many attempts of this window are under way or have failed |
//! | `f` | how many of them have failed; absent: none |
//! | `ttl` | when DynamoDB may delete it: a second after the window, in epoch seconds |

use std::{array, mem, time::Duration};

use serde::{Deserialize, de::IgnoredAny};
use tokio::time::sleep;

use super::{Attempt, Charge, Counter, Reservation, Verdict, window_end};
use crate::{
    config::Throttling,
    table::{self, Table, Update, Written},
    time::Timestamp,
};

/// How long an attempt waits, each time, for the verdict on those that are under way where it finds no room.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(300),
    Duration::from_millis(500),
    Duration::from_millis(700),
    Duration::from_secs(1),
];

/// What is left of the pauses of one claim, over all of its counters: a function has ten seconds in all.
pub(super) struct Patience(array::IntoIter<Duration, 6>);

impl Patience {
    /// The whole of it.
    pub(super) fn new() -> Self {
        Self(PAUSES.into_iter())
    }
}
/// When there will be room again where attempts are still under way.
const SOON: Duration = Duration::from_secs(1);

/// Counts attempts.
#[derive(Debug)]
pub struct Store {
    table: Table,
    limits: Throttling,
}

/// What a counter says.
#[derive(Deserialize)]
struct Count {
    #[serde(rename = "f", default)]
    failed: u64,
}

/// Whether a counter had room.
enum Room {
    Taken,
    /// There is none, but attempts are under way that may make some.
    Busy,
    /// There is none before the window ends.
    Full,
}

impl Store {
    /// Counters in `table`, which go up to these `limits`.
    pub const fn new(table: Table, limits: Throttling) -> Self {
        Self { table, limits }
    }

    /// Charges `attempt`, or finds that there were too many. Callers must hold a reservation before checking a password.
    pub(super) async fn reserve(
        &self,
        attempt: &Attempt<'_>,
        patience: &mut Patience,
        now: Timestamp,
    ) -> Result<Verdict, table::Error> {
        let end = window_end(now, self.limits.window);
        let mut charged = Reservation::default();
        for charge in attempt.charges(&self.limits, end) {
            let retry_after = match self.charge_when_free(&charge, end, patience).await {
                Ok(Room::Taken) => {
                    charged.0.push(charge.key);
                    continue;
                }
                Ok(Room::Busy) => {
                    self.give_back(mem::take(&mut charged)).await; // nobody has failed
                    SOON
                }
                Ok(Room::Full) => end.since(now),
                Err(error) => {
                    self.give_back(charged).await;
                    return Err(error);
                }
            };
            return Ok(Verdict::TooMany { by: charge.counter, retry_after, charged });
        }
        Ok(Verdict::Reserved(charged))
    }

    /// The same for one counter, once it has room.
    async fn charge_when_free(
        &self,
        charge: &Charge,
        end: Timestamp,
        patience: &mut Patience,
    ) -> Result<Room, table::Error> {
        loop {
            match self.charge(charge, end).await? {
                Room::Busy => match patience.0.next() {
                    Some(pause) => sleep(pause).await,
                    None => return Ok(Room::Busy),
                },
                room => return Ok(room),
            }
        }
    }

    async fn charge(&self, charge: &Charge, end: Timestamp) -> Result<Room, table::Error> {
        let update = Update::or_create("#n < :most", "SET #v = :v, #ttl = :ttl ADD #n :one")
            .value("most", &charge.most)?
            .value("v", &1)?
            .value("ttl", &(end.seconds() + 1))?
            .value("one", &1)?;
        Ok(match self.table.update::<Count>(&charge.key, update).await? {
            Written::Done(_) => Room::Taken,
            Written::Refused(Some(count)) if count.failed < charge.most => Room::Busy,
            Written::Refused(_) => Room::Full,
        })
    }

    /// Takes back what an attempt was charged that has succeeded, or came to no verdict. If that fails, an attempt too
    /// many is counted.
    pub(super) async fn give_back(&self, reservation: Reservation) {
        for key in reservation.0 {
            let update = Update::when("#n > :none", "ADD #n :less").value("none", &0);
            if let Ok(update) = update.and_then(|update| update.value("less", &-1)) {
                let _ = self.table.update::<IgnoredAny>(&key, update).await;
            }
        }
    }

    /// Writes down that an attempt has failed: what it was charged stays so until the window ends. If that fails, the
    /// attempt is counted all the same, and others wait for its verdict in vain.
    pub(super) async fn settle(&self, reservation: Reservation) {
        for key in reservation.0 {
            if let Ok(update) = Update::always("ADD #f :one").value("one", &1) {
                let _ = self.table.update::<IgnoredAny>(&key, update).await;
            }
        }
    }
}

impl Counter {
    /// What its keys have.
    pub(super) const fn letter(self) -> char {
        match self {
            Self::Address => 'i',
            Self::Account => 'a',
            Self::Browser => 'b',
            Self::Caller => 'k',
        }
    }
}
