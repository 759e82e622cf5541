//! The client credentials grant (RFC 6749 §4.4): a client acts for itself.

use shared::{
    audit::Event,
    client::Client,
    grant::{Grant, Terms},
    http::{Call, Form},
    scope::Scope,
    secret::{Id, Secret, random},
};

use crate::{Error, Tokens};

/// An access token for `client` itself; no refresh token, as it can ask again (§4.4.3).
pub(crate) async fn issue(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    if client.is_public() {
        return Err(Error::UnauthorizedClient); // §4.4: confidential clients only
    }
    let scope = scope(form, client)?;
    let access_token = Secret::new(Id::random(), &random());
    let terms = Terms { client, scope, issuer: call.issuer()?, now: call.now };
    let grant = Grant::for_machine(terms, &access_token);
    call.app.grants.issue(&grant).await?;
    call.audit(Event::Issued {
        grant: access_token.id(),
        kind: grant.kind.as_str(),
        client: &client.id,
        token: access_token.digest().name(),
        scope: grant.scope.to_string(),
    });
    let expires_in = client.lifetimes.access_token;
    Ok(Tokens { access_token, expires_in, refresh_token: None, scope: grant.scope }) // §4.4.3
}

/// The scope asked for, or else the client's default (§3.3); never more than it is registered for.
fn scope(form: &Form, client: &Client) -> Result<Scope, Error> {
    let Some(asked) = form.get("scope") else { return Ok(client.default_scope.clone()) };
    let scope: Scope = asked.parse().map_err(|_| Error::IllFormedScope)?;
    if !scope.is_within(&client.scope) {
        return Err(Error::ScopeNotAllowed);
    }
    if !scope.fits_a_grant() {
        return Err(Error::ScopeTooLarge);
    }
    Ok(scope)
}
