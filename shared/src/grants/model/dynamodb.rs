//! DynamoDB in the model: evaluates conditions and makes changes, with the transitions' own functions.

use super::{
    fixtures::{at, tick},
    scenario::{Mistake, Scenario},
    state::{Call, System, Write},
};
use crate::{
    dynamodb::Outcome,
    grants::{Grant, RefreshRotation, State, Transition},
};

/// Whether a write is made under its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Evaluated,
    /// The change is made anyway: a mistake.
    Ignored,
}

impl Scenario {
    /// Makes the write of `call`.
    pub(super) fn write(&self, system: &mut System, call: &Call) -> Outcome<(), Grant> {
        let ignored = self.mistake == Mistake::ReadThenWrite && call.precondition_held;
        self.evaluate(system, &call.write, if ignored { Condition::Ignored } else { Condition::Evaluated })
    }

    /// Makes a write that the network has delayed. No instance gets its response.
    pub(super) fn write_late(&self, system: &mut System, write: &Write) {
        self.evaluate(system, write, Condition::Evaluated);
    }

    fn evaluate(&self, system: &mut System, write: &Write, condition: Condition) -> Outcome<(), Grant> {
        let item = &mut system.item;
        let outcome = match write {
            Write::Issue(grant) => {
                item.get_or_insert_with(|| (**grant).clone());
                Outcome::Applied(())
            }
            Write::Redeem(redemption) => update(item, redemption, condition),
            Write::Rotate(rotation) => {
                let ignored = match self.mistake {
                    Mistake::AlwaysRenews => is_current(rotation, item.as_ref()),
                    Mistake::RenewalsUnordered => {
                        let other = RefreshRotation { at: at(u8::MAX), ..rotation.clone() };
                        item.as_ref().is_some_and(|grant| other.precondition(grant))
                    }
                    _ => false,
                };
                let condition = if ignored { Condition::Ignored } else { Condition::Evaluated };
                let outcome = update(item, rotation, condition);
                if matches!(outcome, Outcome::Applied(())) && self.rotates {
                    system.spent.push((rotation.proof.token, tick(rotation.now)));
                }
                outcome
            }
            Write::Revoke(ending) => update(item, ending, Condition::Evaluated),
            Write::RevokeAccess(revocation) => {
                let outcome = update(item, revocation, Condition::Evaluated);
                if matches!(outcome, Outcome::Applied(())) {
                    system.revoked.push(revocation.token);
                }
                outcome
            }
            Write::End(ending) => update(item, ending, Condition::Evaluated),
            Write::ReadStatus(_) => Outcome::Applied(()),
        };
        if system.item.as_ref().is_some_and(|grant| grant.state == State::Ended) {
            system.ended = true;
            if self.mistake == Mistake::EndedItemDeleted {
                system.item = None;
            }
        }
        outcome
    }
}

fn update(
    item: &mut Option<Grant>,
    transition: &impl Transition,
    condition: Condition,
) -> Outcome<(), Grant> {
    match item {
        Some(grant) if condition == Condition::Ignored || transition.precondition(grant) => {
            transition.apply(grant);
            Outcome::Applied(())
        }
        _ => Outcome::ConditionFailed(item.clone()),
    }
}

/// Returns whether the presented token is the grant's refresh token.
fn is_current(rotation: &RefreshRotation, item: Option<&Grant>) -> bool {
    let active = item.filter(|grant| grant.state == State::Active);
    let refresh = active.and_then(|grant| grant.refresh.as_ref());
    refresh.is_some_and(|refresh| refresh.digest == rotation.proof.token)
}
