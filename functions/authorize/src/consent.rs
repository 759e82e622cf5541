//! Asking a person for their consent, and what comes of it.

use shared::{
    audit::Event,
    client::{Client, GrantType},
    consent::Consent,
    grant::{self, Grant, Issued, Terms},
    http::{Call, Form, Response},
    page::{self, ConsentPage, CsrfToken, Problem},
    scope::Scope,
    secret::{AuthorizationCode, Id, Secret, random},
    session::SignedIn,
    status::Status,
};

use crate::{
    error::Error,
    refuse,
    request::{AuthorizationRequest, Destination},
};

/// What the parts of a form are sealed for.
const PURPOSE: &str = "consent";

/// Asks `person`, unless they need not be asked.
pub(crate) async fn ask(
    call: &Call<'_>,
    destination: &Destination,
    asked: AuthorizationRequest,
    person: SignedIn,
    query: &str,
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
    let page = page::showing(call.now);
    let host = url_host(&destination.redirect_uri);
    Ok(page::html(
        lambda_http::http::StatusCode::OK,
        &ConsentPage {
            client_name: &client.name,
            username: &person.username,
            destination: &host,
            scope: asked.scope.values().collect(),
            lasts: lasts(client),
            query,
            page: &page,
            csrf: CsrfToken::seal(&person.secret, &[PURPOSE, &page, query]),
            logout_csrf: CsrfToken::seal(&person.secret, &["logout"]),
        },
    ))
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
    let sealed = form.get("csrf").unwrap_or_default();
    if !person.secret.has_sealed(&[PURPOSE, page, query], sealed) || page::is_over(page, call.now) {
        return Err(Problem::forbidden(
            "This page is no longer good",
            "It is too old, or was made for another request. Go back to the application and start again.",
            String::from("the consent form is not one that this browser was shown for this request"),
        ));
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
    Ok(destination.send_code(&code))
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

/// Where a redirect URI leads, in words that a person can compare: its host; or, for an application on the device, its
/// scheme, as whatever else stands in such a URI is the application's own choice.
fn url_host(uri: &str) -> String {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    host.filter(|_| ["https", "http"].contains(&scheme)).unwrap_or(scheme).to_owned()
}

fn lasts(client: &Client) -> String {
    let seconds = if client.grant_types.contains(&GrantType::RefreshToken) {
        client.lifetimes.refresh_token
    } else {
        client.lifetimes.access_token
    };
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (days, _, _) if days >= 2 => format!("{days} days"),
        (_, hours, _) if hours >= 2 => format!("{hours} hours"),
        (_, _, minutes) => format!("{minutes} minutes"),
    }
}
