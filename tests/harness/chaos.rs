//! A proxy before DynamoDB that injects random faults, which follow from a seed.
//!
//! A second instance of the functions uses it, on the tables and the clock of a [`Stack`]. The test's own changes to the
//! tables, as an administrator or as the authorization endpoint, go through the first instance and do not fail.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{Arc, Mutex},
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Response, StatusCode},
};
use jeton::local::{Gateway, TARGET, listen};
use serde_json::{Value, json};
use shared::{
    endpoint::App,
    log::{Level, Log},
};
use tokio::sync::Notify;

use super::{
    Call, Front, Registered, Stack,
    dice::Dice,
    response,
    rights::ROUTE,
    wire::{self, Service},
};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// The connection is closed, and the request not performed.
    Drop,
    /// An internal error; the request is not performed.
    Broken,
    /// Throttled; the request is not performed.
    Throttle,
    /// The request is performed, but the connection closed without a response.
    LoseAnswer,
    /// The request is performed, but the response is an internal error.
    BrokenAfterwards,
    /// The connection is closed, and the request performed some time later.
    Delay,
    /// The request is performed twice, with the second response.
    Duplicate,
    /// A batch read leaves all its keys unprocessed.
    LeftOver,
}

const OF_WRITES: &[Mishap] = &[
    Mishap::Drop,
    Mishap::Broken,
    Mishap::Throttle,
    Mishap::LoseAnswer,
    Mishap::BrokenAfterwards,
    Mishap::Delay,
    Mishap::Duplicate,
];
const OF_READS: &[Mishap] = &[Mishap::Drop, Mishap::Broken, Mishap::Throttle, Mishap::LoseAnswer];
const OF_BATCHES: &[Mishap] =
    &[Mishap::Drop, Mishap::Broken, Mishap::Throttle, Mishap::LeftOver, Mishap::LeftOver];

#[derive(Clone)]
pub struct Chaos {
    /// The URL of the functions.
    pub url: String,
    /// The URL of the proxy.
    pub endpoint: String,
    http: reqwest::Client,
    proxy: Proxy,
    _gateway: Arc<Gateway>,
}

/// The proxy, before the front of the first instance.
#[derive(Clone, Debug)]
pub struct Proxy {
    front: Front,
    state: Arc<Mutex<Inner>>,
    /// Notified of each request.
    arrived: Arc<Notify>,
}

#[derive(Debug)]
struct Inner {
    dice: Dice,
    /// The percentage of writes that fail. Half as many reads fail, and three times as many requests after a failed one.
    percent: usize,
    failed: bool,
    /// Late requests, each with the number of requests before it.
    late: Vec<(usize, Sent)>,
    /// Every item before its last change: the result of an inconsistent read.
    previous: HashMap<String, Value>,
    counts: BTreeMap<Mishap, usize>,
    /// The number of requests that failed: by a fault, or because the database was gone.
    failures: usize,
}

/// A request to DynamoDB.
#[derive(Clone, Debug)]
struct Sent {
    operation: String,
    headers: HeaderMap,
    body: Value,
}

impl Chaos {
    /// Starts a second instance of `stack`'s functions, behind a proxy that fails `percent` of all requests.
    pub async fn start(stack: &Stack, seed: u64, percent: usize) -> Self {
        let proxy = Proxy::new(stack, seed, percent);
        let endpoint = wire::serve(proxy.clone()).await;
        let client = wire::connect(proxy.clone()).await;
        let log = Log::new(Level::Error, io::sink());
        let app = Arc::new(App::new(stack.app.config.clone(), &client, stack.app.clock.clone(), log));
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self {
            url,
            endpoint,
            http: reqwest::Client::new(),
            proxy,
            _gateway: Arc::new(Gateway::start(app, listener).unwrap()),
        }
    }

    /// Sends `form` to `path` as `client`.
    pub async fn post_as(
        &self,
        path: &str,
        client: &Registered,
        form: &[(&str, &str)],
    ) -> response::Response {
        let call = Call::new(self.http.post(format!("{}{path}", self.url)));
        if client.secret.is_empty() {
            call.form(&[form, &[("client_id", client.id.as_str())]].concat()).send().await
        } else {
            call.basic(client).form(form).send().await
        }
    }

    /// Returns how often each fault was injected.
    pub fn counts(&self) -> BTreeMap<Mishap, usize> {
        self.proxy.counts()
    }
}

impl Proxy {
    fn new(stack: &Stack, seed: u64, percent: usize) -> Self {
        let inner = Inner {
            dice: Dice::new(seed),
            percent,
            failed: false,
            late: Vec::new(),
            previous: HashMap::new(),
            counts: BTreeMap::new(),
            failures: 0,
        };
        let state = Arc::new(Mutex::new(inner));
        Self { front: stack.dynamodb.clone(), state, arrived: Arc::default() }
    }

    /// Serves a proxy that fails `percent` of all requests, and returns it with its URL.
    pub async fn serve(stack: &Stack, seed: u64, percent: usize) -> (Self, String) {
        let proxy = Self::new(stack, seed, percent);
        let url = wire::serve(proxy.clone()).await;
        (proxy, url)
    }

    /// Changes the percentage of requests that fail.
    pub fn fail(&self, percent: usize) {
        self.state.lock().unwrap().percent = percent;
    }

    /// Waits for this number of requests.
    pub async fn requests(&self, number: usize) {
        for _ in 0..number {
            self.arrived.notified().await;
        }
    }

    /// Returns whether a late write to `key` is still to come.
    pub fn is_on_the_way(&self, key: &str) -> bool {
        self.state.lock().unwrap().late.iter().any(|(_, sent)| sent.body.to_string().contains(key))
    }

    /// Returns how many requests have failed: by a fault, or because the database was gone.
    pub fn failures(&self) -> usize {
        self.state.lock().unwrap().failures
    }

    /// Returns how often each fault was injected.
    pub fn counts(&self) -> BTreeMap<Mishap, usize> {
        self.state.lock().unwrap().counts.clone()
    }
}

impl Inner {
    /// Chooses the fault for `operation`.
    fn mishap(&mut self, operation: &str) -> Option<Mishap> {
        let all = match operation {
            "UpdateItem" | "PutItem" | "DeleteItem" | "TransactWriteItems" => OF_WRITES,
            "BatchGetItem" => OF_BATCHES,
            _ => OF_READS,
        };
        let percent = if all == OF_WRITES { self.percent } else { self.percent / 2 };
        let percent = if self.failed { percent * 3 } else { percent };
        self.failed = self.dice.chance(percent);
        let mishap = self.failed.then(|| *self.dice.one(all))?;
        *self.counts.entry(mishap).or_default() += 1;
        Some(mishap)
    }

    /// Takes the late requests that are due.
    fn due(&mut self) -> Vec<Sent> {
        for (left, _) in &mut self.late {
            *left = left.saturating_sub(1);
        }
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(left, _)| *left == 0);
        self.late = late;
        let due: Vec<(usize, Sent)> = due;
        due.into_iter().map(|(_, sent)| sent).collect()
    }
}

impl Service for Proxy {
    async fn respond(&self, headers: HeaderMap, body: Bytes) -> Option<Response<String>> {
        self.arrived.notify_one();
        let operation = wire::operation(&headers);
        let sent = Sent { operation, headers, body: serde_json::from_slice(&body).unwrap_or_default() };
        let due = self.state.lock().unwrap().due();
        for late in due {
            perform(self, &late).await;
        }
        let mishap = self.state.lock().unwrap().mishap(&sent.operation);
        let failed = mishap.is_some();
        let response = self.respond_with(mishap, sent).await;
        if failed || response.is_none() {
            self.state.lock().unwrap().failures += 1;
        }
        response
    }
}

impl Proxy {
    /// Performs the request, unless the fault prevents it, and returns the response.
    async fn respond_with(&self, mishap: Option<Mishap>, sent: Sent) -> Option<Response<String>> {
        match mishap {
            None => perform(self, &sent).await,
            Some(Mishap::Drop) => None,
            Some(Mishap::Broken) => Some(error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")),
            Some(Mishap::Throttle) => Some(error(StatusCode::BAD_REQUEST, "ThrottlingException")),
            Some(Mishap::LoseAnswer) => {
                perform(self, &sent).await;
                None
            }
            Some(Mishap::BrokenAfterwards) => {
                perform(self, &sent).await;
                Some(error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"))
            }
            Some(Mishap::Delay) => {
                let mut inner = self.state.lock().unwrap();
                let after = 1 + inner.dice.below(12);
                inner.late.push((after, sent));
                None
            }
            Some(Mishap::Duplicate) => {
                perform(self, &sent).await;
                perform(self, &sent).await
            }
            Some(Mishap::LeftOver) => {
                let left = json!({ "Responses": {}, "UnprocessedKeys": sent.body["RequestItems"] });
                Some(Response::new(left.to_string()))
            }
        }
    }
}

/// Performs the request, and stores the item as it was before. `None`: the database is gone.
async fn perform(proxy: &Proxy, sent: &Sent) -> Option<Response<String>> {
    let (table, key) = (&sent.body["TableName"], &sent.body["Key"]);
    if sent.operation == "UpdateItem" {
        let read = json!({ "TableName": table, "Key": key, "ConsistentRead": true });
        let mut headers = sent.headers.clone();
        headers.insert(TARGET, "DynamoDB_20120810.GetItem".parse().unwrap());
        // This read is not the function's.
        headers.remove(ROUTE);
        let response = forward(proxy, headers, &read).await?;
        let told: Value = serde_json::from_str(response.body()).unwrap_or_default();
        proxy.state.lock().unwrap().previous.insert(format!("{table}{key}"), told["Item"].clone());
    }
    let response = forward(proxy, sent.headers.clone(), &sent.body).await?;
    let mut told: Value = serde_json::from_str(response.body()).unwrap_or_default();
    if sent.operation == "GetItem"
        && sent.body["ConsistentRead"] != true
        && let Some(previous) = proxy.state.lock().unwrap().previous.get(&format!("{table}{key}"))
    {
        told["Item"] = previous.clone();
    }
    Some(response.map(|_| told.to_string()))
}

async fn forward(proxy: &Proxy, headers: HeaderMap, body: &Value) -> Option<Response<String>> {
    proxy.front.respond(headers, body.to_string().into()).await
}

fn error(status: StatusCode, kind: &str) -> Response<String> {
    let body =
        json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "by chance" });
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0".parse().unwrap());
    response
}
