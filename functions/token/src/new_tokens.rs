//! The first tokens of a person's grant.

use std::time::Duration;

use shared::{
    client::{Client, GrantType},
    grant::{Access, LONGEST_GRANT, Refresh, Tokens as Kept},
    scope::Scope,
    secret::{AccessToken, Id, Lineage, RefreshToken, Secret, random},
    time::Timestamp,
};

use crate::Tokens;

/// Fresh tokens, in plain text.
pub(crate) struct NewTokens {
    pub(crate) access: Secret<AccessToken>,
    /// None: without end.
    access_lifetime: Option<Duration>,
    refresh: Option<Secret<RefreshToken>>,
    refresh_lifetime: Duration,
}

impl NewTokens {
    /// For the grant called `id`, of `client`. There is no refresh token where the access token has no end; where
    /// there is one, the grant has, and the access token does not outlive it.
    pub(crate) fn make(id: Id, client: &Client, access_lifetime: Option<Duration>) -> Self {
        let refreshes = client.grant_types.contains(&GrantType::RefreshToken) && access_lifetime.is_some();
        Self {
            access: Secret::new(id, &random()),
            access_lifetime: access_lifetime
                .map(|lifetime| if refreshes { lifetime.min(LONGEST_GRANT) } else { lifetime }),
            refresh: refreshes.then(|| Secret::of_lineage(id, &random(), &Lineage::first(random()))),
            refresh_lifetime: client.lifetimes.refresh_token(),
        }
    }

    /// What is kept of them.
    pub(crate) fn kept(&self, now: Timestamp) -> Kept {
        let access = Access::lasting(self.access.digest(), now, self.access_lifetime);
        let refresh = self.refresh.as_ref();
        Kept {
            expires_at: if refresh.is_some() { Some(now.after(LONGEST_GRANT)) } else { access.expires_at },
            access,
            refresh: refresh.map(|token| Refresh::first(token, now.after(self.refresh_lifetime))),
        }
    }

    /// What is answered.
    pub(crate) fn answer(self, scope: Scope) -> Tokens {
        Tokens {
            access_token: self.access,
            expires_in: self.access_lifetime,
            refresh_token: self.refresh.map(|token| (token, self.refresh_lifetime)),
            scope,
        }
    }
}
