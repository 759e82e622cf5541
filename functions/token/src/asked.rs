//! What any new grant may be asked to be: its scope and its access token's lifetime.

use std::time::Duration;

use shared::{client::Client, compat::Switch, http::Form, scope::Scope};

use crate::Error;

/// Whoever asks for more than a hundred years asks for no end: `expires_in` stays a number that every JSON parser can
/// hold.
const AS_GOOD_AS_ENDLESS: Duration = Duration::from_hours(100 * 365 * 24);

/// Returns the scope that `form` is granted, or the client's default scope if it requests none (§3.3).
pub(crate) fn scope(form: &Form, client: &Client) -> Result<Scope, Error> {
    Ok(client.scope_for(form.get("scope"))?)
}

/// How long the access token is to live; none: without end. A client with the switch may say so in milliseconds, 0 or
/// more than a hundred years being without end; what is more than it may have becomes what it may have.
pub(crate) fn lifetime(form: &Form, client: &Client) -> Result<Option<Duration>, Error> {
    match form.get("ttl").filter(|_| client.compat.has(Switch::Ttl)) {
        None => Ok(client.lifetimes.access_token()),
        Some(asked) => {
            let digits = asked.bytes().all(|byte| byte.is_ascii_digit());
            let ms = asked.parse().ok().filter(|_| digits).ok_or(Error::IllFormedLifetime)?;
            let asked = Duration::from_millis(ms);
            let ends = !asked.is_zero() && asked <= AS_GOOD_AS_ENDLESS;
            Ok(client.lifetimes.access_token_of(ends.then_some(asked)))
        }
    }
}
