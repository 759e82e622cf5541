//! A proxy before DynamoDB: it counts requests, denies those that no policy allows, and injects faults.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use axum::{
    body::Bytes,
    http::{HeaderMap, Response, StatusCode},
};
use serde_json::{Value, json};
use shared::time::Clock;
use tokio::sync::Notify;

use super::{
    fault::{Effect, Fault},
    rights::{POLICIES, ROUTE, Right},
    wire::{self, Service, Upstream},
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

#[derive(Clone, Debug)]
pub struct Front {
    /// The URL for commands. The functions reach the front in the process.
    pub url: String,
    upstream: Upstream,
    /// The clock of the `Date` in responses.
    clock: Clock,
    /// Notified when a request hangs.
    hung: Arc<Notify>,
    released: Arc<Notify>,
    state: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    fault: Fault,
    faults_left: usize,
    /// The number of requests that pass before the fault begins.
    spared: usize,
    /// The transactions that [`Fault::ThrottleTransactions`] throttled, each with its first invocation of the SDK.
    throttled: HashMap<String, String>,
    seen: Vec<Seen>,
    /// How often the SDK sent each request, by its invocation.
    attempts: HashMap<String, usize>,
    /// The requests that hang, and the most of them at a time.
    hanging: [usize; 2],
    /// The conditions of the template that are true.
    conditions: BTreeSet<&'static str>,
    /// The rights that functions used.
    used: BTreeSet<Right>,
    /// The requests that no policy allows.
    denied: Vec<String>,
}

impl Front {
    /// Starts a proxy before `upstream`.
    pub async fn start(upstream: Upstream, clock: Clock) -> Self {
        let inner = Inner {
            fault: Fault::None,
            faults_left: 0,
            spared: 0,
            throttled: HashMap::new(),
            seen: Vec::new(),
            attempts: HashMap::new(),
            hanging: [0; 2],
            conditions: BTreeSet::new(),
            used: BTreeSet::new(),
            denied: Vec::new(),
        };
        let mut front = Self {
            url: String::new(),
            upstream,
            clock,
            hung: Arc::default(),
            released: Arc::default(),
            state: Arc::new(Mutex::new(inner)),
        };
        front.url = wire::serve(front.clone()).await;
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

    /// Forgets all requests.
    pub fn forget(&self) {
        let mut inner = self.state.lock().unwrap();
        inner.seen.clear();
        inner.attempts.clear();
    }

    /// Returns how often the SDK sent each request, those without a response included.
    pub fn attempts(&self) -> Vec<usize> {
        self.state.lock().unwrap().attempts.values().copied().collect()
    }

    /// Returns the most requests that have hung at a time.
    pub fn most_hanging(&self) -> usize {
        self.state.lock().unwrap().hanging[1]
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
        let invocation = headers.get(INVOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        *inner.attempts.entry(invocation.to_owned()).or_default() += 1;
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

/// A request that hangs, until its caller drops it.
struct Hanging(Arc<Mutex<Inner>>);

impl Hanging {
    fn begin(state: &Arc<Mutex<Inner>>) -> Self {
        let [now, most] = &mut state.lock().unwrap().hanging;
        *now += 1;
        *most = (*most).max(*now);
        Self(Arc::clone(state))
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.lock().unwrap().hanging[0] -= 1;
    }
}

impl Service for Front {
    /// Adds the `Date` of the clock to the response, in whole seconds.
    async fn respond(&self, headers: HeaderMap, body: Bytes) -> Option<Response<String>> {
        let mut response = undated(self, headers, &body).await?;
        let seconds = i64::try_from(self.clock.now().seconds()).unwrap();
        let date = DateTime::from_secs(seconds).fmt(DateTimeFormat::HttpDate).unwrap();
        response.headers_mut().insert("date", date.parse().unwrap());
        Some(response)
    }
}

async fn undated(front: &Front, headers: HeaderMap, body: &[u8]) -> Option<Response<String>> {
    let operation = wire::operation(&headers);
    let mut sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let route = headers.get(ROUTE).and_then(|value| value.to_str().ok());
    if !front.grants(route, &operation, &sent) {
        return Some(error(StatusCode::BAD_REQUEST, "AccessDeniedException"));
    }
    let effect = front.due(&operation, &sent, &headers);
    match effect {
        Some(Effect::Close) => return None,
        Some(Effect::Hang) => {
            front.hung.notify_one();
            let _hanging = Hanging::begin(&front.state);
            tokio::time::sleep(Duration::from_hours(1)).await;
        }
        Some(Effect::Slow) => tokio::time::sleep(Duration::from_millis(1_500)).await,
        Some(Effect::Hold) => {
            front.hung.notify_one();
            front.released.notified().await;
        }
        Some(Effect::Error(status, kind)) => return Some(error(status, kind)),
        Some(Effect::LeaveKeys) => {
            let left = json!({ "Responses": {}, "UnprocessedKeys": sent["RequestItems"] });
            return Some(Response::new(left.to_string()));
        }
        Some(Effect::LoseResponse) | None => {}
    }
    let plain = sent.clone();
    if operation != "CreateTable" && operation != "UpdateTimeToLive" {
        sent["ReturnConsumedCapacity"] = json!("TOTAL");
    }
    let response = front.upstream.perform(headers, sent.to_string()).await?;
    let told: Value = serde_json::from_str(response.body()).unwrap_or_default();
    let seen = Seen { operation, capacity: capacity(&told["ConsumedCapacity"]), request: plain };
    front.state.lock().unwrap().seen.push(seen);
    // The database has made the write.
    if effect == Some(Effect::LoseResponse) { None } else { Some(response) }
}

/// Returns the units of one table, or of several tables together.
fn capacity(consumed: &Value) -> f64 {
    let units = |table: &Value| table["CapacityUnits"].as_f64().unwrap_or_default();
    consumed.as_array().map_or_else(|| units(consumed), |tables| tables.iter().map(units).sum())
}

fn error(status: StatusCode, kind: &str) -> Response<String> {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "as the test asked" });
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0".parse().unwrap());
    response
}
