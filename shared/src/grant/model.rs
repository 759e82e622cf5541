//! Every order in which a few requests, losses, delays and ticks of the clock can come, explored exhaustively.
//!
//! The model runs the code's own functions: transitions ([`Transition::holds`], [`Transition::apply`]) where
//! DynamoDB would evaluate them, and the `judge` functions where a function instance decides what a refusal means.
//! Around them it plays the world: clients, one of them a thief; the network, which loses answers to the client and
//! to the SDK, and delays and repeats writes; instances whose clocks differ.
//!
//! [`Break`] puts a known mistake in the place of one of those functions; each must make some property fail, or the
//! model would prove nothing.

mod instance;
mod world;

use stateright::{Checker, Model, Property};

use super::State;
use crate::secret::{Id, Secret};
use world::{ACCESS_LIFETIME, GRACE, Job, MOST_LATE, Party, SENDS, SKEW, World, Write, issued};

/// A mistake that is made on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    None,
    /// A code is read first, and then redeemed without a condition.
    ReadThenWrite,
    /// An SDK's retry that meets its own first write takes it for somebody else's.
    OwnWriteForgotten,
    /// A spent code ends its grant whoever shows it.
    UnprovenKills,
    /// An ended grant is deleted.
    Deleted,
    /// Times are subtracted without saturating.
    Unsaturated,
    /// Without rotation, every refresh makes a new access token.
    NeverYoung,
}

/// Which requests there may be.
#[derive(Clone, Debug)]
struct Scenario {
    broken: Break,
    /// Who may try to redeem the code, each once.
    redeemers: &'static [Party],
    /// Who may refresh.
    refreshers: &'static [Party],
    /// Whether refresh tokens are rotated.
    rotates: bool,
    /// Whether the client may revoke.
    revokes: bool,
    /// How many requests there may be in all.
    calls: u8,
    /// How many at a time.
    parallel: usize,
    /// The last tick.
    end: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Tick,
    Redeem(Party),
    Refresh(Party, String, u8),
    Revoke(String),
    /// The write is done, its answer arrives, and so does the caller's.
    Answer(usize),
    /// The write is done, its answer arrives, the caller's gets lost.
    AnswerLost(usize),
    /// The write is done, its answer gets lost, the SDK sends it again.
    WriteAnswerLost(usize),
    /// The write gets stuck on its way, the SDK sends it again.
    WriteDelayed(usize),
    /// A write that got stuck arrives.
    Late(usize),
}

impl Scenario {
    /// Whether the client may try its newest token now: the first time, or again while any instance's clock is still
    /// within the window that the first time may have opened.
    fn may_try(world: &World) -> bool {
        let window = u8::try_from(GRACE.as_secs()).unwrap() - SKEW;
        world.tried_at.is_none_or(|tried_at| world.clock < tried_at + window)
    }

    /// Explores everything; returns the properties that failed, and prints what it took.
    fn explore(self, name: &str) -> Vec<&'static str> {
        let checker = self.checker().threads(2).spawn_bfs().join();
        let failed: Vec<_> =
            checker.discoveries().into_keys().filter(|property| *property != "tokens are issued").collect();
        assert!(checker.discovery("tokens are issued").is_some(), "{name}: nothing was ever issued");
        println!(
            "{name}: {} states, {} of them distinct; failed: {failed:?}",
            checker.state_count(),
            checker.unique_state_count()
        );
        failed
    }
}

const HONEST: Scenario = Scenario {
    broken: Break::None,
    redeemers: &[Party::Client],
    refreshers: &[Party::Client],
    rotates: true,
    revokes: false,
    calls: 4,
    parallel: 1,
    end: 4,
};
const TABS: Scenario = Scenario { parallel: 2, calls: 3, end: 2, ..HONEST };
const LEAKED_CODE: Scenario =
    Scenario { redeemers: &[Party::Client, Party::Eavesdropper], parallel: 2, calls: 3, end: 2, ..HONEST };
const REPLAY: Scenario =
    Scenario { redeemers: &[Party::Client, Party::Thief], parallel: 2, calls: 3, end: 2, ..HONEST };
const THEFT: Scenario =
    Scenario { refreshers: &[Party::Client, Party::Thief], parallel: 2, calls: 3, end: 5, ..HONEST };
const FORGERY: Scenario =
    Scenario { refreshers: &[Party::Client, Party::Forger], parallel: 2, calls: 3, end: 2, ..HONEST };
const FLEET: Scenario = Scenario { rotates: false, parallel: 2, calls: 4, end: 4, ..HONEST };
const REVOCATION: Scenario = Scenario { revokes: true, parallel: 2, calls: 3, end: 2, ..HONEST };

#[test]
fn every_property_holds_in_every_order() {
    for (name, scenario) in [
        ("an honest client", HONEST),
        ("two tabs", TABS),
        ("a leaked code", LEAKED_CODE),
        ("a replayed code", REPLAY),
        ("a stolen refresh token", THEFT),
        ("a forged refresh token", FORGERY),
        ("a revocation", REVOCATION),
        ("a fleet that shares a refresh token", FLEET),
        ("a revocation without rotation", Scenario { rotates: false, ..REVOCATION }),
    ] {
        assert_eq!(scenario.explore(name), [""; 0]);
    }
}

#[test]
fn every_known_mistake_breaks_a_property() {
    for (broken, scenario, property) in [
        (Break::ReadThenWrite, REPLAY, "a code has one winner"),
        (Break::OwnWriteForgotten, HONEST, "only a thief or a revocation ends a grant"),
        (Break::UnprovenKills, LEAKED_CODE, "only a thief or a revocation ends a grant"),
        (Break::Deleted, REPLAY, "an ended grant never revives"),
        (Break::Unsaturated, HONEST, "nothing else goes wrong"),
        (Break::NeverYoung, FLEET, "a shared access token lives half its life"),
    ] {
        let failed = Scenario { broken, ..scenario }.explore(&format!("{broken:?}"));
        assert!(failed.contains(&property), "{broken:?} went unnoticed: {failed:?}");
    }
}

impl Model for Scenario {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            clock: SKEW,
            item: Some(issued()),
            calls: Vec::new(),
            // The write that issued the code was repeated, and its second copy is still on the way.
            late: vec![Write::Issue(Box::new(issued()))],
            started: 0,
            received: Vec::new(),
            tried_at: None,
            redeemed_by: Vec::new(),
            proven_redemptions: 0,
            answered: Vec::new(),
            shared: Vec::new(),
            ended: false,
            stolen: false,
            wrong: None,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for nth in 0..world.calls.len() {
            steps.extend([Step::Answer(nth), Step::AnswerLost(nth)]);
            if world.calls[nth].sends_left > 1 {
                steps.push(Step::WriteAnswerLost(nth));
                if world.late.len() < MOST_LATE {
                    steps.push(Step::WriteDelayed(nth));
                }
            }
        }
        steps.extend((0..world.late.len()).map(Step::Late));
        if world.clock < self.end {
            steps.push(Step::Tick);
        }
        if world.started >= self.calls || world.calls.len() >= self.parallel {
            return;
        }
        let first = |party: &&Party| !world.redeemed_by.contains(party);
        steps.extend(self.redeemers.iter().filter(first).map(|party| Step::Redeem(*party)));
        for party in self.refreshers {
            for now in world.clock - SKEW..=world.clock {
                match party {
                    // The client tries its newest token, and again if it got no answer, for as long as is safe.
                    Party::Client => steps.extend(
                        world
                            .received
                            .last()
                            .filter(|_| Self::may_try(world))
                            .map(|token| Step::Refresh(*party, token.clone(), now)),
                    ),
                    // A thief tries whatever the client ever had.
                    Party::Thief => steps
                        .extend(world.received.iter().map(|token| Step::Refresh(*party, token.clone(), now))),
                    Party::Forger | Party::Eavesdropper => {
                        let forged = Secret::in_family(Id::from_bits(1), &[9; 32], &[9; 16]);
                        steps.push(Step::Refresh(*party, forged.expose().to_owned(), now));
                    }
                }
            }
        }
        if self.revokes {
            steps.extend(world.received.iter().map(|token| Step::Revoke(token.clone())));
        }
    }

    fn next_state(&self, before: &World, step: Step) -> Option<World> {
        let mut world = before.clone();
        match step {
            Step::Tick => world.clock += 1,
            Step::Redeem(party) => {
                let now = world.clock;
                world.redeemed_by.push(party);
                self.begin(&mut world, party, Job::Redeem, now);
            }
            Step::Refresh(party, token, now) => {
                if party == Party::Client {
                    world.tried_at.get_or_insert(before.clock);
                }
                self.begin(&mut world, party, Job::Refresh { token }, now);
            }
            Step::Revoke(token) => {
                let now = world.clock;
                self.begin(&mut world, Party::Client, Job::Revoke { token }, now);
            }
            Step::Late(nth) => {
                let write = world.late.remove(nth);
                self.evaluate(&mut world, &write, false);
            }
            Step::WriteDelayed(nth) => {
                world.calls[nth].sends_left -= 1;
                let write = world.calls[nth].write.clone();
                world.late.push(write);
            }
            Step::WriteAnswerLost(nth) => {
                world.calls[nth].sends_left -= 1;
                let call = world.calls[nth].clone();
                let forced = self.broken == Break::ReadThenWrite && call.read;
                self.evaluate(&mut world, &call.write, forced);
            }
            Step::Answer(nth) | Step::AnswerLost(nth) => {
                let mut call = world.calls.remove(nth);
                let forced = self.broken == Break::ReadThenWrite && call.read;
                let refused = self.evaluate(&mut world, &call.write, forced);
                if call.party == Party::Forger && world.item != before.item {
                    world.wrong = Some("a forged token changed something");
                }
                let arrives = matches!(step, Step::Answer(_));
                match self.decide(&mut world, &call, refused, arrives) {
                    Some(next) => {
                        (call.write, call.sends_left) = (next, SENDS);
                        world.calls.insert(nth, call);
                    }
                    None if call.job == Job::Redeem && call.party != Party::Eavesdropper => {
                        world.proven_redemptions += 1;
                    }
                    None => {}
                }
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a code has one winner", |_, world: &World| {
                world.answered.iter().filter(|(presented, _)| presented.is_none()).count() <= 1
            }),
            Property::always("a refresh token has one successor", |_, world: &World| {
                world.answered.iter().all(|(presented, token)| {
                    world.answered.iter().all(|(other, successor)| presented != other || token == successor)
                })
            }),
            Property::always("an ended grant never revives", |_, world: &World| {
                !world.ended || world.item.as_ref().is_none_or(|grant| grant.state == State::Ended)
            }),
            Property::always("nothing else goes wrong", |_, world: &World| world.wrong.is_none()),
            Property::always(
                "only a thief or a revocation ends a grant",
                |scenario: &Self, world: &World| {
                    let theft = [scenario.redeemers, scenario.refreshers].concat().contains(&Party::Thief);
                    theft || scenario.revokes || !world.ended
                },
            ),
            Property::always("a replayed code leaves nothing alive", |_, world: &World| {
                world.ended || world.proven_redemptions < 2
            }),
            Property::always("a stolen refresh token leaves nothing alive", |_, world: &World| {
                // The decision to end is carried out before anyone is answered.
                let ending = world.calls.iter().any(|call| matches!(call.write, Write::End(_)));
                world.ended || ending || !world.stolen
            }),
            Property::always("a shared access token lives half its life", |_, world: &World| {
                let half = u8::try_from(ACCESS_LIFETIME.as_secs()).unwrap() / 2;
                let lives = |token| world.item.as_ref().is_some_and(|grant| grant.slot(token).is_some());
                let young = |issued_at: &u8| world.clock < issued_at + half;
                world.ended || world.shared.iter().all(|(token, at)| !young(at) || lives(token))
            }),
            Property::sometimes("tokens are issued", |_, world: &World| !world.answered.is_empty()),
        ]
    }
}
