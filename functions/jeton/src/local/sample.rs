//! The sample API: an HTTP API behind the authorizer. It returns the caller that the authorizer found.
//!
//! # Design
//! The authorizer gets the event of an HTTP API, and answers with the simple response. One thing differs from AWS: where
//! an HTTP API answers every refusal with its own 403, the sample API answers as RFC 6750 §3.1 says: 401 without valid
//! credentials, 403 without the scope, each with its challenge.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use serde_json::json;
use shared::{
    config::RouteScopes,
    endpoint::App,
    oauth::{Switch, Switches},
};

use super::{
    authorization::{Context, Decision},
    cors::Cors,
    event::GatewayRequest,
    response::{forbidden, message, unauthorized, unavailable},
};

/// The path of the sample API.
pub(super) const PATH: &str = "/api/notes";
/// The scopes of its routes, unless the environment says otherwise.
pub(super) const ROUTE_SCOPES: &str = "GET /api/notes=read; POST /api/notes=write";

const CORS: Cors = Cors {
    methods: "GET, POST",
    headers: "Authorization, Content-Type",
    exposed: "Retry-After, WWW-Authenticate",
};

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
        Method::OPTIONS => CORS.preflight(),
        Method::GET | Method::POST => protected(&app, &parts, peer).await,
        _ => message(StatusCode::NOT_FOUND, "Not Found"),
    };
    // RFC 6750 §2.3 requires "private" where a token came in the query; nothing here is worth caching.
    let caching = response.headers_mut().entry(header::CACHE_CONTROL);
    caching.or_insert(HeaderValue::from_static("private, no-store"));
    CORS.expose(response)
}

async fn protected(app: &App, parts: &Parts, peer: SocketAddr) -> Response<Body> {
    if has_identity_source(&app.config.compat) && !parts.headers.contains_key(header::AUTHORIZATION) {
        return unauthorized("Bearer realm=\"Jeton\"");
    }
    let request = GatewayRequest { parts, body: &[], peer, now: app.clock.now() };
    let event = request.event(&format!("{} {PATH}", parts.method), &BTreeMap::new());
    match Decision::on(app, &event).await {
        Decision::Allowed(context) => notes(&parts.method, &context),
        Decision::Denied { challenge } => forbidden(&challenge),
        Decision::Unauthorized => unauthorized("Bearer realm=\"Jeton\", error=\"invalid_token\""),
        Decision::Unavailable => unavailable(),
    }
}

/// Returns whether the gateway itself refuses requests without an `Authorization` header. Where a switch permits other
/// credentials or none, the authorizer must get every request.
fn has_identity_source(permitted: &Switches) -> bool {
    ![Switch::QueryToken, Switch::QueryClient, Switch::Guest].iter().any(|switch| permitted.has(*switch))
}

/// Returns the response of the API itself.
fn notes(method: &Method, context: &Context) -> Response<Body> {
    let status = if *method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    let body = json!({ "you": context }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
