//! Proving to be a person by their name and password, wherever somebody may.

use super::{Password, User, password};
use crate::{app::App, secret::Id, status::Whose, table};

/// A person who has proven to be themselves, and is in good standing. Made by
/// [`Claim::prove`](crate::throttle::Claim::prove) alone.
#[derive(Debug)]
pub struct Proven {
    /// The person.
    pub user: User,
    /// Whether their password should be hashed again, at a higher cost.
    pub outdated: bool,
}

/// The person, if `typed` is their password and they are in good standing; `known` is who has the name, if anybody.
/// Whatever is wrong, it takes as long.
pub(crate) async fn prove(
    app: &App,
    known: Option<User>,
    typed: &str,
) -> Result<Option<Proven>, table::Error> {
    let Some(password) = Password::typed(typed) else { return Ok(None) };
    let verified = password::verify_async(known.as_ref().map(|user| &user.password), password).await;
    // Read for an unknown user and for a wrong password, too: time must not tell that only the standing is lost.
    let good = is_in_good_standing(app, known.as_ref().map_or_else(Id::random, |user| user.sub)).await?;
    let proven = known.filter(|_| verified.matches && good);
    Ok(proven.map(|user| Proven { user, outdated: verified.outdated }))
}

/// Whether there is a user called `sub` who is not disabled, at this moment.
pub(crate) async fn is_in_good_standing(app: &App, sub: Id) -> Result<bool, table::Error> {
    let statuses = app.statuses.find(&[Whose::Person(sub)]).await?;
    Ok(statuses.first().and_then(Option::as_ref).is_some_and(|status| !status.disabled))
}
