//! Cleaning up: ends grants that are invalid already, because of their user's or client's status.

use shared::{
    grants::{EndReason, State},
    secret::Id,
};

use super::{connection::Admin, error::Error, progress::Progress};

/// Ends the grants that have not ended, and shows its progress at a terminal. Returns their number.
pub(super) async fn sweep(admin: &Admin, ids: &[Id]) -> Result<usize, Error> {
    let grants = admin.app.grants.find_all(ids).await?;
    let left: Vec<_> =
        grants.into_iter().filter(|(_, grant)| grant.state != State::Ended).map(|(id, _)| id).collect();
    let progress = Progress::of_items("Ending grants", left.len());
    let now = admin.app.clock.now();
    Ok(admin.app.grants.sweep(&left, EndReason::Administrator, now, || progress.advance(1)).await?)
}
