//! The scope that a client is granted (RFC 6749 §3.3).

use super::Client;
use crate::oauth::Scope;

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
    /// Returns the scope that is granted to a request for `requested`, or the client's default scope if it requests
    /// none.
    ///
    /// # Design
    /// A public client is granted the part that it is registered for: off-the-shelf applications request values that
    /// they do not need (`openid`, `offline_access`), and the token response says what was granted. The developer of a
    /// confidential client configures it; an unknown value there is a mistake, and the error says so.
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
