//! Refreshing (RFC 6749 §6) with rotation (RFC 9700 §4.14.2) that can be retried.
//!
//! # Design
//! Peers that rotate log people out whenever an answer is lost or two tabs refresh at once: the second request shows
//! a token that the first has spent. Here the successor is *derived* from the presented token and a random nonce in
//! the item, so within a grace window the same token gets the same successor again, and nothing is written. After
//! the window, a spent token is theft, and the grant ends.
//!
//! Every refresh token carries its generation, and its successor's is one more. So a token that is two rotations old
//! is told from one that is three old without a list of the spent ones, and each is judged by the window that its own
//! rotation opened: a thief who goes on rotating opens no window for the token that the victim still holds.
//!
//! Where refresh tokens are not rotated (a compatibility switch), the same derivation makes access tokens only: the
//! presented token stays, and the access token it last led to is answered again until half its life is over. Whoever
//! shares a refresh token shares that, and no one's last request ends another's tokens.

use std::time::Duration;

use super::{Access, Dead, Grant, Nonce, Refresh, Rotation, State, Transition};
use crate::{
    client::ClientId,
    config::Issuer,
    scope::Scope,
    secret::{AccessToken, Digest, Family, RefreshToken, Secret},
    status::Fallen,
    table::{self, Update},
    time::Timestamp,
};

/// A refresh token as it is shown, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Presented {
    /// The token.
    pub token: Digest<RefreshToken>,
    /// Its family.
    pub family: Digest<Family>,
    /// Its generation.
    pub generation: u64,
    /// The client, which has authenticated.
    pub client: ClientId,
    /// The issuer that the request is addressed to.
    pub issuer: Issuer,
}

/// One attempt to rotate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rotating {
    /// What is shown.
    pub presented: Presented,
    /// The scope that the new access token is asked to have, if it is named.
    pub scope: Option<Scope>,
    /// What the successor is derived with. It belongs to this write alone, which can be recognised by it.
    pub nonce: Nonce,
    /// The new access token's digest.
    pub access: Digest<AccessToken>,
    /// The new refresh token's digest; none: the presented one stays as it is.
    pub refresh: Option<Digest<RefreshToken>>,
    /// How long the new access token lives; none: as long as its grant.
    pub access_lifetime: Option<Duration>,
    /// How long the new refresh token lives unless it is used.
    pub refresh_lifetime: Duration,
    /// When.
    pub now: Timestamp,
}

/// What it means that a rotation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was not: this very write was done before, and its answer got lost on the way.
    Rotated,
    /// The same token was rotated a moment ago, or is not rotated, and what it led to is still young: with this nonce,
    /// the same can be answered again.
    Retry(Nonce),
    /// Nothing can be had for the token.
    Refused(NotRotated),
}

/// Why a refresh token was refused. The client is told `invalid_grant`, and no more; but `invalid_scope` for
/// [`NotRotated::ScopeExceeded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotRotated {
    /// Spent too long ago for a retry, or three rotations ago. Two parties have it: the grant must end (RFC 9700
    /// §4.14.2).
    #[error("a spent refresh token was used again")]
    Reused,
    /// Spent so recently that it may be a delayed request, but its successor was spent, too, or the access token that
    /// went with it was revoked: the pair cannot be answered again. Nothing ends.
    #[error(
        "a spent refresh token was used within the grace window, but its pair is no longer the current one"
    )]
    Late,
    /// Never genuine, or of a grant that is over.
    #[error("the refresh token is unknown")]
    Unknown,
    /// Its time is over.
    #[error("the refresh token is expired")]
    Expired,
    /// It was issued to another client.
    #[error("the refresh token was issued to another client")]
    Foreign,
    /// It was issued by another issuer: the deployment has changed its name, or has several.
    #[error("the refresh token was issued by another issuer")]
    OtherIssuer,
    /// The client or the user has lost their standing: the grant must end.
    #[error("the grant's client or user: {0}")]
    Fallen(Fallen),
    /// More was asked for than was granted (RFC 6749 §6).
    #[error("the scope is more than was granted")]
    ScopeExceeded,
}

impl Transition for Rotating {
    fn holds(&self, grant: &Grant) -> bool {
        grant.state == State::Active
            && grant.client == self.presented.client
            && grant.issuer == self.presented.issuer
            && grant.refresh.as_ref().is_some_and(|refresh| {
                refresh.digest == self.presented.token && !refresh.is_over(grant, self.now)
            })
            && self.scope_fits(grant)
            && (self.refresh.is_some() || self.is_due(grant))
    }

    fn apply(&self, grant: &mut Grant) {
        grant.previous_access = grant.access.replace(self.new_access());
        match self.refresh {
            Some(digest) => grant.refresh = Some(self.new_refresh(digest)),
            None => {
                if let Some(refresh) = &mut grant.refresh {
                    refresh.rotation = Some(self.rotation());
                }
            }
        }
    }

    fn update(&self) -> Result<Update, table::Error> {
        let mut condition = String::from(
            "#st = :active AND #c = :client AND #is = :issuer AND #r.#d = :token AND #r.#x > :now AND #ax > :now",
        );
        let values = || self.scope.iter().flat_map(Scope::values).zip(0..);
        for (_, nth) in values() {
            condition = format!("{condition} AND contains(#sc, :scope{nth})");
        }
        let change = if self.refresh.is_some() {
            "SET #pa = #a, #a = :access, #r = :refresh"
        } else {
            condition.push_str(&self.due());
            "SET #pa = #a, #a = :access, #r.#o = :rotation"
        };
        let mut update = Update::when(&condition, change)
            .value("active", &State::Active)?
            .value("client", &self.presented.client)?
            .value("issuer", &self.presented.issuer)?
            .value("token", &self.presented.token)?
            .value("now", &self.now)?
            .value("access", &self.new_access())?;
        update = match self.refresh {
            Some(digest) => update.value("refresh", &self.new_refresh(digest))?,
            None => self.due_values(update.value("rotation", &self.rotation())?)?,
        };
        for (value, nth) in values() {
            update = update.value(&format!("scope{nth}"), &value)?;
        }
        Ok(update)
    }
}

impl Rotating {
    fn new_access(&self) -> Access {
        let access = Access::lasting(self.access, self.now, self.access_lifetime);
        Access { narrowed: self.scope.as_ref().map(Scope::tags), ..access }
    }

    fn new_refresh(&self, digest: Digest<RefreshToken>) -> Refresh {
        Refresh {
            digest,
            expires_at: Some(self.now.after(self.refresh_lifetime)),
            family: self.presented.family,
            generation: self.presented.generation + 1,
            rotation: Some(self.rotation()),
        }
    }

    fn scope_fits(&self, grant: &Grant) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.is_within(&grant.scope))
    }

    const fn rotation(&self) -> Rotation {
        Rotation { previous: self.presented.token, nonce: self.nonce, at: self.now }
    }

    /// What it means that `grant` refused it, for a client with this `grace`.
    pub fn judge(&self, grant: &Grant, grace: Duration) -> Verdict {
        let presented = &self.presented;
        let Some(refresh) = grant.refresh.as_ref().filter(|_| grant.state == State::Active) else {
            return Verdict::Refused(NotRotated::Unknown);
        };
        if grant.slot(&self.access).is_some() {
            return Verdict::Rotated;
        }
        if refresh.family != presented.family {
            return Verdict::Refused(NotRotated::Unknown);
        }
        if grant.client != presented.client {
            return Verdict::Refused(NotRotated::Foreign);
        }
        if grant.issuer != presented.issuer {
            return Verdict::Refused(NotRotated::OtherIssuer);
        }
        if refresh.digest == presented.token {
            if refresh.is_over(grant, self.now) {
                return Verdict::Refused(NotRotated::Expired);
            }
            return match &refresh.rotation {
                Some(last) if self.refresh.is_none() && !self.is_due(grant) && self.scope_fits(grant) => {
                    Verdict::Retry(last.nonce)
                }
                _ => Verdict::Refused(NotRotated::ScopeExceeded),
            };
        }
        self.judge_spent(grant, refresh, grace)
    }

    /// What it means that a token was shown that is of the family of `refresh`, but is not it.
    fn judge_spent(&self, grant: &Grant, refresh: &Refresh, grace: Duration) -> Verdict {
        let last = refresh.rotation.as_ref();
        // What stays and is used for access tokens alone says nothing about when the ones before it were spent.
        let rotated = last.filter(|last| last.previous != refresh.digest);
        // Every rotation issues an access token, and the one before is kept: it tells when the last rotation but one was.
        let spent_at = match refresh.generation.checked_sub(self.presented.generation) {
            // Nothing of this generation but `refresh` was ever answered, and nothing of a later one.
            None | Some(0) => return Verdict::Refused(NotRotated::Unknown),
            Some(1) => rotated.map(|last| last.at),
            Some(2) => rotated.and(grant.previous_access.as_ref()).map(|access| access.issued_at),
            Some(_) => None,
        };
        // A clock that lags behind the one that spent it counts as no time at all.
        if spent_at.is_none_or(|at| self.now.since(at) >= grace) {
            return Verdict::Refused(NotRotated::Reused);
        }
        match last {
            Some(last) if last.previous == self.presented.token && !refresh.is_over(grant, self.now) => {
                Verdict::Retry(last.nonce)
            }
            _ => Verdict::Refused(NotRotated::Late),
        }
    }
}

impl Grant {
    /// The refresh token that reads `token`, if it is the grant's current one and works at `now`: the item's own
    /// word, before anyone's status is asked. A spent one does not work, even where a retry would be answered.
    pub fn live_refresh(&self, token: &Secret<RefreshToken>, now: Timestamp) -> Result<&Refresh, Dead> {
        if self.state == State::Ended {
            return Err(Dead::Ended);
        }
        let digest = token.digest();
        let current = self.refresh.as_ref().filter(|refresh| refresh.digest == digest);
        let refresh = current.ok_or(Dead::Unknown)?;
        if refresh.is_over(self, now) { Err(Dead::Expired) } else { Ok(refresh) }
    }
}

impl Refresh {
    /// A grant's first refresh token.
    pub fn first(token: &Secret<RefreshToken>, expires_at: Timestamp) -> Self {
        Self {
            digest: token.digest(),
            expires_at: Some(expires_at),
            family: token.family(),
            generation: token.generation(),
            rotation: None,
        }
    }

    /// When it can no longer be used in `grant`, its own: at its own end, or at the grant's if that comes first.
    pub fn end_in(&self, grant: &Grant) -> Option<Timestamp> {
        [self.expires_at, grant.expires_at].into_iter().flatten().min()
    }

    /// Whether it can no longer be used at `now`.
    pub fn is_over(&self, grant: &Grant, now: Timestamp) -> bool {
        // What has no end has no refresh token either: there is nothing to refresh.
        [self.expires_at, grant.expires_at].into_iter().any(|end| end.is_none_or(|end| end.has_passed(now)))
    }
}
