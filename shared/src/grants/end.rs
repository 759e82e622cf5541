//! Ends of a grant before it expires.

use super::{End, EndReason, Grant, Revocation, State, Transition, item};
use crate::{
    dynamodb::{self, Update},
    oauth::ClientId,
    secret::{Digest, Family},
    time::Timestamp,
};

/// End of a grant in any state. A second ending keeps the first reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    pub now: Timestamp,
    pub reason: EndReason,
}

/// The change of an ending. The item stays until its TTL, so that no late write can revive the grant.
const END: &str = "SET #state = :ended, #end = if_not_exists(#end, :end), #ttl = if_not_exists(#ttl, :ttl) \
                   REMOVE #code, #access, #previous_access, #refresh";

impl Transition for Ending {
    fn precondition(&self, _grant: &Grant) -> bool {
        true
    }

    fn apply(&self, grant: &mut Grant) {
        grant.state = State::Ended;
        grant.end.get_or_insert(self.end());
        grant.ttl.get_or_insert(item::ttl_once_ended(self.now));
        (grant.code, grant.access, grant.previous_access, grant.refresh) = (None, None, None, None);
    }

    fn update(&self) -> Result<Update, dynamodb::Error> {
        self.values(Update::always::<Grant>(END))
    }
}

impl Ending {
    const fn end(&self) -> End {
        End { at: self.now, reason: self.reason }
    }

    fn values(&self, update: Update) -> Result<Update, dynamodb::Error> {
        update
            .value("ended", &State::Ended)?
            .value("end", &self.end())?
            .value("ttl", &item::ttl_once_ended(self.now))
    }
}

/// End of a grant on request of its client, which presents one of the grant's refresh tokens (RFC 7009 §2.1). Any token
/// of the family is accepted, also a spent one, so that a concurrent rotation cannot prevent the revocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndingByRefresh {
    /// The family of the presented token.
    pub family: Digest<Family>,
    /// The authenticated client.
    pub client: ClientId,
    pub now: Timestamp,
}

impl EndingByRefresh {
    const fn ending(&self) -> Ending {
        Ending { now: self.now, reason: EndReason::Revoked }
    }

    /// Returns why the precondition failed for `grant`.
    pub fn classify(&self, grant: &Grant) -> Revocation {
        match &grant.refresh {
            Some(refresh) if refresh.family == self.family && grant.client != self.client => {
                Revocation::OtherClient
            }
            _ => Revocation::Unknown,
        }
    }
}

impl Transition for EndingByRefresh {
    fn precondition(&self, grant: &Grant) -> bool {
        grant.client == self.client
            && grant.refresh.as_ref().is_some_and(|refresh| refresh.family == self.family)
    }

    fn apply(&self, grant: &mut Grant) {
        self.ending().apply(grant);
    }

    fn update(&self) -> Result<Update, dynamodb::Error> {
        let update = Update::when::<Grant>("#client = :client AND #refresh.#family = :family", END)
            .value("client", &self.client)?
            .value("family", &self.family)?;
        self.ending().values(update)
    }
}
