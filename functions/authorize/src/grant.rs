//! The grant that a decision leads to.

use std::time::Duration;

use shared::{
    audit::Event,
    grants::{Access, CodeGrant, DirectGrant, Grant, Issued, Kind, Terms, Tokens},
    http::Response,
    oauth::{ResourceUri, Scope},
    secret::{AccessToken, Id, Secret, random},
    users::consent::Consent,
};
use zeroize::Zeroizing;

use crate::{authorization::Authorization, error::Error, request::ResponseType};

/// A decision to allow access.
pub(crate) struct Decision {
    /// The id of the grant.
    grant: Id,
    /// The secret part of the grant's code or token.
    bits: Zeroizing<[u8; 32]>,
    scope: Scope,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The user decided on a consent page.
    Page,
    /// The client needs no consent page.
    Implied,
}

impl Decision {
    pub(crate) fn implied(scope: Scope) -> Self {
        Self { grant: Id::random(), bits: random(), scope, origin: Origin::Implied }
    }

    /// Returns the user's decision on a consent page. The grant's id and secret are derived from the form, so that the
    /// same form, sent twice, leads to the same redirect. Only the browser that was shown the page has the session's
    /// secret, which they are derived with.
    pub(crate) fn of_page(authorization: &Authorization<'_>, page_id: &str, scope: Scope) -> Self {
        let (secret, query, text) = (&authorization.user.secret, authorization.query, scope.to_string());
        let grant = secret.seal_id(&["grant", page_id, query, &text]);
        let bits = secret.seal(&["code", page_id, query, &text]);
        Self { grant, bits, scope, origin: Origin::Page }
    }
}

/// Stores the grant and sends its code (RFC 6749 §4.1.2) or its token (§4.2.2).
pub(crate) async fn issue(authorization: &Authorization<'_>, decision: Decision) -> Result<Response, Error> {
    let &Authorization { call, destination, ref request, ref user, .. } = authorization;
    let (client, user) = (&destination.client, user.user);
    let (response, issued) = match request.response_type {
        ResponseType::Code => issue_code(authorization, &decision).await?,
        ResponseType::Token => issue_token(authorization, &decision).await?,
    };
    // The same form was sent before. If the user has revoked the grant since, the form must not restore the consent.
    if issued != Issued::Now {
        return Ok(response);
    }
    let Decision { grant, scope, origin, .. } = decision;
    let on_page = origin == Origin::Page;
    let text = scope.to_string();
    call.audit(Event::Consented { grant, client: &client.id, user, scope: text, asked: on_page });
    if on_page && authorization.may_be_remembered() {
        let consent = Consent::new(user, &client.id, scope, call.now).at(resource(authorization));
        call.app.consents.remember(&consent).await?;
    }
    Ok(response)
}

/// Returns the resource that the grant is for, as an administrator registered it.
fn resource(authorization: &Authorization<'_>) -> Option<ResourceUri> {
    authorization.request.resource.as_ref().map(|resource| resource.uri.clone())
}

fn terms<'a>(authorization: &'a Authorization<'_>, decision: &Decision) -> Terms<'a> {
    let &Authorization { call, destination, .. } = authorization;
    let (scope, issuer) = (decision.scope.clone(), destination.issuer.clone());
    let resource = resource(authorization);
    Terms { client: &destination.client, scope, resource, issuer, now: call.now }
}

async fn issue_code(
    authorization: &Authorization<'_>,
    decision: &Decision,
) -> Result<(Response, Issued), Error> {
    let &Authorization { call, destination, ref request, ref user, .. } = authorization;
    let code_grant = CodeGrant {
        user: user.user,
        authenticated_at: user.authenticated_at,
        redirect_uri: &destination.redirect_uri,
        redirect_uri_sent: destination.redirect_uri_sent,
        challenge: request.challenge,
        nonce: request.openid.as_ref().and_then(|openid| openid.nonce.as_deref()),
    };
    let code = Secret::new(decision.grant, &decision.bits);
    let grant = Grant::for_user(terms(authorization, decision), &code_grant, &code);
    let issued = call.app.grants.issue_once(&grant).await?;
    Ok((destination.send_code(call, &code), issued))
}

/// Stores the grant of an access token (RFC 6749 §4.2), unless the same form, sent before, has stored it.
async fn issue_token(
    authorization: &Authorization<'_>,
    decision: &Decision,
) -> Result<(Response, Issued), Error> {
    let &Authorization { call, destination, ref user, .. } = authorization;
    let client = &destination.client;
    let token: Secret<AccessToken> = Secret::new(decision.grant, &decision.bits);
    let direct_grant =
        DirectGrant { kind: Kind::Implicit, user: user.user, authenticated_at: user.authenticated_at };
    let access = Access::new(token.digest(), call.now, client.lifetimes.access_token());
    let tokens = Tokens { expires_at: access.expires_at, access, refresh: None };
    let grant = Grant::direct(terms(authorization, decision), &direct_grant, token.id(), tokens);
    let issued = call.app.grants.issue_once(&grant).await?;
    let expires_at = match &issued {
        Issued::Now => {
            call.audit(Event::Issued {
                grant: token.id(),
                kind: grant.kind.grant_type(),
                client: &client.id,
                token: token.digest().name(),
                scope: grant.scope.to_string(),
            });
            grant.expires_at
        }
        Issued::Before(stored) => stored.expires_at,
    };
    let expires_in: Option<Duration> = expires_at.map(|expires_at| expires_at.since(call.now));
    Ok((destination.send_token(call, &token, expires_in, &decision.scope), issued))
}
