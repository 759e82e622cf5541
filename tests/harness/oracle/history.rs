//! Requests of one moment: their replies must be those of one order of the requests.

use std::collections::BTreeSet;

use super::{
    Network, Oracle,
    operation::{Ms, Observed, Operation, Reply, Terms},
    outcome::{Expected, Moment},
    state::{Delayed, Possible, State, TokenName},
};

impl Oracle {
    /// Returns the possible states after `requests` in any order.
    pub(super) fn after_any_order(
        &self,
        before: BTreeSet<Possible>,
        now: Ms,
        terms: &Terms,
        requests: &[Observed],
        network: Network,
    ) -> BTreeSet<Possible> {
        let is_one_of_several = requests.len() > 1;
        // The states after each set of requests: bit n stands for the request n.
        let all = (1_usize << requests.len()) - 1;
        let mut after = vec![BTreeSet::new(); all + 1];
        after[0] = before;
        for done in 0..all {
            for (n, request) in requests.iter().enumerate().filter(|(n, _)| done & (1 << n) == 0) {
                let at = Moment { nth: request.nth, now, terms, calm: network.calm };
                let next = self.after_one(&after[done], at, request, is_one_of_several);
                after[done | (1 << n)].extend(next);
            }
        }
        let last = after.pop().unwrap_or_default();
        let possible = last.into_iter().filter(|last| !last.overtaken || last.state == State::Ended);
        possible.map(|last| Possible { overtaken: false, ..last }).collect()
    }

    /// Returns the possible states after one request.
    fn after_one(
        &self,
        before: &BTreeSet<Possible>,
        at: Moment<'_>,
        request: &Observed,
        concurrent: bool,
    ) -> BTreeSet<Possible> {
        let Observed { nth, operation, reply } = request;
        let mut possible = BTreeSet::new();
        for Possible { state, delayed, overtaken } in before {
            let mut add = |state: &State, more: &[Delayed], overtaken_too: bool| {
                let delayed = [delayed.as_slice(), more].concat();
                let overtaken = *overtaken || overtaken_too;
                possible.insert(Possible { state: state.clone(), delayed, overtaken });
            };
            for (expected, after, ending) in self.outcomes(state, at, operation) {
                if *reply == Reply::Unavailable {
                    let first = Delayed::First(*nth, at.now, at.terms.clone(), operation.clone());
                    add(state, &[], false);
                    add(&after, &ending, false);
                    add(state, &[first], false);
                    if after == State::Ended {
                        add(state, &[Delayed::End], false);
                    }
                    continue;
                }
                let issues = matches!(expected, Expected::Tokens { .. });
                if concurrent && issues && *reply == Reply::InvalidGrant {
                    add(&after, &ending, true);
                }
                // Only the end of the grant prevents the removal of lost scope while the network is calm.
                let prevented = at.calm && matches!(ending.as_slice(), [Delayed::Narrow(_)]);
                if let Some(after) = self.explains(expected, after, request) {
                    add(&after, &ending, prevented);
                }
            }
        }
        self.with_delayed_writes(possible)
    }

    /// Returns the state after, if the request's reply is the `expected` one.
    fn explains(&self, expected: Expected, mut after: State, request: &Observed) -> Option<State> {
        let (access, refresh, scope, expires_in) = match expected {
            Expected::Plain(plain) => return (plain == request.reply).then_some(after),
            Expected::Tokens { access, refresh, scope, expires_in } => (access, refresh, scope, expires_in),
        };
        let Reply::Tokens { access: new, refresh: new_refresh, scope: of_reply, expires_in: left } =
            &request.reply
        else {
            return None;
        };
        if (&scope, expires_in) != (of_reply, *left) || refresh.is_some() != new_refresh.is_some() {
            return None;
        }
        let refreshes = refresh.into_iter().zip(new_refresh);
        for (name, token) in [(access, new)].into_iter().chain(refreshes) {
            let fresh = !self.known.iter().any(|known| known.access == *token || known.refresh == *token);
            match name {
                TokenName::Known(name) if name == *token => {}
                TokenName::Unseen(of) if fresh => after.learn(of, new, new_refresh.as_deref()),
                TokenName::Known(_) | TokenName::Unseen(_) => return None,
            }
        }
        Some(after)
    }

    /// Adds all states after delayed writes that arrive in any order, or do not arrive yet.
    pub(super) fn with_delayed_writes(&self, possible: BTreeSet<Possible>) -> BTreeSet<Possible> {
        let (mut all, mut left) = (BTreeSet::new(), possible.into_iter().collect::<Vec<_>>());
        while let Some(Possible { state, mut delayed, overtaken }) = left.pop() {
            delayed.retain(|write| self.delivered(&state, write) != state);
            delayed.sort();
            delayed.dedup();
            if !all.insert(Possible { state: state.clone(), delayed: delayed.clone(), overtaken }) {
                continue;
            }
            for (n, write) in delayed.iter().enumerate() {
                let mut rest = delayed.clone();
                rest.remove(n);
                left.push(Possible { state: self.delivered(&state, write), delayed: rest, overtaken });
            }
        }
        all
    }

    /// Returns the state after a delayed write. Only the operation's first write can be delayed: a function does not
    /// continue after it.
    fn delivered(&self, state: &State, write: &Delayed) -> State {
        match write {
            Delayed::End => State::Ended,
            Delayed::Narrow(values) => state.narrowed(values),
            Delayed::First(nth, now, terms, operation) => {
                let at = Moment { nth: *nth, now: *now, terms, calm: false };
                match (operation, self.outcome(state, at, operation)) {
                    // The function makes its next write only after the response to a failed one.
                    (Operation::Redeem { .. } | Operation::Refresh { .. }, (Expected::Plain(_), _)) => {
                        state.clone()
                    }
                    (_, (_, after)) => after,
                }
            }
        }
    }
}
