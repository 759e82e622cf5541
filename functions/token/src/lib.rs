//! The token endpoint (RFC 6749 §3.2): tokens for what the client shows.

mod authorization_code;
mod client_credentials;
mod error;
mod refresh_token;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    app::App,
    client::{self, Authenticated, GrantType},
    http::{self, Call, Cors, Form, Request, Response, Route},
    scope::Scope,
    secret::{AccessToken, RefreshToken, Secret},
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
    let form = Form::parse(&call.request)?; // §3.2
    let client = client::authenticate(call, &form).await?; // §2.3, §3.2.1
    let tokens = match grant_type(&form, &client)? {
        GrantType::ClientCredentials => client_credentials::issue(call, &client, &form).await?, // §4.4
        GrantType::AuthorizationCode => authorization_code::redeem(call, &client, &form).await?, // §4.1.3
        GrantType::RefreshToken => refresh_token::rotate(call, &client, &form).await?,          // §6
    };
    Ok(http::json(StatusCode::OK, &tokens.answer())) // §5.1
}

/// The grant type asked for, if it is one and the client may use it.
fn grant_type(form: &Form, client: &Authenticated) -> Result<GrantType, Error> {
    let asked = form.require("grant_type")?;
    let grant_type: GrantType = asked.parse().map_err(|_| Error::UnsupportedGrantType)?;
    if client.grant_types.contains(&grant_type) { Ok(grant_type) } else { Err(Error::UnauthorizedClient) }
}

/// What a token request is granted.
struct Tokens {
    access_token: Secret<AccessToken>,
    /// Seconds that the access token has left.
    expires_in: u32,
    refresh_token: Option<Secret<RefreshToken>>,
    scope: Scope,
}

impl Tokens {
    /// RFC 6749 §5.1. The scope is always told, whether or not it differs from what was asked for.
    fn answer(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Answer<'a> {
            access_token: &'a str,
            token_type: &'static str,
            expires_in: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token: Option<&'a str>,
            #[serde(skip_serializing_if = "String::is_empty")]
            scope: String,
        }

        Answer {
            access_token: self.access_token.expose(),
            token_type: "Bearer",
            expires_in: self.expires_in,
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            scope: self.scope.to_string(),
        }
    }
}
