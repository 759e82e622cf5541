//! The revocation endpoint (RFC 7009).

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    audit::Event,
    clients::Client,
    dynamodb,
    endpoint::{App, Call, Cors, Route},
    grants::{EndReason, Revocation},
    http::{self, Form, FormError, OAuthError, Request, Response},
    secret::{AccessToken, Id, RefreshToken, Secret},
    users::personal::Presented,
};

const ROUTE: Route = Route { methods: "POST", cors: Cors::AnyOrigin };

/// Responds to a revocation request.
pub async fn handle(app: &App, request: Request) -> Response {
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, Error> {
    #[derive(Serialize)]
    struct Empty {}

    let form = Form::parse(&call.request)?; // §2.1
    let client = shared::endpoint::authenticate(call, &form).await?; // §2.1
    let token = form.require("token")?;
    // The prefix tells the kind, so `token_type_hint` is ignored (§2.1).
    if let Ok(token) = Secret::<AccessToken>::parse(token) {
        let revocation = call.app.grants.revoke_access(&token, &client.id, call.now).await?;
        finish(call, &client, token.id(), Some(token.digest().name()), revocation)?;
    } else if let Ok(token) = Secret::<RefreshToken>::parse(token) {
        let revocation = call.app.grants.revoke_refresh(&token, &client.id, call.now).await?;
        finish(call, &client, token.id(), None, revocation)?; // §2.1: the access tokens, too
    } else if Presented::parse(token).is_some() {
        return Err(Error::PersonalToken); // §2.2.1: it belongs to no client
    }
    Ok(http::json(StatusCode::OK, &Empty {})) // §2.2: also for an invalid token
}

/// Logs the revocation of the access token whose `jti` is `token`, or of the whole grant if there is no `token`. Returns
/// an error if the token was issued to another client.
fn finish(
    call: &Call<'_>,
    client: &Client,
    grant: Id,
    token: Option<String>,
    revocation: Revocation,
) -> Result<(), Error> {
    match revocation {
        Revocation::Revoked => {
            let (client, reason) = (Some(&client.id), EndReason::Revoked.as_str());
            call.audit(Event::Revoked { grant, client, reason, token });
        }
        Revocation::OtherClient => return Err(Error::OtherClient),
        Revocation::Unknown => {}
    }
    Ok(())
}

/// The error codes of the revocation endpoint (RFC 6749 §5.2, to which RFC 7009 §2.2.1 refers), besides those that it
/// shares with other endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The token was issued to another client.
    InvalidGrant,
    /// The endpoint does not revoke tokens of this type (RFC 7009 §2.2.1).
    UnsupportedTokenType,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedTokenType => "unsupported_token_type",
        }
    }
}

/// The reason why a revocation request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Form(#[from] FormError),
    #[error(transparent)]
    Client(#[from] shared::endpoint::AuthenticationFailed),
    /// §2.1.
    #[error("the token was issued to another client")]
    OtherClient,
    /// A client cannot revoke a user's personal token. The token is not looked up.
    #[error("a personal token is ended by its user")]
    PersonalToken,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        let (code, description) = match error {
            Error::Form(error) => return error.into(),
            Error::Client(error) => return error.into(),
            Error::Table(error) => return error.into(),
            Error::PersonalToken => {
                (Code::UnsupportedTokenType, "A personal token is ended on its user's account page.")
            }
            Error::OtherClient => (Code::InvalidGrant, "This token was not issued to this client."),
        };
        Self::new(StatusCode::BAD_REQUEST, code.as_str(), description, reason)
    }
}
