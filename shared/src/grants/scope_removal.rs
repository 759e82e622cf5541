//! Removal of lost scope: of values that the client is no longer registered for.

use super::{Grant, State, Transition};
use crate::{
    dynamodb::{self, Update},
    oauth::{ClientId, Scope},
};

/// Permanent removal of scope values that the client is no longer registered for from a grant. The grant's access tokens
/// lose them, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScopeRemoval {
    /// The authenticated client.
    pub client: ClientId,
    /// The values to remove. Not empty, because DynamoDB has no empty set.
    pub lost: Scope,
}

impl Transition for ScopeRemoval {
    fn precondition(&self, grant: &Grant) -> bool {
        grant.state == State::Active && grant.client == self.client
    }

    fn apply(&self, grant: &mut Grant) {
        grant.scope = grant.scope.without(&self.lost);
    }

    fn update(&self) -> Result<Update, dynamodb::Error> {
        Update::when::<Grant>("#state = :active AND #client = :client", "DELETE #scope :lost")
            .value("active", &State::Active)?
            .value("client", &self.client)?
            .value("lost", &self.lost)
    }
}
