//! A stand-in for API Gateway's HTTP API: HTTP in, an event of payload format 2.0 out, and back.
//!
//! Handlers get the very event that the real one would send, through `lambda_http`'s own conversion, so that they
//! cannot tell where they run.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{self, Body, Bytes},
    extract::{ConnectInfo, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts,
    },
    response::{IntoResponse, Redirect},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{app::App, lambda, secret::Id, time::Timestamp};
use time::{OffsetDateTime, macros::format_description};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{route_of, routes::parameters, sample};

/// The largest body that the gateway lets through.
const MOST_BODY_BYTES: usize = 10 * 1024 * 1024;
/// The largest request line and headers together that it lets through.
const MOST_HEADER_BYTES: usize = 10_240;
/// How long it waits for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where the demo application is.
pub(super) const DEMO_PATH: &str = "/demo";

tokio::task_local! {
    /// The route whose function runs in this task; or the function, if it has none.
    static ROUTE: &'static str;
}

/// The path of the route whose function is running, or the name of a function that has no route, if any is: what tells
/// apart here those that are processes of their own in Lambda.
pub fn running() -> Option<&'static str> {
    ROUTE.try_with(|path| *path).ok()
}

/// Runs `what` as the function of the route `path` does.
pub async fn run_as<T>(path: &'static str, what: impl Future<Output = T>) -> T {
    ROUTE.scope(path, what).await
}

/// The functions, behind one HTTP server.
pub struct Gateway {
    server: JoinHandle<std::io::Result<()>>,
    stop: watch::Sender<bool>,
}

impl Gateway {
    /// Answers on `listener` with what the functions answer, which all share `app`.
    pub fn start(app: Arc<App>, listener: TcpListener) -> Self {
        Self::start_with(app, listener, false)
    }

    /// The same, with a small application at [`DEMO_PATH`], and an API at [`sample::PATH`], to try it with.
    pub fn start_with_demo(app: Arc<App>, listener: TcpListener) -> Self {
        Self::start_with(app, listener, true)
    }

    fn start_with(app: Arc<App>, listener: TcpListener, demo: bool) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let router = Router::new().fallback(answer).with_state((app, demo));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        Self { server: tokio::spawn(async move { server.await }), stop }
    }

    /// Stops taking requests, once those that are being answered have been.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(Duration::from_secs(5), self.server).await;
    }
}

async fn answer(
    State((app, demo)): State<(Arc<App>, bool)>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if demo && parts.uri.path() == DEMO_PATH {
        return demo_application();
    }
    if demo && parts.uri.path() == "/" && parts.method == Method::GET {
        return Redirect::to(DEMO_PATH).into_response();
    }
    if demo && parts.uri.path() == sample::PATH && header_bytes(&parts) <= MOST_HEADER_BYTES {
        return sample::answer(&app, &parts, peer).await;
    }
    let Some((path, handler)) = route_of(parts.uri.path()) else {
        return own(StatusCode::NOT_FOUND, "Not Found");
    };
    if header_bytes(&parts) > MOST_HEADER_BYTES {
        return own(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    let Ok(body) = body::to_bytes(body, MOST_BODY_BYTES).await else {
        return own(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let event = event(&parts, &body, &format!("ANY {path}"), peer, app.clock.now()).to_string();
    // As in Lambda, a function runs to its end, whether or not its caller is still there.
    let invocation = tokio::spawn(run_as(path, async move {
        let answer = lambda::invoke(app, *handler, &event, Context::default()).await.ok()?;
        serde_json::from_value(serde_json::to_value(answer).ok()?).ok()
    }));
    match tokio::time::timeout(TIMEOUT, invocation).await {
        Ok(Ok(Some(answer))) => respond(answer),
        Ok(Ok(None) | Err(_)) => own(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        Err(_) => own(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    }
}

/// The demo application: it is a client like any other, and only lives here so that it needs no server of its own.
fn demo_application() -> Response<Body> {
    let mut response = Response::new(Body::from(include_str!("demo.html")));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn header_bytes(parts: &Parts) -> usize {
    let headers = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    headers.sum::<usize>() + parts.uri.path_and_query().map_or(0, |path| path.as_str().len())
}

/// The event of payload format 2.0 for a request.
fn event(parts: &Parts, body: &Bytes, route_key: &str, peer: SocketAddr, now: Timestamp) -> Value {
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let source_ip = peer.ip().to_string();
    let mut headers = joined(&parts.headers);
    let cookies = headers.remove("cookie");
    let forwarded_for = match headers.get("x-forwarded-for") {
        Some(before) => format!("{before}, {source_ip}"),
        None => source_ip.clone(),
    };
    headers.insert("x-forwarded-for".to_owned(), forwarded_for);
    headers.insert("x-forwarded-port".to_owned(), "443".to_owned());
    headers.insert("x-forwarded-proto".to_owned(), "https".to_owned());
    let user_agent = headers.get("user-agent").cloned().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": user_agent,
            },
            "requestId": Id::random(),
            "routeKey": route_key,
            "stage": "$default",
            "time": clf_time(now),
            "timeEpoch": now,
        },
        "isBase64Encoded": false,
    });
    // What there is nothing of is left out.
    if let Some(event) = event.as_object_mut() {
        if let Some(cookies) = cookies {
            event.insert("cookies".to_owned(), cookies.split("; ").collect());
        }
        let parameters = parameters(route_key.strip_prefix("ANY ").unwrap_or_default(), path);
        if !parameters.is_empty() {
            event.insert("pathParameters".to_owned(), json!(parameters));
        }
        if !query.is_empty() {
            event.insert("queryStringParameters".to_owned(), json!(query_parameters(query)));
        }
        if !body.is_empty() {
            let text = is_text(headers.get("content-type")).then(|| std::str::from_utf8(body).ok()).flatten();
            event.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
            event.insert(
                "body".to_owned(),
                text.map_or_else(|| json!(STANDARD.encode(body)), |text| json!(text)),
            );
        }
    }
    event
}

/// Names in lower case; repeated headers joined by a comma, cookies by a semicolon.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let separator = if name == header::COOKIE { "; " } else { "," };
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(separator);
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
}

/// The map that loses what repeats: nothing of Jeton's reads it, but it is part of the event.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

/// Whether the gateway passes a body of this type as it is. Forms are not among them: they arrive in base64.
fn is_text(content_type: Option<&String>) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media_type.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&media_type)
}

fn clf_time(now: Timestamp) -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let time = i64::try_from(now.seconds())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(format).ok()).unwrap_or_default()
}

/// A function's answer, as `lambda_http` writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    is_base64_encoded: bool,
}

fn respond(answer: Answer) -> Response<Body> {
    let body = match answer.body {
        Some(body) if answer.is_base64_encoded => STANDARD.decode(body).unwrap_or_default(),
        body => body.unwrap_or_default().into_bytes(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    for cookie in &answer.cookies {
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// What the gateway says itself, without asking a function.
pub(super) fn own(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
