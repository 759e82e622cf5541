//! The introspection endpoint (RFC 7662): an API asks what a token is worth.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    app::App,
    client::{self, Client},
    grant::Dead,
    http::{self, Call, Cors, Form, FormError, Refusal, Request, Response, Route},
    secret::{AccessToken, Secret},
    status::Fallen,
    table,
};

/// No CORS: a browser has no business here.
const ROUTE: Route = Route { methods: "POST", cors: Cors::None };

/// Answers an introspection request.
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
    let form = Form::parse(&call.request)?; // §2.1
    let client = client::authenticate(call, &form).await?; // §2.1
    if client.is_public() {
        return Err(Error::PublicClient); // §2.1: a name is no authorization
    }
    let token = form.require("token")?;
    // Every kind has its prefix, so a hint could only mislead: `token_type_hint` is not looked at (§2.1).
    let answer = match Secret::<AccessToken>::parse(token) {
        Ok(token) => Introspection::of(describe(call, &client, &token).await?),
        Err(_) => Introspection::INACTIVE,
    };
    Ok(http::json(StatusCode::OK, &answer)) // §2.2
}

/// What `token` stands for, if it works now and is any business of `asker`.
async fn describe(
    call: &Call<'_>,
    asker: &Client,
    token: &Secret<AccessToken>,
) -> Result<Result<Active, Reason>, Error> {
    let Some(grant) = call.app.grants.find(token.id()).await? else { return Ok(Err(Dead::Unknown.into())) };
    let access = match grant.live_access(token, call.now) {
        Ok(access) => access,
        Err(dead) => return Ok(Err(dead.into())),
    };
    if !asker.resource_server && grant.client != asker.id {
        return Ok(Err(Reason::NotForYou)); // §4
    }
    let statuses = call.app.statuses.find(&grant.depends_on(), call.now).await?;
    for status in &statuses {
        let upheld =
            status.as_ref().ok_or(Fallen::Deleted).and_then(|status| status.upholds(grant.issued_at));
        if let Err(fallen) = upheld {
            return Ok(Err(fallen.into()));
        }
    }
    Ok(Ok(Active {
        scope: grant.scope.to_string(),
        client_id: grant.client.to_string(),
        token_type: "Bearer",
        exp: access.expires_at.map(shared::time::Timestamp::seconds),
        iat: access.issued_at.seconds(),
        nbf: access.issued_at.seconds(),
        sub: grant.subject(),
        iss: grant.issuer.to_string(),
        jti: token.digest().name(),
    }))
}

/// Why a token is not active. The caller is told nothing of it (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("the token is {0}")]
    Dead(#[from] Dead),
    #[error("its client or person: {0}")]
    Fallen(#[from] Fallen),
    #[error("the token is another client's")]
    NotForYou,
}

/// The answer of §2.2.
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<Active>,
}

impl Introspection {
    const INACTIVE: Self = Self { active: false, token: None };

    fn of(described: Result<Active, Reason>) -> Self {
        described.map_or(Self::INACTIVE, |token| Self { active: true, token: Some(token) })
    }
}

/// An active token's properties.
#[derive(Serialize)]
struct Active {
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    client_id: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    iat: u64,
    nbf: u64,
    sub: String,
    iss: String,
    jti: String,
}

/// Why an introspection request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its body is no form, or lacks something.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It is not from a client in good standing.
    #[error(transparent)]
    Client(#[from] client::Failed),
    /// It is from a client that cannot prove who it is.
    #[error("a public client may not introspect")]
    PublicClient,
    /// DynamoDB failed.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        match error {
            Error::Form(error) => error.into(),
            Error::Client(error) => error.into(),
            Error::Table(error) => error.into(),
            Error::PublicClient => {
                let description = "Client authentication failed.";
                Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description, reason) // §2.3
            }
        }
    }
}
