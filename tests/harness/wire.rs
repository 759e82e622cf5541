//! Stand-ins for DynamoDB, which the functions of a test reach in the process, and its commands on a loopback port.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        HttpClient, RuntimeComponents,
        http::{HttpRequest, HttpResponse},
    },
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use axum::{
    Router,
    body::{self, Body, Bytes},
    extract::State,
    http::{HeaderMap, Request, Response},
};
use jeton::local::{self, Engine, TARGET};
use shared::{
    aws::{Endpoint, Patience},
    dynamodb,
};
use tokio::net::TcpListener;

use super::rights::{ROUTE, TellRoute};

/// A stand-in for DynamoDB.
pub trait Service: Clone + Debug + Send + Sync + 'static {
    /// Answers a request. `None`: the connection is closed without a response.
    fn respond(
        &self,
        headers: HeaderMap,
        body: Bytes,
    ) -> impl Future<Output = Option<Response<String>>> + Send;
}

/// The database behind the stand-ins.
#[derive(Clone, Debug)]
pub enum Upstream {
    Embedded(Engine),
    /// Another DynamoDB, at this URL.
    Http(reqwest::Client, Address),
}

/// The URL of a DynamoDB, which has another port after each start.
pub type Address = Arc<Mutex<String>>;

impl Upstream {
    /// Performs a request. `None`: the database is gone.
    pub async fn perform(&self, mut headers: HeaderMap, body: String) -> Option<Response<String>> {
        match self {
            Self::Embedded(engine) => Some(engine.respond(&target(&headers), body.as_bytes())),
            Self::Http(http, url) => {
                for name in ["content-length", "host", ROUTE] {
                    headers.remove(name);
                }
                let url = url.lock().unwrap().clone();
                let response = http.post(url).headers(headers).body(body).send().await.ok()?;
                let mut whole = Response::builder().status(response.status());
                if let Some(kind) = response.headers().get("content-type") {
                    whole = whole.header("content-type", kind);
                }
                Some(whole.body(response.text().await.ok()?).unwrap())
            }
        }
    }
}

/// Returns the operation that the headers of a request name.
pub fn operation(headers: &HeaderMap) -> String {
    target(headers).rsplit('.').next().unwrap_or_default().to_owned()
}

fn target(headers: &HeaderMap) -> String {
    headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Serves `service` on a loopback port, and returns its URL.
pub async fn serve<S: Service>(service: S) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(respond::<S>).with_state(service);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn respond<S: Service>(State(service): State<S>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, usize::MAX).await.unwrap();
    match service.respond(parts.headers, body).await {
        Some(response) => response.map(Body::from),
        // Ends the connection's task, without the hook that would print a panic.
        None => std::panic::resume_unwind(Box::new("the test asked for it")),
    }
}

/// How long a test's client of an AWS service waits. On a busy machine, one that waits only as long as a function's would at
/// times send a request twice.
pub const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(10),
    attempts: 3,
    operation: Duration::from_secs(32),
    pauses: [Duration::from_millis(50), Duration::from_millis(200)],
};

/// Returns a client of DynamoDB whose requests `service` answers in the process.
pub async fn connect(service: impl Service) -> Client {
    let client = connect_impatiently(service).await;
    Client::from_conf(client.config().to_builder().timeout_config(PATIENCE.timeouts()).build())
}

/// Returns such a client that waits as long as a function's.
pub async fn connect_impatiently(service: impl Service) -> Client {
    telling_routes(&local::connect(InProcess(service)).await.unwrap())
}

/// Returns a client of the stand-in for DynamoDB that another process serves at `url`.
pub async fn connect_to(url: &str) -> Client {
    let endpoint = Endpoint { url: url.to_owned(), anonymous: true };
    telling_routes(&dynamodb::connect(Some(endpoint)).await.unwrap())
}

fn telling_routes(client: &Client) -> Client {
    // Requests are not signed with the test's clock.
    let config = client.config().to_builder().disable_clock_skew_correction(true);
    Client::from_conf(config.interceptor(TellRoute).build())
}

#[derive(Clone, Debug)]
struct InProcess<S>(S);

impl<S: Service> HttpClient for InProcess<S> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl<S: Service> HttpConnector for InProcess<S> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(service) = self.clone();
        HttpConnectorFuture::new(async move {
            overlap().await;
            let (parts, body) = request.try_into_http1x().unwrap().into_parts();
            let body = Bytes::copy_from_slice(body.bytes().unwrap());
            let Some(response) = service.respond(parts.headers, body).await else {
                return Err(ConnectorError::io("the connection is closed".into()));
            };
            Ok(HttpResponse::try_from(response.map(Into::into)).unwrap())
        })
    }
}

/// Lets all other tasks go on, as a network does: requests to the functions overlap, and races can be lost.
async fn overlap() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}
