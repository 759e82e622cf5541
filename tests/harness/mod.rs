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
pub mod mcp;
pub mod openid;
pub mod oracle;
mod policy;
pub mod process;
mod registration;
mod resources;
mod response;
pub mod rights;

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

use jeton::local::{Database, Gateway, Storage, listen, route_scopes};
use serde_json::{Value, json};
use shared::{
    aws::Endpoint,
    config::{Config, RegistrationMode, SigningKeys, TableNames},
    dynamodb::{self, Table, schema},
    endpoint::App,
    log::{Level, Log},
    oauth::Switch,
    secret::Id,
    time::{Clock, Timestamp},
};
use strum::VariantArray as _;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub use authorization_request::{AuthorizationRequest, Redirect};
pub use browser::{Browser, HtmlForm, PASSWORD, TestUser};
pub use clients::{Registered, machine};
pub use command::Ran;
pub use compat::{JSON, legacy};
pub use fault::Fault;
pub use front::Front;
pub use inside::Guesser;
pub use policy::Policy;
pub use registration::{REGISTER, public_metadata, redirect_uris, tool};
pub use response::{Call, Response, altered};

/// The start time of every test: 2100-01-01, and half a second. It is ahead of every machine's clock, so that no database
/// deletes an item as expired while a test needs it.
const BEGIN_MS: u64 = 4_102_444_800_500;

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
    /// Starts a deployment with the default configuration.
    pub async fn start() -> Self {
        Self::configured(|_| ()).await
    }

    /// Starts a deployment with a changed configuration.
    pub async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        Self::behind(Gateway::start, change).await
    }

    /// Starts a deployment with the sample API of `serve --demo`.
    pub async fn with_sample_api() -> Self {
        Self::behind(Gateway::start_with_demo, |config| config.route_scopes = route_scopes()).await
    }

    /// Starts a deployment with every switch and feature.
    pub async fn with_everything() -> Self {
        let change = |config: &mut Config| {
            config.route_scopes = route_scopes();
            config.compat = Switch::VARIANTS.iter().copied().collect();
            config.account.personal_scopes = "read write".parse().unwrap();
            config.registration.mode = RegistrationMode::Open;
            config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
        };
        Self::behind(Gateway::start_with_demo, change).await
    }

    /// Starts another deployment on the same tables, with the same clock and log.
    pub async fn sibling(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.app.config.clone();
        change(&mut config);
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = self.app.grants.table().client();
        let log = Log::new(Level::Debug, self.log.clone());
        let app = Arc::new(app(config, client, self.app.clock.clone(), log).await);
        Self {
            url,
            dynamodb: self.dynamodb.clone(),
            now: Arc::clone(&self.now),
            log: self.log.clone(),
            http: self.http.clone(),
            _gateway: Gateway::start(Arc::clone(&app), listener),
            _database: None,
            app,
        }
    }

    /// Starts a deployment whose clocks are `ahead` milliseconds ahead of this machine's, where the command runs.
    pub async fn ahead_of_this_machine(ahead: i64) -> Self {
        let begin = Clock::system().now().millis().saturating_add_signed(ahead);
        Self::beginning(begin, Gateway::start, |_| ()).await
    }

    async fn behind(gateway: fn(Arc<App>, TcpListener) -> Gateway, change: impl FnOnce(&mut Config)) -> Self {
        Self::beginning(BEGIN_MS, gateway, change).await
    }

    async fn beginning(
        begin_ms: u64,
        gateway: fn(Arc<App>, TcpListener) -> Gateway,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let now = Arc::new(AtomicU64::new(begin_ms));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
        let (database, upstream) = database().await;
        let dynamodb = Front::start(upstream, clock.clone()).await;
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::read(|_| None).unwrap();
        config.issuer = Some(url.parse().unwrap());
        config.log_level = Level::Debug;
        let prefix = format!("test-{}", Id::random());
        config.tables = TableNames {
            tokens: format!("{prefix}-tokens"),
            clients: format!("{prefix}-clients"),
            users: format!("{prefix}-users"),
        };
        change(&mut config);
        dynamodb.deployed_with(rights::conditions(&config));
        let client = connect(&dynamodb.url).await;
        schema::create(&client, &config.tables).await.unwrap();
        let log = Buffer::default();
        let app = Arc::new(app(config, &client, clock, Log::new(Level::Debug, log.clone())).await);
        dynamodb.forget();
        let gateway = gateway(Arc::clone(&app), listener);
        Self {
            url,
            app,
            dynamodb,
            now,
            log,
            // Tests follow redirects themselves.
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
            _gateway: gateway,
            _database: database,
        }
    }

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

/// Returns the state of the functions. With OpenID Connect on, they sign with a local key.
async fn app(config: Config, client: &aws_sdk_dynamodb::Client, clock: Clock, log: Log) -> App {
    openid::sign_locally(App::new(config, client, clock, log)).await
}

async fn database() -> (Option<Database>, String) {
    #[expect(clippy::disallowed_methods, reason = "the test run's own configuration")]
    if let Ok(url) = std::env::var("JETON_TEST_DYNAMODB_URL") {
        return (None, url);
    }
    let database = Database::start(&Storage::Memory, [listen(0, "").await.unwrap()]).unwrap();
    let url = database.url().to_owned();
    (Some(database), url)
}

async fn connect(url: &str) -> aws_sdk_dynamodb::Client {
    let client = dynamodb::connect(Some(Endpoint { url: url.to_owned(), anonymous: true })).await.unwrap();
    // Requests are not signed with the test's clock.
    let config = client.config().to_builder().disable_clock_skew_correction(true);
    aws_sdk_dynamodb::Client::from_conf(config.interceptor(rights::TellRoute).build())
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
