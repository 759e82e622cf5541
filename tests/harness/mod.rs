//! A whole Jeton for one test: the functions behind HTTP, a DynamoDB of its own, and a clock that the test moves.
//!
//! The database is the embedded one, or the one at `JETON_TEST_DYNAMODB_URL` (AWS's DynamoDB Local). Between it and
//! the functions stands a [`Front`], which counts requests and capacity, and can fail.

mod answer;
mod command;
mod front;
mod person;

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jeton::local::{Database, Gateway, Storage, listen};
use serde_json::Value;
use shared::{
    app::App,
    client::{AuthMethod, ClientId, GrantType, Registration},
    config::{Config, TableNames},
    dynamodb::{self, Endpoint},
    log::{Level, Log},
    secret::Id,
    table::schema,
    time::{Clock, Timestamp},
};

pub use answer::Call;
pub use command::Ran;
pub use front::{Fault, Front};

/// When every test begins: 2026-01-01, and half a second.
const BEGIN_MS: u64 = 1_767_225_600_500;

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

/// A registered client, and its secret.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Its secret; empty if it is public.
    pub secret: String,
}

impl Stack {
    /// A Jeton with the strictest configuration.
    pub async fn start() -> Self {
        Self::configured(|_| ()).await
    }

    /// A Jeton with a configuration of its own.
    pub async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let (database, upstream) = database().await;
        let dynamodb = Front::start(upstream).await;
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
        let client = connect(&dynamodb.url).await;
        schema::create(&client, &config.tables).await.unwrap();
        dynamodb.forget();
        let now = Arc::new(AtomicU64::new(BEGIN_MS));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
        let log = Buffer::default();
        let app = Arc::new(App::new(config, &client, clock, Log::new(Level::Debug, log.clone())));
        let gateway = Gateway::start(Arc::clone(&app), listener);
        Self {
            url,
            app,
            dynamodb,
            now,
            log,
            http: reqwest::Client::new(),
            _gateway: gateway,
            _database: database,
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
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

    /// Registers a client.
    pub async fn register(&self, registration: Registration) -> Registered {
        let (client, secret) = registration.accept(ClientId::random(), self.now()).unwrap();
        self.app.clients.create(&client).await.unwrap();
        let secret = secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
        Registered { id: client.id.to_string(), secret }
    }

    /// The fixture `machine` of the checklist: `client_credentials` only, scope `read write`.
    pub async fn machine(&self) -> Registered {
        self.register(machine()).await
    }

    /// The fixture `rs`: a resource server.
    pub async fn resource_server(&self) -> Registered {
        self.register(Registration {
            resource_server: true,
            name: "rs".to_owned(),
            ..Registration::default()
        })
        .await
    }

    /// The fixture `web`: confidential, with redirect URIs.
    pub async fn web(&self) -> Registered {
        self.register(Registration {
            name: "web".to_owned(),
            redirect_uris: vec!["https://app.example.com/oauth/callback".to_owned()],
            scope: vec!["read".to_owned(), "write".to_owned()],
            ..machine_methods()
        })
        .await
    }

    /// The fixture `public`: a native or browser application.
    pub async fn public(&self) -> Registered {
        self.register(Registration {
            name: "public".to_owned(),
            public: true,
            redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
            scope: vec!["read".to_owned()],
            ..Registration::default()
        })
        .await
    }

    /// An access token of `client`'s own.
    pub async fn token(&self, client: &Registered) -> String {
        let answer = self
            .post("/oauth/token")
            .basic(client)
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// What `asker` is told about `token`.
    pub async fn introspect(&self, asker: &Registered, token: &str) -> Value {
        let answer = self.post("/oauth/introspect").basic(asker).form(&[("token", token)]).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
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
                text.push_str(&format!("{item:?}\n"));
            }
        }
        text
    }
}

/// What `machine` registers as.
pub fn machine() -> Registration {
    Registration {
        name: "machine".to_owned(),
        grant_types: vec![GrantType::ClientCredentials],
        scope: vec!["read".to_owned(), "write".to_owned()],
        ..machine_methods()
    }
}

fn machine_methods() -> Registration {
    Registration {
        auth_methods: vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost],
        ..Registration::default()
    }
}

async fn database() -> (Option<Database>, String) {
    #[expect(clippy::disallowed_methods, reason = "the test run's own configuration")]
    if let Ok(url) = std::env::var("JETON_TEST_DYNAMODB_URL") {
        return (None, url);
    }
    let listener = listen(0, "").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (Some(Database::start(&Storage::Memory, listener).unwrap()), url)
}

async fn connect(url: &str) -> aws_sdk_dynamodb::Client {
    dynamodb::connect(Some(Endpoint { url: url.to_owned(), anonymous: true })).await.unwrap()
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
