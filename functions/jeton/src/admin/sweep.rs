//! Cleaning up: ends grants that are invalid already, because of their user's or client's status.

use shared::{
    dynamodb::MOST_AT_ONCE,
    grants::{EndReason, Selection, State},
    oauth::ClientId,
    secret::Id,
};

use super::{connection::Admin, error::Error, progress::Progress};

/// Ends the grants of a user. Returns the number of grants that this call ended.
pub(super) async fn sweep_user(admin: &Admin, user: Id) -> Result<usize, Error> {
    sweep(admin, [Selection::User(user)]).await
}

/// Ends the grants of clients. Returns the number of grants that this call ended.
pub(super) async fn sweep_clients(admin: &Admin, clients: &[ClientId]) -> Result<usize, Error> {
    sweep(admin, clients.chunks(Selection::MOST_CLIENTS).map(Selection::Clients)).await
}

/// Ends the grants that have not ended, page by page: they may be more than fit in memory. Shows its progress at a terminal.
async fn sweep(admin: &Admin, all: impl IntoIterator<Item = Selection<'_>>) -> Result<usize, Error> {
    let (grants, now) = (&admin.app.grants, admin.app.clock.now());
    let progress = Progress::of_found("Ending grants", "ended");
    let mut ended = 0;
    for selection in all {
        let mut after = None;
        loop {
            let page = grants.page(selection, after).await?;
            progress.read(page.read);
            for ids in page.ids.chunks(MOST_AT_ONCE) {
                let found = grants.find_all(ids).await?.into_iter();
                let left: Vec<_> =
                    found.filter(|(_, grant)| grant.state != State::Ended).map(|(id, _)| id).collect();
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
