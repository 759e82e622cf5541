//! Asking a person for their consent, and what comes of it.

use shared::{
    audit::Event,
    client::Client,
    consent::Consent,
    grant::{self, Grant, Issued, Terms},
    http::{Call, Form, Response},
    page::{Problem, Trouble},
    scope::Scope,
    secret::{AuthorizationCode, Id, Secret, random},
    session::SignedIn,
    status::Status,
};

use crate::{
    error::Error,
    question, refuse,
    request::{AuthorizationRequest, Destination},
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
        let code = Secret::new(Id::random(), &random());
        return issue(
            call,
            destination,
            &asked,
            &person,
            Decision { code, scope: asked.scope.clone(), asked: false },
        )
        .await;
    }
    if asked.prompt.none {
        return Err(Error::ConsentRequired);
    }
    Ok(question::page(call, destination, &asked.scope, &person).await?)
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
    let decision = Decision { code: code_of(&person, page, query, &scope), scope, asked: true };
    let issued = issue(call, destination, &asked, &person, decision).await;
    Ok(issued.unwrap_or_else(|error| refuse(call, destination, &error)))
}

/// What was decided, by the person or for them.
struct Decision {
    code: Secret<AuthorizationCode>,
    scope: Scope,
    /// Whether they were asked.
    asked: bool,
}

/// Keeps the grant and sends its code (RFC 6749 §4.1.2).
async fn issue(
    call: &Call<'_>,
    destination: &Destination,
    asked: &AuthorizationRequest,
    person: &SignedIn,
    decision: Decision,
) -> Result<Response, Error> {
    let client = &destination.client;
    let Decision { code, scope, asked: was_asked } = decision;
    let terms = Terms { client, scope: scope.clone(), issuer: destination.issuer.clone(), now: call.now };
    let agreement = grant::Agreement {
        person: person.person,
        authenticated_at: person.authenticated_at,
        redirect_uri: &destination.redirect_uri,
        redirect_uri_sent: destination.redirect_uri_sent,
        challenge: asked.challenge,
    };
    let issued = call.app.grants.issue_once(&Grant::for_person(terms, &agreement, &code)).await?;
    if issued == Issued::Now {
        call.audit(Event::Consented {
            grant: code.id(),
            client: &client.id,
            person: person.person,
            scope: scope.to_string(),
            asked: was_asked,
        });
    }
    if was_asked && !client.is_public() {
        call.app.consents.remember(person.person, &client.id, scope, call.now).await?;
    }
    Ok(destination.send_code(call, &code))
}

/// The code of a decision: derived from what was decided, so that the same form, sent twice, leads to the same
/// redirect. Only the browser that was shown the page holds the secret that it is derived with.
fn code_of(person: &SignedIn, page: &str, query: &str, scope: &Scope) -> Secret<AuthorizationCode> {
    let scope = scope.to_string();
    let id = person.secret.seal_id(&["grant", page, query, &scope]);
    Secret::new(id, &person.secret.seal(&["code", page, query, &scope]))
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
