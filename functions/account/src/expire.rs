//! `DELETE /user/expire`, as Ona has it: a person's temporary tokens end before their time (a compatibility switch).
//!
//! `Authorization: TempToken …` ends that very token; a person's name and password by HTTP Basic end all of theirs.

use lambda_http::{
    Body,
    http::{StatusCode, header},
};
use shared::{
    audit::Event,
    http::{Basic, Call, Response},
    personal::{Kind, Presented},
    throttle::{Address, Channel, Claim, Origin},
};

use crate::error::Error;

/// Ends what the request shows, or all of whoever it shows to be.
pub(crate) async fn expire(call: &Call<'_>) -> Result<Response, Error> {
    let header = call.request.headers().get(header::AUTHORIZATION).ok_or(Error::NoCredentials)?;
    let (scheme, credentials) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Error::NoCredentials)?;
    if scheme.eq_ignore_ascii_case("TempToken") {
        expire_one(call, credentials.trim()).await?;
    } else if scheme.eq_ignore_ascii_case("Basic") {
        let basic = Basic::parse(credentials).ok_or(Error::WrongCredentials)?;
        let claim = Claim {
            channel: Channel::Call,
            name: &basic.name,
            password: &basic.password,
            origin: Origin::Address(Address::of(call)),
        };
        let proven = claim.prove(call.app, call.now).await?;
        let person = proven.inspect_err(|unproven| call.audit(unproven.event()))?.user.sub;
        let ended = call.app.personal_tokens.end_all(person, Kind::Temporary, call.now).await?;
        if ended > 0 {
            call.audit(Event::PersonalTokenChanged { person, token: None, change: "ended" });
        }
    } else {
        return Err(Error::NoCredentials);
    }
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

async fn expire_one(call: &Call<'_>, text: &str) -> Result<(), Error> {
    let presented = Presented::parse(text).filter(|presented| presented.kind() == Kind::Temporary);
    let presented = presented.ok_or(Error::WrongCredentials)?;
    let tokens = &call.app.personal_tokens;
    let token = tokens.find(&presented).await?.ok_or(Error::WrongCredentials)?;
    let statuses = call.app.statuses.find(&[token.depends_on()]).await?;
    let status = statuses.first().and_then(Option::as_ref);
    if token.is_live(&presented, call.now).is_err() || token.is_upheld_by(status).is_err() {
        return Err(Error::WrongCredentials);
    }
    if tokens.end(token.person, presented.id(), call.now).await? {
        let (person, token) = (token.person, Some(presented.id()));
        call.audit(Event::PersonalTokenChanged { person, token, change: "ended" });
    }
    Ok(())
}
