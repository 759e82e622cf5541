//! What one grant may be, as far as anyone can tell from the answers.
//!
//! The oracle knows the protocol's promises and nothing of items or conditions. An answer of 503 promises nothing: what
//! was asked may have happened, or not, or may yet happen while a write is on its way. So the oracle keeps every
//! life that the grant may be living, and drops those that an answer contradicts. An answer that contradicts all
//! of them is wrong.

use std::collections::BTreeSet;

use super::person::Pair;

/// Milliseconds.
type Ms = u64;

/// A token: as it was answered, or one that nobody was told, of the request with this number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Known(String),
    Untold(usize),
}

impl Name {
    fn is(&self, token: &str) -> bool {
        matches!(self, Self::Known(name) if name == token)
    }

    fn learn(&mut self, nth: usize, token: &str) {
        if *self == Self::Untold(nth) {
            *self = Self::Known(token.to_owned());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Access {
    name: Name,
    ends: Ms,
    scope: String,
    revoked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Active {
    access: Access,
    previous: Option<Access>,
    refresh: Name,
    refresh_ends: Ms,
    grant_ends: Ms,
    /// The tokens that were spent, in order, and when.
    spent: Vec<(String, Ms)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    Code,
    Active(Active),
    Ended,
}

/// A write that may be on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Late {
    Request(usize, Ms, Ask),
    End,
}

type Possible = (Life, Vec<Late>);

/// How long things live, for this grant's client. In milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub code: Ms,
    pub access: Ms,
    pub refresh: Ms,
    pub grant: Ms,
    pub grace: Ms,
}

/// What is asked about a grant. `own`: by its own client. `genuine`: the token was answered once, not made up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// With the right client, verifier and redirect URI, or without one of them.
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
        upheld: bool,
    },
    IntrospectRefresh {
        token: String,
        own: bool,
    },
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Pair { pair: Pair, scope: String, expires_in: u64 },
    InvalidGrant,
    InvalidScope,
    Revoked,
    Active { scope: String },
    Inactive,
    Unavailable,
}

/// What should be answered: like [`Told`], but the tokens may be untold.
enum Due {
    Pair { access: Name, refresh: Name, scope: String, expires_in: u64 },
    Plain(Told),
}

/// The oracle for one grant.
#[derive(Clone, Debug)]
pub struct Oracle {
    lifetimes: Lifetimes,
    scope: &'static str,
    issued_at: Ms,
    /// Whether the client or the user has lost the standing that the grant rests on, for good.
    fallen: bool,
    possible: BTreeSet<Possible>,
    /// Everything that was ever answered.
    pub known: Vec<Pair>,
}

impl Oracle {
    /// A grant of `scope` whose code was issued at `now`.
    pub fn new(lifetimes: Lifetimes, scope: &'static str, now: Ms) -> Self {
        let possible = BTreeSet::from([(Life::Code, Vec::new())]);
        Self { lifetimes, scope, issued_at: now, fallen: false, possible, known: Vec::new() }
    }

    /// Whether nothing can come of it any more.
    pub fn is_over(&self, now: Ms) -> bool {
        self.possible.iter().all(|(life, _)| match life {
            Life::Code => now >= self.issued_at + self.lifetimes.code,
            Life::Active(active) => active.is_over(now),
            Life::Ended => true,
        })
    }

    /// Takes in that the client was disabled, or that everything of the client's or the user's was ended. Nothing brings
    /// back what was issued until then.
    pub const fn fall(&mut self) {
        self.fallen = true;
    }

    /// How many lives it may be living.
    pub fn lives(&self) -> usize {
        self.possible.len()
    }

    /// Takes in that the `nth` request, which asked for `ask` at `now`, was answered with `told`. `on_the_way`:
    /// whether any write may still be. `Err`: no life explains the answer.
    pub fn hear(
        &mut self,
        nth: usize,
        now: Ms,
        ask: &Ask,
        told: &Told,
        on_the_way: bool,
    ) -> Result<(), String> {
        self.let_late_writes_arrive();
        let before = std::mem::take(&mut self.possible);
        let outcomes = before.iter().flat_map(|(life, late)| {
            self.outcomes(life, nth, now, ask).into_iter().map(move |outcome| (life, late, outcome))
        });
        let outcomes: Vec<_> = outcomes.collect();
        for (life, late, (due, after, ending)) in outcomes {
            let late = [late.as_slice(), ending.as_slice()].concat();
            if *told == Told::Unavailable {
                let with = |write| (life.clone(), [late.as_slice(), &[write]].concat());
                self.possible.extend([(life.clone(), late.clone()), (after.clone(), late.clone())]);
                self.possible.insert(with(Late::Request(nth, now, ask.clone())));
                if after == Life::Ended {
                    self.possible.insert(with(Late::End));
                }
            } else if let Some(after) = self.explains(due, after, told) {
                self.possible.insert((after, late.clone()));
            }
        }
        if self.possible.is_empty() {
            return Err(format!("{ask:?} was answered with {told:?}; it may have been: {before:#?}"));
        }
        if let Told::Pair { pair, .. } = told
            && !self.known.contains(pair)
        {
            self.known.push(pair.clone());
        }
        self.let_late_writes_arrive();
        if !on_the_way {
            let lives = std::mem::take(&mut self.possible);
            self.possible = lives.into_iter().map(|(life, _)| (life, Vec::new())).collect();
        }
        Ok(())
    }

    /// The life after, if `told` is what was `due`.
    fn explains(&self, due: Due, mut after: Life, told: &Told) -> Option<Life> {
        let (access, refresh, scope, expires_in) = match due {
            Due::Plain(plain) => return (plain == *told).then_some(after),
            Due::Pair { access, refresh, scope, expires_in } => (access, refresh, scope, expires_in),
        };
        let Told::Pair { pair, scope: told_scope, expires_in: told_expires_in } = told else { return None };
        if (&scope, expires_in) != (told_scope, *told_expires_in) {
            return None;
        }
        for (name, token) in [(access, &pair.access), (refresh, &pair.refresh)] {
            let fresh = !self.known.iter().any(|known| known.access == *token || known.refresh == *token);
            match name {
                Name::Known(name) if name == *token => {}
                Name::Untold(of) if fresh => after.learn(of, pair),
                Name::Known(_) | Name::Untold(_) => return None,
            }
        }
        Some(after)
    }

    /// Every life that comes of late writes that arrive, in any order, or do not yet.
    fn let_late_writes_arrive(&mut self) {
        let mut left: Vec<_> = std::mem::take(&mut self.possible).into_iter().collect();
        while let Some((life, mut late)) = left.pop() {
            late.retain(|write| self.arrive(&life, write) != life);
            late.sort();
            late.dedup();
            if !self.possible.insert((life.clone(), late.clone())) {
                continue;
            }
            for (at, write) in late.iter().enumerate() {
                let mut rest = late.clone();
                rest.remove(at);
                left.push((self.arrive(&life, write), rest));
            }
        }
    }

    /// What a late write makes of a life. Only the write that was asked for first: no function waits for it.
    fn arrive(&self, life: &Life, write: &Late) -> Life {
        match write {
            Late::End if *life == Life::Code => life.clone(),
            Late::End => Life::Ended,
            Late::Request(nth, at, ask) => {
                let (due, after) = self.outcome(life, *nth, *at, ask);
                match (ask, due) {
                    // What follows a refused write is another one.
                    (Ask::Redeem { .. } | Ask::Refresh { .. }, Due::Plain(_)) => life.clone(),
                    _ => after,
                }
            }
        }
    }

    /// What may be answered, and what then becomes of the grant. That those in whose standing it rests have lost it is found
    /// after the write: it may be that they cannot be asked for, and that the grant is not ended yet, or not at all.
    fn outcomes(&self, life: &Life, nth: usize, now: Ms, ask: &Ask) -> Vec<(Due, Life, Vec<Late>)> {
        let (due, after) = self.outcome(life, nth, now, ask);
        let refused = || Due::Plain(Told::InvalidGrant);
        match (ask, &due) {
            _ if !self.fallen => vec![(due, after, vec![])],
            (Ask::Redeem { .. } | Ask::Refresh { .. }, Due::Pair { .. }) => {
                vec![
                    (refused(), Life::Ended, vec![]),
                    (refused(), after.clone(), vec![Late::End]),
                    (due, after, vec![]),
                ]
            }
            (_, Due::Plain(Told::Active { .. })) => vec![(Due::Plain(Told::Inactive), after, vec![])],
            _ => vec![(due, after, vec![])],
        }
    }

    /// The same, as long as nobody has lost their standing.
    fn outcome(&self, life: &Life, nth: usize, now: Ms, ask: &Ask) -> (Due, Life) {
        let same = |told| (Due::Plain(told), life.clone());
        let ended = |told| (Due::Plain(told), Life::Ended);
        match (ask, life) {
            (Ask::Redeem { proven: true }, Life::Code) if now < self.issued_at + self.lifetimes.code => {
                let active = Active::begin(nth, now, self);
                (active.pair(now), Life::Active(active))
            }
            (Ask::Redeem { proven: true }, Life::Active(_)) => ended(Told::InvalidGrant),
            (Ask::Refresh { token, own: true, genuine: true, scope }, Life::Active(active)) => {
                self.refresh(active, nth, now, token, *scope)
            }
            (Ask::Redeem { .. } | Ask::Refresh { .. }, _) => same(Told::InvalidGrant),
            (Ask::RevokeRefresh { genuine: true, own, .. }, Life::Active(_)) => {
                if *own {
                    ended(Told::Revoked)
                } else {
                    same(Told::InvalidGrant)
                }
            }
            (Ask::RevokeAccess { token, own }, Life::Active(active)) if active.find(token).is_some() => {
                if *own {
                    (Due::Plain(Told::Revoked), Life::Active(active.without(token)))
                } else {
                    same(Told::InvalidGrant)
                }
            }
            (Ask::RevokeRefresh { .. } | Ask::RevokeAccess { .. }, _) => same(Told::Revoked),
            (Ask::IntrospectAccess { token, upheld: true }, Life::Active(active)) => {
                same(match active.find(token) {
                    Some(access) if now < access.ends.min(active.grant_ends) => {
                        Told::Active { scope: access.scope.clone() }
                    }
                    _ => Told::Inactive,
                })
            }
            (Ask::IntrospectRefresh { token, own: true }, Life::Active(active)) => {
                let works = active.refresh.is(token) && !active.is_over(now);
                same(if works { Told::Active { scope: self.scope.to_owned() } } else { Told::Inactive })
            }
            (Ask::IntrospectAccess { .. } | Ask::IntrospectRefresh { .. }, _) => same(Told::Inactive),
        }
    }

    fn refresh(&self, active: &Active, nth: usize, now: Ms, token: &str, scope: Option<&str>) -> (Due, Life) {
        let same = |told| (Due::Plain(told), Life::Active(active.clone()));
        if active.refresh.is(token) {
            if active.is_over(now) {
                return same(Told::InvalidGrant);
            }
            if scope
                .is_some_and(|asked| !asked.split(' ').all(|one| self.scope.split(' ').any(|had| had == one)))
            {
                return same(Told::InvalidScope);
            }
            let next = active.rotated(nth, now, token, scope.unwrap_or(self.scope), &self.lifetimes);
            return (next.pair(now), Life::Active(next));
        }
        let spent_at = |age: usize| {
            let (spent, at) = active.spent.iter().nth_back(age)?;
            (spent == token && now.saturating_sub(*at) < self.lifetimes.grace).then_some(())
        };
        match (spent_at(0), spent_at(1)) {
            // The access token may be at its end: it is the refresh token that must not get lost.
            (Some(()), _) if !active.is_over(now) && !active.access.revoked => {
                (active.pair(now), Life::Active(active.clone()))
            }
            (Some(()), _) | (_, Some(())) => same(Told::InvalidGrant),
            (None, None) => (Due::Plain(Told::InvalidGrant), Life::Ended),
        }
    }
}

impl Life {
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
            access: Access { name: Name::Untold(nth), ends: now + access, scope, revoked: false },
            previous: None,
            refresh: Name::Untold(nth),
            refresh_ends: now + refresh,
            grant_ends: now + grant,
            spent: Vec::new(),
        }
    }

    fn rotated(&self, nth: usize, now: Ms, token: &str, scope: &str, lifetimes: &Lifetimes) -> Self {
        let (ends, scope) = (now + lifetimes.access, scope.to_owned());
        Self {
            access: Access { name: Name::Untold(nth), ends, scope, revoked: false },
            previous: Some(self.access.clone()),
            refresh: Name::Untold(nth),
            refresh_ends: now + lifetimes.refresh,
            grant_ends: self.grant_ends,
            spent: [self.spent.as_slice(), &[(token.to_owned(), now)]].concat(),
        }
    }

    fn pair(&self, now: Ms) -> Due {
        Due::Pair {
            access: self.access.name.clone(),
            refresh: self.refresh.clone(),
            scope: self.access.scope.clone(),
            expires_in: self.access.ends.min(self.grant_ends).saturating_sub(now) / 1_000,
        }
    }

    fn is_over(&self, now: Ms) -> bool {
        now >= self.refresh_ends.min(self.grant_ends)
    }

    /// The access token that reads `token`, unless it was revoked.
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
