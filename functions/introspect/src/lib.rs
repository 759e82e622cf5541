//! The introspection endpoint (RFC 7662).

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::{
    clients::Client,
    dynamodb,
    endpoint::{
        App, Call, Cors, Route, UnknownIssuer,
        bearer::{Active, BearerError, BearerToken},
    },
    http::{self, Form, FormError, OAuthError, Request, Response},
    oauth::{Issuer, ResourceUri},
    secret::{RefreshToken, Secret},
    time::Timestamp,
};

/// No CORS: only servers introspect tokens, not browsers.
const ROUTE: Route = Route { methods: "POST", cors: Cors::None };

/// Responds to an introspection request.
pub async fn handle(app: &App, request: Request) -> Response {
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, Error> {
    let form = Form::parse(&call.request)?; // §2.1
    let client = shared::endpoint::authenticate(call, &form).await?; // §2.1
    if client.is_public() {
        return Err(Error::PublicClient); // §2.1: an id without a secret is no authorization
    }
    let token = form.require("token")?;
    // The prefix tells the kind, so `token_type_hint` is ignored (§2.1).
    let properties = if let Some(token) = BearerToken::parse(token) {
        describe_bearer(call, &client, &token).await?
    } else if let Ok(token) = Secret::<RefreshToken>::parse(token) {
        describe_refresh(call, &client, &token).await?
    } else {
        None
    };
    Ok(http::json(StatusCode::OK, &Introspection { active: properties.is_some(), properties })) // §2.2
}

/// Returns the properties of a bearer token; `None` if it is not active, or if `client` may not introspect it.
async fn describe_bearer(
    call: &Call<'_>,
    client: &Client,
    token: &BearerToken,
) -> Result<Option<Properties>, Error> {
    let active = match token.describe(call.app, call.now).await {
        Ok(active) => active,
        // §2.2: the response does not tell why a token is not active.
        Err(BearerError::Token(_) | BearerError::Standing(_) | BearerError::NotOffered) => return Ok(None),
        Err(BearerError::Table(error)) => return Err(error.into()),
    };
    if !may_introspect(client, &active) {
        return Ok(None); // §4
    }
    let nbf = Some(active.issued_at.seconds());
    Ok(Some(Properties { token_type: Some("Bearer"), nbf, ..Properties::of(active, call.issuer()?) }))
}

/// Returns whether `client` may introspect a bearer token (§4): it is the token's own client, or a resource server that
/// serves the token's resource. A resource server that is registered for no resource serves all.
fn may_introspect(client: &Client, token: &Active) -> bool {
    let serves =
        |resource| client.serves.is_empty() || client.serves.iter().any(|served| Some(served) == resource);
    token.client.as_ref() == Some(&client.id) || (client.resource_server && serves(token.audience.as_ref()))
}

/// Returns the properties of a refresh token; `None` if it is not active, or not a token of `client`: no other client
/// can use it.
async fn describe_refresh(
    call: &Call<'_>,
    client: &Client,
    token: &Secret<RefreshToken>,
) -> Result<Option<Properties>, Error> {
    let Some(grant) = call.app.grants.find(token.id()).await? else { return Ok(None) };
    let Ok(refresh) = grant.live_refresh(token, call.now) else { return Ok(None) };
    if grant.client != client.id {
        return Ok(None); // §4
    }
    let statuses = call.app.statuses.find_cached(&grant.depends_on(), call.now).await?;
    let Ok(active) = Active::of(&grant, &statuses) else { return Ok(None) };
    let active = Active {
        expires_at: refresh.end_in(&grant),
        // The time of the last refresh. With rotation the current refresh token was issued then. Without rotation (a
        // compatibility switch) the refresh token is older: its `iat` moves with every new access token.
        issued_at: grant.access.as_ref().map_or(grant.issued_at, |access| access.issued_at),
        ..active
    };
    Ok(Some(Properties::of(active, call.issuer()?)))
}

/// The response of §2.2.
#[derive(Serialize)]
struct Introspection {
    active: bool,
    #[serde(flatten)]
    properties: Option<Properties>,
}

/// The properties of an active token.
#[derive(Serialize)]
struct Properties {
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
    /// The resource that the token is for (RFC 8707 §2). Left out: none in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<ResourceUri>,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

impl Properties {
    /// Returns the properties that all kinds of tokens have. `issuer` received the request.
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
            aud: active.audience,
            iss: active.issuer.unwrap_or(issuer).to_string(),
            jti: active.token_id,
        }
    }
}

/// The reason why an introspection request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Form(#[from] FormError),
    #[error(transparent)]
    Client(#[from] shared::endpoint::AuthenticationFailed),
    #[error("a public client may not introspect")]
    PublicClient,
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl From<Error> for OAuthError {
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
