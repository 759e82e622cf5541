//! Every order in which a few requests, losses, delays and ticks of the clock can come, explored exhaustively.
//!
//! The model runs the code's own functions: transitions ([`Transition::holds`], [`Transition::apply`]) where
//! DynamoDB would evaluate them, and the `judge` functions where a function instance decides what a refusal means.
//! Around them it plays the world: clients, one of them a thief; the network, which loses answers to the client and
//! to the SDK, and delays and repeats writes; instances whose clocks differ.
//!
//! [`Break`] puts a known mistake in the place of one of those functions; each must make some property fail, or the
//! model would prove nothing.

#![expect(clippy::option_option, reason = "refused or not, and by an item or by none")]

use std::time::Duration;

use stateright::{Checker, Model, Property};

use super::{
    Access, Consent, Ending, EndingByRefresh, Grant, Nonce, NotRedeemed, NotRotated, Presented, Redemption,
    Refresh, Rotating, Shown, State, Terms, Tokens, Transition, Verdict, Why,
};
use crate::{
    client::{Client, ClientId, Registration},
    secret::{AuthorizationCode, Digest, Id, RefreshToken, Secret, Verifier},
    time::Timestamp,
};

/// One tick of the world's clock.
const TICK: Duration = Duration::from_secs(1);
/// How long a rotated token may be presented again.
const GRACE: Duration = Duration::from_secs(3);
/// How far one instance's clock may lag behind another's.
const SKEW: u8 = 1;
/// How many writes the network holds at a time.
const MOST_LATE: usize = 1;
/// How often the SDK sends a write.
const SENDS: u8 = 2;

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
}

/// Who sends a request, and what they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Party {
    /// The client.
    Client,
    /// Someone with the code, but no proof of being the client.
    Eavesdropper,
    /// Someone with everything the client has, a while ago.
    Thief,
    /// Someone who knows the grant's id, and makes up the rest.
    Forger,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Job {
    Redeem,
    Refresh { token: String },
    Revoke { token: String },
}

/// What DynamoDB is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Write {
    Issue(Box<Grant>),
    Redeem(Redemption),
    Rotate(Rotating),
    Revoke(EndingByRefresh),
    End(Ending),
}

/// A request that is being answered by one instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Call {
    party: Party,
    job: Job,
    /// What the instance's clock said.
    now: u8,
    write: Write,
    sends_left: u8,
    /// With [`Break::ReadThenWrite`]: whether the condition held when it was read.
    read: bool,
}

/// The world at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    clock: u8,
    item: Option<Grant>,
    calls: Vec<Call>,
    /// Writes that the network still holds.
    late: Vec<Write>,
    started: u8,
    /// The refresh tokens that the client has received, in order.
    received: Vec<String>,
    /// When the client first tried its newest token, if it has.
    tried_at: Option<u8>,
    /// Who has tried to redeem the code.
    redeemed_by: Vec<Party>,
    /// How many requests with everything that proves the client have been answered to their end.
    proven_redemptions: u8,
    /// Every refresh token that was answered, with what was presented for it (a code is `None`).
    answered: Vec<(Option<String>, String)>,
    ended: bool,
    /// A spent refresh token was shown after every window had closed.
    stolen: bool,
    /// What went wrong, as it is seen when it happens.
    wrong: Option<&'static str>,
}

/// Which requests there may be.
#[derive(Clone, Debug)]
struct Scenario {
    broken: Break,
    /// Who may try to redeem the code, each once.
    redeemers: &'static [Party],
    /// Who may refresh.
    refreshers: &'static [Party],
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

fn at(tick: u8) -> Timestamp {
    Timestamp::from_millis(1_000_000).after(TICK * u32::from(tick))
}

fn code() -> Secret<AuthorizationCode> {
    Secret::new(Id::from_bits(1), &[1; 32])
}

fn client_id() -> ClientId {
    "client".parse().unwrap()
}

fn client() -> Client {
    let redirect_uris = vec!["https://app.example.com/cb".to_owned()];
    let registration = Registration { name: "Client".to_owned(), redirect_uris, ..Registration::default() };
    registration.accept(client_id(), at(0)).unwrap().0
}

/// The grant as it is issued.
fn issued() -> Grant {
    let client = client();
    let issuer = "https://auth.example.com".parse().unwrap();
    let terms = Terms { client: &client, scope: "read".parse().unwrap(), issuer, now: at(0) };
    let consent = Consent {
        person: Id::from_bits(2),
        authenticated_at: at(0),
        redirect_uri: "https://app.example.com/cb",
        redirect_uri_sent: false,
        challenge: Some(Digest::<Verifier>::of("verifier")),
    };
    Grant::for_person(terms, &consent, &code())
}

fn refresh_token(text: &str) -> Secret<RefreshToken> {
    Secret::parse(text).unwrap()
}

/// The first refresh token that the `nth` call would issue.
fn first_refresh(nth: u8) -> Secret<RefreshToken> {
    Secret::in_family(Id::from_bits(1), &[nth + 50; 32], &[nth + 100; 16])
}

fn redemption(party: Party, nth: u8, now: u8) -> Redemption {
    let verifier = if party == Party::Eavesdropper { "wrong" } else { "verifier" };
    let access = Secret::new(Id::from_bits(1), &[nth + 150; 32]);
    let expires_at = at(now).after(TICK * 100);
    Redemption {
        shown: Shown {
            client: client_id(),
            code: code().digest(),
            redirect_uri: None,
            verifier: Some(Digest::of(verifier)),
        },
        tokens: Tokens {
            access: Access::new(access.digest(), at(now), at(now).after(TICK * 50)),
            refresh: Some(Refresh::first(&first_refresh(nth), expires_at)),
            expires_at,
        },
        now: at(now),
    }
}

fn rotation(token: &str, nth: u8, now: u8) -> Rotating {
    let (token, nonce) = (refresh_token(token), [nth; 32]);
    Rotating {
        presented: Presented { token: token.digest(), family: token.family(), client: client_id() },
        scope: None,
        nonce: Nonce(nonce),
        access: token.successor_access(&nonce).digest(),
        refresh: token.successor(&nonce).digest(),
        access_lifetime: TICK * 50,
        refresh_lifetime: TICK * 60,
        now: at(now),
    }
}

impl Scenario {
    /// What DynamoDB does: `None` if it did it, else the item that refused.
    fn evaluate(&self, world: &mut World, write: &Write, unconditional: bool) -> Option<Option<Grant>> {
        fn transition(
            item: &mut Option<Grant>,
            transition: &impl Transition,
            force: bool,
        ) -> Option<Option<Grant>> {
            match item {
                Some(grant) if force || transition.holds(grant) => {
                    transition.apply(grant);
                    None
                }
                _ => Some(item.clone()),
            }
        }

        let item = &mut world.item;
        let outcome = match write {
            Write::Issue(grant) => {
                if item.is_none() {
                    *item = Some((**grant).clone());
                }
                None
            }
            Write::Redeem(redemption) => transition(item, redemption, unconditional),
            Write::Rotate(rotating) => transition(item, rotating, false),
            Write::Revoke(ending) => transition(item, ending, false),
            Write::End(ending) => transition(item, ending, false),
        };
        if world.item.as_ref().is_some_and(|grant| grant.state == State::Ended) {
            world.ended = true;
            if self.broken == Break::Deleted {
                world.item = None;
            }
        }
        outcome
    }

    fn begin(world: &mut World, party: Party, job: Job, now: u8) {
        let nth = world.started;
        world.started += 1;
        let write = match &job {
            Job::Redeem => Write::Redeem(redemption(party, nth, now)),
            Job::Refresh { token } => Write::Rotate(rotation(token, nth, now)),
            Job::Revoke { token } => Write::Revoke(EndingByRefresh {
                family: refresh_token(token).family(),
                client: client_id(),
                now: at(now),
            }),
        };
        let read = match (&write, &world.item) {
            (Write::Redeem(redemption), Some(grant)) => redemption.holds(grant),
            _ => false,
        };
        world.calls.push(Call { party, job, now, write, sends_left: SENDS, read });
    }

    /// DynamoDB has answered a call's write: what the instance does next. `None`: it is done with it.
    fn decide(
        &self,
        world: &mut World,
        call: &Call,
        refused: Option<Option<Grant>>,
        arrives: bool,
    ) -> Option<Write> {
        let end = |why| Some(Write::End(Ending { now: at(call.now), why }));
        match (&call.write, refused) {
            (Write::Redeem(redemption), refused) => {
                let judged = match refused {
                    None => Ok(()),
                    Some(None) => Err(NotRedeemed::Unknown),
                    Some(Some(grant)) if self.broken == Break::OwnWriteForgotten => {
                        let mut forgetful = redemption.clone();
                        forgetful.tokens.access.digest = Digest::impossible();
                        forgetful.judge(&grant)
                    }
                    Some(Some(grant)) => redemption.judge(&grant),
                };
                match judged {
                    Ok(()) => {
                        let token = redemption.tokens.refresh.as_ref().map(|refresh| refresh.digest);
                        let nth = (0..world.started).find(|nth| token == Some(first_refresh(*nth).digest()));
                        let token = first_refresh(nth.unwrap_or_default());
                        Self::answer(world, call, None, token.expose(), arrives);
                        None
                    }
                    Err(NotRedeemed::Replayed) => end(Why::CodeReplayed),
                    Err(NotRedeemed::Spent) if self.broken == Break::UnprovenKills => end(Why::CodeReplayed),
                    Err(_) => None,
                }
            }
            (Write::Rotate(rotating), refused) => {
                let Job::Refresh { token } = &call.job else { return None };
                let verdict = match refused {
                    None => Verdict::Rotated,
                    Some(None) => Verdict::Refused(NotRotated::Unknown),
                    Some(Some(grant)) => self.judge(rotating, &grant),
                };
                let nonce = match verdict {
                    Verdict::Rotated => rotating.nonce,
                    Verdict::Retry(nonce) => nonce,
                    Verdict::Refused(reason) => {
                        world.stolen |= was_stolen(rotating, world.item.as_ref());
                        self.refused(world, call, reason);
                        return if reason == NotRotated::Reused { end(Why::RefreshReused) } else { None };
                    }
                };
                let successor = refresh_token(token).successor(&nonce.0);
                Self::answer(world, call, Some(token.clone()), successor.expose(), arrives);
                None
            }
            (Write::Revoke(_), _) => {
                if arrives && world.item.as_ref().is_some_and(|grant| grant.state != State::Ended) {
                    world.wrong = Some("a revocation was answered, and the grant lives");
                }
                None
            }
            (Write::End(_) | Write::Issue(_), _) => None,
        }
    }

    fn judge(&self, rotating: &Rotating, grant: &Grant) -> Verdict {
        let mut rotating = rotating.clone();
        if self.broken == Break::OwnWriteForgotten {
            rotating.access = Digest::impossible();
        }
        let last = grant.refresh.as_ref().and_then(|refresh| refresh.rotation.as_ref());
        if self.broken == Break::Unsaturated && last.is_some_and(|last| rotating.now < last.at) {
            return Verdict::Refused(NotRotated::Reused);
        }
        rotating.judge(grant, GRACE)
    }

    /// The caller is given a refresh token; it reaches them, or not.
    fn answer(world: &mut World, call: &Call, presented: Option<String>, token: &str, arrives: bool) {
        let answer = (presented, token.to_owned());
        if !world.answered.contains(&answer) {
            world.answered.push(answer);
        }
        if call.party == Party::Client && arrives && !world.received.iter().any(|known| known == token) {
            world.received.push(token.to_owned());
            world.tried_at = None;
        }
    }

    /// A refresh was refused: never to an honest client that keeps to the window, when there is nobody else.
    fn refused(&self, world: &mut World, call: &Call, reason: NotRotated) {
        let alone = self.redeemers == [Party::Client] && !self.revokes && self.parallel == 1;
        if call.party == Party::Client && alone && !self.refreshers.contains(&Party::Thief) {
            world.wrong = Some(match reason {
                NotRotated::Reused => "an honest client was taken for a thief",
                _ => "an honest client was refused",
            });
        }
    }
}

/// Whether what is shown was genuine once, is not now, and no window is open any more.
fn was_stolen(rotating: &Rotating, item: Option<&Grant>) -> bool {
    let Some(refresh) = item.and_then(|grant| grant.refresh.as_ref()) else { return false };
    let closed = refresh.rotation.as_ref().is_some_and(|last| last.at.after(GRACE) <= rotating.now);
    refresh.family == rotating.presented.family && refresh.digest != rotating.presented.token && closed
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
                Self::begin(&mut world, party, Job::Redeem, now);
            }
            Step::Refresh(party, token, now) => {
                if party == Party::Client {
                    world.tried_at.get_or_insert(before.clock);
                }
                Self::begin(&mut world, party, Job::Refresh { token }, now);
            }
            Step::Revoke(token) => {
                let now = world.clock;
                Self::begin(&mut world, Party::Client, Job::Revoke { token }, now);
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
            Property::sometimes("tokens are issued", |_, world: &World| !world.answered.is_empty()),
        ]
    }
}
