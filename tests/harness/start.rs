//! The start of a deployment.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_sdk_dynamodb::Client;
use jeton::local::{Database, Gateway, Storage, listen, route_scopes};
use shared::{
    config::{Config, RegistrationMode, SigningKeys, TableNames},
    dynamodb::schema,
    endpoint::App,
    log::{Level, Log},
    oauth::Switch,
    secret::Id,
    time::{Clock, Timestamp},
};
use strum::VariantArray as _;
use tokio::net::TcpListener;

use super::{
    Buffer, Front, Stack, openid, rights,
    wire::{self, Address, Upstream},
};

/// The start time of every test: 2100-01-01, and half a second. It is ahead of every machine's clock, so that no database
/// deletes an item as expired while a test needs it.
const BEGIN_MS: u64 = 4_102_444_800_500;

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
        self.beside(self.app.grants.table().client(), Gateway::start, change).await
    }

    /// Starts another deployment on the same tables, with the sample API, that waits for DynamoDB only as long as in Lambda.
    pub async fn as_impatient_as_in_lambda(&self) -> Self {
        let client = wire::connect_impatiently(self.dynamodb.clone()).await;
        self.beside(&client, Gateway::start_with_demo, |_| ()).await
    }

    async fn beside(
        &self,
        client: &Client,
        gateway: fn(Arc<App>, TcpListener) -> io::Result<Gateway>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = self.app.config.clone();
        change(&mut config);
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Log::new(Level::Debug, self.log.clone());
        let app = Arc::new(app(config, client, self.app.clock.clone(), log).await);
        Self {
            url,
            dynamodb: self.dynamodb.clone(),
            now: Arc::clone(&self.now),
            log: self.log.clone(),
            http: self.http.clone(),
            _gateway: gateway(Arc::clone(&app), listener).unwrap(),
            _database: None,
            app,
        }
    }

    /// Starts a deployment whose clocks are `ahead` milliseconds ahead of this machine's, where the command runs.
    pub async fn ahead_of_this_machine(ahead: i64) -> Self {
        let begin = Clock::system().now().millis().saturating_add_signed(ahead);
        Self::beginning(begin, Gateway::start, database(), |_| ()).await
    }

    /// Starts a deployment on the database that another process serves at `url`.
    pub async fn on_database_at(url: Address, change: impl FnOnce(&mut Config)) -> Self {
        let upstream = Upstream::Http(reqwest::Client::new(), url);
        Self::beginning(BEGIN_MS, Gateway::start, (None, upstream), change).await
    }

    /// Starts a deployment whose clock is this machine's when it starts.
    pub async fn from_now_on(change: impl FnOnce(&mut Config)) -> Self {
        Self::beginning(Clock::system().now().millis(), Gateway::start, database(), change).await
    }

    pub(super) async fn behind(
        gateway: fn(Arc<App>, TcpListener) -> io::Result<Gateway>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::beginning(BEGIN_MS, gateway, database(), change).await
    }

    async fn beginning(
        begin_ms: u64,
        gateway: fn(Arc<App>, TcpListener) -> io::Result<Gateway>,
        (database, upstream): (Option<Database>, Upstream),
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let now = Arc::new(AtomicU64::new(begin_ms));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
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
        let client = wire::connect(dynamodb.clone()).await;
        schema::create(&client, &config.tables).await.unwrap();
        let log = Buffer::default();
        let app = Arc::new(app(config, &client, clock, Log::new(Level::Debug, log.clone())).await);
        dynamodb.forget();
        let gateway = gateway(Arc::clone(&app), listener).unwrap();
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
}

/// Returns the state of the functions. With OpenID Connect on, they sign with a local key.
pub(super) async fn app(config: Config, client: &Client, clock: Clock, log: Log) -> App {
    openid::sign_locally(App::new(config, client, clock, log)).await
}

fn database() -> (Option<Database>, Upstream) {
    #[expect(clippy::disallowed_methods, reason = "the test run's own configuration")]
    if let Ok(url) = std::env::var("JETON_TEST_DYNAMODB_URL") {
        return (None, Upstream::Http(reqwest::Client::new(), Address::new(url.into())));
    }
    let database = Database::start(&Storage::Memory, []).unwrap();
    let upstream = Upstream::Embedded(database.engine().clone());
    (Some(database), upstream)
}
