//! Model checking of grants: every order of a few requests, losses, delays and clock ticks, explored exhaustively.
//!
//! The model runs the production code: [`Transition::precondition`] and [`Transition::apply`] in place of DynamoDB, and
//! the `classify` functions in the function instances. Around them it models the environment:
//! - clients, one of them a thief;
//! - the network, which loses responses to the client and to the SDK, and delays and repeats writes;
//! - function instances, the clocks of which differ;
//! - an administrator who revokes everything of a user, and whose clock is wrong.
//!
//! A [`Mistake`] puts a known error in the place of one of those functions. Each must make a property fail; otherwise
//! the model would prove nothing.
//!
//! [`Transition::precondition`]: super::Transition::precondition
//! [`Transition::apply`]: super::Transition::apply

mod dynamodb;
mod fixtures;
mod instance;
mod properties;
mod scenario;
mod state;
mod steps;

use stateright::{Checker, HasDiscoveries, Model};

use properties::TOKENS_ARE_ISSUED;
use scenario::{
    FLEET, FORGERY, HONEST, LEAKED_CODE, Mistake, NO_SWEEP, PATIENCE, REPLAY, REVOCATION, SHARED_REVOCATION,
    Scenario, TABS, THEFT,
};

#[test]
fn every_property_holds_in_every_order() {
    for (name, scenario) in [
        ("an honest client", HONEST),
        ("two tabs", TABS),
        ("a leaked code", LEAKED_CODE),
        ("a replayed code", REPLAY),
        ("a stolen refresh token", THEFT),
        ("a patient thief", PATIENCE),
        ("a forged refresh token", FORGERY),
        ("a revocation", REVOCATION),
        ("a fleet that shares a refresh token", FLEET),
        ("a revocation without rotation", Scenario { rotates: false, ..REVOCATION }),
        ("a revoked access token without rotation", SHARED_REVOCATION),
        ("everything revoked, without a sweep", NO_SWEEP),
    ] {
        assert_eq!(scenario.explore(name, None), [""; 0]);
    }
}

#[test]
fn every_known_mistake_breaks_a_property() {
    for (mistake, scenario, property) in [
        (Mistake::ReadThenWrite, REPLAY, "a code has one winner"),
        (Mistake::OwnWriteForgotten, HONEST, "only a thief or a revocation ends a grant"),
        (Mistake::UnprovenReplayEnds, LEAKED_CODE, "only a thief or a revocation ends a grant"),
        (Mistake::EndedItemDeleted, REPLAY, "an ended grant never revives"),
        (Mistake::UnsaturatedSubtraction, HONEST, "no step detects a violation"),
        (Mistake::AlwaysRenews, FLEET, "a shared access token lives half its life unless it is revoked"),
        (Mistake::RenewalsUnordered, SHARED_REVOCATION, "a revoked access token never works again"),
        (Mistake::WindowReopened, PATIENCE, "a stolen refresh token leaves nothing alive"),
        (Mistake::WindowTooWide, PATIENCE, "a stolen refresh token leaves nothing alive"),
        (Mistake::StatusNotRead, NO_SWEEP, "no step detects a violation"),
        (Mistake::StatusReadBeforeWrite, NO_SWEEP, "no step detects a violation"),
        (Mistake::SlowAdminClock, NO_SWEEP, "what began before everything was revoked is dead"),
        (Mistake::FastAdminClock, NO_SWEEP, "what begins after everything was revoked lives"),
    ] {
        let failed = Scenario { mistake, ..scenario }.explore(&format!("{mistake:?}"), Some(property));
        assert!(failed.contains(&property), "{mistake:?} went unnoticed: {failed:?}");
    }
}

impl Scenario {
    /// Explores all states, or until the property `enough` fails. Returns the properties that failed, and prints the
    /// number of states.
    fn explore(self, name: &str, enough: Option<&'static str>) -> Vec<&'static str> {
        let checker = self.checker().threads(2);
        let checker = match enough {
            Some(property) => {
                checker.finish_when(HasDiscoveries::AllOf([property, TOKENS_ARE_ISSUED].into()))
            }
            None => checker,
        };
        let checker = checker.spawn_bfs().join();
        let failed: Vec<_> =
            checker.discoveries().into_keys().filter(|property| *property != TOKENS_ARE_ISSUED).collect();
        assert!(checker.discovery(TOKENS_ARE_ISSUED).is_some(), "{name}: no tokens were ever issued");
        println!(
            "{name}: {} states, {} of them distinct; failed: {failed:?}",
            checker.state_count(),
            checker.unique_state_count()
        );
        failed
    }
}
