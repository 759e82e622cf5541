//! Taking scope away from a grant.

use super::{Grant, State, Transition};
use crate::{
    client::ClientId,
    scope::Scope,
    table::{self, Update},
};

/// Takes scope values away from a grant, for good: those that its client is no longer registered for. The access
/// tokens that it has lose them, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Narrowing {
    /// The client, which has authenticated.
    pub client: ClientId,
    /// The values to take away. Not empty: DynamoDB knows no empty set.
    pub lost: Scope,
}

impl Transition for Narrowing {
    fn holds(&self, grant: &Grant) -> bool {
        grant.state == State::Active && grant.client == self.client
    }

    fn apply(&self, grant: &mut Grant) {
        grant.scope = grant.scope.without(&self.lost);
    }

    fn update(&self) -> Result<Update, table::Error> {
        Update::when("#st = :active AND #c = :client", "DELETE #sc :lost")
            .value("active", &State::Active)?
            .value("client", &self.client)?
            .value("lost", &self.lost)
    }
}
