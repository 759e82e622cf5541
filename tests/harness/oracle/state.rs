//! A state that a grant may be in.

use super::operation::{Ms, Operation, Terms, Values};

/// A token that a response contained, or the unseen token of the operation with this number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TokenName {
    Known(String),
    Unseen(usize),
}

impl TokenName {
    pub(super) fn is(&self, token: &str) -> bool {
        matches!(self, Self::Known(name) if name == token)
    }

    fn learn(&mut self, nth: usize, token: &str) {
        if *self == Self::Unseen(nth) {
            *self = Self::Known(token.to_owned());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Access {
    pub(super) name: TokenName,
    pub(super) ends: Ms,
    /// The scope of the refresh request, if the request had one.
    pub(super) requested: Option<Values>,
    pub(super) revoked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Active {
    /// The granted scope.
    pub(super) scope: Values,
    pub(super) access: Access,
    pub(super) previous: Option<Access>,
    pub(super) refresh: TokenName,
    pub(super) refresh_ends: Ms,
    pub(super) grant_ends: Ms,
    /// The refresh tokens that were spent, in order, and when.
    pub(super) spent: Vec<(String, Ms)>,
    /// Whether a refresh that spent no token led to the access token.
    pub(super) renewed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::large_enum_variant, reason = "most grants are active")]
pub(super) enum State {
    Code,
    Active(Active),
    Ended,
}

/// A write that the network may still hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Delayed {
    /// The first write of an operation, which was sent at that time under these terms.
    First(usize, Ms, Terms, Operation),
    End,
    /// The removal of scope that is not among these values.
    Narrow(Values),
}

/// A possible state, with the writes that the network may still hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Possible {
    pub(super) state: State,
    pub(super) delayed: Vec<Delayed>,
    /// Whether another request of the same moment must have ended the grant: one was refused although it was performed,
    /// because the grant had ended when the response to its write arrived, or lost scope was not removed.
    pub(super) overtaken: bool,
}

impl State {
    pub(super) fn learn(&mut self, nth: usize, access: &str, refresh: Option<&str>) {
        let Self::Active(active) = self else { return };
        if let Some(refresh) = refresh {
            active.refresh.learn(nth, refresh);
        }
        active.access.name.learn(nth, access);
        if let Some(previous) = &mut active.previous {
            previous.name.learn(nth, access);
        }
    }

    /// Returns the state without the scope that is not among `values`.
    pub(super) fn narrowed(&self, values: &Values) -> Self {
        let mut state = self.clone();
        if let Self::Active(active) = &mut state {
            active.scope = &active.scope & values;
        }
        state
    }
}

impl Active {
    /// Returns the grant after its redemption.
    pub(super) fn begin(nth: usize, now: Ms, scope: &Values, grant_ends: Ms, terms: &Terms) -> Self {
        Self {
            scope: scope.clone(),
            access: Access {
                name: TokenName::Unseen(nth),
                ends: now + terms.access,
                requested: None,
                revoked: false,
            },
            previous: None,
            refresh: TokenName::Unseen(nth),
            refresh_ends: now + terms.refresh,
            grant_ends,
            spent: Vec::new(),
            renewed: false,
        }
    }

    /// Returns the grant with a new access token. If a rotation follows, the last refresh token that was spent counts as
    /// spent at this time.
    pub(super) fn renewed(&self, nth: usize, now: Ms, scope: Option<&str>, terms: &Terms) -> Self {
        let requested = scope.map(super::operation::values);
        let (name, ends) = (TokenName::Unseen(nth), now + terms.access);
        let mut spent = self.spent.clone();
        spent.last_mut().into_iter().for_each(|(_, when)| *when = now);
        Self {
            spent,
            access: Access { name, ends, requested, revoked: false },
            previous: Some(self.access.clone()),
            renewed: true,
            ..self.clone()
        }
    }

    /// Returns the grant with new tokens. The refresh token `token` is spent.
    pub(super) fn rotated(
        &self,
        nth: usize,
        now: Ms,
        token: &str,
        scope: Option<&str>,
        terms: &Terms,
    ) -> Self {
        Self {
            refresh: TokenName::Unseen(nth),
            refresh_ends: now + terms.refresh,
            spent: [self.spent.as_slice(), &[(token.to_owned(), now)]].concat(),
            renewed: false,
            ..self.renewed(nth, now, scope, terms)
        }
    }

    pub(super) fn has_expired(&self, now: Ms) -> bool {
        now >= self.refresh_ends.min(self.grant_ends)
    }

    /// Returns the scope of an access token: as requested, within what is still granted.
    pub(super) fn scope_of(&self, access: &Access) -> Values {
        access.requested.as_ref().map_or_else(|| self.scope.clone(), |requested| requested & &self.scope)
    }

    /// Returns the access token `token`, unless it was revoked.
    pub(super) fn find(&self, token: &str) -> Option<&Access> {
        let both = [Some(&self.access), self.previous.as_ref()];
        both.into_iter().flatten().find(|access| access.name.is(token) && !access.revoked)
    }

    /// Returns the grant after the revocation of the access token `token`.
    pub(super) fn without(&self, token: &str) -> Self {
        let mut active = self.clone();
        for access in [Some(&mut active.access), active.previous.as_mut()].into_iter().flatten() {
            access.revoked |= access.name.is(token);
        }
        active
    }
}
