//! The refresh token of a grant: creation and validity.

use super::{Grant, Refresh, State, TokenError};
use crate::{
    secret::{RefreshToken, Secret},
    time::Timestamp,
};

impl Grant {
    /// Returns the stored refresh token of `token`, if it is the current one and valid at `now` as far as the item tells.
    /// The statuses are not checked here; see [`Grant::check_standing`]. A spent token is not valid, even if a retry
    /// with it would succeed.
    pub fn live_refresh(&self, token: &Secret<RefreshToken>, now: Timestamp) -> Result<&Refresh, TokenError> {
        if self.state == State::Ended {
            return Err(TokenError::Ended);
        }
        let digest = token.digest();
        let current = self.refresh.as_ref().filter(|refresh| refresh.digest == digest);
        let refresh = current.ok_or(TokenError::Unknown)?;
        if refresh.has_expired(self, now) { Err(TokenError::Expired) } else { Ok(refresh) }
    }
}

impl Refresh {
    /// Creates a grant's first refresh token.
    pub fn first(token: &Secret<RefreshToken>, expires_at: Timestamp) -> Self {
        Self {
            digest: token.digest(),
            expires_at: Some(expires_at),
            family: token.family(),
            generation: token.generation(),
            rotation: None,
        }
    }

    /// Returns when the token, which is of `grant`, expires: at its own end or at the grant's, whichever is first.
    pub fn end_in(&self, grant: &Grant) -> Option<Timestamp> {
        [self.expires_at, grant.expires_at].into_iter().flatten().min()
    }

    /// Returns whether the token, which is of `grant`, has expired at `now`.
    pub fn has_expired(&self, grant: &Grant, now: Timestamp) -> bool {
        // A grant or token without an end has no refresh token: it needs no refresh.
        [self.expires_at, grant.expires_at].into_iter().any(|end| end.is_none_or(|end| end.has_passed(now)))
    }
}
