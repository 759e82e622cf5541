//! A complete deployment for one test: the functions behind HTTP, tables of its own, and a clock that the test moves.
//!
//! The database is the embedded one, or the one at `JETON_TEST_DYNAMODB_URL` (AWS's DynamoDB Local). A [`Front`] stands
//! before it: it counts requests and capacity, denies requests that no policy of the template allows, and injects faults.

pub mod account;
mod authorization_request;
mod browser;
pub mod chaos;
mod clients;
pub mod code_flow;
mod command;
mod compat;
pub mod dice;
mod fault;
mod front;
mod hint;
mod inside;
pub mod kms;
pub mod lambda;
pub mod mcp;
pub mod openid;
pub mod oracle;
mod policy;
pub mod process;
mod registration;
mod resources;
mod response;
pub mod rights;
mod sign_in;
mod start;
pub mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jeton::local::{Database, Gateway};
use serde_json::{Value, json};
use shared::{
    dynamodb::{self, Table},
    endpoint::App,
    time::Timestamp,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub use authorization_request::{AuthorizationRequest, Redirect};
pub use browser::{Browser, HtmlForm, PASSWORD, TestUser};
pub use clients::{Registered, machine};
pub use command::{Ran, run};
pub use compat::{JSON, legacy};
pub use fault::Fault;
pub use front::Front;
pub use inside::Guesser;
pub use policy::Policy;
pub use registration::{REGISTER, public_metadata, redirect_uris, tool};
pub use response::{Call, Response, altered};
pub use sign_in::SignIn;

/// The endpoints that clients authenticate at, each with a valid form.
pub const ENDPOINTS: [(&str, &[(&str, &str)]); 3] = [
    ("/oauth/token", &[("grant_type", "client_credentials")]),
    ("/oauth/revoke", &[("token", "garbage")]),
    ("/oauth/introspect", &[("token", "garbage")]),
];

pub struct Stack {
    /// The URL of the functions, which is the issuer.
    pub url: String,
    pub app: Arc<App>,
    pub dynamodb: Front,
    now: Arc<AtomicU64>,
    log: Buffer,
    http: reqwest::Client,
    _gateway: Gateway,
    _database: Option<Database>,
}

impl Stack {
    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Moves the clock forward to a millisecond before the end of `span`.
    pub fn advance_to_just_before(&self, span: Duration) {
        self.advance(span.saturating_sub(Duration::from_millis(1)));
    }

    /// Moves the clock forward by the last millisecond.
    pub fn advance_by_the_last_millisecond(&self) {
        self.advance(Duration::from_millis(1));
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Begins a POST request.
    pub fn post(&self, path: &str) -> Call {
        Call::new(self.http.post(format!("{}{path}", self.url)))
    }

    /// Begins a request.
    pub fn request(&self, method: &str, path: &str) -> Call {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        Call::new(self.http.request(method, format!("{}{path}", self.url)))
    }

    /// Requests a token with `client_credentials` and the parameters `more`.
    pub async fn request_token(&self, client: &Registered, more: &[(&str, &str)]) -> Response {
        let form = [&[("grant_type", "client_credentials")], more].concat();
        self.post("/oauth/token").basic(client).form(&form).send().await
    }

    /// Returns an access token of `client`.
    pub async fn token(&self, client: &Registered) -> String {
        let response = self.request_token(client, &[]).await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Revokes `token` as `client`.
    pub async fn revoke(&self, client: &Registered, token: &str) -> Response {
        self.post("/oauth/revoke").basic(client).form(&[("token", token)]).send().await
    }

    /// Asserts that introspection by `asker` calls `token` inactive.
    pub async fn is_inactive(&self, asker: &Registered, token: &str) {
        assert_eq!(self.introspect(asker, token).await, json!({ "active": false }), "{token}");
    }

    /// Introspects `token` as `asker`.
    pub async fn introspect(&self, asker: &Registered, token: &str) -> Value {
        let response = self.post("/oauth/introspect").basic(asker).form(&[("token", token)]).send().await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()
    }

    /// Sends `bytes` on a connection of their own, and returns the response.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut connection = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        // The server may respond and close before it has read everything.
        let _ = connection.write_all(bytes.as_ref()).await;
        // The server takes the end of the request for the end of the connection, unless the request asks it to close.
        if !bytes.as_ref().windows(19).any(|bytes| bytes == b"connection: close\r\n") {
            let _ = connection.shutdown().await;
        }
        let mut response = Vec::new();
        let _ = connection.read_to_end(&mut response).await;
        String::from_utf8_lossy(&response).into_owned()
    }

    /// Returns the number of stored grants.
    pub async fn grants(&self) -> usize {
        self.count_of_kind("g").await
    }

    /// Returns the number of items of this kind in the tokens table.
    pub async fn count_of_kind(&self, kind: &str) -> usize {
        let items = self.app.grants.table().all().await.unwrap();
        items.iter().filter(|item| dynamodb::kind(item) == Some(kind)).count()
    }

    /// Returns the whole log.
    pub fn logged(&self) -> String {
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    /// Returns the log's records of this event.
    pub fn audited(&self, event: &str) -> Vec<Value> {
        let lines = self.logged();
        let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.filter(|record| record["audit"] == event).collect()
    }

    /// Returns every item of every table, as text.
    pub async fn stored(&self) -> String {
        let mut text = String::new();
        let tables = [self.app.grants.table(), self.app.clients.table(), self.app.users.table()];
        for table in tables {
            for item in table.all().await.unwrap() {
                writeln!(text, "{item:?}").unwrap();
            }
        }
        text
    }
}

/// Returns the items of `table`, each as text with its attributes in alphabetical order.
pub async fn items(table: &Table) -> BTreeSet<String> {
    let items = table.all().await.unwrap().into_iter();
    items.map(|item| format!("{:?}", BTreeMap::from_iter(item))).collect()
}

/// A denied request of a function is a mistake in its policy, even if the test passed.
impl Drop for Stack {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.dynamodb.denied(), Vec::<String>::new(), "see template.yaml");
        }
    }
}

/// A log in memory.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
