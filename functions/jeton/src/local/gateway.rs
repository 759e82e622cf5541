//! A stand-in for API Gateway's HTTP API: turns requests into events of payload format 2.0, and responses back.
//!
//! # Design
//! The handlers get the same event as in AWS, through `lambda_http`'s own conversion, so that they cannot tell the two
//! apart.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use axum::{
    Router,
    body::{self, Body},
    extract::{ConnectInfo, RawPathParams, State, rejection::RawPathParamsRejection},
    http::{HeaderName, HeaderValue, Request, Response, StatusCode, header, request::Parts},
    middleware::from_fn_with_state,
    routing::{any, get},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::Context;
use serde::Deserialize;
use shared::endpoint::{
    App,
    lambda::{self, Handler},
};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    sync::{oneshot, watch},
};

use super::{
    admission::{Admission, Admitted, admit},
    demo_page,
    event::GatewayRequest,
    http_server, mcp,
    response::{message, unavailable},
    routes::ROUTES,
    run_as::run_as,
    sample,
};

/// The gateway's limit of a body.
const MOST_BODY_BYTES: usize = 10 * 1024 * 1024;
/// The gateway's limit of request line and headers together.
const MOST_HEADER_BYTES: usize = 10_240;
/// The gateway's timeout for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The functions, behind one HTTP server, which stops when this is dropped.
///
/// # Design
/// The server has a thread of its own: while the functions take all processors, it still admits or refuses what arrives.
/// Otherwise requests would wait in their connections, without a bound.
pub struct Gateway {
    admission: Arc<Admission>,
    stop: watch::Sender<bool>,
    /// Closed when the server has stopped.
    stopped: oneshot::Receiver<()>,
}

impl Gateway {
    /// Serves the functions, which share `app` and run in the current runtime.
    pub fn start(app: Arc<App>, listener: TcpListener) -> io::Result<Self> {
        Self::serve(functions(), app, listener)
    }

    /// Serves the functions, the demo application, the sample API and the MCP server.
    pub fn start_with_demo(app: Arc<App>, listener: TcpListener) -> io::Result<Self> {
        let router = functions()
            .route("/", get(demo_page::redirect))
            .route(demo_page::PATH, any(demo_page::page))
            .route(sample::PATH, any(sample::respond))
            .merge(mcp::router(&app));
        Self::serve(router, app, listener)
    }

    fn serve(router: Router<Arc<App>>, app: Arc<App>, listener: TcpListener) -> io::Result<Self> {
        let admission = Arc::new(Admission::new(MOST_BODY_BYTES));
        let router = router.layer(from_fn_with_state(Arc::clone(&admission), admit)).with_state(app);
        let (stop, mut is_due) = watch::channel(false);
        let (end, stopped) = oneshot::channel();
        let listener = listener.into_std()?;
        let (tell, started) = mpsc::channel();
        thread::Builder::new().name("gateway".to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let prepared = runtime.and_then(|runtime| {
                let of_the_server = runtime.enter();
                let listener = TcpListener::from_std(listener)?;
                drop(of_the_server);
                Ok((runtime, listener))
            });
            match prepared {
                Err(error) => drop(tell.send(Err(error))),
                Ok((runtime, listener)) => {
                    let _ = tell.send(Ok(()));
                    runtime.block_on(http_server::serve(listener, router, async move {
                        // An error means that the gateway was dropped.
                        let _ = is_due.wait_for(|is_due| *is_due).await;
                    }));
                }
            }
            drop(end);
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Self { admission, stop, stopped })
    }

    /// Takes no more requests, refuses those that wait, and waits for the responses to those in progress.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.admission.close();
        let _ = tokio::time::timeout(Duration::from_secs(5), self.stopped).await;
    }
}

fn functions() -> Router<Arc<App>> {
    let router = Router::new().fallback(async || message(StatusCode::NOT_FOUND, "Not Found"));
    ROUTES.iter().fold(router, |router, &(path, handler)| {
        let respond = async move |State(app), ConnectInfo(peer), parameters, request| {
            respond(&Function { app, path, handler }, peer, parameters, request).await
        };
        router.route(path, any(respond))
    })
}

/// A function, and the path of its route.
struct Function {
    app: Arc<App>,
    path: &'static str,
    handler: Handler,
}

async fn respond(
    function: &Function,
    peer: SocketAddr,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    request: Request<Body>,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let admitted = parts.extensions.remove::<Arc<Admitted>>();
    let Ok(parameters) = parameters else { return message(StatusCode::BAD_REQUEST, "Bad Request") };
    if header_bytes(&parts) > MOST_HEADER_BYTES {
        return message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    let Ok(body) = body::to_bytes(body, MOST_BODY_BYTES).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let Function { app, path, handler } = function;
    let parameters: BTreeMap<_, _> =
        parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let request = GatewayRequest { parts: &parts, body: &body, peer, now: app.clock.now() };
    let event = request.event(&format!("ANY {path}"), &parameters).to_string();
    // As in Lambda, a function runs to its end even if its caller disconnects. Until then, it takes its room.
    let (app, handler) = (Arc::clone(app), *handler);
    let invocation = tokio::spawn(run_as(path, async move {
        let _admitted = admitted;
        let response = lambda::invoke(app, handler, &event, Context::default()).await.ok()?;
        serde_json::from_value(serde_json::to_value(response).ok()?).ok()
    }));
    let function = invocation.abort_handle();
    match tokio::time::timeout(TIMEOUT, invocation).await {
        Ok(Ok(Some(response))) => to_http(response),
        Ok(Ok(None) | Err(_)) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        Err(_) => {
            function.abort();
            unavailable()
        }
    }
}

fn header_bytes(parts: &Parts) -> usize {
    let headers = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    headers.sum::<usize>() + parts.uri.path_and_query().map_or(0, |path| path.as_str().len())
}

/// A function's response, as `lambda_http` writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    is_base64_encoded: bool,
}

fn to_http(response: FunctionResponse) -> Response<Body> {
    let body = match response.body {
        Some(body) if response.is_base64_encoded => STANDARD.decode(body).unwrap_or_default(),
        body => body.unwrap_or_default().into_bytes(),
    };
    let mut http = Response::new(Body::from(body));
    *http.status_mut() =
        StatusCode::from_u16(response.status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = http.headers_mut();
    for (name, value) in &response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    for cookie in &response.cookies {
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    http
}
