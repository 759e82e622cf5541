//! A proxy before DynamoDB: it counts requests, denies those that no policy allows, and injects faults.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use axum::{
    Router,
    body::{self, Body},
    extract::State,
    http::{HeaderMap, Request, Response, StatusCode},
};
use serde_json::{Value, json};
use shared::time::Clock;
use tokio::{net::TcpListener, sync::Notify};

use super::{
    fault::{Effect, Fault},
    rights::{POLICIES, ROUTE, Right},
};

/// The header that is the same in all attempts of the SDK at one request, and in no other request.
const INVOCATION: &str = "amz-sdk-invocation-id";

/// One request to DynamoDB, and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// The units of all tables together.
    pub capacity: f64,
    pub request: Value,
}

#[derive(Clone)]
pub struct Front {
    pub url: String,
    /// Notified when a request hangs.
    hung: Arc<Notify>,
    released: Arc<Notify>,
    state: Arc<Mutex<Inner>>,
}

struct Inner {
    upstream: String,
    /// The clock of the `Date` in responses.
    clock: Clock,
    http: reqwest::Client,
    fault: Fault,
    faults_left: usize,
    /// The number of requests that pass before the fault begins.
    spared: usize,
    /// The transactions that [`Fault::ThrottleTransactions`] throttled, each with its first invocation of the SDK.
    throttled: HashMap<String, String>,
    seen: Vec<Seen>,
    /// The conditions of the template that are true.
    conditions: BTreeSet<&'static str>,
    /// The rights that functions used.
    used: BTreeSet<Right>,
    /// The requests that no policy allows.
    denied: Vec<String>,
}

impl Front {
    /// Starts a proxy before the DynamoDB at `upstream`.
    pub async fn start(upstream: String, clock: Clock) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::new();
        let inner = Inner {
            upstream,
            clock,
            http,
            fault: Fault::None,
            faults_left: 0,
            spared: 0,
            throttled: HashMap::new(),
            seen: Vec::new(),
            conditions: BTreeSet::new(),
            used: BTreeSet::new(),
            denied: Vec::new(),
        };
        let front =
            Self { url, hung: Arc::default(), released: Arc::default(), state: Arc::new(Mutex::new(inner)) };
        let router = Router::new().fallback(response).with_state(front.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        front
    }

    /// Applies the policies of a deployment for which these conditions of the template are true.
    pub fn deployed_with(&self, conditions: BTreeSet<&'static str>) {
        self.state.lock().unwrap().conditions = conditions;
    }

    /// Injects `fault` from now on.
    pub fn fail(&self, fault: Fault) {
        let mut inner = self.state.lock().unwrap();
        inner.fault = fault;
        inner.spared = 0;
        inner.faults_left = fault.most();
        inner.throttled.clear();
    }

    /// Injects `fault` after `spared` of the requests that it applies to.
    pub fn fail_after(&self, spared: usize, fault: Fault) {
        self.fail(fault);
        self.state.lock().unwrap().spared = spared;
    }

    /// Lets the request go on that waits.
    pub fn release(&self) {
        self.released.notify_one();
    }

    /// Waits until a request hangs or waits.
    pub async fn hangs(&self) {
        self.hung.notified().await;
    }

    /// Clears the list of requests.
    pub fn forget(&self) {
        self.state.lock().unwrap().seen.clear();
    }

    /// Returns the requests, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Returns the operations with their costs, in order.
    pub fn cost(&self) -> Vec<(String, f64)> {
        self.seen().into_iter().map(|seen| (seen.operation, seen.capacity)).collect()
    }

    /// Returns the rights that functions used.
    pub fn used(&self) -> BTreeSet<Right> {
        self.state.lock().unwrap().used.clone()
    }

    /// Takes the requests that no policy allows.
    pub fn denied(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().denied)
    }

    /// Returns whether the policy of the function of `route` allows the request. Without a route, everything is allowed.
    fn grants(&self, route: Option<&str>, operation: &str, request: &Value) -> bool {
        let Some(route) = route else { return true };
        let mut inner = self.state.lock().unwrap();
        match POLICIES.check(route, operation, request, &inner.conditions) {
            Ok(rights) => inner.used.extend(rights),
            Err(denied) => {
                inner.denied.push(denied);
                return false;
            }
        }
        true
    }

    /// Returns what happens to this request. `None`: the database answers it.
    fn due(&self, operation: &str, request: &Value, headers: &HeaderMap) -> Option<Effect> {
        let mut inner = self.state.lock().unwrap();
        if !inner.fault.applies_to(operation, request) || inner.faults_left == 0 {
            return None;
        }
        if inner.spared > 0 {
            inner.spared -= 1;
            return None;
        }
        if inner.fault == Fault::ThrottleTransactions && inner.is_sent_anew(request, headers) {
            inner.fault = Fault::None;
        }
        inner.faults_left = inner.faults_left.saturating_sub(1);
        inner.fault.effect()
    }
}

impl Inner {
    /// Returns whether the transaction was throttled before, in all attempts of the SDK.
    fn is_sent_anew(&mut self, transaction: &Value, headers: &HeaderMap) -> bool {
        let invocation = headers[INVOCATION].to_str().unwrap();
        let items = transaction["TransactItems"].to_string();
        let first = self.throttled.entry(items).or_insert_with(|| invocation.to_owned());
        first != invocation
    }
}

/// Adds the `Date` of the clock to the response, in whole seconds.
async fn response(State(front): State<Front>, request: Request<Body>) -> Response<Body> {
    let mut response = undated(&front, request).await;
    let seconds = front.state.lock().unwrap().clock.now().seconds();
    let date = DateTime::from_secs(i64::try_from(seconds).unwrap()).fmt(DateTimeFormat::HttpDate).unwrap();
    response.headers_mut().insert("date", date.parse().unwrap());
    response
}

async fn undated(front: &Front, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, usize::MAX).await.unwrap();
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let mut sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let route = parts.headers.get(ROUTE).and_then(|value| value.to_str().ok());
    if !front.grants(route, &operation, &sent) {
        return error(StatusCode::BAD_REQUEST, "AccessDeniedException");
    }
    let effect = front.due(&operation, &sent, &parts.headers);
    match effect {
        Some(Effect::Close) => close(),
        Some(Effect::Hang) => {
            front.hung.notify_one();
            tokio::time::sleep(Duration::from_hours(1)).await;
        }
        Some(Effect::Slow) => tokio::time::sleep(Duration::from_millis(1_500)).await,
        Some(Effect::Hold) => {
            front.hung.notify_one();
            front.released.notified().await;
        }
        Some(Effect::Error(status, kind)) => return error(status, kind),
        Some(Effect::LeaveKeys) => {
            let left = json!({ "Responses": {}, "UnprocessedKeys": sent["RequestItems"] });
            return Response::new(Body::from(left.to_string()));
        }
        Some(Effect::LoseResponse) | None => {}
    }
    let plain = sent.clone();
    if operation != "CreateTable" && operation != "UpdateTimeToLive" {
        sent["ReturnConsumedCapacity"] = json!("TOTAL");
    }
    let (status, headers, text) = forward(front, parts.headers, sent.to_string()).await;
    let response: Value = serde_json::from_str(&text).unwrap_or_default();
    let seen = Seen { operation, capacity: capacity(&response["ConsumedCapacity"]), request: plain };
    front.state.lock().unwrap().seen.push(seen);
    // The database has made the write.
    if effect == Some(Effect::LoseResponse) {
        close();
    }
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    if let Some(kind) = headers.get("content-type") {
        response.headers_mut().insert("content-type", kind.clone());
    }
    response
}

/// Closes the connection without a response: ends its task, without the hook that would print a panic.
fn close() -> ! {
    std::panic::resume_unwind(Box::new("the test asked for it"))
}

async fn forward(front: &Front, mut headers: HeaderMap, body: String) -> (StatusCode, HeaderMap, String) {
    let (http, upstream) = {
        let inner = front.state.lock().unwrap();
        (inner.http.clone(), inner.upstream.clone())
    };
    headers.remove("content-length");
    headers.remove("host");
    headers.remove(ROUTE);
    let response = http.post(upstream).headers(headers).body(body).send().await.unwrap();
    (response.status(), response.headers().clone(), response.text().await.unwrap())
}

/// Returns the units of one table, or of several tables together.
fn capacity(consumed: &Value) -> f64 {
    let units = |table: &Value| table["CapacityUnits"].as_f64().unwrap_or_default();
    consumed.as_array().map_or_else(|| units(consumed), |tables| tables.iter().map(units).sum())
}

fn error(status: StatusCode, kind: &str) -> Response<Body> {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "as the test asked" });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0".parse().unwrap());
    response
}
