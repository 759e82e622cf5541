//! The authorization request (RFC 6749 §4.1.1).

use std::time::Duration;

use shared::{
    clients::Client,
    endpoint::{Call, front_channel::LONGEST_STATE, resource},
    http::Query,
    oauth::{GrantType, Scope, pkce},
    resources::Resource,
    secret::{Digest, Verifier},
};

use crate::{
    destination::Destination,
    error::Error,
    openid::{self, OpenIdRequest},
};

/// Maximum bytes in a request. An `id_token_hint`, a `state` and a `nonce` of the largest sizes fit in together.
pub(crate) const LONGEST_REQUEST: usize = 4_096;

/// A valid authorization request.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) response_type: ResponseType,
    pub(crate) scope: Scope,
    /// The resource that the tokens are for. `None`: none in particular.
    pub(crate) resource: Option<Resource>,
    pub(crate) challenge: Option<Digest<Verifier>>,
    pub(crate) prompt: Prompt,
    /// Maximum time since the user signed in.
    pub(crate) max_age: Option<Duration>,
    /// `None`: it is not an OpenID Connect request.
    pub(crate) openid: Option<OpenIdRequest>,
}

/// RFC 6749 §3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseType {
    Code,
    /// An access token: the implicit grant (a compatibility switch).
    Token,
}

impl ResponseType {
    const fn grant_type(self) -> GrantType {
        match self {
            Self::Code => GrantType::AuthorizationCode,
            Self::Token => GrantType::Implicit,
        }
    }
}

/// How the user is involved (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// No page is shown.
    pub(crate) none: bool,
    /// The user signs in again.
    pub(crate) login: bool,
    /// The consent page is shown, even if the user has consented before.
    pub(crate) consent: bool,
}

impl AuthorizationRequest {
    /// Checks `query`, a request of the client of `destination`, in the order of the specification.
    pub(crate) async fn parse(
        call: &Call<'_>,
        query: &Query,
        destination: &Destination,
    ) -> Result<Self, Error> {
        if query.repeats() {
            return Err(Error::Repeated); // §3.1
        }
        let client = &destination.client;
        let get = |name| query.get(name).ok().flatten();
        let response_type = match get("response_type") {
            None => return Err(Error::NoResponseType), // §3.1.1
            Some("code") => ResponseType::Code,
            Some("token") if destination.supports_implicit => ResponseType::Token,
            Some(_) => return Err(Error::UnsupportedResponseType),
        };
        match (get("response_mode"), response_type) {
            (None | Some("fragment" | "form_post"), _) | (Some("query"), ResponseType::Code) => {}
            _ => return Err(Error::UnsupportedResponseMode),
        }
        if get("request").is_some() {
            return Err(Error::RequestObject); // RFC 9101
        }
        if get("request_uri").is_some() {
            return Err(Error::RequestUri);
        }
        if !client.grant_types.contains(&response_type.grant_type()) {
            return Err(Error::UnauthorizedClient);
        }
        if get("state").is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(Error::TooLong);
        }
        let resource = resource::requested(call, client, &query.resources()).await?; // RFC 8707 §2
        // §3.3, and OpenID Connect Core §3.1.2.1, which has no ID token with `response_type=token`.
        let (scope, openid) = if call.app.config.signing_keys.is_on() && response_type == ResponseType::Code {
            let scope = openid::scope(client, get("scope"), resource.as_ref())?;
            let openid = OpenIdRequest::parse(&scope, get)?;
            (scope, openid)
        } else {
            (client.scope_for(get("scope"), resource.as_ref())?, None)
        };
        Ok(Self {
            response_type,
            scope,
            openid,
            resource,
            challenge: match response_type {
                ResponseType::Code => challenge(get("code_challenge"), get("code_challenge_method"), client)?,
                ResponseType::Token => None, // there is no code to protect
            },
            prompt: Prompt::parse(get("prompt"))?,
            max_age: get("max_age").map(max_age).transpose()?,
        })
    }
}

/// Checks and returns the code challenge (RFC 7636 §4.3 and §4.4.1). Without a method the challenge would be `plain`,
/// which is not supported.
fn challenge(
    challenge: Option<&str>,
    method: Option<&str>,
    client: &Client,
) -> Result<Option<Digest<Verifier>>, Error> {
    match (challenge, method) {
        (None, None) if client.may_skip_pkce() => Ok(None),
        (None, _) => Err(Error::NoChallenge),
        (Some(challenge), Some("S256")) => {
            pkce::challenge(challenge).map(Some).map_err(|_| Error::MalformedChallenge)
        }
        (Some(_), _) => Err(Error::UnsupportedChallengeMethod),
    }
}

/// Parses `max_age`: a number of seconds, in digits (OpenID Connect Core §3.1.2.1).
fn max_age(text: &str) -> Result<Duration, Error> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Duration::from_secs).ok_or(Error::InvalidPrompt)
}

impl Prompt {
    /// Returns whether `query` has `prompt=none`, even if other parameters are invalid.
    pub(crate) fn is_none(query: &Query) -> bool {
        Self::parse(query.get("prompt").ok().flatten()).is_ok_and(|prompt| prompt.none)
    }

    /// Fails with `error` if a page is needed, but `prompt=none` forbids it.
    pub(crate) fn allows_page(self, error: Error) -> Result<(), Error> {
        if self.none { Err(error) } else { Ok(()) }
    }

    fn parse(text: Option<&str>) -> Result<Self, Error> {
        let mut prompt = Self::default();
        for value in text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                // A browser has one signed-in user at a time: a user selects another account by signing in.
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => return Err(Error::InvalidPrompt),
            }
        }
        if prompt.none && (prompt.login || prompt.consent) { Err(Error::InvalidPrompt) } else { Ok(prompt) }
    }
}
