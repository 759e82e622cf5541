//! A sample API behind the authorizer, as a REST API has it: it says who called.
//!
//! The authorizer gets the event that API Gateway would send, and its policy is read as IAM would. What the gateway
//! says itself is what README.md ("Protect your own API") has it say, but for one thing: it can tell a request without
//! credentials from one whose credentials are refused, as RFC 6750 §3.1 would have it.

use std::{collections::BTreeMap, net::SocketAddr};

use authorizer::NoAnswer;
use axum::{
    body::Body,
    http::{HeaderValue, Method, Response, StatusCode, header, request::Parts},
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    app::App,
    compat::{Switch, Switches},
    config::RouteScopes,
    secret::Id,
};

use super::{gateway::own, policy::Policy, run_as};

/// Where the sample API is.
pub(super) const PATH: &str = "/api/notes";
/// What its routes need, unless the environment says otherwise.
const ROUTE_SCOPES: &str = "GET /api/notes=read; POST /api/notes=write";
/// The stage that it is deployed at, so to speak.
const STAGE: &str = "arn:aws:execute-api:local:000000000000:sample/local";

/// What an authorizer answers to a REST API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorized {
    policy_document: Policy,
    context: BTreeMap<String, String>,
}

/// What the sample API's routes need.
pub fn route_scopes() -> RouteScopes {
    ROUTE_SCOPES.parse().unwrap_or_default()
}

/// Answers a request to the sample API.
pub(super) async fn answer(app: &App, parts: &Parts, peer: SocketAddr) -> Response<Body> {
    let mut response = match &parts.method {
        &Method::OPTIONS => preflight(),
        &Method::GET | &Method::POST => protected(app, parts, peer).await,
        _ => own(StatusCode::FORBIDDEN, "Missing Authentication Token"),
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, WWW-Authenticate"),
    );
    // RFC 6750 §2.3: "private" where a token came in the query; and nobody else need keep the rest.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}

async fn protected(app: &App, parts: &Parts, peer: SocketAddr) -> Response<Body> {
    if has_identity_source(&app.config.compat) && !parts.headers.contains_key(header::AUTHORIZATION) {
        return unauthorized("Bearer realm=\"Jeton\"");
    }
    let arn = format!("{STAGE}/{}{PATH}", parts.method);
    let event = event(parts, &arn, peer).to_string();
    let answer = match run_as("authorizer", authorizer::handle(app, &event)).await {
        Ok(answer) => serde_json::to_value(answer).and_then(serde_json::from_value::<Authorized>),
        Err(NoAnswer::Unauthorized) => {
            return unauthorized("Bearer realm=\"Jeton\", error=\"invalid_token\"");
        }
        Err(NoAnswer::Unavailable | NoAnswer::NotUnderstood) => return unavailable(),
    };
    match answer {
        Ok(answer) if answer.policy_document.opens(&arn) => called(parts, &answer.context),
        Ok(answer) => forbidden(&answer.context),
        Err(_) => own(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    }
}

/// Whether the gateway itself refuses what has no `Authorization` header. Where something else will do, the authorizer
/// must see every request.
fn has_identity_source(permitted: &Switches) -> bool {
    ![Switch::QueryToken, Switch::QueryClient, Switch::Guest].iter().any(|switch| permitted.has(*switch))
}

/// The API itself: it is told who calls, and tells them.
fn called(parts: &Parts, context: &BTreeMap<String, String>) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ "you": context }).to_string()));
    if parts.method == Method::POST {
        *response.status_mut() = StatusCode::CREATED;
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The gateway response `UNAUTHORIZED`.
fn unauthorized(challenge: &'static str) -> Response<Body> {
    let mut response = own(StatusCode::UNAUTHORIZED, "Unauthorized");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// The gateway response `ACCESS_DENIED`.
fn forbidden(context: &BTreeMap<String, String>) -> Response<Body> {
    let mut response = own(StatusCode::FORBIDDEN, "User is not authorized to access this resource");
    if let Some(challenge) = context.get("challenge").and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The gateway responses `AUTHORIZER_FAILURE` and `AUTHORIZER_CONFIGURATION_ERROR`.
fn unavailable() -> Response<Body> {
    let mut response = own(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// The event that a REST API sends an authorizer of type `REQUEST`.
fn event(parts: &Parts, arn: &str, peer: SocketAddr) -> Value {
    let (mut headers, mut every_value) = (BTreeMap::new(), BTreeMap::<&str, Vec<String>>::new());
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.insert(name.as_str(), value.clone());
        every_value.entry(name.as_str()).or_default().push(value);
    }
    let (mut query, mut every_query) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        query.insert(name.to_string(), value.to_string());
        every_query.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    json!({
        "type": "REQUEST",
        "methodArn": arn,
        "resource": PATH,
        "path": PATH,
        "httpMethod": parts.method.as_str(),
        "headers": headers,
        "multiValueHeaders": every_value,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": every_query,
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "sample",
            "httpMethod": parts.method.as_str(),
            "identity": { "sourceIp": peer.ip().to_string() },
            "path": format!("/local{PATH}"),
            "requestId": Id::random(),
            "resourceId": "notes",
            "resourcePath": PATH,
            "stage": "local",
        },
    })
}
