//! Reuse detection (RFC 9700 §4.14.2): retry or theft, for a rotation that was not applied.

use std::time::Duration;

use super::{Grant, Nonce, Refresh, RefreshRotation, State};
use crate::{status::StandingError, time::Timestamp};

/// The reason why the precondition of a rotation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Classification {
    /// This very write was made before, and its response was lost.
    OwnWrite,
    /// The token was rotated within the grace window; or it is not rotated, and its access token is still young. The
    /// same tokens can be derived from this nonce and returned again.
    Retry(Nonce),
    /// Without rotation: the last renewal is not earlier than this one, and its access token is not what this request needs.
    /// Write [again](RefreshRotation::again), at this time or a later one.
    Overtaken(Timestamp),
    Refused(RotationError),
}

/// The reason why a refresh token was refused. The client gets `invalid_grant` for every one of them, except
/// `invalid_scope` for [`RotationError::ScopeExceeded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RotationError {
    /// The token was spent longer ago than its grace window lasts, or is three or more rotations old: two parties have
    /// it. The grant must end (RFC 9700 §4.14.2).
    #[error("a spent refresh token was used again")]
    Reused,
    /// The token was spent so recently that the request may be delayed. But its successor was spent, too, or has
    /// expired, or the access token issued with it was revoked. The same pair cannot be returned again; the grant lives
    /// on.
    #[error(
        "a spent refresh token was used within the grace window, but its pair is no longer the current one, or has \
         expired"
    )]
    Late,
    /// The token was never genuine, or its grant has ended.
    #[error("the refresh token is unknown, or its grant has ended")]
    Unknown,
    #[error("the refresh token is expired")]
    Expired,
    #[error("the refresh token was issued to another client")]
    OtherClient,
    /// The deployment has changed its issuer, or has several.
    #[error("the refresh token was issued by another issuer")]
    OtherIssuer,
    /// The request names another resource than the grant's. The grant lives on: the client signs in again for the other.
    #[error("the request names another resource than the grant's")]
    OtherResource,
    /// An administrator deleted or closed the grant's resource, or changed the client's list. The grant lives on.
    #[error("the client may no longer have tokens for the grant's resource")]
    LostResource,
    /// The client or the user is no longer in good standing. The grant must end.
    #[error("the grant's client or user: {0}")]
    Standing(StandingError),
    /// The request asks for more scope than was granted (RFC 6749 §6).
    #[error("the scope is more than was granted")]
    ScopeExceeded,
}

impl RefreshRotation {
    /// Returns why the precondition failed for `grant`. `grace` is the client's grace window.
    pub fn classify(&self, grant: &Grant, grace: Duration) -> Classification {
        let proof = &self.proof;
        let Some(refresh) = grant.refresh.as_ref().filter(|_| grant.state == State::Active) else {
            return Classification::Refused(RotationError::Unknown);
        };
        if grant.slot(&self.access).is_some() {
            return Classification::OwnWrite;
        }
        if refresh.family != proof.family {
            return Classification::Refused(RotationError::Unknown);
        }
        if grant.client != proof.client {
            return Classification::Refused(RotationError::OtherClient);
        }
        if grant.issuer != proof.issuer {
            return Classification::Refused(RotationError::OtherIssuer);
        }
        if refresh.digest == proof.token {
            if refresh.has_expired(grant, self.now) {
                return Classification::Refused(RotationError::Expired);
            }
            if !grant.is_for(self.resource.as_ref()) {
                return Classification::Refused(RotationError::OtherResource);
            }
            return self.classify_renewal(grant);
        }
        self.classify_spent(grant, refresh, grace)
    }

    /// Classifies the current token, for which every condition holds but that of its scope or of its renewal.
    fn classify_renewal(&self, grant: &Grant) -> Classification {
        let renewed = self.last_renewal(grant).filter(|_| self.refresh.is_none() && self.scope_fits(grant));
        match renewed {
            Some(last) if !self.needs_another_than_the_last(grant) => Classification::Retry(last.nonce),
            Some(last) if last.at >= self.at => {
                Classification::Overtaken(last.at.after(Duration::from_millis(1)))
            }
            _ => Classification::Refused(RotationError::ScopeExceeded),
        }
    }

    /// Classifies a presented token that is of the family of `refresh`, the current one, but is not the current one.
    fn classify_spent(&self, grant: &Grant, refresh: &Refresh, grace: Duration) -> Classification {
        let last = refresh.rotation.as_ref();
        // Without rotation, `last` is a renewal of the access token: it does not tell when earlier tokens were spent.
        let rotated = last.filter(|last| last.previous != refresh.digest);
        // Every rotation issues an access token, and the previous one is stored: it tells when the rotation before the
        // last was.
        let spent_at = match refresh.generation.checked_sub(self.proof.generation) {
            // No other token of this generation was ever issued, and none of a later one.
            None | Some(0) => return Classification::Refused(RotationError::Unknown),
            Some(1) => rotated.map(|last| last.at),
            Some(2) => rotated.and(grant.previous_access.as_ref()).map(|access| access.issued_at),
            Some(_) => None,
        };
        // If this instance's clock lags behind the one that spent the token, the elapsed time counts as zero.
        if spent_at.is_none_or(|at| self.now.since(at) >= grace) {
            return Classification::Refused(RotationError::Reused);
        }
        if !grant.is_for(self.resource.as_ref()) {
            return Classification::Refused(RotationError::OtherResource);
        }
        match last {
            Some(last) if last.previous == self.proof.token && !refresh.has_expired(grant, self.now) => {
                Classification::Retry(last.nonce)
            }
            _ => Classification::Refused(RotationError::Late),
        }
    }
}
