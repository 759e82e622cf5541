//! Every order in which a few requests, losses, delays and ticks of the clock can come, explored exhaustively.
//!
//! The model runs the code's own functions: transitions ([`Transition::holds`], [`Transition::apply`]) where
//! DynamoDB would evaluate them, and the `judge` functions where a function instance decides what a refusal means.
//! Around them it plays the world: clients, one of them a thief; the network, which loses answers to the client and
//! to the SDK, and delays and repeats writes; instances whose clocks differ; an administrator who ends everything,
//! and whose clock is off.
//!
//! [`Break`] puts a known mistake in the place of one of those functions; each must make some property fail, or the
//! model would prove nothing.

mod instance;
mod world;

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::State;
use crate::secret::{AccessToken, Digest};
use world::{
    ACCESS_LIFETIME, GRACE, Job, LAPTOP_SKEW, MOST_LATE, Party, SENDS, SKEW, UserStatus, World, Write, at,
    issued, made_up,
};

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
    /// Without rotation, a write that is repeated does not recognise itself.
    RepeatedUse,
    /// Every rotation opens a window for all older tokens.
    WindowRenewed,
    /// Every rotation opens a window for the two tokens before the current one.
    WindowShared,
    /// Nobody asks for the user's status when tokens are renewed.
    NobodyAsked,
    /// The user's status is asked for before the rotation is written.
    AskedBeforehand,
    /// What ends everything carries the time of an administrator's clock, which is slow.
    SlowLaptop,
    /// The same, and it is fast.
    FastLaptop,
}

/// What may happen beside redemptions and refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Besides {
    /// The client revokes its refresh token.
    RevokeRefresh,
    /// The client revokes its access tokens.
    RevokeAccess,
    /// An administrator ends everything of the user's. The grant itself is not swept.
    EndEverything,
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
    /// What else may happen.
    besides: &'static [Besides],
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
    RevokeAccess(Digest<AccessToken>),
    EndEverything,
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

    /// Explores everything, or until `enough` is found to fail; returns the properties that failed, and prints what it
    /// took.
    fn explore(self, name: &str, enough: Option<&'static str>) -> Vec<&'static str> {
        let checker = self.checker().threads(2);
        let checker = match enough {
            Some(property) => {
                checker.finish_when(HasDiscoveries::AllOf([property, "tokens are issued"].into()))
            }
            None => checker,
        };
        let checker = checker.spawn_bfs().join();
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
    besides: &[],
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
/// A thief who rotates again before each window closes, until the victim shows the token that was stolen.
const PATIENCE: Scenario = Scenario { parallel: 1, calls: 4, end: 5, ..THEFT };
const FORGERY: Scenario =
    Scenario { refreshers: &[Party::Client, Party::Forger], parallel: 2, calls: 3, end: 2, ..HONEST };
const FLEET: Scenario = Scenario { rotates: false, parallel: 2, calls: 4, end: 4, ..HONEST };
const SHARED_REVOCATION: Scenario = Scenario { besides: &[Besides::RevokeAccess], calls: 4, end: 2, ..FLEET };
const NO_SWEEP: Scenario = Scenario { besides: &[Besides::EndEverything], calls: 3, end: 3, ..HONEST };
const REVOCATION: Scenario =
    Scenario { besides: &[Besides::RevokeRefresh], parallel: 2, calls: 3, end: 2, ..HONEST };

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
        ("everything ended, and no sweep", NO_SWEEP),
    ] {
        assert_eq!(scenario.explore(name, None), [""; 0]);
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
        (Break::NeverYoung, FLEET, "a shared access token lives half its life unless it is revoked"),
        (Break::RepeatedUse, SHARED_REVOCATION, "a revoked access token never works again"),
        (Break::WindowRenewed, PATIENCE, "a stolen refresh token leaves nothing alive"),
        (Break::WindowShared, PATIENCE, "a stolen refresh token leaves nothing alive"),
        (Break::NobodyAsked, NO_SWEEP, "nothing else goes wrong"),
        (Break::AskedBeforehand, NO_SWEEP, "nothing else goes wrong"),
        (Break::SlowLaptop, NO_SWEEP, "what began before everything was ended is dead"),
        (Break::FastLaptop, NO_SWEEP, "what begins after everything was ended lives"),
    ] {
        let failed = Scenario { broken, ..scenario }.explore(&format!("{broken:?}"), Some(property));
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
            pocketed: Vec::new(),
            spent: Vec::new(),
            revoked: Vec::new(),
            status: UserStatus::default(),
            everything_ended_at: None,
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
        if self.besides.contains(&Besides::EndEverything) && world.everything_ended_at.is_none() {
            steps.push(Step::EndEverything);
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
                    // A thief tries whatever the client ever had, and what it led to.
                    Party::Thief => steps.extend(
                        world
                            .received
                            .iter()
                            .chain(&world.pocketed)
                            .map(|token| Step::Refresh(*party, token.clone(), now)),
                    ),
                    Party::Forger | Party::Eavesdropper => {
                        let forged = made_up(9, 9, 0);
                        steps.push(Step::Refresh(*party, forged.expose().to_owned(), now));
                    }
                }
            }
        }
        if self.besides.contains(&Besides::RevokeAccess) {
            steps.extend(world.shared.iter().map(|(token, _)| Step::RevokeAccess(*token)));
        }
        if self.besides.contains(&Besides::RevokeRefresh) {
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
            Step::RevokeAccess(token) => {
                let now = world.clock;
                self.begin(&mut world, Party::Client, Job::RevokeAccess { token }, now);
            }
            Step::EndEverything => {
                // The command goes by DynamoDB's clock, whatever its own says.
                let moment = match self.broken {
                    Break::SlowLaptop => at(world.clock.saturating_sub(LAPTOP_SKEW)),
                    Break::FastLaptop => at(world.clock + LAPTOP_SKEW),
                    _ => at(world.clock),
                };
                world.status.not_before = Some(moment);
                world.everything_ended_at = Some(world.clock);
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
                if matches!(call.write, Write::Rotate(_)) {
                    call.hopeless = world.everything_ended_at.is_some();
                }
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
                    theft || !scenario.besides.is_empty() || !world.ended
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
            Property::always(
                "a shared access token lives half its life unless it is revoked",
                |_, world: &World| {
                    let half = u8::try_from(ACCESS_LIFETIME.as_secs()).unwrap() / 2;
                    let lives = |token| world.item.as_ref().is_some_and(|grant| grant.slot(token).is_some());
                    let young = |issued_at: &u8| world.clock < issued_at + half;
                    let ends_early = |token| world.ended || world.revoked.contains(token);
                    world.shared.iter().all(|(token, at)| ends_early(token) || !young(at) || lives(token))
                },
            ),
            Property::always("a revoked access token never works again", |_, world: &World| {
                let works = |token| world.item.as_ref().is_some_and(|grant| grant.slot(token).is_some());
                !world.revoked.iter().any(works)
            }),
            Property::always("what began before everything was ended is dead", |_, world: &World| {
                // A grant of the very moment, and one that began a tick before.
                let upholds = |tick| world.status.status().upholds(at(tick)).is_ok();
                world.everything_ended_at.is_none_or(|ended| !upholds(ended) && !upholds(ended - 1))
            }),
            Property::always("what begins after everything was ended lives", |_, world: &World| {
                let upholds = |tick| world.status.status().upholds(at(tick)).is_ok();
                world.everything_ended_at.is_none_or(|ended| upholds(ended + 1))
            }),
            Property::sometimes("tokens are issued", |_, world: &World| !world.answered.is_empty()),
        ]
    }
}
