//! The standing of the client, the user and the client's owner, when a grant is written.

use std::time::Duration;

use shared::{
    audit::Event,
    endpoint::Call,
    grants::{EndReason, Grant},
    secret::Id,
    status::{StandingError, Status},
};
use tokio::time::timeout;

/// The longest wait for the statuses.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Reads and checks the statuses of the grant's principals, and returns them in the order of [`Grant::depends_on`]. It must
/// run after the write that returned `grant`, so that it sees everything that was revoked before the write. `None`: they
/// could not be read.
///
/// The statuses are read consistently, in one request: refreshes are rare compared to the calls that use their tokens.
///
/// # Design
/// If the statuses cannot be read, the check succeeds. The write is done: a client that gets an error would try again,
/// perhaps with a spent code or after the grace window, and would be taken for a thief. Introspection and the authorizer
/// check the statuses again whenever the new token is used.
pub(crate) async fn check(
    call: &Call<'_>,
    id: Id,
    grant: &Grant,
) -> Result<Option<Vec<Option<Status>>>, StandingError> {
    let depends_on = grant.depends_on();
    let Ok(Ok(statuses)) = timeout(TIMEOUT, call.app.statuses.find(&depends_on)).await else {
        return Ok(None);
    };
    check_read(call, id, grant, &statuses).await?;
    Ok(Some(statuses))
}

/// Checks the statuses, which were read in the order of [`Grant::depends_on`]. If a principal is not in good standing, the
/// grant is ended. If that fails, its code and tokens are invalid nevertheless, and the next request tries again.
pub(crate) async fn check_read(
    call: &Call<'_>,
    id: Id,
    grant: &Grant,
    statuses: &[Option<Status>],
) -> Result<(), StandingError> {
    let standing = grant.check_standing(statuses);
    let reason = EndReason::StandingLost;
    if standing.is_err() && call.app.grants.end(id, reason, call.now).await.is_ok() {
        let (client, reason) = (Some(&grant.client), reason.as_str());
        call.audit(Event::Revoked { grant: id, client, reason, token: None });
    }
    standing
}
