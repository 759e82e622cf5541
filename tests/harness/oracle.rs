//! The possible states of one grant, as far as its responses tell.
//!
//! The oracle knows the promises of the protocol, and nothing of items or conditions. A 503 promises nothing: the
//! operation may have been done, or not, or may be done later by a delayed write. So the oracle keeps all states that the
//! grant may be in, and drops those that a response contradicts. A response that contradicts all of them is wrong.

pub mod consent;
pub mod fact;
mod history;
mod operation;
mod outcome;
mod refresh;
mod state;

use std::collections::BTreeSet;

pub use operation::{Ms, Named, Observed, Operation, Reply, Terms, Values, values};

use super::code_flow::Pair;
use state::{Possible, State};

/// What happened between the server and DynamoDB while it served the requests of one moment.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// No request to DynamoDB failed or was late, so nothing that the server attempted was left undone.
    pub calm: bool,
    /// The network may still hold a write to the grant.
    pub in_flight: bool,
}

/// The oracle for one grant.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// The scope that the user granted.
    scope: Values,
    /// When the code expires.
    code_ends: Ms,
    /// The lifetime of the grant, from its redemption.
    lifetime: Ms,
    /// Whether the client or the user has lost good standing, permanently for this grant.
    standing_lost: bool,
    possible: BTreeSet<Possible>,
    /// All tokens that were returned: each access token with the refresh token that belongs to it.
    pub known: Vec<Pair>,
}

impl Oracle {
    /// Returns the oracle for a grant of `scope` whose code is valid until `code_ends`.
    pub fn new(scope: Values, code_ends: Ms, lifetime: Ms) -> Self {
        let code = Possible { state: State::Code, delayed: Vec::new(), overtaken: false };
        let possible = BTreeSet::from([code]);
        Self { scope, code_ends, lifetime, standing_lost: false, possible, known: Vec::new() }
    }

    /// Returns whether nothing of the grant works: it has lost its standing, or has ended or expired in every possible
    /// state.
    pub fn is_over(&self, now: Ms) -> bool {
        self.standing_lost
            || self.possible.iter().all(|Possible { state, .. }| match state {
                State::Code => now >= self.code_ends,
                State::Active(active) => active.has_expired(now),
                State::Ended => true,
            })
    }

    /// Records that the client or the user was disabled or deleted, or that everything of it was revoked. Nothing revives
    /// the tokens that were issued until then. `swept`: the grant was ended, too, if it was found.
    pub fn lose_standing(&mut self, swept: bool) {
        self.standing_lost = true;
        if swept {
            self.possible.insert(Possible { state: State::Ended, delayed: Vec::new(), overtaken: false });
        }
    }

    /// Returns the number of possible states.
    pub fn states(&self) -> usize {
        self.possible.len()
    }

    /// Records that `requests` were sent at one moment, and got these replies. `Err`: no possible state, and no order of the
    /// requests, explains the replies.
    pub fn observe(
        &mut self,
        now: Ms,
        terms: &Terms,
        requests: &[Observed],
        network: Network,
    ) -> Result<(), String> {
        let before = std::mem::take(&mut self.possible);
        let before = self.with_delayed_writes(before);
        self.possible = self.after_any_order(before.clone(), now, terms, requests, network);
        if self.possible.is_empty() {
            let sent: Vec<_> = requests.iter().map(|sent| (&sent.operation, &sent.reply)).collect();
            return Err(format!(
                "{sent:#?}\n{network:?}, under {terms:?}\nThe possible states were: {before:#?}"
            ));
        }
        for pair in requests.iter().filter_map(Observed::pair) {
            if !self.known.contains(&pair) {
                self.known.push(pair);
            }
        }
        if !network.in_flight {
            let states = std::mem::take(&mut self.possible).into_iter();
            self.possible = states.map(|last| Possible { delayed: Vec::new(), ..last }).collect();
        }
        Ok(())
    }
}
