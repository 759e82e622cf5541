//! The introspection endpoint (RFC 7662): an API asks what a token is worth.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    app::App,
    bearer::{Active, BearerToken, Inactive},
    client::{self, Client},
    config::Issuer,
    grant::Dead,
    http::{self, Call, Cors, Form, FormError, Refusal, Request, Response, Route, UnknownIssuer},
    secret::{RefreshToken, Secret},
    table,
    time::Timestamp,
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
    let described = if let Some(token) = BearerToken::parse(token) {
        describe_bearer(call, &client, &token).await?
    } else if let Ok(token) = Secret::<RefreshToken>::parse(token) {
        describe_refresh(call, &client, &token).await?
    } else {
        Err(Inactive::from(Dead::Unknown).into())
    };
    Ok(http::json(StatusCode::OK, &Introspection::of(described))) // §2.2
}

/// What a bearer token stands for, if it works now and is any business of `asker`.
async fn describe_bearer(
    call: &Call<'_>,
    asker: &Client,
    token: &BearerToken,
) -> Result<Result<Described, Reason>, Error> {
    let active = match token.describe(call.app, call.now).await? {
        Ok(active) => active,
        Err(inactive) => return Ok(Err(inactive.into())),
    };
    if !asker.resource_server && active.client.as_ref() != Some(&asker.id) {
        return Ok(Err(Reason::NotForYou)); // §4
    }
    let nbf = Some(active.issued_at.seconds());
    Ok(Ok(Described { token_type: Some("Bearer"), nbf, ..Described::of(active, call.issuer()?) }))
}

/// What a refresh token stands for, if it works now and is `asker`'s own: nobody else has any use for it.
async fn describe_refresh(
    call: &Call<'_>,
    asker: &Client,
    token: &Secret<RefreshToken>,
) -> Result<Result<Described, Reason>, Error> {
    let unknown = Inactive::from(Dead::Unknown);
    let Some(grant) = call.app.grants.find(token.id()).await? else { return Ok(Err(unknown.into())) };
    let refresh = match grant.live_refresh(token, call.now) {
        Ok(refresh) => refresh,
        Err(dead) => return Ok(Err(Inactive::from(dead).into())),
    };
    if grant.client != asker.id {
        return Ok(Err(Reason::NotForYou)); // §4
    }
    let statuses = call.app.statuses.find_lately(&grant.depends_on(), call.now).await?;
    let active = Active::of(&grant, &statuses).map(|active| Active {
        expires_at: refresh.end_in(&grant),
        // It was issued together with the access token.
        issued_at: grant.access.as_ref().map_or(grant.issued_at, |access| access.issued_at),
        ..active
    });
    let issuer = call.issuer()?;
    Ok(active.map(|active| Described::of(active, issuer)).map_err(Reason::from))
}

/// Why a token is not active. The caller is told nothing of it (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Inactive(#[from] Inactive),
    #[error("the token is another client's")]
    NotForYou,
}

/// The answer of §2.2.
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<Described>,
}

impl Introspection {
    const INACTIVE: Self = Self { active: false, token: None };

    fn of(described: Result<Described, Reason>) -> Self {
        described.map_or(Self::INACTIVE, |token| Self { active: true, token: Some(token) })
    }
}

/// An active token's properties.
#[derive(Serialize)]
struct Described {
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    sub: String,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

impl Described {
    /// What any kind of token has to tell to whoever asks `issuer`.
    fn of(active: Active, issuer: Issuer) -> Self {
        Self {
            scope: active.scope.to_string(),
            client_id: active.client.map(|client| client.to_string()),
            username: active.username,
            token_type: None,
            exp: active.expires_at.map(Timestamp::seconds),
            iat: active.issued_at.seconds(),
            nbf: None,
            sub: active.subject,
            iss: active.issuer.unwrap_or(issuer).to_string(),
            jti: active.token_id,
        }
    }
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
    /// The deployment does not know its own name.
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
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
            Error::Issuer(error) => error.into(),
            Error::Table(error) => error.into(),
            Error::PublicClient => {
                let description = "Client authentication failed.";
                Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description, reason) // §2.3
            }
        }
    }
}
