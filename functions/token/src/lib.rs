//! The token endpoint (RFC 6749 §3.2).

mod authorization_code;
mod client_credentials;
mod error;
mod id_token;
pub mod kms;
mod lost;
mod new_tokens;
mod parameters;
mod password;
mod refresh_token;
mod request;
mod response;
mod standing;

use lambda_http::http::StatusCode;
use shared::{
    clients::Client,
    endpoint::{App, Call, Cors, Route},
    http::{self, Form, Request, Response},
    oauth::{GrantType, Switch},
};

use response::ExpiryFields;

pub use error::{Code, Error};
pub use kms::Kms;

const ROUTE: Route = Route { methods: "POST", cors: Cors::AnyOrigin };

/// Responds to a token request.
pub async fn handle(app: &App, request: Request) -> Response {
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, Error> {
    let (client, form) = request::read(call).await?; // §2.3, §3.2
    let tokens = match grant_type(call, &client, &form)? {
        GrantType::ClientCredentials => client_credentials::issue(call, &client, &form).await?, // §4.4
        GrantType::AuthorizationCode => authorization_code::redeem_code(call, &client, &form).await?, // §4.1.3
        GrantType::RefreshToken => refresh_token::rotate_refresh(call, &client, &form).await?,        // §6
        GrantType::Password => password::issue(call, &client, &form).await?,                          // §4.3
        GrantType::Implicit => return Err(Error::UnsupportedGrantType), // §4.2: at the authorization endpoint only
    };
    let expiry = if client.compat.has(Switch::Expires) {
        ExpiryFields::Detailed { now: call.now }
    } else {
        ExpiryFields::Standard
    };
    Ok(http::json(StatusCode::OK, &tokens.response(expiry))) // §5.1
}

/// Returns the requested grant type, if the deployment supports it and the client may use it.
fn grant_type(call: &Call<'_>, client: &Client, form: &Form) -> Result<GrantType, Error> {
    let requested = form.require("grant_type")?;
    let grant_type: GrantType = requested.parse().map_err(|_| Error::UnsupportedGrantType)?;
    if client.grant_types.contains(&grant_type) {
        return Ok(grant_type);
    }
    match grant_type.switch() {
        // The deployment does not permit this grant type.
        Some(switch) if !call.app.config.compat.has(switch) => Err(Error::UnsupportedGrantType),
        Some(_) | None => Err(Error::UnauthorizedClient),
    }
}
