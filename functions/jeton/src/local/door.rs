//! The door before the embedded DynamoDB: it keeps web pages out.
//!
//! The engine takes any credentials and answers any origin, as emulators do. A page that a developer happens to have
//! open could then read and write the local tables. A browser says where a request comes from (`Origin`); the AWS
//! tools never do.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header, uri::PathAndQuery},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use shared::config::is_loopback;
use tokio::net::TcpListener;
use url::{Host, Url};

type Http = Client<HttpConnector, Body>;

/// Passes what comes to `listener` on to the engine at `inner`, until `stopped`.
pub(super) async fn keep(
    listener: TcpListener,
    inner: String,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let router = Router::new().fallback(pass).with_state((http, inner));
    let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
    server.await.map_err(|error| error.to_string())
}

async fn pass(State((http, inner)): State<(Http, String)>, mut request: Request<Body>) -> Response<Body> {
    if is_from_a_page(request.headers()) {
        return own(StatusCode::FORBIDDEN, "the local DynamoDB does not answer web pages");
    }
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let Ok(uri) = format!("{inner}{path}").parse::<Uri>() else {
        return own(StatusCode::BAD_REQUEST, "the path is none");
    };
    *request.uri_mut() = uri;
    match http.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => own(StatusCode::BAD_GATEWAY, "the local DynamoDB does not answer"),
    }
}

/// What containers call the machine that they run on: `sam local invoke` runs functions in one. No public name can be
/// made of it.
const MACHINE_OF_A_CONTAINER: &str = "host.docker.internal";

/// Browsers say so themselves; and a name that was made to lead here (DNS rebinding) shows in `Host`. An address there is
/// no name: it is what a container calls that was told the bridge's.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_ours = Url::parse(&format!("http://{host}")).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => is_loopback(&url) || name == MACHINE_OF_A_CONTAINER,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    });
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") || !is_ours
}

fn own(status: StatusCode, message: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(message));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
