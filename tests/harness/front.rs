//! A proxy before DynamoDB: it counts requests, denies those that no policy allows, and injects faults.

use std::{
    collections::BTreeSet,
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
use tokio::net::TcpListener;

use super::rights::{POLICIES, ROUTE, Right};

/// One request to DynamoDB, and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// The units of all tables together.
    pub capacity: f64,
    pub request: Value,
}

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Every connection is closed without a response.
    Refuse,
    /// Every request is throttled.
    Throttle,
    /// No request gets a response.
    Hang,
    /// Every request fails with an internal error.
    Broken,
    /// Every request is refused for lack of rights.
    Denied,
    /// Every write is throttled; reads are not.
    ThrottleWrites,
    /// Every read of a user's record is throttled, nothing else.
    ThrottleUsers,
    /// Every change to a grant is throttled, nothing else.
    ThrottleGrants,
    /// Every change to a grant but the first is throttled, nothing else.
    ThrottleGrantsAfterOne,
    /// Every change to a client's record is throttled, nothing else.
    ThrottleClients,
    /// Every change to a status is throttled, also within a transaction; nothing else.
    ThrottleStatuses,
    /// The first write is made, but its response is lost.
    LoseFirstAnswer,
    /// Every write is made, but its response is lost.
    LoseAnswers,
    /// The first transaction is made, but its response is lost.
    LoseFirstTransaction,
    /// Every transaction is made, but its response is lost.
    LoseTransactions,
    /// Every end of a grant is throttled, nothing else.
    ThrottleEndings,
    /// Every batch read of statuses alone is throttled.
    ThrottleStandings,
    /// Every read of the resources is throttled, nothing else.
    ThrottleResources,
    /// No record of a personal token's use gets a response.
    HangUses,
    /// The first two batch reads leave all keys unprocessed.
    LeftOver,
    /// Every batch read leaves all keys unprocessed.
    AlwaysLeftOver,
}

#[derive(Clone)]
pub struct Front {
    pub url: String,
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
            seen: Vec::new(),
            conditions: BTreeSet::new(),
            used: BTreeSet::new(),
            denied: Vec::new(),
        };
        let front = Self { url, state: Arc::new(Mutex::new(inner)) };
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
        inner.spared = usize::from(fault == Fault::ThrottleGrantsAfterOne);
        inner.faults_left = match fault {
            Fault::LoseFirstAnswer | Fault::LoseFirstTransaction => 1,
            Fault::LeftOver => 2,
            _ => usize::MAX,
        };
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
        match POLICIES.judge(route, operation, request, &inner.conditions) {
            Ok(rights) => inner.used.extend(rights),
            Err(denied) => {
                inner.denied.push(denied);
                return false;
            }
        }
        true
    }

    /// Returns the fault for this request.
    fn due(&self, operation: &str, request: &Value) -> Fault {
        let mut inner = self.state.lock().unwrap();
        let applies = match inner.fault {
            Fault::None => false,
            Fault::LoseFirstAnswer | Fault::LoseAnswers | Fault::ThrottleWrites => {
                ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&operation)
            }
            Fault::LoseFirstTransaction | Fault::LoseTransactions => operation == "TransactWriteItems",
            Fault::ThrottleUsers => {
                let key = request["Key"]["pk"]["S"].as_str().unwrap_or_default();
                operation == "GetItem" && (key.starts_with("user#") || key.starts_with("name#"))
            }
            Fault::ThrottleGrants | Fault::ThrottleGrantsAfterOne => {
                let key = request["Key"]["pk"]["S"].as_str().unwrap_or_default();
                operation == "UpdateItem" && key.starts_with("g#")
            }
            Fault::ThrottleEndings => request["UpdateExpression"]
                .as_str()
                .is_some_and(|change| change.starts_with("SET #st = :ended")),
            Fault::HangUses => {
                request["UpdateExpression"].as_str().is_some_and(|change| change.starts_with("SET #lu = "))
            }
            Fault::ThrottleResources => operation == "GetItem" && request["Key"]["pk"]["S"] == "resources",
            Fault::ThrottleStandings => {
                let tables = request["RequestItems"].as_object();
                let is_status = |table: &Value| {
                    table["Keys"][0]["pk"]["S"].as_str().is_some_and(|key| key.starts_with("status#"))
                };
                operation == "BatchGetItem" && tables.is_some_and(|tables| tables.values().all(is_status))
            }
            Fault::ThrottleClients => {
                let key = request["Key"]["pk"]["S"].as_str().unwrap_or_default();
                operation == "UpdateItem" && key.starts_with("client#")
            }
            Fault::ThrottleStatuses => {
                ["UpdateItem", "TransactWriteItems"].contains(&operation)
                    && request.to_string().contains("\"status#")
            }
            Fault::LeftOver | Fault::AlwaysLeftOver => operation == "BatchGetItem",
            _ => true,
        };
        if !applies || inner.faults_left == 0 {
            return Fault::None;
        }
        if inner.spared > 0 {
            inner.spared -= 1;
            return Fault::None;
        }
        inner.faults_left = inner.faults_left.saturating_sub(1);
        inner.fault
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
    let fault = front.due(&operation, &sent);
    match fault {
        Fault::Refuse => close(),
        Fault::Hang | Fault::HangUses => tokio::time::sleep(Duration::from_hours(1)).await,
        Fault::Throttle
        | Fault::ThrottleWrites
        | Fault::ThrottleUsers
        | Fault::ThrottleGrants
        | Fault::ThrottleGrantsAfterOne
        | Fault::ThrottleStandings
        | Fault::ThrottleResources
        | Fault::ThrottleEndings
        | Fault::ThrottleClients
        | Fault::ThrottleStatuses => {
            return error(StatusCode::BAD_REQUEST, "ThrottlingException");
        }
        Fault::Broken => return error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        Fault::Denied => return error(StatusCode::BAD_REQUEST, "AccessDeniedException"),
        Fault::LeftOver | Fault::AlwaysLeftOver => {
            let left = json!({ "Responses": {}, "UnprocessedKeys": sent["RequestItems"] });
            return Response::new(Body::from(left.to_string()));
        }
        Fault::None
        | Fault::LoseFirstAnswer
        | Fault::LoseAnswers
        | Fault::LoseFirstTransaction
        | Fault::LoseTransactions => {}
    }
    let plain = sent.clone();
    if operation != "CreateTable" && operation != "UpdateTimeToLive" {
        sent["ReturnConsumedCapacity"] = json!("TOTAL");
    }
    let (status, headers, text) = forward(front, parts.headers, sent.to_string()).await;
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    let seen = Seen { operation, capacity: capacity(&told["ConsumedCapacity"]), request: plain };
    front.state.lock().unwrap().seen.push(seen);
    // The database has made the write.
    if fault != Fault::None {
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
fn capacity(told: &Value) -> f64 {
    let units = |table: &Value| table["CapacityUnits"].as_f64().unwrap_or_default();
    told.as_array().map_or_else(|| units(told), |tables| tables.iter().map(units).sum())
}

fn error(status: StatusCode, kind: &str) -> Response<Body> {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "as the test asked" });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0".parse().unwrap());
    response
}
