//! Refresh (RFC 6749 §6) with refresh token rotation (RFC 9700 §4.14.2) that allows retries.
//!
//! # Design
//! Other servers that rotate refresh tokens sign users out when a response is lost or two tabs refresh at once: the
//! second request presents a token that the first has spent. Here the successor is *derived* from the presented token
//! and a random nonce in the item. Within a grace window the same token gets the same successor again, and nothing is
//! written. After the window, the use of a spent token is theft, and the grant ends.
//!
//! Every refresh token carries its generation, which grows by one with each rotation. A token that is two rotations old
//! can therefore be distinguished from one that is three old without a list of spent tokens, and each is subject to the
//! window that its own rotation opened. A thief who continues to rotate opens no new window for the token that the
//! victim still holds.
//!
//! Without rotation (a compatibility switch) only access tokens are derived: the refresh token stays, and its last
//! access token is returned again until half its lifetime is over. All holders of a shared refresh token get the same
//! access token, and one holder's request does not end the token of another.

use std::time::Duration;

use super::{Access, Grant, Nonce, Refresh, Rotation, State, Transition};
use crate::{
    dynamodb::{self, Update},
    oauth::{ClientId, Issuer, ResourceUri, Scope},
    secret::{AccessToken, Digest, Family, RefreshToken},
    time::Timestamp,
};

/// The client's proof that it may refresh: a refresh token and the client's identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefreshProof {
    pub token: Digest<RefreshToken>,
    pub family: Digest<Family>,
    /// The number of rotations that led to the token.
    pub generation: u64,
    /// The authenticated client.
    pub client: ClientId,
    /// The issuer that received the request.
    pub issuer: Issuer,
}

/// One attempt to refresh.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefreshRotation {
    pub proof: RefreshProof,
    /// The resource that the request names, if it names one (RFC 8707 §2.2). It must be the grant's.
    pub resource: Option<ResourceUri>,
    /// The requested scope of the new access token, if the request has one.
    pub scope: Option<Scope>,
    /// The nonce from which the new tokens are derived. It is unique to this write, so a repeated write recognises
    /// itself.
    pub nonce: Nonce,
    /// The digest of the new access token.
    pub access: Digest<AccessToken>,
    /// The digest of the new refresh token. `None`: the presented one stays (a compatibility switch).
    pub refresh: Option<Digest<RefreshToken>>,
    /// The lifetime of the new access token. `None`: it never ends.
    pub access_lifetime: Option<Duration>,
    /// The lifetime of the new refresh token if it is not used.
    pub refresh_lifetime: Duration,
    pub now: Timestamp,
    /// The stored time of the rotation: `now`. Without rotation, it is later if another instance's clock is ahead, as it orders
    /// the renewals.
    pub at: Timestamp,
}

impl Transition for RefreshRotation {
    fn precondition(&self, grant: &Grant) -> bool {
        grant.state == State::Active
            && grant.client == self.proof.client
            && grant.issuer == self.proof.issuer
            && grant.is_for(self.resource.as_ref())
            && grant.refresh.as_ref().is_some_and(|refresh| {
                refresh.digest == self.proof.token && !refresh.has_expired(grant, self.now)
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

    fn update(&self) -> Result<Update, dynamodb::Error> {
        let mut condition = String::from(
            "#state = :active AND #client = :client AND #issuer = :issuer AND #refresh.#digest = :token \
             AND #refresh.#expires_at > :now AND #expires_at > :now",
        );
        if self.resource.is_some() {
            condition.push_str(" AND #resource = :resource");
        }
        let values = || self.scope.iter().flat_map(Scope::values).zip(0..);
        for (_, nth) in values() {
            condition = format!("{condition} AND contains(#scope, :scope{nth})");
        }
        let change = if self.refresh.is_some() {
            "SET #previous_access = #access, #access = :access, #refresh = :refresh"
        } else {
            condition.push_str(&self.due_condition());
            "SET #previous_access = #access, #access = :access, #refresh.#rotation = :rotation"
        };
        let mut update = Update::when::<Grant>(&condition, change)
            .value("active", &State::Active)?
            .value("client", &self.proof.client)?
            .value("issuer", &self.proof.issuer)?
            .value("token", &self.proof.token)?
            .value("now", &self.now)?
            .value("access", &self.new_access())?;
        update = match self.refresh {
            Some(digest) => update.value("refresh", &self.new_refresh(digest))?,
            None => self.due_values(update.value("rotation", &self.rotation())?)?,
        };
        if let Some(resource) = &self.resource {
            update = update.value("resource", resource)?;
        }
        for (value, nth) in values() {
            update = update.value(&format!("scope{nth}"), &value)?;
        }
        Ok(update)
    }
}

impl RefreshRotation {
    fn new_access(&self) -> Access {
        let access = Access::new(self.access, self.now, self.access_lifetime);
        Access { requested_scope: self.scope.clone(), ..access }
    }

    fn new_refresh(&self, digest: Digest<RefreshToken>) -> Refresh {
        Refresh {
            digest,
            expires_at: Some(self.now.after(self.refresh_lifetime)),
            family: self.proof.family,
            generation: self.proof.generation + 1,
            rotation: Some(self.rotation()),
        }
    }

    pub(super) fn scope_fits(&self, grant: &Grant) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.is_within(&grant.scope))
    }

    const fn rotation(&self) -> Rotation {
        Rotation { previous: self.proof.token, nonce: self.nonce, at: self.at }
    }
}
