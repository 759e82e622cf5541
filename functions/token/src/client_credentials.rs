//! The client credentials grant (RFC 6749 §4.4): a client acts for itself.

use shared::{
    audit::Event,
    client::Client,
    grant::{Grant, Terms},
    http::{Call, Form},
    secret::{Id, Secret, random},
};

use crate::{Error, Tokens, asked};

/// An access token for `client` itself; no refresh token, as it can ask again (§4.4.3).
pub(crate) async fn issue(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    if client.is_public() {
        return Err(Error::UnauthorizedClient); // §4.4: confidential clients only
    }
    let (scope, lifetime) = (asked::scope(form, client)?, asked::lifetime(form, client)?);
    let access_token = Secret::new(Id::random(), &random());
    let terms = Terms { client, scope, issuer: call.issuer()?, now: call.now };
    let grant = Grant::for_machine(terms, &access_token, lifetime);
    call.app.grants.issue(&grant).await?;
    call.audit(Event::Issued {
        grant: access_token.id(),
        kind: grant.kind.as_str(),
        client: &client.id,
        token: access_token.digest().name(),
        scope: grant.scope.to_string(),
    });
    Ok(Tokens { access_token, expires_in: lifetime, refresh_token: None, scope: grant.scope }) // §4.4.3
}
