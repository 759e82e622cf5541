//! A whole Jeton for one test: the functions behind HTTP, a DynamoDB of its own, and a clock that the test moves.
//!
//! The database is the embedded one, or the one at `JETON_TEST_DYNAMODB_URL` (AWS's DynamoDB Local). Between it and
//! the functions stands a [`Front`], which counts requests and capacity, denies what no policy of the template grants,
//! and can fail.

pub mod account;
mod answer;
mod asking;
mod browser;
pub mod chaos;
mod clients;
mod command;
mod compat;
pub mod dice;
mod front;
mod inside;
pub mod oracle;
pub mod person;
pub mod process;
pub mod rights;

use std::{
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
    app::App,
    compat::Switch,
    config::{Config, TableNames},
    dynamodb::{self, Endpoint},
    log::{Level, Log},
    secret::Id,
    table::{self, schema},
    time::{Clock, Timestamp},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub use answer::{Answer, Call, altered};
pub use asking::{Asking, Redirect};
pub use browser::{Browser, HtmlForm, PASSWORD, Person};
pub use clients::{Registered, machine};
pub use command::Ran;
pub use compat::{JSON, legacy};
pub use front::{Fault, Front};
pub use inside::Guesser;

/// When every test begins: 2100-01-01, and half a second. It is ahead of every machine's clock, so that no database
/// deletes what it thinks expired while a test still wants it.
const BEGIN_MS: u64 = 4_102_444_800_500;

/// The endpoints that clients authenticate at, each with what makes a good request to it.
pub const ENDPOINTS: [(&str, &[(&str, &str)]); 3] = [
    ("/oauth/token", &[("grant_type", "client_credentials")]),
    ("/oauth/revoke", &[("token", "garbage")]),
    ("/oauth/introspect", &[("token", "garbage")]),
];

/// A whole Jeton.
pub struct Stack {
    /// Where the functions answer, and the issuer.
    pub url: String,
    /// What the functions share.
    pub app: Arc<App>,
    /// What stands before DynamoDB.
    pub dynamodb: Front,
    now: Arc<AtomicU64>,
    log: Buffer,
    http: reqwest::Client,
    /// Dropped with the stack.
    _gateway: Gateway,
    _database: Option<Database>,
}

impl Stack {
    /// A Jeton with the strictest configuration.
    pub async fn start() -> Self {
        Self::configured(|_| ()).await
    }

    /// A Jeton with a configuration of its own.
    pub async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        Self::behind(Gateway::start, change).await
    }

    /// A Jeton with the sample API of `serve --demo`, protected by the authorizer.
    pub async fn with_sample_api() -> Self {
        Self::behind(Gateway::start_with_demo, |config| config.route_scopes = route_scopes()).await
    }

    /// A Jeton that does all that one can be deployed to do.
    pub async fn with_everything() -> Self {
        let change = |config: &mut Config| {
            config.route_scopes = route_scopes();
            config.compat = Switch::ALL.iter().copied().collect();
            config.account.personal_scopes = "read write".parse().unwrap();
        };
        Self::behind(Gateway::start_with_demo, change).await
    }

    /// Another deployment over the same tables, with the same clock and log.
    pub async fn sibling(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.app.config.clone();
        change(&mut config);
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = self.app.grants.table().client();
        let log = Log::new(Level::Debug, self.log.clone());
        let app = Arc::new(App::new(config, client, self.app.clock.clone(), log));
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

    /// A Jeton whose clock, and DynamoDB's, is `ahead` milliseconds ahead of this machine's, on which the command runs.
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
        dynamodb.forget();
        let log = Buffer::default();
        let app = Arc::new(App::new(config, &client, clock, Log::new(Level::Debug, log.clone())));
        let gateway = gateway(Arc::clone(&app), listener);
        Self {
            url,
            app,
            dynamodb,
            now,
            log,
            // A redirect is an answer: tests look at it, and follow it themselves.
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
            _gateway: gateway,
            _database: database,
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Moves the clock forward to a millisecond before `span` is over.
    pub fn advance_to_just_before(&self, span: Duration) {
        self.advance(span.saturating_sub(Duration::from_millis(1)));
    }

    /// Moves the clock by the millisecond that was left.
    pub fn advance_by_the_last_millisecond(&self) {
        self.advance(Duration::from_millis(1));
    }

    /// What the clock says.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// A request to `path`, to be completed and sent.
    pub fn post(&self, path: &str) -> Call {
        Call::new(self.http.post(format!("{}{path}", self.url)))
    }

    /// A request to `path` with another method.
    pub fn request(&self, method: &str, path: &str) -> Call {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        Call::new(self.http.request(method, format!("{}{path}", self.url)))
    }

    /// What the token endpoint answers to `client`, asking for a token of its own, and for `more`.
    pub async fn ask_for_token(&self, client: &Registered, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "client_credentials")], more].concat();
        self.post("/oauth/token").basic(client).form(&form).send().await
    }

    /// An access token of `client`'s own.
    pub async fn token(&self, client: &Registered) -> String {
        let answer = self.ask_for_token(client, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// What the revocation endpoint answers to `client`, giving back `token`.
    pub async fn revoke(&self, client: &Registered, token: &str) -> Answer {
        self.post("/oauth/revoke").basic(client).form(&[("token", token)]).send().await
    }

    /// Holds `token` to being of no use, as `asker` is told.
    pub async fn is_inactive(&self, asker: &Registered, token: &str) {
        assert_eq!(self.introspect(asker, token).await, json!({ "active": false }), "{token}");
    }

    /// What `asker` is told about `token`.
    pub async fn introspect(&self, asker: &Registered, token: &str) -> Value {
        let answer = self.post("/oauth/introspect").basic(asker).form(&[("token", token)]).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// What is answered to these very bytes, on a connection that then ends.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut connection = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = connection.write_all(bytes.as_ref()).await;
        // It takes the end of what is sent for the end of all interest, unless it was asked to close itself.
        if !bytes.as_ref().windows(19).any(|bytes| bytes == b"connection: close\r\n") {
            let _ = connection.shutdown().await;
        }
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// How many grants are kept.
    pub async fn grants(&self) -> usize {
        self.kept_of_kind("g").await
    }

    /// How many items of this kind, the part of their key before `#`, the table of what expires keeps.
    pub async fn kept_of_kind(&self, kind: &str) -> usize {
        let items = self.app.grants.table().all().await.unwrap();
        items.iter().filter(|item| table::kind(item) == Some(kind)).count()
    }

    /// Everything that was logged.
    pub fn logged(&self) -> String {
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    /// The log's records of this kind.
    pub fn audited(&self, event: &str) -> Vec<Value> {
        let lines = self.logged();
        let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.filter(|record| record["audit"] == event).collect()
    }

    /// Every item of every table, as text.
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

/// A function that was denied something is a mistake in its policy, however well it took it.
impl Drop for Stack {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.dynamodb.denied(), Vec::<String>::new(), "see template.yaml");
        }
    }
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
    // A test's clock is none that requests are signed by.
    let config = client.config().to_builder().disable_clock_skew_correction(true);
    aws_sdk_dynamodb::Client::from_conf(config.interceptor(rights::TellRoute).build())
}

/// A log that can be read back.
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
