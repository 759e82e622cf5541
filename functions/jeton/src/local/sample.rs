//! The sample API: an HTTP API behind the authorizer. It returns the caller that the authorizer found.
//!
//! # Design
//! The authorizer gets the event of an HTTP API, and answers with the simple response. One thing differs from AWS: where
//! an HTTP API answers every refusal with its own 403, the sample API answers as RFC 6750 §3.1 says: 401 without valid
//! credentials, 403 without the scope, each with its challenge.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use authorizer::Error;
use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::json;
use shared::{
    config::RouteScopes,
    endpoint::App,
    oauth::{Switch, Switches},
};

use super::{event::GatewayRequest, response::message, run_as::run_as};

/// The path of the sample API.
pub(super) const PATH: &str = "/api/notes";
/// The scopes of its routes, unless the environment says otherwise.
const ROUTE_SCOPES: &str = "GET /api/notes=read; POST /api/notes=write";

/// The authorizer's response to an HTTP API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    is_authorized: bool,
    context: BTreeMap<String, String>,
}

/// Returns the scopes of the sample API's routes.
pub fn route_scopes() -> RouteScopes {
    ROUTE_SCOPES.parse().unwrap_or_default()
}

pub(super) async fn respond(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let mut response = match parts.method {
        Method::OPTIONS => preflight(),
        Method::GET | Method::POST => protected(&app, &parts, peer).await,
        _ => message(StatusCode::NOT_FOUND, "Not Found"),
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, WWW-Authenticate"),
    );
    // RFC 6750 §2.3 requires "private" where a token came in the query; nothing here is worth caching.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}

async fn protected(app: &App, parts: &Parts, peer: SocketAddr) -> Response<Body> {
    if has_identity_source(&app.config.compat) && !parts.headers.contains_key(header::AUTHORIZATION) {
        return unauthorized("Bearer realm=\"Jeton\"");
    }
    let request = GatewayRequest { parts, body: &[], peer, now: app.clock.now() };
    let event = request.event(&format!("{} {PATH}", parts.method), &BTreeMap::new()).to_string();
    let response = match run_as("authorizer", authorizer::handle(app, &event)).await {
        Ok(response) => serde_json::to_value(response).and_then(serde_json::from_value::<Authorization>),
        Err(Error::Unauthorized | Error::Unavailable | Error::MalformedEvent) => return unavailable(),
    };
    match response {
        Ok(Authorization { is_authorized: true, context }) => notes(&parts.method, &context),
        Ok(Authorization { context, .. }) => match context.get("challenge") {
            Some(challenge) => forbidden(challenge),
            None => unauthorized("Bearer realm=\"Jeton\", error=\"invalid_token\""),
        },
        Err(_) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

/// Returns whether the gateway itself refuses requests without an `Authorization` header. Where a switch permits other
/// credentials or none, the authorizer must get every request.
fn has_identity_source(permitted: &Switches) -> bool {
    ![Switch::QueryToken, Switch::QueryClient, Switch::Guest].iter().any(|switch| permitted.has(*switch))
}

/// Returns the response of the API itself.
fn notes(method: &Method, context: &BTreeMap<String, String>) -> Response<Body> {
    let status = if *method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    let body = json!({ "you": context }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn unauthorized(challenge: &'static str) -> Response<Body> {
    let body = message(StatusCode::UNAUTHORIZED, "Unauthorized");
    ([(header::WWW_AUTHENTICATE, challenge)], body).into_response()
}

fn forbidden(challenge: &str) -> Response<Body> {
    let body = message(StatusCode::FORBIDDEN, "Forbidden");
    ([(header::WWW_AUTHENTICATE, challenge)], body).into_response()
}

fn unavailable() -> Response<Body> {
    let body = message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    ([(header::RETRY_AFTER, "1")], body).into_response()
}

fn preflight() -> Response<Body> {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
