//! The steps of the model: what can happen next, and what each step changes.

use stateright::{Model, Property};

use super::{
    fixtures::{GRACE, at, forged_refresh, new_grant},
    instance::Delivery,
    properties,
    scenario::{Mistake, Revocation, Scenario},
    state::{Party, Request, SENDS, SKEW, System, Write},
};
use crate::secret::{AccessToken, Digest};

/// How far an administrator's clock is wrong, in ticks.
const ADMIN_SKEW: u8 = 2;
/// The most writes that the network delays at a time.
const MOST_DELAYED: usize = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Tick,
    Redeem(Party),
    /// A refresh with this token, at an instance whose clock shows this tick.
    Refresh(Party, String, u8),
    Revoke(String),
    RevokeAccess(Digest<AccessToken>),
    RevokeAll,
    /// The write is made; its response and the caller's arrive.
    Respond(usize),
    /// The write is made and its response arrives; the caller's is lost.
    LoseResponse(usize),
    /// The write is made and its response is lost; the SDK sends it again.
    LoseWriteResponse(usize),
    /// The write is delayed; the SDK sends it again.
    DelayWrite(usize),
    /// A delayed write arrives.
    DeliverWrite(usize),
}

impl Model for Scenario {
    type State = System;
    type Action = Step;

    fn init_states(&self) -> Vec<System> {
        vec![System::new(&new_grant())]
    }

    fn actions(&self, system: &System, steps: &mut Vec<Step>) {
        for (nth, call) in system.calls.iter().enumerate() {
            steps.extend([Step::Respond(nth), Step::LoseResponse(nth)]);
            if call.sends_left > 1 {
                steps.push(Step::LoseWriteResponse(nth));
                if system.delayed.len() < MOST_DELAYED {
                    steps.push(Step::DelayWrite(nth));
                }
            }
        }
        steps.extend((0..system.delayed.len()).map(Step::DeliverWrite));
        if system.clock < self.last_tick {
            steps.push(Step::Tick);
        }
        if self.revocations.contains(&Revocation::Everything) && system.all_revoked_at.is_none() {
            steps.push(Step::RevokeAll);
        }
        if system.started < self.calls && system.calls.len() < self.parallel {
            self.new_requests(system, steps);
        }
    }

    fn next_state(&self, before: &System, step: Step) -> Option<System> {
        let mut system = before.clone();
        match step {
            Step::Tick => system.clock += 1,
            Step::Redeem(party) => {
                system.redeemed_by.push(party);
                self.start(&mut system, party, Request::Redeem, before.clock);
            }
            Step::Refresh(party, token, now) => {
                if party == Party::Client {
                    system.tried_at.get_or_insert(before.clock);
                }
                self.start(&mut system, party, Request::Refresh { token }, now);
            }
            Step::Revoke(token) => {
                self.start(&mut system, Party::Client, Request::Revoke { token }, before.clock);
            }
            Step::RevokeAccess(token) => {
                self.start(&mut system, Party::Client, Request::RevokeAccess { token }, before.clock);
            }
            Step::RevokeAll => self.revoke_all(&mut system),
            Step::DeliverWrite(nth) => {
                let write = system.delayed.remove(nth);
                self.write_late(&mut system, &write);
            }
            Step::DelayWrite(nth) => {
                system.calls[nth].sends_left -= 1;
                system.delayed.push(before.calls[nth].write.clone());
            }
            Step::LoseWriteResponse(nth) => {
                system.calls[nth].sends_left -= 1;
                self.write(&mut system, &before.calls[nth]);
            }
            Step::Respond(nth) => self.respond(&mut system, nth, Delivery::Arrives),
            Step::LoseResponse(nth) => self.respond(&mut system, nth, Delivery::Lost),
        }
        Some(system)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl Scenario {
    /// Adds the requests that a party can send now.
    fn new_requests(&self, system: &System, steps: &mut Vec<Step>) {
        let first = |party: &&Party| !system.redeemed_by.contains(party);
        steps.extend(self.redeemers.iter().filter(first).map(|party| Step::Redeem(*party)));
        for party in self.refreshers {
            for now in system.clock - SKEW..=system.clock {
                let refresh = |token: String| Step::Refresh(*party, token, now);
                steps.extend(refresh_tokens(*party, system).into_iter().map(refresh));
            }
        }
        if self.revocations.contains(&Revocation::AccessToken) {
            steps.extend(system.shared.iter().map(|(token, _)| Step::RevokeAccess(*token)));
        }
        if self.revocations.contains(&Revocation::RefreshToken) {
            steps.extend(system.client_tokens.iter().map(|token| Step::Revoke(token.clone())));
        }
    }

    fn revoke_all(&self, system: &mut System) {
        // The command uses DynamoDB's clock, not the administrator's.
        let not_before = match self.mistake {
            Mistake::SlowAdminClock => at(system.clock.saturating_sub(ADMIN_SKEW)),
            Mistake::FastAdminClock => at(system.clock + ADMIN_SKEW),
            _ => at(system.clock),
        };
        system.status.not_before = Some(not_before);
        system.all_revoked_at = Some(system.clock);
    }

    /// Makes the write of call number `nth`; the instance gets the response and continues.
    fn respond(&self, system: &mut System, nth: usize, delivery: Delivery) {
        let mut call = system.calls.remove(nth);
        let item = system.item.clone();
        if matches!(call.write, Write::Rotate(_)) {
            call.after_revoke_all = system.all_revoked_at.is_some();
        }
        let outcome = self.write(system, &call);
        if call.party == Party::Forger && system.item != item {
            system.violation = Some("a forged token changed the grant");
        }
        match self.proceed(system, &call, outcome, delivery) {
            Some(next) => {
                (call.write, call.sends_left) = (next, SENDS);
                system.calls.insert(nth, call);
            }
            None if call.request == Request::Redeem && call.party != Party::Eavesdropper => {
                system.proven_redemptions += 1;
            }
            None => {}
        }
    }
}

/// Returns the refresh tokens that `party` may try.
fn refresh_tokens(party: Party, system: &System) -> Vec<String> {
    match party {
        // The client tries its newest token, and again if it got no response, as long as the window is certainly open.
        Party::Client if may_retry(system) => system.client_tokens.last().cloned().into_iter().collect(),
        Party::Client => Vec::new(),
        // A thief tries all tokens that the client ever had, and those that they led to.
        Party::Thief => [system.client_tokens.as_slice(), &system.thief_tokens].concat(),
        Party::Forger | Party::Eavesdropper => vec![forged_refresh().expose().to_owned()],
    }
}

/// Returns whether the client may try its newest token now: for the first time, or again while the clock of every
/// instance is within the window that the first attempt may have opened.
fn may_retry(system: &System) -> bool {
    let window = u8::try_from(GRACE.as_secs()).unwrap() - SKEW;
    system.tried_at.is_none_or(|tried_at| system.clock < tried_at + window)
}
