//! What ends with a new password.

use shared::{endpoint::Call, secret::Id, status::Ending, time::Timestamp, users::Unchanged};

/// Ends what `ending` names a second time. The transaction of the new password has ended it until `end`, but until that
/// transaction was written, the old password still worked for a sign-in. Returns the moment of the second end.
///
/// The password is set, so a failure does not fail the request. It is logged.
pub(crate) async fn end_again(call: &Call<'_>, user: Id, ending: Ending, end: Timestamp) -> Timestamp {
    let at = call.app.clock.now().max(end);
    let ended = match ending {
        Ending::Everything => call.app.users.end_everything(user, at).await,
        Ending::Sessions => call.app.users.sign_out_everywhere(user, at).await.map_err(Unchanged::from),
    };
    if let Err(error) = ended {
        let reason = format!("sign-ins of the last moment with the old password are not ended: {error}");
        call.log_failure("temporarily_unavailable", &reason, true);
    }
    at
}
