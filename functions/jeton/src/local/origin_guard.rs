//! The HTTP server of the embedded DynamoDB, for tools: it refuses requests of web pages.
//!
//! # Design
//! The engine accepts any credentials and any origin, as emulators do. A page that a developer happens to have open could
//! then read and write the local tables. A browser tells the origin of its requests; the AWS tools never do.

use std::sync::Arc;

use axum::{
    Router,
    body::{self, Body},
    extract::State,
    http::{HeaderMap, Request, Response, StatusCode, header},
    middleware::from_fn_with_state,
    response::IntoResponse,
};
use shared::oauth::is_loopback;
use tokio::net::TcpListener;
use url::{Host, Url};

use super::{
    admission::{Admission, admit},
    engine::{Engine, TARGET},
    http_server,
};

/// DynamoDB's limit of a request.
const MOST_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Answers requests from `listener` by `engine`, until `stopped`.
pub(super) async fn serve(listener: TcpListener, engine: Engine, stopped: impl Future<Output = ()>) {
    let admission = from_fn_with_state(Arc::new(Admission::new(MOST_BODY_BYTES)), admit);
    let router = Router::new().fallback(respond).layer(admission).with_state(engine);
    http_server::serve(listener, router, stopped).await;
}

async fn respond(State(engine): State<Engine>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body::to_bytes(body, MOST_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if is_from_a_page(&parts.headers) {
        return (StatusCode::FORBIDDEN, "the local DynamoDB does not answer web pages").into_response();
    }
    let target =
        parts.headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // A scan may take long.
    match tokio::task::spawn_blocking(move || engine.respond(&target, &body)).await {
        Ok(response) => response.map(Body::from),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The name of the host machine in a container: `sam local invoke` runs functions in containers. No public domain name
/// can resemble it.
const HOST_OF_A_CONTAINER: &str = "host.docker.internal";

/// Returns whether a web page sent the request. Browsers send `Origin` or `Sec-Fetch-Site`. A domain name that an attacker
/// points to this machine (DNS rebinding) shows in `Host`. An IP address there is no such name: containers send it.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_local = Url::parse(&format!("http://{host}")).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => is_loopback(&url) || name == HOST_OF_A_CONTAINER,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    });
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") || !is_local
}
