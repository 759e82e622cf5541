//! A function instance in the model: its requests to DynamoDB and its responses, with the production `classify`
//! functions.

use super::{
    fixtures::{
        GRACE, access_revocation, at, client_id, first_refresh, overtaken, redemption, refresh_token,
        rotation, tick,
    },
    scenario::{Mistake, Revocation, Scenario},
    state::{Call, Party, Request, SENDS, System, Write},
};
use crate::{
    dynamodb::Outcome,
    grants::{
        AccessRevocation, Classification, EndReason, Ending, EndingByRefresh, Grant, Nonce, Redemption,
        RedemptionError, RefreshRotation, RotationError, State, Transition,
    },
    secret::{AccessToken, Digest},
};

/// Whether the response reaches the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Arrives,
    Lost,
}

impl Scenario {
    /// Starts `request` at an instance whose clock shows `now`.
    pub(super) fn start(&self, system: &mut System, party: Party, request: Request, now: u8) {
        let nth = system.started;
        system.started += 1;
        let write = match &request {
            Request::Redeem => {
                let verifier = if party == Party::Eavesdropper { "wrong" } else { "verifier" };
                Write::Redeem(redemption(verifier, nth, now))
            }
            Request::Refresh { token } => Write::Rotate(rotation(token, nth, now, self.rotates)),
            Request::Revoke { token } => Write::Revoke(EndingByRefresh {
                family: refresh_token(token).family(),
                client: client_id(),
                now: at(now),
            }),
            Request::RevokeAccess { token } => Write::RevokeAccess(access_revocation(*token, now)),
        };
        let precondition_held = match (&write, &system.item) {
            (Write::Redeem(redemption), Some(grant)) => redemption.precondition(grant),
            _ => false,
        };
        let status_was_good = system.status_permits(at(0));
        system.calls.push(Call {
            party,
            request,
            now,
            write,
            sends_left: SENDS,
            precondition_held,
            status_was_good,
            after_revoke_all: false,
        });
    }

    /// Continues `call` after DynamoDB's response: returns its next request to DynamoDB, or `None` if it is finished.
    pub(super) fn proceed(
        &self,
        system: &mut System,
        call: &Call,
        outcome: Outcome<(), Grant>,
        delivery: Delivery,
    ) -> Option<Write> {
        match &call.write {
            Write::Redeem(redemption) => self.after_redemption(system, call, redemption, outcome, delivery),
            Write::Rotate(rotation) => self.after_rotation(system, call, rotation, outcome, delivery),
            Write::ReadStatus(nonce) => self.after_status(system, call, *nonce, delivery),
            Write::RevokeAccess(revocation) => {
                let Outcome::ConditionFailed(Some(grant)) = outcome else { return None };
                let slot = revocation.classify(&grant).continue_value()?;
                Some(Write::RevokeAccess(AccessRevocation { slot, ..revocation.clone() }))
            }
            Write::Revoke(_) => {
                let lives = system.item.as_ref().is_some_and(|grant| grant.state != State::Ended);
                if delivery == Delivery::Arrives && lives {
                    system.violation = Some("a revocation succeeded, and the grant lives");
                }
                None
            }
            Write::End(_) | Write::Issue(_) => None,
        }
    }

    fn after_redemption(
        &self,
        system: &mut System,
        call: &Call,
        redemption: &Redemption,
        outcome: Outcome<(), Grant>,
        delivery: Delivery,
    ) -> Option<Write> {
        let result = match outcome {
            Outcome::Applied(()) => Ok(()),
            Outcome::ConditionFailed(None) => Err(RedemptionError::Unknown),
            Outcome::ConditionFailed(Some(grant)) if self.mistake == Mistake::OwnWriteForgotten => {
                let mut redemption = redemption.clone();
                redemption.tokens.access.digest = Digest::of("another");
                redemption.classify(&grant)
            }
            Outcome::ConditionFailed(Some(grant)) => redemption.classify(&grant),
        };
        match result {
            Ok(()) => {
                let digest = redemption.tokens.refresh.as_ref().map(|refresh| refresh.digest);
                let nth = (0..system.started).find(|nth| digest == Some(first_refresh(*nth).digest()));
                let token = first_refresh(nth.unwrap_or_default());
                issue(system, call, None, token.expose(), delivery);
                None
            }
            Err(RedemptionError::Replayed) => Some(end(call, EndReason::CodeReplayed)),
            Err(RedemptionError::Spent) if self.mistake == Mistake::UnprovenReplayEnds => {
                Some(end(call, EndReason::CodeReplayed))
            }
            Err(_) => None,
        }
    }

    fn after_rotation(
        &self,
        system: &mut System,
        call: &Call,
        rotation: &RefreshRotation,
        outcome: Outcome<(), Grant>,
        delivery: Delivery,
    ) -> Option<Write> {
        let classification = match outcome {
            Outcome::Applied(()) => Classification::OwnWrite,
            Outcome::ConditionFailed(None) => Classification::Refused(RotationError::Unknown),
            Outcome::ConditionFailed(Some(grant)) => self.classify(rotation, &grant),
        };
        // The presented token was spent, and its window is closed: theft, independent of the party and the response.
        system.stolen |= is_window_closed(rotation, system);
        let nonce = match classification {
            Classification::OwnWrite => rotation.nonce,
            Classification::Retry(nonce) => nonce,
            Classification::Overtaken(at) => {
                let Request::Refresh { token } = &call.request else { return None };
                return Some(Write::Rotate(overtaken(rotation, token, at)));
            }
            Classification::Refused(error) => {
                self.check_refusal(system, call, error);
                return (error == RotationError::Reused).then(|| end(call, EndReason::RefreshReused));
            }
        };
        if self.revocations.contains(&Revocation::Everything) && self.mistake != Mistake::StatusNotRead {
            return Some(Write::ReadStatus(nonce));
        }
        self.renew(system, call, nonce, delivery);
        None
    }

    fn after_status(
        &self,
        system: &mut System,
        call: &Call,
        nonce: Nonce,
        delivery: Delivery,
    ) -> Option<Write> {
        let is_good = match self.mistake {
            Mistake::StatusReadBeforeWrite => call.status_was_good,
            _ => system.status_permits(at(0)),
        };
        if !is_good {
            return Some(end(call, EndReason::StandingLost));
        }
        self.renew(system, call, nonce, delivery);
        None
    }

    /// Finishes a refresh: returns the successor of the presented token, or an access token if it is not rotated.
    fn renew(&self, system: &mut System, call: &Call, nonce: Nonce, delivery: Delivery) {
        let Request::Refresh { token } = &call.request else { return };
        if call.after_revoke_all {
            system.violation = Some("tokens were renewed though everything had been revoked");
        }
        let presented = refresh_token(token);
        if self.rotates {
            let successor = presented.successor(&nonce.0);
            issue(system, call, Some(token.clone()), successor.expose(), delivery);
        } else {
            share(system, presented.successor_access(&nonce.0).digest());
        }
    }

    fn classify(&self, rotation: &RefreshRotation, grant: &Grant) -> Classification {
        let mut rotation = rotation.clone();
        if self.mistake == Mistake::OwnWriteForgotten {
            rotation.access = Digest::of("another");
        }
        let refresh = grant.refresh.as_ref();
        let last = refresh.and_then(|refresh| refresh.rotation.as_ref());
        if self.mistake == Mistake::UnsaturatedSubtraction && last.is_some_and(|last| rotation.now < last.at)
        {
            return Classification::Refused(RotationError::Reused);
        }
        let open = last.is_some_and(|last| rotation.now.since(last.at) < GRACE);
        let age = refresh.and_then(|refresh| refresh.generation.checked_sub(rotation.proof.generation));
        let in_window = match self.mistake {
            Mistake::WindowReopened => age.is_some_and(|age| age >= 2),
            Mistake::WindowTooWide => age == Some(2),
            _ => false,
        };
        if open && in_window {
            return Classification::Refused(RotationError::Late);
        }
        rotation.classify(grant, GRACE)
    }

    /// Detects a refusal that must not happen: of an honest client that is the only party and keeps to the window.
    fn check_refusal(&self, system: &mut System, call: &Call, error: RotationError) {
        let alone = self.redeemers == [Party::Client] && self.revocations.is_empty() && self.parallel == 1;
        if call.party == Party::Client && alone && !self.refreshers.contains(&Party::Thief) {
            system.violation = Some(match error {
                RotationError::Reused => "an honest client was taken for a thief",
                _ => "an honest client was refused",
            });
        }
    }
}

/// Returns the write that ends the grant.
fn end(call: &Call, reason: EndReason) -> Write {
    Write::End(Ending { now: at(call.now), reason })
}

/// Records that `token` was issued, and gives it to the caller if the response arrives.
fn issue(system: &mut System, call: &Call, presented: Option<String>, token: &str, delivery: Delivery) {
    let issued = (presented, token.to_owned());
    if !system.issued.contains(&issued) {
        system.issued.push(issued);
    }
    let is_new =
        |tokens: &[String]| delivery == Delivery::Arrives && !tokens.iter().any(|known| known == token);
    match call.party {
        Party::Client if is_new(&system.client_tokens) => {
            system.client_tokens.push(token.to_owned());
            system.tried_at = None;
        }
        Party::Thief if is_new(&system.thief_tokens) => system.thief_tokens.push(token.to_owned()),
        _ => {}
    }
}

/// Records that an access token was returned. Other requests with the same refresh token soon get the same one.
fn share(system: &mut System, token: Digest<AccessToken>) {
    let grant = system.item.as_ref();
    let mut stored = grant.into_iter().flat_map(|grant| [&grant.access, &grant.previous_access]).flatten();
    match stored.find(|access| access.digest == token) {
        Some(access) => {
            let shared = (token, tick(access.issued_at));
            if !system.shared.contains(&shared) {
                system.shared.push(shared);
            }
        }
        None if !system.ended && !system.revoked.contains(&token) => {
            system.violation = Some("an access token was returned that the grant does not have");
        }
        None => {}
    }
}

/// Returns whether the presented token was spent so long ago that its grace window is closed.
fn is_window_closed(rotation: &RefreshRotation, system: &System) -> bool {
    system
        .spent
        .iter()
        .any(|(token, spent_at)| *token == rotation.proof.token && rotation.now.since(at(*spent_at)) >= GRACE)
}
