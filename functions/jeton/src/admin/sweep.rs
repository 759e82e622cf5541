//! Ending grants that are dead already, because their person's or client's status says so: housekeeping.

use std::io::{self, IsTerminal, Write};

use shared::{
    grant::{State, Why},
    secret::Id,
};

use super::{Admin, Error};

/// Ends those of the grants called `ids` that are not ended yet, and shows at a terminal how far it is. Returns how many
/// they were.
pub(super) async fn sweep(admin: &Admin, ids: &[Id]) -> Result<usize, Error> {
    let grants = admin.app.grants.find_all(ids).await?;
    let left: Vec<_> =
        grants.into_iter().filter(|(_, grant)| grant.state != State::Ended).map(|(id, _)| id).collect();
    let mut counter = Counter::new(left.len());
    let now = admin.app.clock.now();
    Ok(admin.app.grants.sweep(&left, Why::Administrator, now, || counter.next()).await?)
}

/// A line on standard error that counts, if anybody looks.
struct Counter {
    done: usize,
    all: usize,
    shown: bool,
}

impl Counter {
    fn new(all: usize) -> Self {
        Self { done: 0, all, shown: all > 0 && io::stderr().is_terminal() }
    }

    fn next(&mut self) {
        self.done += 1;
        if self.shown {
            // Nothing depends on it: a terminal that is gone is no reason to stop.
            let _ = write!(io::stderr(), "\rEnding grants: {} of {}", self.done, self.all);
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if self.shown {
            let _ = writeln!(io::stderr());
        }
    }
}
