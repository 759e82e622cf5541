//! Access tokens of a grant: whether one works, and how one is revoked by itself.

use std::iter;

use super::{Access, Grant, State, Transition, item};
use crate::{
    client::ClientId,
    scope::Scope,
    secret::{AccessToken, Digest, Secret},
    status::{Fallen, Status, Whose},
    table::{self, Update},
    time::Timestamp,
};

/// Which of a grant's two access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The one issued last.
    Current,
    /// The one before.
    Previous,
}

/// Why a token does not work. The caller is never told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Dead {
    /// Jeton did not issue it, or no longer knows; or it was revoked by itself.
    #[error("unknown")]
    Unknown,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its grant was ended.
    #[error("ended")]
    Ended,
}

/// What became of a wish to revoke a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It no longer works.
    Revoked,
    /// There is no such token, or not any more: nothing had to be done (RFC 7009 §2.2).
    Unknown,
    /// It is another client's, and works on (RFC 7009 §2.1).
    Foreign,
}

impl Grant {
    /// The access token that reads `token`, if the grant has it and it works at `now`: the item's own word, before
    /// anyone's status is asked.
    pub fn live_access(&self, token: &Secret<AccessToken>, now: Timestamp) -> Result<&Access, Dead> {
        match self.state {
            State::Ended => return Err(Dead::Ended),
            State::Code => return Err(Dead::Unknown),
            State::Active => {}
        }
        let slot = self.slot(&token.digest()).ok_or(Dead::Unknown)?;
        let access = self.access_in(slot).ok_or(Dead::Unknown)?;
        match self.end_of(access) {
            Some(end) if end.has_passed(now) => Err(Dead::Expired),
            _ => Ok(access),
        }
    }

    /// When `access`, one of this grant's, stops working: at its own end, or at the grant's if that comes first.
    pub fn end_of(&self, access: &Access) -> Option<Timestamp> {
        [access.expires_at, self.expires_at].into_iter().flatten().min()
    }

    /// What `access`, one of this grant's, is good for.
    pub fn scope_of(&self, access: &Access) -> Scope {
        access.narrowed.as_ref().map_or_else(|| self.scope.clone(), |tags| self.scope.tagged(tags))
    }

    /// Whose standing decides about the grant: the client's, then the person's, then that of the client's owner.
    pub fn depends_on(&self) -> Vec<Whose> {
        let (person, owner) = (self.person.map(Whose::Person), self.owner.map(Whose::Owner));
        [Whose::Client(self.client.clone())].into_iter().chain(person).chain(owner).collect()
    }

    /// Whether everyone in whose standing the grant rests is still in good standing. `statuses` are theirs, in the
    /// order of [`Grant::depends_on`].
    pub fn is_upheld_by(&self, statuses: &[Option<Status>]) -> Result<(), Fallen> {
        let statuses = statuses.iter().map(Option::as_ref).chain(iter::repeat(None));
        let depends_on = self.depends_on();
        depends_on.iter().zip(statuses).try_for_each(|(whose, status)| whose.upholds(status, self.issued_at))
    }

    /// The login name of the person who agreed, if one did. `statuses` are those of [`Grant::depends_on`].
    pub fn username(&self, statuses: &[Option<Status>]) -> Option<String> {
        let [_, person, ..] = statuses else { return None };
        self.person.and(person.as_ref()).map(|status| status.name.clone())
    }

    /// What `sub` is: the person, or the client itself (RFC 7662 §2.2).
    pub fn subject(&self) -> String {
        self.person.map_or_else(|| self.client.to_string(), |person| person.to_string())
    }

    /// Where the access token with this digest is, unless it was revoked.
    pub(super) fn slot(&self, digest: &Digest<AccessToken>) -> Option<Slot> {
        let lives = |slot: &Slot| self.access_in(*slot).is_some_and(|access| access.revoked_at.is_none());
        let mut slots = [Slot::Current, Slot::Previous].into_iter().filter(lives);
        slots.find(|slot| self.is_in(*slot, digest))
    }

    /// The access token with this digest, unless it was revoked, or two newer ones were issued.
    pub fn access_with(&self, digest: &Digest<AccessToken>) -> Option<&Access> {
        self.access_in(self.slot(digest)?)
    }

    /// Whether one of the last two access tokens, revoked or not, has this digest.
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

/// Makes one access token useless, and nothing else (RFC 7009 §2.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessRevocation {
    /// The token.
    pub token: Digest<AccessToken>,
    /// Who asks.
    pub client: ClientId,
    /// Where the token is taken to be. A rotation may have moved it meanwhile: see [`AccessRevocation::judge`].
    pub slot: Slot,
    /// When.
    pub now: Timestamp,
}

impl Transition for AccessRevocation {
    fn holds(&self, grant: &Grant) -> bool {
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
            // A grant without an end has this token and no other.
            grant.ttl.get_or_insert(item::ttl_once_ended(self.now));
        }
    }

    fn update(&self) -> Result<Update, table::Error> {
        let attribute = match self.slot {
            Slot::Current => "#a",
            Slot::Previous => "#pa",
        };
        // The digest stays: by it, a repeated write that would issue the token again recognises it.
        Update::when(
            &format!("#c = :client AND {attribute}.#d = :token AND attribute_not_exists({attribute}.#rv)"),
            &format!("SET {attribute}.#rv = :now, #ttl = if_not_exists(#ttl, :ttl)"),
        )
        .value("client", &self.client)?
        .value("token", &self.token)?
        .value("now", &self.now)?
        .value("ttl", &item::ttl_once_ended(self.now))
    }
}

impl AccessRevocation {
    /// What it means that `grant` refused it: an answer, or where the token is now.
    pub fn judge(&self, grant: &Grant) -> Result<Revocation, Slot> {
        match grant.slot(&self.token) {
            None => Ok(Revocation::Unknown),
            Some(_) if grant.client != self.client => Ok(Revocation::Foreign),
            Some(slot) => Err(slot),
        }
    }
}
