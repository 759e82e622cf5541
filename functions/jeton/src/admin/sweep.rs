//! Cleaning up: ends grants that are invalid already, because of their user's or client's status.

use std::io::{self, IsTerminal, Write};

use shared::{
    grants::{EndReason, State},
    secret::Id,
};

use super::{connection::Admin, error::Error};

/// Ends the grants that have not ended, and shows its progress at a terminal. Returns their number.
pub(super) async fn sweep(admin: &Admin, ids: &[Id]) -> Result<usize, Error> {
    let grants = admin.app.grants.find_all(ids).await?;
    let left: Vec<_> =
        grants.into_iter().filter(|(_, grant)| grant.state != State::Ended).map(|(id, _)| id).collect();
    let mut progress = Progress::new(left.len());
    let now = admin.app.clock.now();
    Ok(admin.app.grants.sweep(&left, EndReason::Administrator, now, || progress.advance()).await?)
}

/// The progress on standard error, if that is a terminal.
struct Progress {
    done: usize,
    all: usize,
    is_shown: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self { done: 0, all, is_shown: all > 0 && io::stderr().is_terminal() }
    }

    fn advance(&mut self) {
        self.done += 1;
        if self.is_shown {
            // A terminal that is gone is no reason to stop.
            let _ = write!(io::stderr(), "\rEnding grants: {} of {}", self.done, self.all);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = writeln!(io::stderr());
        }
    }
}
