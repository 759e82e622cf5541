//! How a grant ends before its time.

use super::{End, Grant, Revocation, State, Transition, Why, item};
use crate::{
    client::ClientId,
    secret::{Digest, Family},
    table::{self, Update},
    time::Timestamp,
};

/// Ends a grant, whatever its state. Ending twice keeps the first reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// When.
    pub now: Timestamp,
    /// Why.
    pub why: Why,
}

/// What an ending does. The item stays until its time, so that no late write can revive it.
const END: &str = "SET #st = :ended, #e = if_not_exists(#e, :end), #ttl = if_not_exists(#ttl, :ttl) REMOVE #cd, #a, #pa, #r";

impl Transition for Ending {
    fn holds(&self, _grant: &Grant) -> bool {
        true
    }

    fn apply(&self, grant: &mut Grant) {
        grant.state = State::Ended;
        grant.end.get_or_insert(End { at: self.now, why: self.why });
        grant.ttl.get_or_insert(item::ttl_once_ended(self.now));
        (grant.code, grant.access, grant.previous_access, grant.refresh) = (None, None, None, None);
    }

    fn update(&self) -> Result<Update, table::Error> {
        self.values(Update::always(END))
    }
}

impl Ending {
    fn values(&self, update: Update) -> Result<Update, table::Error> {
        update
            .value("ended", &State::Ended)?
            .value("end", &End { at: self.now, why: self.why })?
            .value("ttl", &item::ttl_once_ended(self.now))
    }
}

/// Ends a grant at the wish of a client that shows one of its refresh tokens (RFC 7009 §2.1): any that was ever
/// genuine, so that a rotation cannot outrun it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndingByRefresh {
    /// The family of the token.
    pub family: Digest<Family>,
    /// Who asks.
    pub client: ClientId,
    /// When.
    pub now: Timestamp,
}

impl EndingByRefresh {
    const fn ending(&self) -> Ending {
        Ending { now: self.now, why: Why::Revoked }
    }

    /// What it means that `grant` refused it.
    pub fn judge(&self, grant: &Grant) -> Revocation {
        match &grant.refresh {
            Some(refresh) if refresh.family == self.family && grant.client != self.client => {
                Revocation::Foreign
            }
            _ => Revocation::Unknown,
        }
    }
}

impl Transition for EndingByRefresh {
    fn holds(&self, grant: &Grant) -> bool {
        grant.client == self.client
            && grant.refresh.as_ref().is_some_and(|refresh| refresh.family == self.family)
    }

    fn apply(&self, grant: &mut Grant) {
        self.ending().apply(grant);
    }

    fn update(&self) -> Result<Update, table::Error> {
        let update = Update::when("#c = :client AND #r.#f = :family", END)
            .value("client", &self.client)?
            .value("family", &self.family)?;
        self.ending().values(update)
    }
}
