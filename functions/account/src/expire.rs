//! `DELETE /user/expire`, as Ona has it: a person's temporary tokens end before their time (a compatibility switch).
//!
//! `Authorization: TempToken …` ends that very token; a person's name and password by HTTP Basic end all of theirs.

use lambda_http::{
    Body,
    http::{StatusCode, header},
};
use shared::{
    audit::Event,
    http::{Call, Response},
    personal::{Kind, Presented},
    secret::Id,
    throttle::{Account, Address, Attempt, Verdict},
    user::{self, UserName},
};

use crate::{basic::Basic, error::Error};

/// Ends what the request shows, or all of whoever it shows to be.
pub(crate) async fn expire(call: &Call<'_>) -> Result<Response, Error> {
    let header = call.request.headers().get(header::AUTHORIZATION).ok_or(Error::NoCredentials)?;
    let (scheme, credentials) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Error::NoCredentials)?;
    if scheme.eq_ignore_ascii_case("TempToken") {
        expire_one(call, credentials.trim()).await?;
    } else if scheme.eq_ignore_ascii_case("Basic") {
        let basic = Basic::parse(credentials).ok_or(Error::WrongCredentials)?;
        let person = prove(call, &basic).await?;
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
    let statuses = call.app.statuses.find(&[token.depends_on()], call.now).await?;
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

/// The person whose name and password these are; throttled like signing in.
async fn prove(call: &Call<'_>, basic: &Basic) -> Result<Id, Error> {
    let account = Account::typed(&basic.name);
    let attempt = Attempt { account, address: Address::of(call), browser: None };
    let reservation = match call.app.throttle.reserve(&attempt, call.now).await? {
        Verdict::Reserved(reservation) => reservation,
        Verdict::TooMany { by, retry_after } => {
            call.audit(Event::SignInThrottled { by: by.name(), account: account.hint() });
            return Err(Error::TooManyAttempts(retry_after));
        }
    };
    let known = match basic.name.parse::<UserName>() {
        Ok(name) => call.app.users.find_by_name(&name).await?,
        Err(_) => None,
    };
    let person = known.as_ref().map(|user| user.sub);
    let Some(proven) = user::prove(call.app, known, &basic.password, call.now).await? else {
        call.audit(Event::SignInFailed { person });
        return Err(Error::WrongCredentials);
    };
    // Nobody who has proved who they are is kept out: at worst an attempt too many is counted.
    let _ = call.app.throttle.give_back(reservation).await;
    Ok(proven.user.sub)
}
