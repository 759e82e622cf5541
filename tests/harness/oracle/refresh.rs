//! A refresh by the grant's client with a token that was once returned (RFC 6749 §6, RFC 9700 §4.14.2).

use super::{
    operation::{Named, Operation, Reply, values},
    outcome::{Expected, Moment},
    state::{Active, State},
};

impl Active {
    /// Returns the expected reply and the state after it.
    pub(super) fn refresh(&self, at: Moment<'_>, operation: &Operation) -> (Expected, State) {
        let Operation::Refresh { token, scope, resource, .. } = operation else {
            unreachable!("the operation is a refresh")
        };
        if !self.refresh.is(token) {
            return self.spent(at, token, *resource);
        }
        if self.has_expired(at.now) || *resource == Named::Other {
            return self.same(Reply::InvalidGrant);
        }
        let requested = scope.map(values);
        if requested.as_ref().is_some_and(|requested| !requested.is_subset(&self.scope)) {
            return self.same(Reply::InvalidScope);
        }
        if at.terms.rotates {
            if !at.terms.permit(requested.as_ref()) {
                return self.same(Reply::InvalidScope);
            }
            let next = self.rotated(at.nth, at.now, token, *scope, at.terms);
            return (next.tokens(at.now), State::Active(next));
        }
        // Without rotation the last access token is returned again, until half its lifetime is over.
        let young = self.access.ends > at.now + at.terms.access / 2;
        if self.renewed && young && !self.access.revoked && self.access.requested == requested {
            return (self.access_token(at.now), State::Active(self.clone()));
        }
        if !at.terms.permit(requested.as_ref()) {
            return self.same(Reply::InvalidScope);
        }
        let next = self.renewed(at.nth, at.now, *scope, at.terms);
        (next.access_token(at.now), State::Active(next))
    }

    /// A token that was spent. Within the grace window the latest one leads to the same tokens again; a later use is theft.
    fn spent(&self, at: Moment<'_>, token: &str, resource: Named) -> (Expected, State) {
        let in_grace = |age: usize| {
            let spent = self.spent.iter().nth_back(age);
            spent.is_some_and(|(spent, when)| spent == token && at.now.saturating_sub(*when) < at.terms.grace)
        };
        // A renewal of the access token alone does not tell when the last token was spent.
        if self.renewed || !in_grace(0) && !in_grace(1) {
            return (Expected::Plain(Reply::InvalidGrant), State::Ended);
        }
        // The access token may have expired: the retry is for the refresh token.
        if in_grace(0) && resource != Named::Other && !self.has_expired(at.now) && !self.access.revoked {
            return (self.tokens(at.now), State::Active(self.clone()));
        }
        self.same(Reply::InvalidGrant)
    }

    fn same(&self, reply: Reply) -> (Expected, State) {
        (Expected::Plain(reply), State::Active(self.clone()))
    }
}
