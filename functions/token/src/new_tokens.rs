//! The first tokens of a grant.

use std::time::Duration;

use shared::{
    audit::Event,
    clients::Client,
    endpoint::Call,
    grants::{self, Access, Grant, LONGEST_GRANT, Refresh},
    oauth::GrantType,
    secret::{AccessToken, Id, Lineage, RefreshToken, Secret, random},
    time::Timestamp,
};

use crate::response::Tokens;

/// New tokens of a user's grant, in plain text.
pub(crate) struct NewTokens {
    pub(crate) access: Secret<AccessToken>,
    /// `None`: without end.
    access_lifetime: Option<Duration>,
    refresh: Option<Secret<RefreshToken>>,
    refresh_lifetime: Duration,
}

impl NewTokens {
    /// Creates the tokens of the grant with this id. An access token without end has no refresh token. With a refresh
    /// token the grant has an end, and the access token does not outlive it.
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

    /// Returns what the item stores of the tokens.
    pub(crate) fn stored(&self, now: Timestamp) -> grants::Tokens {
        let access = Access::new(self.access.digest(), now, self.access_lifetime);
        let refresh = self.refresh.as_ref();
        grants::Tokens {
            expires_at: if refresh.is_some() { Some(now.after(LONGEST_GRANT)) } else { access.expires_at },
            access,
            refresh: refresh.map(|token| Refresh::first(token, now.after(self.refresh_lifetime))),
        }
    }

    /// Logs that `grant`, which was written, has these tokens, and returns them for the response.
    pub(crate) fn issue(self, call: &Call<'_>, id: Id, grant: Grant) -> Tokens {
        log_issued(call, id, &grant, &self.access);
        Tokens {
            access_token: self.access,
            expires_in: self.access_lifetime,
            refresh_token: self.refresh.map(|token| (token, self.refresh_lifetime)),
            scope: grant.scope,
            id_token: None,
        }
    }
}

/// Logs that the first access token of `grant` was issued.
pub(crate) fn log_issued(call: &Call<'_>, id: Id, grant: &Grant, access: &Secret<AccessToken>) {
    call.audit(Event::Issued {
        grant: id,
        kind: grant.kind.grant_type(),
        client: &grant.client,
        token: access.digest().name(),
        scope: grant.scope.to_string(),
    });
}
