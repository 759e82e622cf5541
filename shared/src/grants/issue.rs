//! Creation of grants.

use std::time::Duration;

use super::{Access, Code, Grant, Kind, State, Tokens, item};
use crate::{
    clients::Client,
    oauth::{Issuer, ResourceUri, Scope},
    secret::{AccessToken, AuthorizationCode, Digest, Id, RedirectUri, Secret, Verifier},
    time::Timestamp,
};

/// The facts that every new grant records.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The client, which has authenticated or to which a user has consented.
    pub client: &'a Client,
    /// The granted scope.
    pub scope: Scope,
    /// The resource that the tokens are for. `None`: none in particular.
    pub resource: Option<ResourceUri>,
    /// The issuer that received the request.
    pub issuer: Issuer,
    pub now: Timestamp,
}

/// A user's consent that leads to an authorization code (RFC 6749 §4.1.2).
#[derive(Clone, Debug)]
pub struct CodeGrant<'a> {
    pub user: Id,
    /// When the user last signed in.
    pub authenticated_at: Timestamp,
    /// The URI to which the code is sent.
    pub redirect_uri: &'a str,
    /// Whether the authorization request contained that URI.
    pub redirect_uri_sent: bool,
    /// The S256 challenge of the authorization request.
    pub challenge: Option<Digest<Verifier>>,
    /// The `nonce` of an OpenID Connect request.
    pub nonce: Option<&'a str>,
}

/// A user's grant that leads to tokens without an authorization code (compatibility switches).
#[derive(Clone, Copy, Debug)]
pub struct DirectGrant {
    pub kind: Kind,
    pub user: Id,
    /// When the user last signed in.
    pub authenticated_at: Timestamp,
}

impl Grant {
    /// Creates a client's own grant with its only token (RFC 6749 §4.4). A `lifetime` of `None` never ends.
    pub fn for_client(terms: Terms<'_>, token: &Secret<AccessToken>, lifetime: Option<Duration>) -> Self {
        let access = Access::new(token.digest(), terms.now, lifetime);
        let grant = Self::begin(token.id(), Kind::ClientCredentials, terms, access.expires_at);
        Self { state: State::Active, access: Some(access), ..grant }
    }

    /// Creates a user's grant with its tokens (RFC 6749 §4.2, §4.3).
    pub fn direct(terms: Terms<'_>, direct: &DirectGrant, id: Id, tokens: Tokens) -> Self {
        let Tokens { access, refresh, expires_at } = tokens;
        Self {
            state: State::Active,
            user: Some(direct.user),
            authenticated_at: Some(direct.authenticated_at),
            access: Some(access),
            refresh,
            ..Self::begin(id, direct.kind, terms, expires_at)
        }
    }

    /// Creates a user's grant with an authorization code. Until the code is redeemed the grant expires with it.
    pub fn for_user(terms: Terms<'_>, consent: &CodeGrant<'_>, code: &Secret<AuthorizationCode>) -> Self {
        let expires_at = terms.now.after(Duration::from_secs(terms.client.lifetimes.code.into()));
        let code_item = Code {
            digest: code.digest(),
            expires_at,
            challenge: consent.challenge,
            redirect_uri: Digest::<RedirectUri>::of(consent.redirect_uri),
            redirect_uri_sent: consent.redirect_uri_sent,
            nonce: consent.nonce.map(str::to_owned),
        };
        Self {
            user: Some(consent.user),
            authenticated_at: Some(consent.authenticated_at),
            code: Some(code_item),
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
            user: None,
            scope: terms.scope,
            resource: terms.resource,
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
    /// Creates an access token with its grant's whole scope. A `lifetime` of `None` never ends.
    pub fn new(digest: Digest<AccessToken>, issued_at: Timestamp, lifetime: Option<Duration>) -> Self {
        let expires_at = lifetime.map(|lifetime| issued_at.after(lifetime));
        Self { digest, issued_at, expires_at, requested_scope: None, revoked_at: None }
    }
}
