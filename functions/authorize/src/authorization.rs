//! A valid authorization request of a user who is signed in.

use std::time::Duration;

use shared::endpoint::{Call, SignedIn};

use crate::{
    destination::Destination,
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
    /// Returns whether `prompt` or `max_age` requires another sign-in (OpenID Connect Core §3.1.2.1).
    pub(crate) fn must_sign_in_again(&self) -> bool {
        let age = self.call.now.since(self.user.authenticated_at);
        let is_too_old = |max_age: Duration| age.as_secs() > max_age.as_secs() || max_age.is_zero();
        self.request.prompt.login || self.request.max_age.is_some_and(is_too_old)
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
