//! The standing of the client, the user and the client's owner after a grant was written.

use std::time::Duration;

use shared::{
    audit::Event,
    endpoint::Call,
    grants::{EndReason, Grant},
    secret::Id,
    status::StandingError,
};
use tokio::time::timeout;

/// The longest wait for the statuses.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Checks the statuses of the grant's principals. It must run after the write that returned `grant`, so that it sees
/// everything that was revoked before the write. If a principal is not in good standing, the grant is ended. If that
/// fails, the tokens are invalid nevertheless, and the next refresh tries again.
///
/// The statuses are read consistently, in one request: refreshes are rare compared to the calls that use their tokens.
///
/// # Design
/// If the statuses cannot be read, the check succeeds. The write is done: a client that gets an error would try again,
/// perhaps with a spent code or after the grace window, and would be taken for a thief. Introspection and the authorizer
/// check the statuses again whenever the new token is used.
pub(crate) async fn check(call: &Call<'_>, id: Id, grant: &Grant) -> Result<(), StandingError> {
    let depends_on = grant.depends_on();
    let Ok(Ok(statuses)) = timeout(TIMEOUT, call.app.statuses.find(&depends_on)).await else { return Ok(()) };
    let standing = grant.check_standing(&statuses);
    let reason = EndReason::StandingLost;
    if standing.is_err() && call.app.grants.end(id, reason, call.now).await.is_ok() {
        let (client, reason) = (Some(&grant.client), reason.as_str());
        call.audit(Event::Revoked { grant: id, client, reason, token: None });
    }
    standing
}
