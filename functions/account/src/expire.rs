//! `DELETE /user/expire`, compatible with Ona: ends a user's temporary tokens early (a compatibility switch).
//!
//! `Authorization: TempToken …` ends that token; a user's name and password by HTTP Basic end all of the user's.

use lambda_http::http::{StatusCode, header};
use shared::{
    audit::{Event, TokenChange},
    endpoint::{Call, PasswordCredentials},
    http::{self, Basic, Response},
    users::{
        personal::{Kind, Presented},
        rate_limit::{Channel, Origin},
    },
};

use crate::error::Error;

/// Ends the presented token, or all temporary tokens of the user.
pub(crate) async fn expire(call: &Call<'_>) -> Result<Response, Error> {
    let header = call.request.headers().get(header::AUTHORIZATION).ok_or(Error::NoCredentials)?;
    let (scheme, credentials) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Error::NoCredentials)?;
    if scheme.eq_ignore_ascii_case("TempToken") {
        expire_one(call, credentials.trim()).await?;
    } else if scheme.eq_ignore_ascii_case("Basic") {
        expire_all(call, credentials).await?;
    } else {
        return Err(Error::NoCredentials);
    }
    Ok(http::empty(StatusCode::NO_CONTENT))
}

async fn expire_one(call: &Call<'_>, text: &str) -> Result<(), Error> {
    let presented = Presented::parse(text).filter(|presented| presented.kind() == Kind::Temporary);
    let presented = presented.ok_or(Error::InvalidCredentials)?;
    let tokens = &call.app.personal_tokens;
    let token = tokens.find(&presented).await?.ok_or(Error::InvalidCredentials)?;
    let status = call.app.statuses.find_user(token.user).await?;
    if token.check(&presented, call.now).is_err() || token.check_standing(status.as_ref()).is_err() {
        return Err(Error::InvalidCredentials);
    }
    if tokens.end(token.user, presented.id(), call.now).await? {
        let (user, token) = (token.user, Some(presented.id()));
        call.audit(Event::PersonalTokenChanged { user, token, change: TokenChange::Ended });
    }
    Ok(())
}

async fn expire_all(call: &Call<'_>, credentials: &str) -> Result<(), Error> {
    let basic = Basic::parse(credentials).ok_or(Error::InvalidCredentials)?;
    let credentials = PasswordCredentials {
        channel: Channel::ApiCall,
        username: &basic.name,
        password: &basic.password,
        origin: Origin::Address(call.address()),
    };
    let user = call.verify_password(&credentials).await?.user.sub;
    if call.app.personal_tokens.end_all(user, Kind::Temporary, call.now).await? > 0 {
        call.audit(Event::PersonalTokenChanged { user, token: None, change: TokenChange::Ended });
    }
    Ok(())
}
