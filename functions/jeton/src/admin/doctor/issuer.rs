//! The issuer and its metadata (RFC 8414), as clients see them.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use axum::{
    body::{self, Body},
    http::{HeaderMap, Request, StatusCode},
};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;
use shared::{
    oauth::Issuer,
    time::{Clock, Timestamp},
};

use super::check::Check;

/// The timeout of one request, with the connection.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of a response that are read.
const MOST_BYTES: usize = 64 * 1024;
/// The largest difference of two clocks, in seconds, that is no warning.
const TOLERATED_SECONDS: u64 = 3;

/// The path of the metadata (RFC 8414 §3).
const METADATA: &str = "/.well-known/oauth-authorization-server";

pub(super) struct Response {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    /// `Null`: the body is not JSON.
    pub(super) json: Value,
}

pub(super) async fn checks(issuer: Option<&Issuer>, clock: &Clock) -> Vec<Check> {
    let Some(issuer) = issuer else {
        return vec![Check::warning("issuer", "not checked: set JETON_ISSUER, or give --issuer")];
    };
    let form = if issuer.is_secure() {
        Check::ok("issuer", format!("{issuer} has the form of an issuer, with TLS"))
    } else {
        Check::note("issuer", format!("{issuer} is on this machine, without TLS"))
    };
    let about = "metadata";
    let url = issuer.endpoint(METADATA);
    match get(&url).await {
        Err(error) => vec![form, Check::failure(about, format!("{url}: {error}"))],
        Ok(response) if response.status != StatusCode::OK || !response.json.is_object() => {
            let status = response.status;
            vec![
                form,
                Check::failure(
                    about,
                    format!("{url} responds {status}, not with the metadata (RFC 8414 §3.2)"),
                ),
            ]
        }
        Ok(response) => {
            let mut checks = vec![form, metadata(issuer, &response.json)];
            checks.push(date(&response.headers, clock));
            checks.push(endpoints(issuer, &response.json));
            checks.push(token_endpoint(issuer, &response.json).await);
            checks
        }
    }
}

/// Compares the issuer in the metadata, byte for byte (RFC 8414 §3.3).
fn metadata(issuer: &Issuer, metadata: &Value) -> Check {
    match metadata["issuer"].as_str() {
        Some(named) if named == issuer.as_str() => Check::ok("metadata", "names this issuer"),
        named => Check::failure(
            "metadata",
            format!(
                "names the issuer {:?}, not {:?}: clients refuse that (RFC 8414 §3.3); set the template's domain parameters",
                named.unwrap_or_default(),
                issuer.as_str()
            ),
        ),
    }
}

/// Returns whether the URL is one of this issuer's.
fn is_under(issuer: &Issuer, url: &str) -> bool {
    url.starts_with(&issuer.endpoint("/"))
}

/// Checks that every endpoint is under the issuer.
fn endpoints(issuer: &Issuer, metadata: &Value) -> Check {
    let members = metadata.as_object().into_iter().flatten();
    let endpoints = members.filter(|(name, _)| name.ends_with("_endpoint"));
    let is_elsewhere = |url: &Value| !url.as_str().is_some_and(|url| is_under(issuer, url));
    let elsewhere: Vec<_> =
        endpoints.filter(|(_, url)| is_elsewhere(url)).map(|(name, _)| name.as_str()).collect();
    if elsewhere.is_empty() {
        Check::ok("endpoints", "all are under the issuer")
    } else {
        Check::warning("endpoints", format!("not under the issuer: {}", elsewhere.join(", ")))
    }
}

/// Checks that the token endpoint responds as one: to GET with an error in JSON (RFC 6749 §3.2, §5.2).
async fn token_endpoint(issuer: &Issuer, metadata: &Value) -> Check {
    let about = "token endpoint";
    let Some(url) = metadata["token_endpoint"].as_str() else {
        return Check::failure(about, "the metadata names none");
    };
    // The metadata must not direct the request to another server, such as one in the caller's network.
    if !is_under(issuer, url) {
        return Check::warning(about, "not checked: it is not under the issuer");
    }
    match get(url).await {
        Ok(response)
            if response.status.is_client_error()
                && response.json.get("error").is_some_and(Value::is_string) =>
        {
            Check::ok(about, "responds")
        }
        Ok(response) => Check::failure(
            about,
            format!(
                "{url} responds {}, not an OAuth error in JSON: does another server answer there?",
                response.status
            ),
        ),
        Err(error) => Check::failure(about, format!("{url}: {error}")),
    }
}

/// Compares the clock of the gateway with DynamoDB's.
fn date(headers: &HeaderMap, clock: &Clock) -> Check {
    let about = "clock of the issuer";
    let date = headers.get("date").and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
    let Some(date) = date.and_then(|date| u64::try_from(date.secs()).ok()) else {
        return Check::note(about, "cannot tell: the response has no Date");
    };
    let seconds = Timestamp::seconds(clock.now()).abs_diff(date);
    if seconds > TOLERATED_SECONDS {
        Check::warning(
            about,
            format!("differs by {seconds} s from DynamoDB's: tokens may seem expired, or not yet valid"),
        )
    } else {
        Check::ok(about, "agrees with DynamoDB's")
    }
}

/// Fetches `url`, and follows no redirect.
pub(super) async fn get(url: &str) -> Result<Response, String> {
    let fetched = tokio::time::timeout(TIMEOUT, fetch(url)).await;
    fetched.map_err(|_| format!("no response within {} s", TIMEOUT.as_secs()))?
}

async fn fetch(url: &str) -> Result<Response, String> {
    let connector = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| error.to_string())?;
    let connector = connector.https_or_http().enable_http1().build();
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    let request = Request::get(url).header("accept", "application/json").body(Body::empty());
    let response = client.request(request.map_err(|error| error.to_string())?).await;
    let (parts, incoming) = response.map_err(|error| causes(&error))?.into_parts();
    let body = body::to_bytes(Body::new(incoming), MOST_BYTES).await.map_err(|error| causes(&error))?;
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Response { status: parts.status, headers: parts.headers, json })
}

/// Returns the message of an error with those of its causes, such as "client error (Connect): Connection refused".
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
