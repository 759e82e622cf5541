//! The resource owner password credentials grant (RFC 6749 §4.3; a compatibility switch): tokens for a person's name
//! and password.

use shared::{
    audit::Event,
    client::Client,
    grant::{Codeless, Grant, Kind, Terms},
    http::{Call, Form},
    secret::Id,
    throttle::{Address, Channel, Claim, Origin},
};

use crate::{Error, Tokens, asked, new_tokens::NewTokens};

/// Tokens of the person whose name and password are in `form`.
pub(crate) async fn issue(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let (name, password) = (form.require("username")?, form.require("password")?);
    let (scope, lifetime) = (asked::scope(form, client)?, asked::lifetime(form, client)?);
    // A confidential client calls from its server, for everybody who uses it: one who guesses must not keep out the rest.
    let origin =
        if client.is_public() { Origin::Address(Address::of(call)) } else { Origin::Client(&client.id) };
    let claim = Claim { channel: Channel::Grant, name, password, origin };
    let proven =
        claim.prove(call.app, call.now).await?.inspect_err(|unproven| call.audit(unproven.event()))?; // §4.3.2
    let person = proven.user;
    let id = Id::random();
    let tokens = NewTokens::make(id, client, lifetime);
    let terms = Terms { client, scope, issuer: call.issuer()?, now: call.now };
    let codeless = Codeless { kind: Kind::Password, person: person.sub, authenticated_at: call.now };
    let grant = Grant::without_code(terms, &codeless, id, tokens.kept(call.now));
    call.app.grants.issue(&grant).await?;
    call.audit(Event::Issued {
        grant: id,
        kind: grant.kind.as_str(),
        client: &client.id,
        token: tokens.access.digest().name(),
        scope: grant.scope.to_string(),
    });
    Ok(tokens.answer(grant.scope))
}
