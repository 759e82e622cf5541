//! The scope that a client is granted (RFC 6749 §3.3).

use super::Client;
use crate::{
    oauth::{ResourceUri, Scope, openid_scope},
    resources::Resource,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("the scope is ill-formed")]
    IllFormed,
    /// The client is not registered for all of the scope; a public client, for none of it.
    #[error("the scope is more than the client is registered for")]
    NotAllowed,
    #[error("the scope is larger than one grant carries")]
    TooLarge,
}

impl Client {
    /// Returns the scope that the client may have: with a resource (RFC 8707), the part that the resource lists. A
    /// self-registered client may have all of that, except for the values of OpenID Connect, and nothing without a resource.
    pub fn most_scope(&self, resource: Option<&Resource>) -> Scope {
        match resource {
            Some(resource) if self.is_self_registered() => {
                resource.scope.only(|value| !openid_scope::RESERVED.contains(&value))
            }
            Some(resource) => self.scope.within(&resource.scope),
            None => self.scope.clone(),
        }
    }

    /// Returns the scope that is granted to a request for `requested` at `resource`, or the client's default scope if it
    /// requests none.
    ///
    /// # Design
    /// A public client is granted the part that it is registered for: off-the-shelf applications request values that
    /// they do not need (`openid`, `offline_access`), and the token response says what was granted. The developer of a
    /// confidential client configures it; an unknown value there is a mistake, and the error says so. With a resource,
    /// every client is granted the part that it may have there: the client does not know what the resource lists.
    pub fn scope_for(
        &self,
        requested: Option<&str>,
        resource: Option<&Resource>,
    ) -> Result<Scope, ScopeError> {
        let requested: Option<Scope> =
            requested.map(str::parse).transpose().map_err(|_| ScopeError::IllFormed)?;
        if let Some(resource) = resource {
            return self.scope_at(requested, resource);
        }
        let Some(requested) = requested else { return Ok(self.default_scope.clone()) };
        let scope = if self.is_public() { requested.within(&self.scope) } else { requested };
        if scope.is_empty() || !scope.is_within(&self.scope) {
            return Err(ScopeError::NotAllowed);
        }
        if scope.fits_a_grant() { Ok(scope) } else { Err(ScopeError::TooLarge) }
    }

    /// Returns the part of `requested` that the client may have at `resource`; if nothing is left, of the resource's
    /// default scope. It fits a grant, because all of a resource's scope does.
    fn scope_at(&self, requested: Option<Scope>, resource: &Resource) -> Result<Scope, ScopeError> {
        let most = self.most_scope(Some(resource));
        let asked = requested.unwrap_or_else(|| self.default_scope.clone()).within(&most);
        let scope = if asked.is_empty() { resource.default_scope.within(&most) } else { asked };
        if scope.is_empty() && !resource.default_scope.is_empty() {
            return Err(ScopeError::NotAllowed);
        }
        Ok(scope)
    }

    /// Returns whether the client may request tokens for `resource`.
    pub fn may_request(&self, resource: &Resource) -> bool {
        if self.is_self_registered() { resource.open } else { self.is_registered_for(Some(&resource.uri)) }
    }

    /// Returns whether an administrator lets the client have tokens for the resource `uri`, or for none in particular. A
    /// client with a list of resources may have no tokens but for these.
    pub fn is_registered_for(&self, uri: Option<&ResourceUri>) -> bool {
        self.resources.is_empty() || uri.is_some_and(|uri| self.resources.contains(uri))
    }
}
