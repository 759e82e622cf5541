//! The token endpoint (RFC 6749 §3.2): tokens for what the client shows.

mod asked;
mod authorization_code;
mod client_credentials;
mod error;
mod new_tokens;
mod password;
mod refresh_token;
mod request;
mod standing;

use std::time::Duration;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    app::App,
    client::{Client, GrantType},
    compat::Switch,
    http::{self, Call, Cors, Form, Request, Response, Route},
    scope::Scope,
    secret::{AccessToken, RefreshToken, Secret},
    time::Timestamp,
};

pub use error::{Code, Error};

const ROUTE: Route = Route { methods: "POST", cors: Cors::AnyOrigin };

/// Answers a token request.
pub async fn handle(app: &App, request: Request) -> Response {
    match Call::open(app, request, ROUTE) {
        Ok(call) => {
            let outcome = answer(&call).await;
            call.close(outcome)
        }
        Err(response) => response,
    }
}

async fn answer(call: &Call<'_>) -> Result<Response, Error> {
    let (client, form) = request::read(call).await?; // §2.3, §3.2
    let tokens = match grant_type(call, &client, &form).await? {
        GrantType::ClientCredentials => client_credentials::issue(call, &client, &form).await?, // §4.4
        GrantType::AuthorizationCode => authorization_code::redeem(call, &client, &form).await?, // §4.1.3
        GrantType::RefreshToken => refresh_token::refresh(call, &client, &form).await?,         // §6
        GrantType::Password => password::issue(call, &client, &form).await?,                    // §4.3
        GrantType::Implicit => return Err(Error::UnsupportedGrantType), // §4.2: it does not come here
    };
    let more = client.compat.has(Switch::Expires).then_some(call.now);
    Ok(http::json(StatusCode::OK, &tokens.answer(more))) // §5.1
}

/// The grant type asked for, if it is one and the client may use it.
async fn grant_type(call: &Call<'_>, client: &Client, form: &Form) -> Result<GrantType, Error> {
    let asked = form.require("grant_type")?;
    let grant_type: GrantType = asked.parse().map_err(|_| Error::UnsupportedGrantType)?;
    if client.grant_types.contains(&grant_type) {
        return Ok(grant_type);
    }
    match grant_type.switch() {
        // What no client here may use is not offered.
        Some(switch) if !call.app.clients.offered(call.now).await?.has(switch) => {
            Err(Error::UnsupportedGrantType)
        }
        Some(_) | None => Err(Error::UnauthorizedClient),
    }
}

/// What a token request is granted.
struct Tokens {
    access_token: Secret<AccessToken>,
    /// What the access token has left; none: it has no end.
    expires_in: Option<Duration>,
    /// And what it has left.
    refresh_token: Option<(Secret<RefreshToken>, Duration)>,
    scope: Scope,
}

impl Tokens {
    /// RFC 6749 §5.1. The scope is always told, whether or not it differs from what was asked for. Told what time it
    /// is, for a client with that switch, it says more about lifetimes.
    fn answer(&self, more: Option<Timestamp>) -> impl Serialize {
        #[derive(Serialize)]
        struct Answer<'a> {
            access_token: &'a str,
            token_type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_in: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token_expires_in: Option<u64>,
            #[serde(skip_serializing_if = "String::is_empty")]
            scope: String,
        }

        let (expires_in, refresh_token) = (self.expires_in.as_ref(), self.refresh_token.as_ref());
        Answer {
            access_token: self.access_token.expose(),
            token_type: "Bearer",
            expires_in: expires_in.map(Duration::as_secs),
            expires: more.and_then(|now| expires_in.map(|left| now.after(*left).seconds())),
            refresh_token: refresh_token.map(|(token, _)| token.expose()),
            refresh_token_expires_in: more.and(refresh_token).map(|(_, left)| left.as_secs()),
            scope: self.scope.to_string(),
        }
    }
}
