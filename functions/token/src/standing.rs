//! Whether those in whose standing a grant rests still have it.

use shared::{
    audit::Event,
    grant::{Grant, Why},
    http::Call,
    secret::Id,
    status::Fallen,
    table,
};

/// Asks for the standing of the client, the user and the client's owner, after the write that `grant` is the outcome
/// of: what was ended until then is seen. The grant of one who has lost it is ended, so that its tokens, which no API
/// takes any more, are not renewed either.
///
/// It is read fresh, in one request: a refresh is rare beside the calls that its token is used for.
pub(crate) async fn check(
    call: &Call<'_>,
    id: Id,
    grant: &Grant,
) -> Result<Result<(), Fallen>, table::Error> {
    let statuses = call.app.statuses.find(&grant.depends_on()).await?;
    let standing = grant.is_upheld_by(&statuses);
    if standing.is_err() {
        call.app.grants.end(id, Why::StandingLost, call.now).await?;
        call.audit(Event::Revoked { grant: id, client: Some(&grant.client), token: None });
    }
    Ok(standing)
}
