//! How a grant begins.

use std::time::Duration;

use super::{Access, Code, Grant, Kind, State, Tokens, item};
use crate::{
    client::Client,
    config::Issuer,
    scope::Scope,
    secret::{AccessToken, AuthorizationCode, Digest, Id, RedirectUri, Secret, Verifier},
    time::Timestamp,
};

/// What every grant says: who is granted what, by whom, when.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The client, which has authenticated, or which a person agreed with.
    pub client: &'a Client,
    /// What it is granted.
    pub scope: Scope,
    /// The issuer that was asked.
    pub issuer: Issuer,
    /// When.
    pub now: Timestamp,
}

/// What a person agreed to (RFC 6749 §4.1.2).
#[derive(Clone, Debug)]
pub struct Agreement<'a> {
    /// The person.
    pub person: Id,
    /// When they last signed in.
    pub authenticated_at: Timestamp,
    /// Where the code goes.
    pub redirect_uri: &'a str,
    /// Whether the request named that URI.
    pub redirect_uri_sent: bool,
    /// The request's S256 challenge.
    pub challenge: Option<Digest<Verifier>>,
}

/// A person, and how they came to grant something without a code (compatibility switches).
#[derive(Clone, Copy, Debug)]
pub struct Codeless {
    /// How.
    pub kind: Kind,
    /// The person.
    pub person: Id,
    /// When they last signed in.
    pub authenticated_at: Timestamp,
}

impl Grant {
    /// A client's own grant, with its only token (RFC 6749 §4.4), which lives for `lifetime`, or without end.
    pub fn for_machine(terms: Terms<'_>, token: &Secret<AccessToken>, lifetime: Option<Duration>) -> Self {
        let access = Access::lasting(token.digest(), terms.now, lifetime);
        let grant = Self::begin(token.id(), Kind::ClientCredentials, terms, access.expires_at);
        Self { state: State::Active, access: Some(access), ..grant }
    }

    /// A person's grant called `id`, which has its tokens from the start (RFC 6749 §4.2, §4.3).
    pub fn without_code(terms: Terms<'_>, codeless: &Codeless, id: Id, tokens: Tokens) -> Self {
        let Tokens { access, refresh, expires_at } = tokens;
        Self {
            state: State::Active,
            person: Some(codeless.person),
            authenticated_at: Some(codeless.authenticated_at),
            access: Some(access),
            refresh,
            ..Self::begin(id, codeless.kind, terms, expires_at)
        }
    }

    /// A person's grant, waiting for its code to be redeemed. It lives as long as the code until it is.
    pub fn for_person(terms: Terms<'_>, agreement: &Agreement<'_>, code: &Secret<AuthorizationCode>) -> Self {
        let expires_at = terms.now.after(Duration::from_secs(terms.client.lifetimes.code.into()));
        let waiting = Code {
            digest: code.digest(),
            expires_at,
            challenge: agreement.challenge,
            redirect_uri: Digest::<RedirectUri>::of(agreement.redirect_uri),
            redirect_uri_sent: agreement.redirect_uri_sent,
        };
        Self {
            person: Some(agreement.person),
            authenticated_at: Some(agreement.authenticated_at),
            code: Some(waiting),
            ..Self::begin(code.id(), Kind::AuthorizationCode, terms, Some(expires_at))
        }
    }

    fn begin(id: Id, kind: Kind, terms: Terms<'_>, expires_at: Option<Timestamp>) -> Self {
        Self {
            key: Self::key(id),
            version: 1,
            kind,
            state: State::Code,
            client: terms.client.id.clone(),
            owner: terms.client.owner,
            person: None,
            scope: terms.scope,
            issuer: terms.issuer,
            authenticated_at: None,
            issued_at: terms.now,
            expires_at,
            ttl: expires_at.map(item::ttl),
            code: None,
            access: None,
            previous_access: None,
            refresh: None,
            end: None,
        }
    }
}

impl Access {
    /// An access token of all of its grant's scope, which lives for `lifetime`, or without end.
    pub fn lasting(digest: Digest<AccessToken>, issued_at: Timestamp, lifetime: Option<Duration>) -> Self {
        let expires_at = lifetime.map(|lifetime| issued_at.after(lifetime));
        Self { digest, issued_at, expires_at, narrowed: None, revoked_at: None }
    }
}
