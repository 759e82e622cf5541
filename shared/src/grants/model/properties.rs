//! The properties of grants that must hold in every state.

use stateright::Property;

use super::{
    fixtures::{ACCESS_LIFETIME, at},
    scenario::Scenario,
    state::{Party, System, Write},
};
use crate::grants::State;

/// The one property that must hold in *some* state: without it, the others could hold for lack of tokens.
pub(super) const TOKENS_ARE_ISSUED: &str = "tokens are issued";

pub(super) fn all() -> Vec<Property<Scenario>> {
    vec![
        Property::always("a code has one winner", |_, system: &System| {
            system.issued.iter().filter(|(presented, _)| presented.is_none()).count() <= 1
        }),
        Property::always("a refresh token has one successor", |_, system: &System| {
            system.issued.iter().all(|(presented, token)| {
                system.issued.iter().all(|(other, successor)| presented != other || token == successor)
            })
        }),
        Property::always("an ended grant never revives", |_, system: &System| {
            !system.ended || system.item.as_ref().is_none_or(|grant| grant.state == State::Ended)
        }),
        Property::always("no step detects a violation", |_, system: &System| system.violation.is_none()),
        Property::always(
            "only a thief or a revocation ends a grant",
            |scenario: &Scenario, system: &System| {
                let theft = [scenario.redeemers, scenario.refreshers].concat().contains(&Party::Thief);
                theft || !scenario.revocations.is_empty() || !system.ended
            },
        ),
        Property::always("a replayed code leaves nothing alive", |_, system: &System| {
            system.ended || system.proven_redemptions < 2
        }),
        Property::always("a stolen refresh token leaves nothing alive", |_, system: &System| {
            // The grant is ended before the caller gets a response.
            let ending = system.calls.iter().any(|call| matches!(call.write, Write::End(_)));
            system.ended || ending || !system.stolen
        }),
        Property::always(
            "a shared access token lives half its life unless it is revoked",
            |_, system: &System| {
                let half = u8::try_from(ACCESS_LIFETIME.as_secs()).unwrap() / 2;
                let lives = |token| system.item.as_ref().is_some_and(|grant| grant.slot(token).is_some());
                let is_young = |issued_at: &u8| system.clock < issued_at + half;
                let is_revoked = |token| system.ended || system.revoked.contains(token);
                system.shared.iter().all(|(token, at)| is_revoked(token) || !is_young(at) || lives(token))
            },
        ),
        Property::always("a revoked access token never works again", |_, system: &System| {
            let works = |token| system.item.as_ref().is_some_and(|grant| grant.slot(token).is_some());
            !system.revoked.iter().any(works)
        }),
        Property::always("what began before everything was revoked is dead", |_, system: &System| {
            // A grant of that very tick, and one that began a tick earlier.
            let lives = |tick| system.status_permits(at(tick));
            system.all_revoked_at.is_none_or(|revoked| !lives(revoked) && !lives(revoked - 1))
        }),
        Property::always("what begins after everything was revoked lives", |_, system: &System| {
            system.all_revoked_at.is_none_or(|revoked| system.status_permits(at(revoked + 1)))
        }),
        Property::sometimes(TOKENS_ARE_ISSUED, |_, system: &System| !system.issued.is_empty()),
    ]
}
