//! The possible states of one grant, as far as its responses tell.
//!
//! The oracle knows the promises of the protocol, and nothing of items or conditions. A 503 promises nothing: the
//! operation may have been done, or not, or may be done later by a delayed write. So the oracle keeps all states that the
//! grant may be in, and drops those that a response contradicts. A response that contradicts all of them is wrong.

use std::collections::BTreeSet;

use super::code_flow::Pair;

/// Milliseconds.
type Ms = u64;

/// A token that a response contained, or the unseen token of the operation with this number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TokenName {
    Known(String),
    Unseen(usize),
}

impl TokenName {
    fn is(&self, token: &str) -> bool {
        matches!(self, Self::Known(name) if name == token)
    }

    fn learn(&mut self, nth: usize, token: &str) {
        if *self == Self::Unseen(nth) {
            *self = Self::Known(token.to_owned());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Access {
    name: TokenName,
    ends: Ms,
    scope: String,
    revoked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Active {
    access: Access,
    previous: Option<Access>,
    refresh: TokenName,
    refresh_ends: Ms,
    grant_ends: Ms,
    /// The tokens that were spent, in order, and when.
    spent: Vec<(String, Ms)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Code,
    Active(Active),
    Ended,
}

/// A write that the network may still hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Delayed {
    Request(usize, Ms, Operation),
    End,
}

type Possible = (State, Vec<Delayed>);

/// The lifetimes of the grant's client, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub code: Ms,
    pub access: Ms,
    pub refresh: Ms,
    pub grant: Ms,
    pub grace: Ms,
}

/// An operation on a grant. `own`: by the grant's client. `genuine`: the token was returned once, not made up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `proven`: with the right client, verifier and redirect URI.
    Redeem {
        proven: bool,
    },
    Refresh {
        token: String,
        own: bool,
        genuine: bool,
        scope: Option<&'static str>,
    },
    RevokeRefresh {
        token: String,
        own: bool,
        genuine: bool,
    },
    RevokeAccess {
        token: String,
        own: bool,
    },
    IntrospectAccess {
        token: String,
        in_standing: bool,
    },
    IntrospectRefresh {
        token: String,
        own: bool,
    },
}

/// The meaning of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Pair { pair: Pair, scope: String, expires_in: u64 },
    InvalidGrant,
    InvalidScope,
    Revoked,
    Active { scope: String },
    Inactive,
    Unavailable,
}

/// The expected reply. Like [`Reply`], but tokens may be unseen.
enum Expected {
    Pair { access: TokenName, refresh: TokenName, scope: String, expires_in: u64 },
    Plain(Reply),
}

/// The oracle for one grant.
#[derive(Clone, Debug)]
pub struct Oracle {
    lifetimes: Lifetimes,
    scope: &'static str,
    issued_at: Ms,
    /// Whether the client or the user has lost good standing, permanently for this grant.
    standing_lost: bool,
    possible: BTreeSet<Possible>,
    /// All pairs that were returned.
    pub known: Vec<Pair>,
}

impl Oracle {
    /// Returns the oracle for a grant of `scope` whose code was issued at `now`.
    pub fn new(lifetimes: Lifetimes, scope: &'static str, now: Ms) -> Self {
        let possible = BTreeSet::from([(State::Code, Vec::new())]);
        Self { lifetimes, scope, issued_at: now, standing_lost: false, possible, known: Vec::new() }
    }

    /// Returns whether the grant has ended or expired in every possible state.
    pub fn has_expired(&self, now: Ms) -> bool {
        self.possible.iter().all(|(state, _)| match state {
            State::Code => now >= self.issued_at + self.lifetimes.code,
            State::Active(active) => active.has_expired(now),
            State::Ended => true,
        })
    }

    /// Records that the client was disabled, or that everything of the client or the user was revoked. Nothing revives
    /// the tokens that were issued until then.
    pub const fn lose_standing(&mut self) {
        self.standing_lost = true;
    }

    /// Returns the number of possible states.
    pub fn states(&self) -> usize {
        self.possible.len()
    }

    /// Records that operation number `nth` at `now` got `reply`. `in_flight`: whether the network may still hold a write.
    /// `Err`: no possible state explains the reply.
    pub fn observe(
        &mut self,
        nth: usize,
        now: Ms,
        operation: &Operation,
        reply: &Reply,
        in_flight: bool,
    ) -> Result<(), String> {
        self.deliver_delayed_writes();
        let before = std::mem::take(&mut self.possible);
        let outcomes = before.iter().flat_map(|(state, delayed)| {
            self.outcomes(state, nth, now, operation)
                .into_iter()
                .map(move |outcome| (state, delayed, outcome))
        });
        let outcomes: Vec<_> = outcomes.collect();
        for (state, delayed, (expected, after, ending)) in outcomes {
            let delayed = [delayed.as_slice(), ending.as_slice()].concat();
            if *reply == Reply::Unavailable {
                let with = |write| (state.clone(), [delayed.as_slice(), &[write]].concat());
                self.possible.extend([(state.clone(), delayed.clone()), (after.clone(), delayed.clone())]);
                self.possible.insert(with(Delayed::Request(nth, now, operation.clone())));
                if after == State::Ended {
                    self.possible.insert(with(Delayed::End));
                }
            } else if let Some(after) = self.explains(expected, after, reply) {
                self.possible.insert((after, delayed.clone()));
            }
        }
        if self.possible.is_empty() {
            return Err(format!("{operation:?} got {reply:?}; the possible states were: {before:#?}"));
        }
        if let Reply::Pair { pair, .. } = reply
            && !self.known.contains(pair)
        {
            self.known.push(pair.clone());
        }
        self.deliver_delayed_writes();
        if !in_flight {
            let states = std::mem::take(&mut self.possible);
            self.possible = states.into_iter().map(|(state, _)| (state, Vec::new())).collect();
        }
        Ok(())
    }

    /// Returns the state after, if `reply` is the `expected` one.
    fn explains(&self, expected: Expected, mut after: State, reply: &Reply) -> Option<State> {
        let (access, refresh, scope, expires_in) = match expected {
            Expected::Plain(plain) => return (plain == *reply).then_some(after),
            Expected::Pair { access, refresh, scope, expires_in } => (access, refresh, scope, expires_in),
        };
        let Reply::Pair { pair, scope: reply_scope, expires_in: reply_expires_in } = reply else {
            return None;
        };
        if (&scope, expires_in) != (reply_scope, *reply_expires_in) {
            return None;
        }
        for (name, token) in [(access, &pair.access), (refresh, &pair.refresh)] {
            let fresh = !self.known.iter().any(|known| known.access == *token || known.refresh == *token);
            match name {
                TokenName::Known(name) if name == *token => {}
                TokenName::Unseen(of) if fresh => after.learn(of, pair),
                TokenName::Known(_) | TokenName::Unseen(_) => return None,
            }
        }
        Some(after)
    }

    /// Adds all states after delayed writes that arrive in any order, or do not arrive yet.
    fn deliver_delayed_writes(&mut self) {
        let mut left: Vec<_> = std::mem::take(&mut self.possible).into_iter().collect();
        while let Some((state, mut delayed)) = left.pop() {
            delayed.retain(|write| self.deliver(&state, write) != state);
            delayed.sort();
            delayed.dedup();
            if !self.possible.insert((state.clone(), delayed.clone())) {
                continue;
            }
            for (at, write) in delayed.iter().enumerate() {
                let mut rest = delayed.clone();
                rest.remove(at);
                left.push((self.deliver(&state, write), rest));
            }
        }
    }

    /// Returns the state after a delayed write. Only the operation's first write can be delayed: a function does not
    /// continue after it.
    fn deliver(&self, state: &State, write: &Delayed) -> State {
        match write {
            Delayed::End if *state == State::Code => state.clone(),
            Delayed::End => State::Ended,
            Delayed::Request(nth, at, operation) => {
                let (expected, after) = self.outcome(state, *nth, *at, operation);
                match (operation, expected) {
                    // The function makes its next write only after the response to a failed one.
                    (Operation::Redeem { .. } | Operation::Refresh { .. }, Expected::Plain(_)) => {
                        state.clone()
                    }
                    _ => after,
                }
            }
        }
    }

    /// Returns the expected replies, each with the state after it. The function reads the standing after its write: the
    /// read may fail, and the end of the grant may be delayed or fail.
    fn outcomes(
        &self,
        state: &State,
        nth: usize,
        now: Ms,
        operation: &Operation,
    ) -> Vec<(Expected, State, Vec<Delayed>)> {
        let (expected, after) = self.outcome(state, nth, now, operation);
        let refused = || Expected::Plain(Reply::InvalidGrant);
        match (operation, &expected) {
            _ if !self.standing_lost => vec![(expected, after, vec![])],
            (Operation::Redeem { .. } | Operation::Refresh { .. }, Expected::Pair { .. }) => {
                vec![
                    (refused(), State::Ended, vec![]),
                    (refused(), after.clone(), vec![Delayed::End]),
                    (expected, after, vec![]),
                ]
            }
            (_, Expected::Plain(Reply::Active { .. })) => {
                vec![(Expected::Plain(Reply::Inactive), after, vec![])]
            }
            _ => vec![(expected, after, vec![])],
        }
    }

    /// Returns the expected reply and the state after it while all principals are in good standing.
    fn outcome(&self, state: &State, nth: usize, now: Ms, operation: &Operation) -> (Expected, State) {
        let same = |reply| (Expected::Plain(reply), state.clone());
        let ended = |reply| (Expected::Plain(reply), State::Ended);
        match (operation, state) {
            (Operation::Redeem { proven: true }, State::Code)
                if now < self.issued_at + self.lifetimes.code =>
            {
                let active = Active::begin(nth, now, self);
                (active.pair(now), State::Active(active))
            }
            (Operation::Redeem { proven: true }, State::Active(_)) => ended(Reply::InvalidGrant),
            (Operation::Refresh { token, own: true, genuine: true, scope }, State::Active(active)) => {
                self.refresh(active, nth, now, token, *scope)
            }
            (Operation::Redeem { .. } | Operation::Refresh { .. }, _) => same(Reply::InvalidGrant),
            (Operation::RevokeRefresh { genuine: true, own, .. }, State::Active(_)) => {
                if *own {
                    ended(Reply::Revoked)
                } else {
                    same(Reply::InvalidGrant)
                }
            }
            (Operation::RevokeAccess { token, own }, State::Active(active))
                if active.find(token).is_some() =>
            {
                if *own {
                    (Expected::Plain(Reply::Revoked), State::Active(active.without(token)))
                } else {
                    same(Reply::InvalidGrant)
                }
            }
            (Operation::RevokeRefresh { .. } | Operation::RevokeAccess { .. }, _) => same(Reply::Revoked),
            (Operation::IntrospectAccess { token, in_standing: true }, State::Active(active)) => {
                same(match active.find(token) {
                    Some(access) if now < access.ends.min(active.grant_ends) => {
                        Reply::Active { scope: access.scope.clone() }
                    }
                    _ => Reply::Inactive,
                })
            }
            (Operation::IntrospectRefresh { token, own: true }, State::Active(active)) => {
                let works = active.refresh.is(token) && !active.has_expired(now);
                same(if works { Reply::Active { scope: self.scope.to_owned() } } else { Reply::Inactive })
            }
            (Operation::IntrospectAccess { .. } | Operation::IntrospectRefresh { .. }, _) => {
                same(Reply::Inactive)
            }
        }
    }

    fn refresh(
        &self,
        active: &Active,
        nth: usize,
        now: Ms,
        token: &str,
        scope: Option<&str>,
    ) -> (Expected, State) {
        let same = |reply| (Expected::Plain(reply), State::Active(active.clone()));
        if active.refresh.is(token) {
            if active.has_expired(now) {
                return same(Reply::InvalidGrant);
            }
            if scope.is_some_and(|requested| {
                !requested.split(' ').all(|one| self.scope.split(' ').any(|granted| granted == one))
            }) {
                return same(Reply::InvalidScope);
            }
            let next = active.rotated(nth, now, token, scope.unwrap_or(self.scope), &self.lifetimes);
            return (next.pair(now), State::Active(next));
        }
        let spent_at = |age: usize| {
            let (spent, at) = active.spent.iter().nth_back(age)?;
            (spent == token && now.saturating_sub(*at) < self.lifetimes.grace).then_some(())
        };
        match (spent_at(0), spent_at(1)) {
            // The access token may have expired: the retry is for the refresh token.
            (Some(()), _) if !active.has_expired(now) && !active.access.revoked => {
                (active.pair(now), State::Active(active.clone()))
            }
            (Some(()), _) | (_, Some(())) => same(Reply::InvalidGrant),
            (None, None) => (Expected::Plain(Reply::InvalidGrant), State::Ended),
        }
    }
}

impl State {
    fn learn(&mut self, nth: usize, pair: &Pair) {
        if let Self::Active(active) = self {
            active.refresh.learn(nth, &pair.refresh);
            active.access.name.learn(nth, &pair.access);
            if let Some(previous) = &mut active.previous {
                previous.name.learn(nth, &pair.access);
            }
        }
    }
}

impl Active {
    fn begin(nth: usize, now: Ms, oracle: &Oracle) -> Self {
        let Lifetimes { access, refresh, grant, .. } = oracle.lifetimes;
        let scope = oracle.scope.to_owned();
        Self {
            access: Access { name: TokenName::Unseen(nth), ends: now + access, scope, revoked: false },
            previous: None,
            refresh: TokenName::Unseen(nth),
            refresh_ends: now + refresh,
            grant_ends: now + grant,
            spent: Vec::new(),
        }
    }

    fn rotated(&self, nth: usize, now: Ms, token: &str, scope: &str, lifetimes: &Lifetimes) -> Self {
        let (ends, scope) = (now + lifetimes.access, scope.to_owned());
        Self {
            access: Access { name: TokenName::Unseen(nth), ends, scope, revoked: false },
            previous: Some(self.access.clone()),
            refresh: TokenName::Unseen(nth),
            refresh_ends: now + lifetimes.refresh,
            grant_ends: self.grant_ends,
            spent: [self.spent.as_slice(), &[(token.to_owned(), now)]].concat(),
        }
    }

    fn pair(&self, now: Ms) -> Expected {
        Expected::Pair {
            access: self.access.name.clone(),
            refresh: self.refresh.clone(),
            scope: self.access.scope.clone(),
            expires_in: self.access.ends.min(self.grant_ends).saturating_sub(now) / 1_000,
        }
    }

    fn has_expired(&self, now: Ms) -> bool {
        now >= self.refresh_ends.min(self.grant_ends)
    }

    /// Returns the access token `token`, unless it was revoked.
    fn find(&self, token: &str) -> Option<&Access> {
        let both = [Some(&self.access), self.previous.as_ref()];
        both.into_iter().flatten().find(|access| access.name.is(token) && !access.revoked)
    }

    fn without(&self, token: &str) -> Self {
        let mut active = self.clone();
        for access in [Some(&mut active.access), active.previous.as_mut()].into_iter().flatten() {
            access.revoked |= access.name.is(token);
        }
        active
    }
}
