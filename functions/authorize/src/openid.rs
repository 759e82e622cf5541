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
    pub(crate) id_token_hint: Option<String>,
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
        let text = |name: &'static str| get(name).map(str::to_owned);
        Ok(Some(Self { nonce: text("nonce"), id_token_hint: text("id_token_hint") }))
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
