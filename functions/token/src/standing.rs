//! Whether those in whose standing a grant rests still have it.

use std::time::Duration;

use shared::{
    audit::Event,
    grant::{Grant, Why},
    http::Call,
    secret::Id,
    status::Fallen,
};
use tokio::time::timeout;

/// How long the statuses are waited for.
const LONGEST: Duration = Duration::from_secs(2);

/// Asks for the standing of the client, the user and the client's owner, after the write that `grant` is the outcome
/// of: what was ended until then is seen. The grant of one who has lost it is ended; should that fail, its tokens are
/// dead all the same, and the next refresh asks again.
///
/// It is read fresh, in one request: a refresh is rare beside the calls that its token is used for.
///
/// # Design
/// If the statuses cannot be read now, nobody has lost anything. The write is done: a client that was told to try again
/// might do so with a spent code, or when the window of its refresh token is closed, and would be taken for a thief.
/// Introspection and the authorizer ask again whenever the new token is used.
pub(crate) async fn check(call: &Call<'_>, id: Id, grant: &Grant) -> Result<(), Fallen> {
    let depends_on = grant.depends_on();
    let Ok(Ok(statuses)) = timeout(LONGEST, call.app.statuses.find(&depends_on)).await else { return Ok(()) };
    let standing = grant.is_upheld_by(&statuses);
    if standing.is_err() && call.app.grants.end(id, Why::StandingLost, call.now).await.is_ok() {
        call.audit(Event::Revoked { grant: id, client: Some(&grant.client), token: None });
    }
    standing
}
