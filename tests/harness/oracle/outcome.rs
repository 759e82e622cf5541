//! The reply that each operation must get in a state, and the state after it: the rules of the RFCs.

use super::{
    Oracle,
    operation::{Ms, Named, Operation, Reply, Terms, Values},
    state::{Active, Delayed, State, TokenName},
};

/// The expected reply. Like [`Reply`], but tokens may be unseen.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Tokens { access: TokenName, refresh: Option<TokenName>, scope: Values, expires_in: u64 },
    Plain(Reply),
}

/// An expected reply, the state after it, and the writes that may still follow.
pub(super) type Outcome = (Expected, State, Vec<Delayed>);

/// When an operation is sent: its number, the time, the client's properties, and whether the network was
/// [calm](super::Network::calm).
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) nth: usize,
    pub(super) now: Ms,
    pub(super) terms: &'a Terms,
    pub(super) calm: bool,
}

impl Oracle {
    /// Returns the expected replies.
    ///
    /// The server reads the standing of client and user after its write. After that it refuses a refresh whose client has lost
    /// the grant's resource, or removes scope that the client has lost. Either may fail, and then the reply is that of the
    /// write.
    pub(super) fn outcomes(&self, state: &State, at: Moment<'_>, operation: &Operation) -> Vec<Outcome> {
        let (expected, after) = self.outcome(state, at, operation);
        let issues = matches!(expected, Expected::Tokens { .. });
        let mut all = Vec::new();
        if !at.terms.owner_works && matches!(expected, Expected::Plain(Reply::Active { .. })) {
            return vec![(Expected::Plain(Reply::Inactive), after, vec![])];
        }
        if self.standing_lost {
            let refused = || Expected::Plain(Reply::InvalidGrant);
            match &expected {
                Expected::Plain(Reply::Active { .. }) => {
                    return vec![(Expected::Plain(Reply::Inactive), after, vec![])];
                }
                Expected::Tokens { .. } => {
                    all.push((refused(), State::Ended, vec![]));
                    if self.scope.contains("openid") && matches!(operation, Operation::Redeem { .. }) {
                        // The standing is read before the ID token is signed, and the code is redeemed after that.
                        all.push((refused(), state.clone(), vec![Delayed::End]));
                        return all;
                    }
                    all.push((refused(), after.clone(), vec![Delayed::End]));
                }
                Expected::Plain(_) => {}
            }
        }
        if let (Operation::Refresh { .. }, State::Active(active), true) = (operation, &after, issues) {
            let Some(most) = &at.terms.scope else {
                all.push((Expected::Plain(Reply::InvalidGrant), after.clone(), vec![]));
                all.extend((!at.calm).then_some((expected, after, vec![])));
                return all;
            };
            if !active.scope.is_subset(most) {
                let narrowed = after.narrowed(most);
                all.push((narrowed_reply(&expected, &narrowed), narrowed, vec![]));
                all.push((expected, after, vec![Delayed::Narrow(most.clone())]));
                return all;
            }
        }
        all.push((expected, after, vec![]));
        all
    }

    /// Returns the expected reply and the state after it while all principals are in good standing, and the client has
    /// lost no scope.
    pub(super) fn outcome(&self, state: &State, at: Moment<'_>, operation: &Operation) -> (Expected, State) {
        let same = |reply| (Expected::Plain(reply), state.clone());
        let ended = |reply| (Expected::Plain(reply), State::Ended);
        match (operation, state) {
            // RFC 8707 §2.2. It is found before the code or the token is looked at.
            (Operation::Redeem { resource: Named::Refused, .. }, _) => same(Reply::InvalidTarget),
            (Operation::Refresh { resource: Named::Refused, .. }, _) => same(Reply::InvalidGrant),
            // RFC 6749 §4.1.3.
            (Operation::Redeem { proven: true, resource }, State::Code) if at.now < self.code_ends => {
                if *resource == Named::Other {
                    return same(Reply::InvalidTarget); // RFC 8707 §2.2
                }
                let active = Active::begin(at.nth, at.now, &self.scope, at.now + self.lifetime, at.terms);
                (active.tokens(at.now), State::Active(active))
            }
            // RFC 6749 §4.1.2: a code that is used twice ends what it led to.
            (Operation::Redeem { proven: true, .. }, State::Active(_)) => ended(Reply::InvalidGrant),
            (Operation::Refresh { own: true, genuine: true, .. }, State::Active(active)) => {
                active.refresh(at, operation)
            }
            (Operation::Redeem { .. } | Operation::Refresh { .. }, _) => same(Reply::InvalidGrant),
            // RFC 7009 §2.1: only the token's client may revoke it; a refresh token's end is the grant's.
            (Operation::RevokeRefresh { genuine: true, own: true, .. }, State::Active(_)) => {
                ended(Reply::Revoked)
            }
            (Operation::RevokeRefresh { genuine: true, own: false, .. }, State::Active(_)) => {
                same(Reply::InvalidGrant)
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
            // RFC 7009 §2.2: a token that is invalid needs no revocation.
            (Operation::RevokeRefresh { .. } | Operation::RevokeAccess { .. }, _) => same(Reply::Revoked),
            // RFC 7662 §2.2.
            (Operation::IntrospectAccess { token, allowed: true }, State::Active(active)) => {
                same(match active.find(token) {
                    Some(access) if at.now < access.ends.min(active.grant_ends) => {
                        Reply::Active { scope: active.scope_of(access) }
                    }
                    _ => Reply::Inactive,
                })
            }
            (Operation::IntrospectRefresh { token, own: true }, State::Active(active)) => {
                let works = active.refresh.is(token) && !active.has_expired(at.now);
                same(if works { Reply::Active { scope: active.scope.clone() } } else { Reply::Inactive })
            }
            (Operation::IntrospectAccess { .. } | Operation::IntrospectRefresh { .. }, _) => {
                same(Reply::Inactive)
            }
        }
    }
}

/// Returns the reply with the scope of `narrowed`.
fn narrowed_reply(expected: &Expected, narrowed: &State) -> Expected {
    let mut reply = expected.clone();
    if let (Expected::Tokens { scope, .. }, State::Active(active)) = (&mut reply, narrowed) {
        *scope = active.scope_of(&active.access);
    }
    reply
}

impl Active {
    /// Returns the response with the current tokens.
    pub(super) fn tokens(&self, now: Ms) -> Expected {
        self.response(now, Some(self.refresh.clone()))
    }

    /// Returns the response with the current access token alone.
    pub(super) fn access_token(&self, now: Ms) -> Expected {
        self.response(now, None)
    }

    fn response(&self, now: Ms, refresh: Option<TokenName>) -> Expected {
        Expected::Tokens {
            access: self.access.name.clone(),
            refresh,
            scope: self.scope_of(&self.access),
            expires_in: self.access.ends.min(self.grant_ends).saturating_sub(now) / 1_000,
        }
    }
}
