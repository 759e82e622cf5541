//! OpenID Connect requests (Core §3.1.2.1).

use shared::{
    clients::{Client, ScopeError},
    oauth::{Scope, openid_scope},
    openid::nonce,
    resources::Resource,
};

use crate::error::Error;

/// The parameters of an OpenID Connect request: one whose scope has `openid`, for a code. The others of Core are
/// parameters of every request, or are ignored.
#[derive(Debug)]
pub(crate) struct OpenIdRequest {
    pub(crate) nonce: Option<String>,
    pub(crate) hint: Option<Hint>,
}

/// The parameter `id_token_hint`.
#[derive(Debug)]
pub(crate) struct Hint {
    pub(crate) id_token: String,
    /// The user has signed in as a result of the request. The login page then renames the parameter. A client that sends
    /// the other name itself gets what it gets with `prompt=none`: the error instead of the login page.
    pub(crate) after_sign_in: bool,
}

impl OpenIdRequest {
    /// Returns the parameters of a request for `scope`, where OpenID Connect is on. `None`: it is not an OpenID Connect
    /// request.
    pub(crate) fn parse<'q>(
        scope: &Scope,
        get: impl Fn(&'static str) -> Option<&'q str>,
    ) -> Result<Option<Self>, Error> {
        if !scope.has(openid_scope::OPENID) {
            return Ok(None);
        }
        if get("registration").is_some() {
            return Err(Error::Registration); // §3.1.2.6
        }
        if get("nonce").is_some_and(|nonce| !nonce::fits(nonce)) {
            return Err(Error::TooLong);
        }
        let hint =
            |name, after_sign_in| get(name).map(|text| Hint { id_token: text.to_owned(), after_sign_in });
        Ok(Some(Self {
            nonce: get("nonce").map(str::to_owned),
            hint: hint("id_token_hint", false).or_else(|| hint("sign_in_hint", true)),
        }))
    }
}

/// Returns the scope that is granted to a request for `requested` at `resource`, where OpenID Connect is on.
///
/// # Design
/// A request for `openid` is granted the part that the client is registered for, and the rest is ignored (§3.1.2.1). With a
/// resource, the scope has the values of OpenID Connect besides the resource's: one request signs the user in and gets
/// tokens for an API. They open nothing there, because no resource lists them, and UserInfo refuses tokens for a resource.
/// `offline_access` is never granted: a client has refresh tokens by its grant types.
pub(crate) fn scope(
    client: &Client,
    requested: Option<&str>,
    resource: Option<&Resource>,
) -> Result<Scope, ScopeError> {
    let values: Scope = requested.and_then(|text| text.parse().ok()).unwrap_or_default();
    let allowed = values.within(&client.scope);
    let scope = match resource {
        _ if !allowed.has(openid_scope::OPENID) => client.scope_for(requested, resource)?,
        None => allowed,
        Some(_) => {
            let claims = allowed.only(|value| openid_scope::GRANTED.contains(&value));
            claims.with(&client.scope_for(requested, resource)?)
        }
    };
    let scope = scope.only(|value| value != openid_scope::OFFLINE_ACCESS);
    if scope.fits_a_grant() { Ok(scope) } else { Err(ScopeError::TooLarge) }
}
