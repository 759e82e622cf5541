//! What an instance of a function does, and what DynamoDB does for it: with the code's own functions.

#![expect(clippy::option_option, reason = "refused or not, and by an item or by none")]

use super::{
    Besides, Break, Scenario,
    world::{
        Call, GRACE, Job, Party, SENDS, World, Write, access_revocation, at, client_id, first_refresh,
        redemption, refresh_token, rotation, tick,
    },
};
use crate::{
    grant::{
        AccessRevocation, Ending, EndingByRefresh, Grant, Nonce, NotRedeemed, NotRotated, Rotating, State,
        Transition, Verdict, Why,
    },
    secret::{AccessToken, Digest, RefreshToken},
};

impl Scenario {
    /// What DynamoDB does: `None` if it did it, else the item that refused.
    pub(super) fn evaluate(
        &self,
        world: &mut World,
        write: &Write,
        unconditional: bool,
    ) -> Option<Option<Grant>> {
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
            Write::Rotate(rotating) => {
                let careless = match self.broken {
                    Break::NeverYoung => is_current(rotating, item.as_ref()),
                    Break::RepeatedUse => {
                        let unrecognised = Rotating { access: Digest::of("another"), ..rotating.clone() };
                        item.as_ref().is_some_and(|grant| unrecognised.holds(grant))
                    }
                    _ => false,
                };
                let refused = transition(item, rotating, careless);
                if refused.is_none() && self.rotates {
                    world.spent.push((rotating.presented.token, tick(rotating.now)));
                }
                refused
            }
            Write::Revoke(ending) => transition(item, ending, false),
            Write::RevokeAccess(revocation) => {
                let refused = transition(item, revocation, false);
                if refused.is_none() {
                    world.revoked.push(revocation.token);
                }
                refused
            }
            Write::End(ending) => transition(item, ending, false),
            Write::AskStanding(_) => None,
        };
        if world.item.as_ref().is_some_and(|grant| grant.state == State::Ended) {
            world.ended = true;
            if self.broken == Break::Deleted {
                world.item = None;
            }
        }
        outcome
    }

    pub(super) fn begin(&self, world: &mut World, party: Party, job: Job, now: u8) {
        let nth = world.started;
        world.started += 1;
        let write = match &job {
            Job::Redeem => Write::Redeem(redemption(party, nth, now)),
            Job::Refresh { token } => Write::Rotate(rotation(token, nth, now, self.rotates)),
            Job::Revoke { token } => Write::Revoke(EndingByRefresh {
                family: refresh_token(token).family(),
                client: client_id(),
                now: at(now),
            }),
            Job::RevokeAccess { token } => Write::RevokeAccess(access_revocation(*token, now)),
        };
        let read = match (&write, &world.item) {
            (Write::Redeem(redemption), Some(grant)) => redemption.holds(grant),
            _ => false,
        };
        let stood = world.status.status().upholds(at(0)).is_ok();
        world.calls.push(Call { party, job, now, write, sends_left: SENDS, read, stood, hopeless: false });
    }

    /// DynamoDB has answered a call's write: what the instance does next. `None`: it is done with it.
    pub(super) fn decide(
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
                        forgetful.tokens.access.digest = Digest::of("another");
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
                // Whoever was shown the token, and whatever is answered: it was spent, and its window is closed.
                world.stolen |= is_closed(rotating, world);
                let nonce = match verdict {
                    Verdict::Rotated => rotating.nonce,
                    Verdict::Retry(nonce) => nonce,
                    Verdict::Refused(reason) => {
                        self.refused(world, call, reason);
                        return if reason == NotRotated::Reused { end(Why::RefreshReused) } else { None };
                    }
                };
                if self.besides.contains(&Besides::EndEverything) && self.broken != Break::NobodyAsked {
                    return Some(Write::AskStanding(nonce));
                }
                self.succeed(world, call, token, nonce, arrives);
                None
            }
            (Write::AskStanding(nonce), _) => {
                let Job::Refresh { token } = &call.job else { return None };
                let stands = match self.broken {
                    Break::AskedBeforehand => call.stood,
                    _ => world.status.status().upholds(at(0)).is_ok(),
                };
                if !stands {
                    return end(Why::StandingLost);
                }
                self.succeed(world, call, token, *nonce, arrives);
                None
            }
            (Write::RevokeAccess(revocation), refused) => {
                let moved = refused.flatten().and_then(|grant| revocation.judge(&grant).err());
                moved.map(|slot| Write::RevokeAccess(AccessRevocation { slot, ..revocation.clone() }))
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

    /// A refresh is answered: with the successor of `token`, or without rotation with an access token.
    fn succeed(&self, world: &mut World, call: &Call, token: &str, nonce: Nonce, arrives: bool) {
        if call.hopeless {
            world.wrong = Some("tokens were renewed though everything had been ended");
        }
        let presented = refresh_token(token);
        if self.rotates {
            let successor = presented.successor(&nonce.0);
            Self::answer(world, call, Some(token.to_owned()), successor.expose(), arrives);
        } else {
            Self::share(world, presented.successor_access(&nonce.0).digest());
        }
    }

    pub(super) fn judge(&self, rotating: &Rotating, grant: &Grant) -> Verdict {
        let mut rotating = rotating.clone();
        if self.broken == Break::OwnWriteForgotten {
            rotating.access = Digest::of("another");
        }
        let last = grant.refresh.as_ref().and_then(|refresh| refresh.rotation.as_ref());
        if self.broken == Break::Unsaturated && last.is_some_and(|last| rotating.now < last.at) {
            return Verdict::Refused(NotRotated::Reused);
        }
        let open = last.is_some_and(|last| rotating.now.since(last.at) < GRACE);
        let age = grant
            .refresh
            .as_ref()
            .and_then(|refresh| refresh.generation.checked_sub(rotating.presented.generation));
        let renewed = match self.broken {
            Break::WindowRenewed => age.is_some_and(|age| age >= 2),
            Break::WindowShared => age == Some(2),
            _ => false,
        };
        if open && renewed {
            return Verdict::Refused(NotRotated::Late);
        }
        rotating.judge(grant, GRACE)
    }

    /// The caller is given a refresh token; it reaches them, or not.
    pub(super) fn answer(
        world: &mut World,
        call: &Call,
        presented: Option<String>,
        token: &str,
        arrives: bool,
    ) {
        let answer = (presented, token.to_owned());
        if !world.answered.contains(&answer) {
            world.answered.push(answer);
        }
        let is_new = |tokens: &[String]| arrives && !tokens.iter().any(|known| known == token);
        match call.party {
            Party::Client if is_new(&world.received) => {
                world.received.push(token.to_owned());
                world.tried_at = None;
            }
            Party::Thief if is_new(&world.pocketed) => world.pocketed.push(token.to_owned()),
            _ => {}
        }
    }

    /// The caller is given an access token, and whoever else asks soon is given the same.
    fn share(world: &mut World, token: Digest<AccessToken>) {
        let access = world.item.as_ref().and_then(|grant| {
            [&grant.access, &grant.previous_access]
                .into_iter()
                .flatten()
                .find(|access| access.digest == token)
        });
        match access {
            Some(access) => {
                let shared = (token, tick(access.issued_at));
                if !world.shared.contains(&shared) {
                    world.shared.push(shared);
                }
            }
            None => {
                if !world.ended && !world.revoked.contains(&token) {
                    world.wrong = Some("an access token was answered that the grant does not have");
                }
            }
        }
    }

    /// A refresh was refused: never to an honest client that keeps to the window, when there is nobody else.
    pub(super) fn refused(&self, world: &mut World, call: &Call, reason: NotRotated) {
        let alone = self.redeemers == [Party::Client] && self.besides.is_empty() && self.parallel == 1;
        if call.party == Party::Client && alone && !self.refreshers.contains(&Party::Thief) {
            world.wrong = Some(match reason {
                NotRotated::Reused => "an honest client was taken for a thief",
                _ => "an honest client was refused",
            });
        }
    }
}

/// Whether what is shown is the grant's refresh token.
fn is_current(rotating: &Rotating, item: Option<&Grant>) -> bool {
    let live = item.filter(|grant| grant.state == State::Active);
    let refresh = live.and_then(|grant| grant.refresh.as_ref());
    refresh.is_some_and(|refresh| refresh.digest == rotating.presented.token)
}

/// Whether what is shown was spent so long ago that the window for repeating it is closed.
fn is_closed(rotating: &Rotating, world: &World) -> bool {
    let spent = |(token, at_tick): &(Digest<RefreshToken>, u8)| {
        *token == rotating.presented.token && rotating.now.since(at(*at_tick)) >= GRACE
    };
    world.spent.iter().any(spent)
}
