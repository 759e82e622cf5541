//! The proxy before the embedded DynamoDB: it refuses requests of web pages.
//!
//! # Design
//! The engine accepts any credentials and any origin, as emulators do. A page that a developer happens to have open could
//! then read and write the local tables. A browser tells the origin of its requests; the AWS tools never do.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Request, Response, StatusCode, Uri, header, uri::PathAndQuery},
    response::IntoResponse,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use shared::oauth::is_loopback;
use tokio::net::TcpListener;
use url::{Host, Url};

type Http = Client<HttpConnector, Body>;

/// Forwards requests from `listener` to the engine at `engine_url`, until `stopped`.
pub(super) async fn serve(
    listener: TcpListener,
    engine_url: String,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let router = Router::new().fallback(forward).with_state((http, engine_url));
    let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
    server.await.map_err(|error| error.to_string())
}

async fn forward(
    State((http, engine_url)): State<(Http, String)>,
    mut request: Request<Body>,
) -> Response<Body> {
    if is_from_a_page(request.headers()) {
        return (StatusCode::FORBIDDEN, "the local DynamoDB does not answer web pages").into_response();
    }
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let Ok(uri) = format!("{engine_url}{path}").parse::<Uri>() else {
        return (StatusCode::BAD_REQUEST, "malformed path").into_response();
    };
    *request.uri_mut() = uri;
    match http.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => (StatusCode::BAD_GATEWAY, "the local DynamoDB does not answer").into_response(),
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
