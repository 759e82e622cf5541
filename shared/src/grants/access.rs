//! Access tokens of a grant: validity, and revocation of a single one.

use std::{iter, ops::ControlFlow};

use super::{Access, Grant, State, Transition, item};
use crate::{
    dynamodb::{self, Update},
    oauth::{ClientId, Scope},
    secret::{AccessToken, Digest, Secret},
    status::{Principal, StandingError, Status},
    time::Timestamp,
};

/// The place of an access token in its grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The access token that was issued last.
    Current,
    /// The access token that was issued before the current one.
    Previous,
}

/// The reason why a token is not valid. The caller of an endpoint does not learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Jeton did not issue the token, or has deleted its item; or the token was revoked alone.
    #[error("unknown")]
    Unknown,
    #[error("expired")]
    Expired,
    /// The token's grant was ended.
    #[error("ended")]
    Ended,
}

/// Result of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    Revoked,
    /// The token does not exist, is no longer stored or was revoked before: there is nothing to do (RFC 7009 §2.2).
    Unknown,
    /// The token was issued to another client and stays valid (RFC 7009 §2.1).
    OtherClient,
}

impl Grant {
    /// Returns the stored access token of `token`, if it is valid at `now` as far as the item tells. The statuses of the
    /// client and the user are not checked here; see [`Grant::check_standing`].
    pub fn live_access(&self, token: &Secret<AccessToken>, now: Timestamp) -> Result<&Access, TokenError> {
        match self.state {
            State::Ended => return Err(TokenError::Ended),
            State::Code => return Err(TokenError::Unknown),
            State::Active => {}
        }
        let slot = self.slot(&token.digest()).ok_or(TokenError::Unknown)?;
        let access = self.access_in(slot).ok_or(TokenError::Unknown)?;
        match self.end_of(access) {
            Some(end) if end.has_passed(now) => Err(TokenError::Expired),
            _ => Ok(access),
        }
    }

    /// Returns when `access`, a token of this grant, expires: at its own end or at the grant's, whichever is first.
    pub fn end_of(&self, access: &Access) -> Option<Timestamp> {
        [access.expires_at, self.expires_at].into_iter().flatten().min()
    }

    /// Returns the scope of `access`, a token of this grant.
    pub fn scope_of(&self, access: &Access) -> Scope {
        access
            .requested_scope
            .as_ref()
            .map_or_else(|| self.scope.clone(), |requested| requested.within(&self.scope))
    }

    /// Returns the principals whose standing the grant depends on: the client, the user, the client's owner.
    pub fn depends_on(&self) -> Vec<Principal> {
        let (user, owner) = (self.user.map(Principal::User), self.owner.map(Principal::Owner));
        [Principal::Client(self.client.clone())].into_iter().chain(user).chain(owner).collect()
    }

    /// Checks that all principals of the grant are in good standing. `statuses` are in the order of
    /// [`Grant::depends_on`].
    pub fn check_standing(&self, statuses: &[Option<Status>]) -> Result<(), StandingError> {
        let statuses = statuses.iter().map(Option::as_ref).chain(iter::repeat(None));
        let depends_on = self.depends_on();
        let mut pairs = depends_on.iter().zip(statuses);
        pairs.try_for_each(|(principal, status)| principal.check(status, self.issued_at))
    }

    /// Returns the login name of the user, if there is one. `statuses` are in the order of [`Grant::depends_on`].
    pub fn username(&self, statuses: &[Option<Status>]) -> Option<String> {
        self.user_status(statuses).map(|status| status.name.clone())
    }

    /// Returns the status of the user, if there is one. `statuses` are in the order of [`Grant::depends_on`].
    pub fn user_status<'a>(&self, statuses: &'a [Option<Status>]) -> Option<&'a Status> {
        let [_, user, ..] = statuses else { return None };
        self.user.and(user.as_ref())
    }

    /// Returns `sub`: the user, or the client for a grant without a user (RFC 7662 §2.2).
    pub fn subject(&self) -> String {
        self.user.map_or_else(|| self.client.to_string(), |user| user.to_string())
    }

    /// Returns the slot of the access token with this digest, unless the token was revoked.
    pub(super) fn slot(&self, digest: &Digest<AccessToken>) -> Option<Slot> {
        let lives = |slot: &Slot| self.access_in(*slot).is_some_and(|access| access.revoked_at.is_none());
        let mut slots = [Slot::Current, Slot::Previous].into_iter().filter(lives);
        slots.find(|slot| self.is_in(*slot, digest))
    }

    /// Returns the access token with this digest, unless it was revoked or two newer ones were issued.
    pub fn access_with(&self, digest: &Digest<AccessToken>) -> Option<&Access> {
        self.access_in(self.slot(digest)?)
    }

    /// Returns whether one of the last two access tokens, revoked or not, has this digest.
    pub fn has_issued(&self, digest: &Digest<AccessToken>) -> bool {
        [Slot::Current, Slot::Previous].into_iter().any(|slot| self.is_in(slot, digest))
    }

    fn is_in(&self, slot: Slot, digest: &Digest<AccessToken>) -> bool {
        self.access_in(slot).is_some_and(|access| access.digest == *digest)
    }

    const fn access_in(&self, slot: Slot) -> Option<&Access> {
        match slot {
            Slot::Current => self.access.as_ref(),
            Slot::Previous => self.previous_access.as_ref(),
        }
    }
}

/// Revocation of one access token and nothing else (RFC 7009 §2.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessRevocation {
    pub token: Digest<AccessToken>,
    /// The authenticated client.
    pub client: ClientId,
    /// The slot to look in. A rotation may have moved the token meanwhile: see [`AccessRevocation::classify`].
    pub slot: Slot,
    pub now: Timestamp,
}

impl Transition for AccessRevocation {
    fn precondition(&self, grant: &Grant) -> bool {
        grant.client == self.client
            && grant
                .access_in(self.slot)
                .is_some_and(|access| access.digest == self.token && access.revoked_at.is_none())
    }

    fn apply(&self, grant: &mut Grant) {
        let access = match self.slot {
            Slot::Current => grant.access.as_mut(),
            Slot::Previous => grant.previous_access.as_mut(),
        };
        if let Some(access) = access {
            access.revoked_at = Some(self.now);
            // A grant that never expires has no other token.
            grant.ttl.get_or_insert(item::ttl_once_ended(self.now));
        }
    }

    fn update(&self) -> Result<Update, dynamodb::Error> {
        let slot = match self.slot {
            Slot::Current => "#access",
            Slot::Previous => "#previous_access",
        };
        // The digest stays: a repeated write that would issue the token again recognises the token by it.
        Update::when::<Grant>(
            &format!(
                "#client = :client AND {slot}.#digest = :token AND attribute_not_exists({slot}.#revoked_at)"
            ),
            &format!("SET {slot}.#revoked_at = :now, #ttl = if_not_exists(#ttl, :ttl)"),
        )
        .value("client", &self.client)?
        .value("token", &self.token)?
        .value("now", &self.now)?
        .value("ttl", &item::ttl_once_ended(self.now))
    }
}

impl AccessRevocation {
    /// Returns why the precondition failed for `grant`: the final result, or the slot in which the token is now.
    pub fn classify(&self, grant: &Grant) -> ControlFlow<Revocation, Slot> {
        match grant.slot(&self.token) {
            None => ControlFlow::Break(Revocation::Unknown),
            Some(_) if grant.client != self.client => ControlFlow::Break(Revocation::OtherClient),
            Some(slot) => ControlFlow::Continue(slot),
        }
    }
}
