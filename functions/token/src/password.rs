//! The resource owner password credentials grant (RFC 6749 §4.3; a compatibility switch).

use shared::{
    clients::Client,
    endpoint::{Call, PasswordCredentials, resource},
    grants::{DirectGrant, Grant, Kind, Terms},
    http::Form,
    secret::Id,
    users::rate_limit::{Channel, Origin},
};

use crate::{error::Error, new_tokens::NewTokens, parameters, response::Tokens};

/// Issues tokens for the user name and password in `form`.
pub(crate) async fn issue(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let (username, password) = (form.require("username")?, form.require("password")?);
    let lifetime = parameters::lifetime(form, client)?;
    let resource = resource::requested(call, client, &form.resources()).await?; // RFC 8707 §2.2
    let scope = parameters::scope(form, client, resource.as_ref())?;
    // All users of a confidential client share the address of its server: a rate limit on it would lock all of them out.
    let origin =
        if client.is_public() { Origin::Address(call.address()) } else { Origin::Client(&client.id) };
    let credentials = PasswordCredentials { channel: Channel::PasswordGrant, username, password, origin };
    let user = call.verify_password(&credentials).await?.user; // §4.3.2
    let id = Id::random();
    let tokens = NewTokens::make(id, client, lifetime);
    let resource = resource.map(|resource| resource.uri);
    let terms = Terms { client, scope, resource, issuer: call.issuer()?, now: call.now };
    let direct = DirectGrant { kind: Kind::Password, user: user.sub, authenticated_at: call.now };
    let grant = Grant::direct(terms, &direct, id, tokens.stored(call.now));
    call.app.grants.issue(&grant).await?;
    Ok(tokens.issue(call, id, grant))
}
