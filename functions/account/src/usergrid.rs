//! `PUT …/users/{user}/revoketokens` and `…/revoketoken?token=`, as Usergrid has them (a compatibility switch).
//!
//! Whoever calls shows a token of that person's, as `Authorization: Bearer …` or `?access_token=`; or one of a person's
//! with the role `admin`: a personal token, or one of the deployment's own client.

use lambda_http::{
    RequestExt,
    http::{StatusCode, header},
};
use serde::Serialize;
use shared::{
    audit::Event,
    bearer::BearerToken,
    grant::{Revocation, Why},
    http::{self, Call, Query, Response},
    role::Role,
    secret::Id,
    status::{Status, Whose},
    user::UserName,
};
use tokio::time::timeout;

use crate::{applications::LONGEST as LONGEST_SWEEP, error::Error};

/// What is to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of the person's tokens.
    All,
    /// The one in the query.
    One,
}

/// Revokes it, and says so.
pub(crate) async fn revoke(call: &Call<'_>, which: Which) -> Result<Response, Error> {
    #[derive(Serialize)]
    struct Answer {
        action: &'static str,
        timestamp: u64,
        duration: u128,
    }

    let query = Query::parse(call.request.uri().query().unwrap_or_default())?;
    let caller = caller(call, &query).await?;
    let person = person(call, &caller).await?;
    let action = match which {
        Which::All => {
            call.app.users.end_everything(person, call.now).await?;
            call.audit(Event::UserChanged { person, change: "everything_ended" });
            sweep(call, person).await;
            "revoked user tokens"
        }
        Which::One => {
            revoke_one(call, person, query.get("token")?.ok_or(Error::NoToken)?).await?;
            "revoked user token"
        }
    };
    let duration = call.app.clock.now().since(call.now).as_millis();
    Ok(http::json(StatusCode::OK, &Answer { action, timestamp: call.now.millis(), duration }))
}

/// Ends the grants of `person`, as far as time allows. All that they had been issued is dead already, by their status:
/// this is housekeeping, and whether it succeeds changes no answer.
async fn sweep(call: &Call<'_>, person: Id) {
    let grants = &call.app.grants;
    let ended = async {
        let ids = grants.of_person(person).await?;
        grants.sweep(&ids, Why::Withdrawn, call.now, || ()).await
    };
    let _ = timeout(LONGEST_SWEEP, ended).await;
}

/// A person who calls, by their token.
struct Caller {
    sub: Id,
    status: Status,
    /// Whether the token is for all that the person may do: a personal one, or that of the deployment's own client. What
    /// somebody allowed another application is not.
    is_trusted: bool,
}

/// Who calls. A machine's token is nobody's.
async fn caller(call: &Call<'_>, query: &Query) -> Result<Caller, Error> {
    let header = call.request.headers().get(header::AUTHORIZATION);
    let text = match (header, query.get("access_token")?) {
        (Some(_), Some(_)) => return Err(Error::TwoMethods), // RFC 6750 §2
        (Some(header), None) => {
            let (scheme, token) =
                header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Error::NoCredentials)?;
            if !scheme.eq_ignore_ascii_case("Bearer") {
                return Err(Error::NoCredentials);
            }
            token.trim()
        }
        (None, Some(token)) => token,
        (None, None) => return Err(Error::NoCredentials),
    };
    let token = BearerToken::parse(text).ok_or(Error::WrongCredentials)?;
    let active = token.describe(call.app, call.now).await?.map_err(|_| Error::WrongCredentials)?;
    let sub = active.person.ok_or(Error::NotAllowed)?;
    let status = status(call, sub).await?.ok_or(Error::WrongCredentials)?;
    let is_trusted = match &active.client {
        None => true,
        Some(client) => {
            let client = call.app.clients.registered(client, call.now).await?;
            client.is_some_and(|client| client.first_party)
        }
    };
    Ok(Caller { sub, status, is_trusted })
}

/// The person whom the path names, if that is the caller, or the caller is an administrator. Nobody else learns who
/// there is.
async fn person(call: &Call<'_>, caller: &Caller) -> Result<Id, Error> {
    let parameters = call.request.path_parameters();
    let named = parameters.first("user").unwrap_or_default();
    let by_name = match named.parse::<UserName>() {
        Ok(name) => call.app.users.sub_of(&name).await?,
        Err(_) => None,
    };
    let person = by_name.or_else(|| named.parse().ok());
    match person {
        Some(person) if person == caller.sub => Ok(person),
        _ if !caller.is_trusted || !caller.status.has(&Role::admin()) => Err(Error::NotAllowed),
        Some(person) if status(call, person).await?.is_some() => Ok(person),
        Some(_) | None => Err(Error::NobodyThere),
    }
}

async fn status(call: &Call<'_>, person: Id) -> Result<Option<Status>, Error> {
    Ok(call.app.statuses.find(&[Whose::Person(person)]).await?.into_iter().next().flatten())
}

/// Revokes one token of `person`. One that is no longer, or never was theirs, needs nothing (RFC 7009 §2.2).
async fn revoke_one(call: &Call<'_>, person: Id, text: &str) -> Result<(), Error> {
    match BearerToken::parse(text) {
        Some(BearerToken::Access(token)) => {
            let Some(grant) = call.app.grants.find(token.id()).await? else { return Ok(()) };
            if grant.person != Some(person) {
                return Ok(());
            }
            let revoked = call.app.grants.revoke_access(&token, &grant.client, call.now).await?;
            if revoked == Revocation::Revoked {
                let (grant, token) = (token.id(), Some(token.digest().name()));
                call.audit(Event::Revoked { grant, client: None, token });
            }
        }
        Some(BearerToken::Personal(presented)) => {
            let tokens = &call.app.personal_tokens;
            let Some(token) = tokens.find(&presented).await? else { return Ok(()) };
            if token.is_live(&presented, call.now).is_ok()
                && tokens.end(person, presented.id(), call.now).await?
            {
                let token = Some(presented.id());
                call.audit(Event::PersonalTokenChanged { person, token, change: "ended" });
            }
        }
        None => {}
    }
    Ok(())
}
