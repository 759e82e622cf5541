//! Cleaning up: ends grants that are invalid already, because of their user's or client's status.

use shared::{
    dynamodb::MOST_AT_ONCE,
    grants::{EndReason, Grant, Selection, State},
    oauth::ClientId,
    secret::Id,
    time::Timestamp,
};

use super::{connection::Admin, error::Error, progress::Progress};

/// Ends a user's grants that were issued until `end`. Returns the number of grants that this call ended.
pub(super) async fn sweep_user(admin: &Admin, user: Id, end: Timestamp) -> Result<usize, Error> {
    sweep(admin, [Selection::User(user)], end).await
}

/// Ends the grants of clients that were issued until `end`. Returns the number of grants that this call ended.
pub(super) async fn sweep_clients(
    admin: &Admin,
    clients: &[ClientId],
    end: Timestamp,
) -> Result<usize, Error> {
    sweep(admin, clients.chunks(Selection::MOST_CLIENTS).map(Selection::Clients), end).await
}

/// Ends the grants that were issued until `end` and have not ended, page by page: they may be more than fit in memory. Those
/// that are issued meanwhile are valid. Shows its progress at a terminal.
async fn sweep(
    admin: &Admin,
    all: impl IntoIterator<Item = Selection<'_>>,
    end: Timestamp,
) -> Result<usize, Error> {
    let grants = &admin.app.grants;
    let progress = Progress::of_found("Ending grants", "ended");
    let mut ended = 0;
    for selection in all {
        let mut after = None;
        loop {
            let page = grants.page(selection, after).await?;
            progress.read(page.read);
            for ids in page.ids.chunks(MOST_AT_ONCE) {
                let found = grants.find_all(ids).await?.into_iter();
                let is_left = |grant: &Grant| grant.state != State::Ended && grant.issued_at <= end;
                let left: Vec<_> = found.filter(|(_, grant)| is_left(grant)).map(|(id, _)| id).collect();
                let now = admin.app.clock.now();
                ended += grants.sweep(&left, EndReason::Administrator, now, || progress.advance(1)).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(ended)
}
