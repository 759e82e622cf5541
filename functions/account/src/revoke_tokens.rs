//! `PUT …/users/{user}/revoketokens` and `…/revoketoken?token=`, compatible with Usergrid (a compatibility switch).
//!
//! The caller sends a token as `Authorization: Bearer …` or `?access_token=`. It must be a token of the user in the
//! path, or a personal or first-party token of a user with the role `admin`.

use lambda_http::{
    RequestExt,
    http::{StatusCode, header},
};
use serde::Serialize;
use shared::{
    audit::{Event, TokenChange, UserChange},
    endpoint::{
        Call,
        bearer::{BearerError, BearerToken},
    },
    grants::{EndReason, Revocation},
    http::{self, Query, Response},
    secret::Id,
    status::{Role, Status},
    users::UserName,
};
use tokio::time::timeout;

use crate::{applications::LONGEST as LONGEST_SWEEP, error::Error};

/// Revokes the user's token in the query; or, at `…/revoketokens`, ends all of the user's grants and personal tokens.
pub(crate) async fn revoke(call: &Call<'_>) -> Result<Response, Error> {
    let query = Query::parse(call.request.uri().query().unwrap_or_default())?;
    let (user, reason) = authorized_user(call, &query).await?;
    if call.request.uri().path().ends_with("/revoketokens") {
        call.app.users.end_everything(user, call.now).await?;
        call.audit_user(user, UserChange::EverythingEnded);
        sweep(call, user, reason).await;
        return Ok(done(call, "revoked user tokens"));
    }
    revoke_token(call, user, reason, query.get("token")?.ok_or(Error::NoToken)?).await?;
    Ok(done(call, "revoked user token"))
}

fn done(call: &Call<'_>, action: &'static str) -> Response {
    #[derive(Serialize)]
    struct Done {
        action: &'static str,
        /// In milliseconds.
        timestamp: u64,
        /// In milliseconds.
        duration: u128,
    }

    let duration = call.app.clock.now().since(call.now).as_millis();
    http::json(StatusCode::OK, &Done { action, timestamp: call.now.millis(), duration })
}

/// Ends the grants of `user`, as far as time allows. They are invalid already, by the user's status: this only cleans
/// up, and its failure does not change the response.
async fn sweep(call: &Call<'_>, user: Id, reason: EndReason) {
    let grants = &call.app.grants;
    let ended = async {
        let ids = grants.of_user(user).await?;
        grants.sweep(&ids, reason, call.now, || ()).await
    };
    let _ = timeout(LONGEST_SWEEP, ended).await;
}

/// The user who calls, by a token.
struct Caller {
    sub: Id,
    status: Status,
    /// Whether the token carries the user's full authority: a personal token, or one of a first-party client. A token
    /// that the user allowed another application does not.
    is_trusted: bool,
}

/// Returns the user in the path, whose tokens the caller may revoke, and the reason of the revocation: the user's own
/// request, or an administrator's.
async fn authorized_user(call: &Call<'_>, query: &Query) -> Result<(Id, EndReason), Error> {
    let caller = authenticate(call, query).await?;
    let parameters = call.request.path_parameters();
    let name = parameters.first("user").unwrap_or_default();
    let by_name = match name.parse::<UserName>() {
        Ok(name) => call.app.users.sub_of(&name).await?,
        Err(_) => None,
    };
    let user = by_name.or_else(|| name.parse().ok());
    if user == Some(caller.sub) {
        return Ok((caller.sub, EndReason::Withdrawn));
    }
    // Before the user is looked up: only an administrator may learn which users exist.
    if !caller.is_trusted || !caller.status.has(&Role::admin()) {
        return Err(Error::NotAllowed);
    }
    let user = user.ok_or(Error::UnknownUser)?;
    call.app.statuses.find_user(user).await?.ok_or(Error::UnknownUser)?;
    Ok((user, EndReason::Administrator))
}

/// Authenticates the user who calls. A token without a user, of a client that acts for itself, is not allowed.
async fn authenticate(call: &Call<'_>, query: &Query) -> Result<Caller, Error> {
    let header = call.request.headers().get(header::AUTHORIZATION);
    let text = match (header, query.get("access_token")?) {
        (Some(_), Some(_)) => return Err(Error::TwoMethods), // RFC 6750 §2
        (Some(header), None) => header.to_str().ok().and_then(bearer).ok_or(Error::NoCredentials)?,
        (None, Some(token)) => token,
        (None, None) => return Err(Error::NoCredentials),
    };
    let token = BearerToken::parse(text).ok_or(Error::InvalidCredentials)?;
    let active = token.describe(call.app, call.now).await.map_err(|error| match error {
        BearerError::Table(error) => Error::from(error),
        BearerError::Token(_) | BearerError::Standing(_) | BearerError::NotOffered => {
            Error::InvalidCredentials
        }
    })?;
    let sub = active.user.ok_or(Error::NotAllowed)?;
    let status = call.app.statuses.find_user(sub).await?.ok_or(Error::InvalidCredentials)?;
    let is_trusted = match &active.client {
        None => true,
        Some(client) => {
            let client = call.app.clients.registered(client, call.now).await?;
            client.is_some_and(|client| client.first_party)
        }
    };
    Ok(Caller { sub, status, is_trusted })
}

/// Returns the token in an `Authorization: Bearer` header.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Revokes one token of `user`. A token that is invalid or not the user's needs nothing (RFC 7009 §2.2).
async fn revoke_token(call: &Call<'_>, user: Id, reason: EndReason, text: &str) -> Result<(), Error> {
    match BearerToken::parse(text) {
        Some(BearerToken::Access(token)) => {
            let Some(grant) = call.app.grants.find(token.id()).await? else { return Ok(()) };
            if grant.user != Some(user) {
                return Ok(());
            }
            let revoked = call.app.grants.revoke_access(&token, &grant.client, call.now).await?;
            if revoked == Revocation::Revoked {
                let (grant, token) = (token.id(), Some(token.digest().name()));
                call.audit(Event::Revoked { grant, client: None, reason: reason.as_str(), token });
            }
        }
        Some(BearerToken::Personal(presented)) => {
            let tokens = &call.app.personal_tokens;
            let Some(token) = tokens.find(&presented).await? else { return Ok(()) };
            if token.check(&presented, call.now).is_ok() && tokens.end(user, presented.id(), call.now).await?
            {
                let token = Some(presented.id());
                call.audit(Event::PersonalTokenChanged { user, token, change: TokenChange::Ended });
            }
        }
        None => {}
    }
    Ok(())
}
