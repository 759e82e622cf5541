//! The authorization request (RFC 6749 §4.1.1): first who asks and where the answer goes, then what for.

use std::{sync::Arc, time::Duration};

use shared::{
    client::{Client, GrantType},
    compat::Switch,
    config::Issuer,
    http::{Call, Query},
    pkce,
    scope::Scope,
    secret::{Digest, Verifier},
};

use crate::error::{Error, NoDestination};

/// The most bytes in a `state`.
const LONGEST_STATE: usize = 1_024;

/// Where an answer goes: to a registered redirect URI of a client in good standing. Made by [`Destination::find`]
/// alone, so nothing can be redirected before both are proven.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) client: Arc<Client>,
    pub(crate) redirect_uri: String,
    /// Whether the request named it.
    pub(crate) redirect_uri_sent: bool,
    pub(crate) state: Option<String>,
    pub(crate) mode: ResponseMode,
    /// Whether a token may be asked for: by this client, or at least by another.
    pub(crate) offers_implicit: bool,
    pub(crate) issuer: Issuer,
}

/// How the response reaches the client (OAuth 2.0 Multiple Response Types §2.1 and §5, Form Post §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    /// In the query, which is the default of a code. Never a token's.
    Query,
    /// In the fragment, which is the default of a token (RFC 6749 §4.2.2).
    Fragment,
    /// As a form that the browser posts.
    FormPost,
}

/// What the client is to get (RFC 6749 §3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseType {
    Code,
    /// An access token at once: the implicit grant (a compatibility switch).
    Token,
}

/// What is asked for, once it is found to be in order.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) response_type: ResponseType,
    pub(crate) scope: Scope,
    pub(crate) challenge: Option<Digest<Verifier>>,
    pub(crate) prompt: Prompt,
    /// How long ago the person may have signed in at most.
    pub(crate) max_age: Option<Duration>,
}

/// How the person is to be involved (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// Not at all.
    pub(crate) none: bool,
    /// By signing in, though they are signed in.
    pub(crate) login: bool,
    /// By agreeing, though they have agreed before.
    pub(crate) consent: bool,
}

impl Destination {
    /// Who `query` is from, and where its answer goes (§4.1.2.1).
    pub(crate) async fn find(call: &Call<'_>, query: &Query) -> Result<Self, NoDestination> {
        let id = query.get("client_id").ok().flatten().and_then(|id| id.parse().ok());
        let id = id.ok_or(NoDestination::Client)?;
        call.asked_by(&id);
        let client = call.app.clients.registered(&id, call.now).await?.ok_or(NoDestination::Client)?;
        let asked = query.get("redirect_uri").map_err(|_| NoDestination::RedirectUri)?;
        let redirect_uri = client.redirect_uri(asked).ok_or(NoDestination::RedirectUri)?.to_owned();
        let offers_implicit = client.compat.has(Switch::Implicit)
            || is_implicit(query) && call.app.clients.offered(call.now).await?.has(Switch::Implicit);
        Ok(Self {
            offers_implicit,
            redirect_uri,
            redirect_uri_sent: asked.is_some(),
            state: query
                .get("state")
                .ok()
                .flatten()
                .filter(|state| state.len() <= LONGEST_STATE)
                .map(str::to_owned),
            mode: match query.get("response_mode") {
                Ok(Some("form_post")) => ResponseMode::FormPost,
                Ok(Some("fragment")) => ResponseMode::Fragment,
                // §4.2.2.1: errors, too
                _ if offers_implicit && is_implicit(query) => ResponseMode::Fragment,
                _ => ResponseMode::Query,
            },
            issuer: call.issuer()?,
            client,
        })
    }
}

/// Whether it is a token that is asked for.
fn is_implicit(query: &Query) -> bool {
    query.get("response_type") == Ok(Some("token"))
}

impl AuthorizationRequest {
    /// What `query` asks for on behalf of `destination`'s client, checked in the order of the specification.
    pub(crate) fn parse(query: &Query, destination: &Destination) -> Result<Self, Error> {
        let client = &destination.client;
        if query.repeats() {
            return Err(Error::Repeated); // §3.1
        }
        let get = |name| query.get(name).ok().flatten();
        let (response_type, grant_type) = match get("response_type") {
            None => return Err(Error::NoResponseType), // §3.1.1
            Some("code") => (ResponseType::Code, GrantType::AuthorizationCode),
            Some("token") if destination.offers_implicit => (ResponseType::Token, GrantType::Implicit),
            Some(_) => return Err(Error::UnsupportedResponseType),
        };
        match (get("response_mode"), response_type) {
            (None | Some("fragment" | "form_post"), _) | (Some("query"), ResponseType::Code) => {}
            _ => return Err(Error::UnsupportedResponseMode),
        }
        if get("request").is_some() {
            return Err(Error::RequestObject);
        }
        if get("request_uri").is_some() {
            return Err(Error::RequestUri);
        }
        if !client.grant_types.contains(&grant_type) {
            return Err(Error::UnauthorizedClient);
        }
        if get("state").is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(Error::TooLong);
        }
        Ok(Self {
            response_type,
            scope: client.scope_for(get("scope"))?, // §3.3
            challenge: match response_type {
                ResponseType::Code => challenge(get("code_challenge"), get("code_challenge_method"), client)?,
                ResponseType::Token => None, // there is no code to protect
            },
            prompt: Prompt::parse(get("prompt"))?,
            max_age: get("max_age").map(max_age).transpose()?,
        })
    }
}

/// RFC 7636 §4.3 and §4.4.1. A method that is left out would be `plain`, which is not offered.
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

/// OpenID Connect Core §3.1.2.1: a number of seconds, in digits.
fn max_age(text: &str) -> Result<Duration, Error> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Duration::from_secs).ok_or(Error::BadPrompt)
}

impl Prompt {
    /// Whether `query` asks for silence, whatever else is wrong with it.
    pub(crate) fn is_none(query: &Query) -> bool {
        Self::parse(query.get("prompt").ok().flatten()).is_ok_and(|prompt| prompt.none)
    }

    fn parse(text: Option<&str>) -> Result<Self, Error> {
        let mut prompt = Self::default();
        for value in text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                // There is one account in a browser at a time: signing in is how another is chosen.
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => return Err(Error::BadPrompt),
            }
        }
        if prompt.none && (prompt.login || prompt.consent) { Err(Error::BadPrompt) } else { Ok(prompt) }
    }
}
