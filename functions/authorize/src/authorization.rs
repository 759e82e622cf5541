//! A valid authorization request of a user who is signed in.

use std::time::Duration;

use shared::{
    dynamodb,
    endpoint::{Call, SignedIn},
    openid::hint::InvalidHint,
};

use crate::{
    destination::Destination,
    error::Error,
    openid::Hint,
    request::{AuthorizationRequest, ResponseType},
};

pub(crate) struct Authorization<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) destination: &'a Destination,
    pub(crate) request: AuthorizationRequest,
    /// The query of the request, as the client sent it.
    pub(crate) query: &'a str,
    pub(crate) user: SignedIn,
}

impl Authorization<'_> {
    /// Returns whether `prompt`, `max_age` or `id_token_hint` requires another sign-in (OpenID Connect Core §3.1.2.1).
    /// Fails if the user has already signed in for `id_token_hint`, and is another one than it names.
    pub(crate) async fn must_sign_in_again(&self) -> Result<bool, Error> {
        let age = self.call.now.since(self.user.authenticated_at);
        let is_too_old = |max_age: Duration| age.as_secs() > max_age.as_secs() || max_age.is_zero();
        if self.request.prompt.login || self.request.max_age.is_some_and(is_too_old) {
            return Ok(true);
        }
        let hint = self.request.openid.as_ref().and_then(|openid| openid.hint.as_ref());
        let Some(hint) = hint else { return Ok(false) };
        if self.is_hinted_user(hint).await? {
            return Ok(false);
        }
        if hint.after_sign_in { Err(Error::OtherUser) } else { Ok(true) }
    }

    /// Returns whether the user may be the one whom `hint` names. A hint that cannot be verified is ignored, but not with
    /// `prompt=none`: the client means one user, and no page shows which one it gets.
    async fn is_hinted_user(&self, hint: &Hint) -> Result<bool, dynamodb::Error> {
        Ok(match self.call.verify_hint(&hint.id_token).await? {
            Ok(hint) => hint.sub == self.user.user,
            Err(InvalidHint) => !self.request.prompt.none,
        })
    }

    /// Returns whether the user's consent counts for later requests, too. That takes a client that authenticates: any
    /// program could send the next request of another one (RFC 6749 §10.2, RFC 8252 §8.6). A self-registered client may
    /// authenticate, but anyone can be behind it.
    pub(crate) fn may_be_remembered(&self) -> bool {
        let client = &self.destination.client;
        !client.is_public()
            && !client.is_self_registered()
            && self.request.response_type == ResponseType::Code
    }
}
