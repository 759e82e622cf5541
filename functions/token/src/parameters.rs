//! Parameters that several grant types have: the scope and the lifetime of the access token.

use std::time::Duration;

use shared::{
    clients::Client,
    http::Form,
    oauth::{Scope, Switch},
    resources::Resource,
};

use crate::error::Error;

/// A longer requested lifetime counts as a lifetime without end, so that `expires_in` stays a number that every JSON
/// parser can represent.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// Returns the scope to grant at `resource`: the requested scope (see [`Client::scope_for`]), or the default scope if
/// `form` requests none (§3.3).
pub(crate) fn scope(form: &Form, client: &Client, resource: Option<&Resource>) -> Result<Scope, Error> {
    Ok(client.scope_for(form.get("scope"), resource)?)
}

/// Returns the lifetime of the access token. `None`: it never ends.
///
/// A client with the switch `ttl` can request the lifetime in milliseconds; 0 is without end. The client's registration
/// limits it.
pub(crate) fn lifetime(form: &Form, client: &Client) -> Result<Option<Duration>, Error> {
    let Some(ttl) = form.get("ttl").filter(|_| client.compat.has(Switch::Ttl)) else {
        return Ok(client.lifetimes.access_token());
    };
    let is_number = ttl.bytes().all(|byte| byte.is_ascii_digit());
    let ms = ttl.parse().ok().filter(|_| is_number).ok_or(Error::InvalidLifetime)?;
    let requested = Duration::from_millis(ms);
    let ends = !requested.is_zero() && requested <= LONGEST;
    Ok(client.lifetimes.access_token_of(ends.then_some(requested)))
}
