//! The client credentials grant (RFC 6749 §4.4).

use shared::{
    clients::Client,
    endpoint::{Call, resource},
    grants::{Grant, Terms},
    http::Form,
    secret::{Id, Secret, random},
};

use crate::{error::Error, new_tokens, parameters, response::Tokens};

/// Issues an access token to `client` itself. No refresh token: the client can repeat the request (§4.4.3).
pub(crate) async fn issue(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    if client.is_public() {
        return Err(Error::UnauthorizedClient); // §4.4: confidential clients only
    }
    let lifetime = parameters::lifetime(form, client)?;
    let resource = resource::requested(call, client, &form.resources()).await?; // RFC 8707 §2.2
    let scope = parameters::scope(form, client, resource.as_ref())?;
    let access_token = Secret::new(Id::random(), &random());
    let resource = resource.map(|resource| resource.uri);
    let terms = Terms { client, scope, resource, issuer: call.issuer()?, now: call.now };
    let grant = Grant::for_client(terms, &access_token, lifetime);
    call.app.grants.issue(&grant).await?;
    new_tokens::log_issued(call, access_token.id(), &grant, &access_token);
    // §4.4.3
    Ok(Tokens { access_token, expires_in: lifetime, refresh_token: None, scope: grant.scope, id_token: None })
}
