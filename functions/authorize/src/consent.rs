//! Consent: whether a request needs the consent page, and the user's decision.

use shared::{
    audit::Event,
    clients::life,
    dynamodb,
    http::{Form, Response},
    oauth::{Scope, openid_scope},
    status::{Principal, Status},
    users::consent::Consent,
};

use crate::{
    authorization::Authorization,
    consent_page,
    error::{Error, Failure},
    grant::{self, Decision},
};

/// Shows the consent page, or issues a grant at once if no consent is needed.
pub(crate) async fn ask(authorization: &Authorization<'_>) -> Result<Response, Failure> {
    let request = &authorization.request;
    if !request.prompt.consent && has_consent(authorization).await? {
        return Ok(grant::issue(authorization, Decision::implied(request.scope.clone())).await?);
    }
    request.prompt.allows_page(Error::ConsentRequired)?;
    Ok(consent_page::show(authorization).await?)
}

/// Carries out the decision that the user sent with the form of the consent page.
pub(crate) async fn decide(authorization: &Authorization<'_>, form: &Form) -> Result<Response, Failure> {
    let page_id = consent_page::check(authorization, form)?;
    let request = &authorization.request;
    let chosen = form.names_after("allow:").filter(|value| request.scope.has(value));
    // `openid` is always granted: the client learns the user's `sub`.
    let allowed: Vec<&str> = chosen.chain(request.openid.as_ref().map(|_| openid_scope::OPENID)).collect();
    // A decision that allows none of the requested values is a denial.
    if form.get("decision") != Some("allow") || (allowed.is_empty() && !request.scope.is_empty()) {
        let client = &authorization.destination.client.id;
        authorization.call.audit(Event::Declined { client, user: authorization.user.user });
        return Err(Error::Declined.into());
    }
    let scope = Scope::of(allowed).unwrap_or_default();
    renew_client(authorization).await?;
    Ok(grant::issue(authorization, Decision::of_page(authorization, page_id, scope)).await?)
}

/// Prolongs the life of a self-registered client. It must be done before the grant is stored: no grant outlives its
/// client.
async fn renew_client(authorization: &Authorization<'_>) -> Result<(), dynamodb::Error> {
    let (call, client) = (authorization.call, &authorization.destination.client);
    if client.needs_renewal(call.now) {
        call.app.clients.renew(client, call.now.after(life::USED)).await?;
    }
    Ok(())
}

/// Returns whether the request needs no consent page: the client is first-party, or the user has consented to the
/// requested scope, at the same resource, before. Neither counts where another program could impersonate the client (RFC
/// 6749 §10.2, RFC 8252 §8.6), nor for a self-registered client.
async fn has_consent(authorization: &Authorization<'_>) -> Result<bool, dynamodb::Error> {
    let (call, request) = (authorization.call, &authorization.request);
    let (client, user) = (&authorization.destination.client, authorization.user.user);
    if client.first_party && !client.is_self_registered() {
        return Ok(client.redirect_uris.iter().all(|uri| uri.starts_with("https://")));
    }
    if !authorization.may_be_remembered() {
        return Ok(false);
    }
    let Some(consent) = call.app.consents.find(user, &client.id, call.now).await? else {
        return Ok(false);
    };
    let resource = request.resource.as_ref().map(|resource| &resource.uri);
    Ok(consent.includes(&request.scope, resource) && is_in_force(authorization, &consent).await?)
}

/// Returns whether neither the client's nor the user's access was ended after the user consented.
async fn is_in_force(authorization: &Authorization<'_>, consent: &Consent) -> Result<bool, dynamodb::Error> {
    let client = Principal::Client(authorization.destination.client.id.clone());
    let user = Principal::User(authorization.user.user);
    let statuses = authorization.call.app.statuses.find(&[client, user]).await?;
    let check = |status: &Option<Status>| {
        status.as_ref().is_some_and(|status| status.check(consent.agreed_at).is_ok())
    };
    Ok(statuses.iter().all(check))
}
