//! The scope that a client is granted (RFC 6749 §3.3).

use super::Client;
use crate::scope::Scope;

/// A request for a scope that is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// The scope breaks the grammar.
    #[error("the scope is ill-formed")]
    IllFormed,
    /// The client is not registered for all of it; or, a public client, for any of it.
    #[error("the scope is more than the client is registered for")]
    NotAllowed,
    /// One grant cannot carry it.
    #[error("the scope is larger than one grant carries")]
    TooLarge,
}

impl Client {
    /// Returns the scope that is granted to a request for `requested`, or the client's default scope if it requests
    /// none.
    ///
    /// # Design
    /// A public client is granted the part that it is registered for: off-the-shelf applications request values that
    /// they do without (`openid`, `offline_access`), and the token response says what was granted. A confidential
    /// client is one that its developer configures; for it, an unknown value is a mistake to be told of.
    pub fn scope_for(&self, requested: Option<&str>) -> Result<Scope, ScopeError> {
        let Some(requested) = requested else { return Ok(self.default_scope.clone()) };
        let requested: Scope = requested.parse().map_err(|_| ScopeError::IllFormed)?;
        let scope = if self.is_public() { requested.within(&self.scope) } else { requested };
        if scope.is_empty() || !scope.is_within(&self.scope) {
            return Err(ScopeError::NotAllowed);
        }
        if scope.fits_a_grant() { Ok(scope) } else { Err(ScopeError::TooLarge) }
    }
}
