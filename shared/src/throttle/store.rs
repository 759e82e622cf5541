//! The counters in the tokens table.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | `l#`, the kind of counter (`i` address, `a` account, `b` browser), `#`, whose (a digest; a browser's id), `#` and when its window ends, in epoch seconds |
//! | `v` | the version of this format: 1 |
//! | `n` | how many attempts of this window are under way or have failed |
//! | `ttl` | when DynamoDB may delete it: a second after the window, in epoch seconds |

use serde::de::IgnoredAny;

use super::{Attempt, Charge, Reservation, Verdict, window_end};
use crate::{
    config::Throttling,
    table::{self, Table, Update, Written},
    time::Timestamp,
};

/// Counts attempts.
#[derive(Debug)]
pub struct Store {
    table: Table,
    limits: Throttling,
}

impl Store {
    /// Counters in `table`, which go up to these `limits`.
    pub const fn new(table: Table, limits: Throttling) -> Self {
        Self { table, limits }
    }

    /// Charges `attempt`, or finds that there were too many. Whoever goes on without it has not asked.
    pub async fn reserve(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<Verdict, table::Error> {
        let end = window_end(now, self.limits.window);
        let mut reserved = Vec::new();
        for charge in attempt.charges(&self.limits, end) {
            match self.charge(&charge, end).await? {
                Written::Done(_) => reserved.push(charge.key),
                Written::Refused(_) => {
                    return Ok(Verdict::TooMany { by: charge.counter, retry_after: end.since(now) });
                }
            }
        }
        Ok(Verdict::Reserved(Reservation(reserved)))
    }

    async fn charge(&self, charge: &Charge, end: Timestamp) -> Result<Written<IgnoredAny>, table::Error> {
        let update = Update::or_create("#n < :most", "SET #v = :v, #ttl = :ttl ADD #n :one")
            .value("most", &charge.most)?
            .value("v", &1)?
            .value("ttl", &(end.seconds() + 1))?
            .value("one", &1)?;
        self.table.update(&charge.key, update).await
    }

    /// Takes back what an attempt was charged that has succeeded; nothing else may be given back.
    pub async fn give_back(&self, reservation: Reservation) -> Result<(), table::Error> {
        for key in reservation.0 {
            let update = Update::when("#n > :none", "ADD #n :less").value("none", &0)?.value("less", &-1)?;
            self.table.update::<IgnoredAny>(&key, update).await?;
        }
        Ok(())
    }
}
