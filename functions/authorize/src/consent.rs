//! Asking a person for their consent, and what comes of it.

use std::time::Duration;

use shared::{
    audit::Event,
    client::Client,
    consent::Consent,
    grant::{self, Access, Codeless, Grant, Issued, Kind, Terms, Tokens},
    http::{Call, Form, Response},
    page::{Problem, Trouble},
    scope::Scope,
    secret::{AccessToken, Id, Secret, random},
    session::SignedIn,
    status::Status,
};

use zeroize::Zeroizing;

use crate::{
    error::Error,
    question, refuse,
    request::{AuthorizationRequest, Destination, ResponseType},
};

/// Asks `person`, unless they need not be asked.
pub(crate) async fn ask(
    call: &Call<'_>,
    destination: &Destination,
    asked: AuthorizationRequest,
    person: SignedIn,
) -> Result<Response, Error> {
    let client = &destination.client;
    if !asked.prompt.consent && agreed_before(call, client, &asked.scope, &person).await? {
        let scope = asked.scope.clone();
        let decision = Decision { grant: Id::random(), bits: random(), scope, asked: false };
        return issue(call, destination, &asked, &person, decision).await;
    }
    if asked.prompt.none {
        return Err(Error::ConsentRequired);
    }
    Ok(question::page(call, destination, &asked, &person).await?)
}

/// What `person` has decided, on a page that was shown to them in this browser for this very request.
pub(crate) async fn decide(
    call: &Call<'_>,
    destination: &Destination,
    asked: AuthorizationRequest,
    person: SignedIn,
    query: &str,
    form: &Form,
) -> Result<Response, Problem> {
    let page = form.get("page").unwrap_or_default();
    if !question::was_asked(call, &person, form, query) {
        let reason = "the consent form is not one that this browser was shown for this request";
        let problem = Problem::new(Trouble::StalePage, reason.to_owned());
        return Err(problem.with_way_on(format!("/oauth/authorize?{query}")));
    }
    let allowed: Vec<&str> = form.names_after("allow:").filter(|value| asked.scope.has(value)).collect();
    // Allowing nothing of what was asked for is no consent.
    if form.get("decision") != Some("allow") || (allowed.is_empty() && !asked.scope.is_empty()) {
        call.audit(Event::Declined { client: &destination.client.id, person: person.person });
        return Ok(refuse(call, destination, &Error::Declined));
    }
    let scope = Scope::of(allowed).unwrap_or_default();
    let decision = Decision::of(&person, page, query, scope);
    let issued = issue(call, destination, &asked, &person, decision).await;
    Ok(issued.unwrap_or_else(|error| refuse(call, destination, &error)))
}

/// What was decided, by the person or for them.
struct Decision {
    /// What the grant is called.
    grant: Id,
    /// The secret of its code, or of its token.
    bits: Zeroizing<[u8; 32]>,
    scope: Scope,
    /// Whether they were asked.
    asked: bool,
}

/// Keeps the grant and sends its code (RFC 6749 §4.1.2), or its token (§4.2.2).
async fn issue(
    call: &Call<'_>,
    destination: &Destination,
    asked: &AuthorizationRequest,
    person: &SignedIn,
    decision: Decision,
) -> Result<Response, Error> {
    let client = &destination.client;
    let Decision { grant, bits, scope, asked: was_asked } = decision;
    let terms = Terms { client, scope: scope.clone(), issuer: destination.issuer.clone(), now: call.now };
    let &SignedIn { person, authenticated_at, .. } = person;
    let (response, issued) = match asked.response_type {
        ResponseType::Code => {
            let agreement = grant::Agreement {
                person,
                authenticated_at,
                redirect_uri: &destination.redirect_uri,
                redirect_uri_sent: destination.redirect_uri_sent,
                challenge: asked.challenge,
            };
            let code = Secret::new(grant, &bits);
            let issued = call.app.grants.issue_once(&Grant::for_person(terms, &agreement, &code)).await?;
            (destination.send_code(call, &code), issued)
        }
        ResponseType::Token => {
            let token = Secret::new(grant, &bits);
            let codeless = Codeless { kind: Kind::Implicit, person, authenticated_at };
            let (left, issued) = issue_token(call, terms, &codeless, &token).await?;
            (destination.send_token(call, &token, left, &scope), issued)
        }
    };
    if issued == Issued::Now {
        let scope = scope.to_string();
        call.audit(Event::Consented { grant, client: &client.id, person, scope, asked: was_asked });
    }
    // Nor is it an agreement if the form is sent again after what it led to has ended.
    if was_asked && !client.is_public() && !issued.has_ended() {
        call.app.consents.remember(person, &client.id, scope, call.now).await?;
    }
    Ok(response)
}

/// Keeps the grant of `token` (RFC 6749 §4.2), unless the same form, sent before, has led to it; how long it has left,
/// if it has an end.
async fn issue_token(
    call: &Call<'_>,
    terms: Terms<'_>,
    codeless: &Codeless,
    token: &Secret<AccessToken>,
) -> Result<(Option<Duration>, Issued), Error> {
    let client = terms.client;
    let access = Access::lasting(token.digest(), call.now, client.lifetimes.access_token());
    let tokens = Tokens { expires_at: access.expires_at, access, refresh: None };
    let grant = Grant::without_code(terms, codeless, token.id(), tokens);
    let issued = call.app.grants.issue_once(&grant).await?;
    let ends = match &issued {
        Issued::Now => {
            call.audit(Event::Issued {
                grant: token.id(),
                kind: grant.kind.as_str(),
                client: &client.id,
                token: token.digest().name(),
                scope: grant.scope.to_string(),
            });
            grant.expires_at
        }
        Issued::Before(there) => there.expires_at,
    };
    Ok((ends.map(|end| end.since(call.now)), issued))
}

impl Decision {
    /// What was decided on a page. Id and secret are derived from it, so that the same form, sent twice, leads to the
    /// same redirect. Only the browser that was shown the page holds the secret that they are derived with.
    fn of(person: &SignedIn, page: &str, query: &str, scope: Scope) -> Self {
        let text = scope.to_string();
        let grant = person.secret.seal_id(&["grant", page, query, &text]);
        let bits = person.secret.seal(&["code", page, query, &text]);
        Self { grant, bits, scope, asked: true }
    }
}

/// Whether `person` need not be asked: the client is the deployment's own, or they have agreed to as much before.
/// Neither counts where anyone could pretend to be the client (RFC 6749 §10.2, RFC 8252 §8.6).
async fn agreed_before(
    call: &Call<'_>,
    client: &Client,
    scope: &Scope,
    person: &SignedIn,
) -> Result<bool, Error> {
    if client.first_party {
        return Ok(client.redirect_uris.iter().all(|uri| uri.starts_with("https://")));
    }
    if client.is_public() {
        return Ok(false);
    }
    let Some(consent) = call.app.consents.find(person.person, &client.id, call.now).await? else {
        return Ok(false);
    };
    Ok(scope.is_within(&consent.scope) && still_stands(call, client, person, &consent).await?)
}

/// Whether nothing was ended since the person agreed.
async fn still_stands(
    call: &Call<'_>,
    client: &Client,
    person: &SignedIn,
    consent: &Consent,
) -> Result<bool, Error> {
    use shared::status::Whose::{Client, Person};

    let whose = [Client(client.id.clone()), Person(person.person)];
    let statuses = call.app.statuses.find(&whose, call.now).await?;
    let upholds = |status: &Option<Status>| {
        status.as_ref().is_some_and(|status| status.upholds(consent.agreed_at).is_ok())
    };
    Ok(statuses.iter().all(upholds))
}
