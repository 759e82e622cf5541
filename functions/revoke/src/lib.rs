//! The revocation endpoint (RFC 7009): a client gives a token back.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    app::App,
    audit::Event,
    client::{self, Client},
    grant::Revocation,
    http::{self, Call, Cors, Form, FormError, Refusal, Request, Response, Route},
    personal::Presented,
    secret::{AccessToken, Id, RefreshToken, Secret},
    table,
};

const ROUTE: Route = Route { methods: "POST", cors: Cors::AnyOrigin };

/// Answers a revocation request.
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
    #[derive(Serialize)]
    struct Nothing {}

    let form = Form::parse(&call.request)?; // §2.1
    let client = client::authenticate(call, &form).await?; // §2.1
    let token = form.require("token")?;
    // Every kind has its prefix, so a hint could only mislead: `token_type_hint` is not looked at (§2.1).
    if let Ok(token) = Secret::<AccessToken>::parse(token) {
        let revocation = call.app.grants.revoke_access(&token, &client.id, call.now).await?;
        conclude(call, &client, revocation, token.id(), Some(token.digest().name()))?;
    } else if let Ok(token) = Secret::<RefreshToken>::parse(token) {
        let revocation = call.app.grants.revoke_refresh(&token, &client.id, call.now).await?;
        conclude(call, &client, revocation, token.id(), None)?; // §2.1: the access tokens, too
    } else if Presented::parse(token).is_some() {
        return Err(Error::PersonalToken); // §2.2.1: it belongs to no client
    }
    Ok(http::json(StatusCode::OK, &Nothing {})) // §2.2: also for a token that is none
}

/// What became of `token`, or of all of `grant` if it is none in particular.
fn conclude(
    call: &Call<'_>,
    client: &Client,
    revocation: Revocation,
    grant: Id,
    token: Option<String>,
) -> Result<(), Error> {
    match revocation {
        Revocation::Revoked => call.audit(Event::Revoked { grant, client: Some(&client.id), token }),
        Revocation::Foreign => return Err(Error::NotTheClients),
        Revocation::Unknown => {}
    }
    Ok(())
}

/// The code that is the revocation endpoint's own (RFC 6749 §5.2, which RFC 7009 §2.2.1 refers to).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The token was issued to another client.
    InvalidGrant,
    /// The token is of a type that is not revoked here (RFC 7009 §2.2.1).
    UnsupportedTokenType,
}

/// Why a revocation request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its body is no form, or lacks something.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It is not from a client in good standing.
    #[error(transparent)]
    Client(#[from] client::Failed),
    /// The token belongs to another client (§2.1).
    #[error("the token was issued to another client")]
    NotTheClients,
    /// The token is a user's own, and no client's to revoke. Whether it works is not looked up.
    #[error("a personal token is ended by its user")]
    PersonalToken,
    /// DynamoDB failed.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (code, description) = match error {
            Error::Form(error) => return error.into(),
            Error::Client(error) => return error.into(),
            Error::Table(error) => return error.into(),
            Error::PersonalToken => {
                (Code::UnsupportedTokenType, "A personal token is ended on its user's account page.")
            }
            Error::NotTheClients => (Code::InvalidGrant, "This token was not issued to this client."),
        };
        let code = match code {
            Code::InvalidGrant => "invalid_grant",
            Code::UnsupportedTokenType => "unsupported_token_type",
        };
        Self::new(StatusCode::BAD_REQUEST, code, description, reason)
    }
}
