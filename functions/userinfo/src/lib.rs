//! The UserInfo endpoint (OpenID Connect Core §5.3).

mod error;
mod token;

use lambda_http::http::StatusCode;
use shared::{
    endpoint::{App, Call, Cors, Route},
    grants::{Grant, Kind, TokenError},
    http::{self, Request, Response},
    oauth::openid_scope,
    secret::Id,
    status::StandingError,
};

use error::Error;

const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::AnyOrigin };

/// Responds to a UserInfo request. The endpoint does not exist while OpenID Connect is off.
pub async fn handle(app: &App, request: Request) -> Response {
    if !app.config.signing_keys.is_on() {
        return http::not_found();
    }
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, Error> {
    let token = token::presented(&call.request)?; // §5.3.1
    let grant = call.app.grants.find(token.id()).await?.ok_or(TokenError::Unknown)?;
    let scope = grant.scope_of(grant.live_access(&token, call.now)?);
    call.set_client(&grant.client);
    let user = user_of(call, &grant)?;
    if !scope.has(openid_scope::OPENID) {
        return Err(Error::NoOpenId); // §5.3.1
    }
    let depends_on = grant.depends_on();
    let statuses = call.app.statuses.find_cached(&depends_on, call.now);
    let (statuses, claims) = tokio::try_join!(statuses, call.app.claims.find(user))?;
    grant.check_standing(&statuses)?;
    // The client's status is the first.
    let [_, Some(status), ..] = statuses.as_slice() else { return Err(StandingError::Deleted.into()) };
    let mut body = claims.in_user_info(&scope, status); // §5.4
    body.insert("sub".to_owned(), user.to_string().into());
    Ok(http::json(StatusCode::OK, &body)) // §5.3.2
}

/// Returns the user whose claims a token of `grant` opens. A token for a resource opens none: the resource's servers,
/// which clients send it to, must not read them.
fn user_of(call: &Call<'_>, grant: &Grant) -> Result<Id, Error> {
    if grant.kind != Kind::AuthorizationCode {
        return Err(Error::OtherGrant);
    }
    if grant.resource.is_some() {
        return Err(Error::ForResource);
    }
    if grant.issuer != call.issuer()? {
        return Err(Error::OtherIssuer);
    }
    grant.user.ok_or(Error::OtherGrant)
}
