//! The functions of a release as Lambda runs them: programs that get their events from the Runtime API.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{self, Body},
    extract::{Request, State},
    http::{Response, StatusCode, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared::secret::Id;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
};

use super::rights::POLICIES;

/// The gateway's timeout for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The functions of one release, by their names in the template: those that have a route.
pub struct Functions(BTreeMap<String, Function>);

/// A function in a process of its own, which answers one event after the other.
struct Function {
    events: UnboundedSender<Invocation>,
    _child: Child,
}

/// An event, and where its response goes.
struct Invocation {
    event: Value,
    respond: oneshot::Sender<Option<Value>>,
}

/// The Runtime API of one function.
struct Runtime {
    events: tokio::sync::Mutex<UnboundedReceiver<Invocation>>,
    /// Where the responses go, by the id of the invocation.
    waiting: Mutex<HashMap<String, oneshot::Sender<Option<Value>>>>,
}

impl Functions {
    /// Starts the programs in `directory`, which have these environment variables. An earlier release may lack some.
    pub async fn start(directory: &Path, variables: &[(String, String)]) -> Self {
        let mut functions = BTreeMap::new();
        for name in POLICIES.functions() {
            let program = directory.join(name);
            if program.exists() {
                functions.insert(name.to_owned(), Function::start(&program, variables).await);
            }
        }
        assert!(functions.contains_key("token"), "no functions in {}", directory.display());
        Self(functions)
    }

    /// Responds as the gateway does. `route` is the path of the request, which no route of these has parameters in.
    pub async fn respond(&self, parts: &Parts, body: &[u8]) -> Response<Body> {
        let path = parts.uri.path();
        let Some(function) = POLICIES.function(path).and_then(|name| self.0.get(name)) else {
            return message(StatusCode::NOT_FOUND, "no such route");
        };
        let (respond, response) = oneshot::channel();
        let invocation = Invocation { event: event(parts, body), respond };
        function.events.send(invocation).unwrap();
        match tokio::time::timeout(TIMEOUT, response).await {
            Ok(Ok(Some(response))) => to_http(&response),
            Ok(_) => message(StatusCode::INTERNAL_SERVER_ERROR, "the function failed"),
            Err(_) => message(StatusCode::GATEWAY_TIMEOUT, "the function did not answer"),
        }
    }
}

impl Function {
    async fn start(program: &Path, variables: &[(String, String)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, received) = unbounded_channel();
        let runtime = Runtime { events: tokio::sync::Mutex::new(received), waiting: Mutex::default() };
        let router = Router::new().fallback(serve).with_state(Arc::new(runtime));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let child = Command::new(program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self { events, _child: child }
    }
}

/// Answers one request of a function to the Runtime API.
async fn serve(State(runtime): State<Arc<Runtime>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let body = body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut steps = path.rsplit('/');
    let last = steps.next().unwrap_or_default();
    if last == "next" {
        let Some(Invocation { event, respond }) = runtime.events.lock().await.recv().await else {
            return message(StatusCode::GONE, "the test is over");
        };
        let id = Id::random().to_string();
        runtime.waiting.lock().unwrap().insert(id.clone(), respond);
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", id)
            .header("lambda-runtime-deadline-ms", "4102444800000")
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:jeton",
            )
            .header("lambda-runtime-trace-id", "Root=1-6782e5a0-000000000000000000000001;Sampled=0");
        return response.body(Body::from(event.to_string())).unwrap();
    }
    let waiting = runtime.waiting.lock().unwrap().remove(steps.next().unwrap_or_default());
    let response = (last == "response").then(|| serde_json::from_slice(&body).unwrap());
    if let Some(respond) = waiting {
        // A caller that timed out has gone.
        let _ = respond.send(response);
    }
    message(StatusCode::ACCEPTED, "")
}

/// Returns the event of an HTTP API (payload format 2.0).
pub fn event(parts: &Parts, body: &[u8]) -> Value {
    let path = parts.uri.path();
    let header = |name: &axum::http::HeaderName| {
        let values = parts.headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        values.collect::<Vec<_>>().join(",")
    };
    let mut headers: BTreeMap<_, _> =
        parts.headers.keys().map(|name| (name.to_string(), header(name))).collect();
    let cookies = headers.remove("cookie").unwrap_or_default();
    let cookies: Vec<_> = cookies.split("; ").filter(|cookie| !cookie.is_empty()).collect();
    headers.insert("x-forwarded-for".to_owned(), "127.0.0.1".to_owned());
    headers.insert("x-forwarded-proto".to_owned(), "https".to_owned());
    let route = format!("ANY {path}");
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "cookies": cookies,
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
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent"),
            },
            "requestId": Id::random(),
            "routeKey": route,
            "stage": "$default",
            "time": "26/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_694_400_000_u64,
        },
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    })
}

/// Returns the HTTP response of a function's response.
fn to_http(response: &Value) -> Response<Body> {
    let mut http =
        Response::builder().status(u16::try_from(response["statusCode"].as_u64().unwrap()).unwrap());
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        http = http.header(name, value.as_str().unwrap());
    }
    for cookie in response["cookies"].as_array().into_iter().flatten() {
        http = http.header("set-cookie", cookie.as_str().unwrap());
    }
    let body = response["body"].as_str().unwrap_or_default();
    let body = if response["isBase64Encoded"] == true { STANDARD.decode(body).unwrap() } else { body.into() };
    http.body(Body::from(body)).unwrap()
}

fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response
}
