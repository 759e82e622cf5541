//! A deployment in memory, with every feature, clients, a user, and live tokens.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use jeton::local::{Database, LocalSigner, PrivateKey, Storage, connect};
use shared::{
    clients::{RegisteredSecret, Registration},
    config::Config,
    dynamodb::schema,
    endpoint::App,
    log::{Level, Log},
    oauth::GrantType,
    openid::{SigningKey, Start},
    resources::Resource,
    secret::{ClientSecret, Id, Secret},
    time::{Clock, Timestamp},
    users::{Password, PasswordHash, User, password, user_agent::UserAgent},
};
use tokio::runtime::Runtime;

use crate::{exchange, names::Names};

/// The issuer.
pub const ISSUER: &str = "https://as.example";
/// The user's password.
pub const PASSWORD: &str = "correct-Horse-battery-7";
/// Where clients may get their codes.
pub const CALLBACKS: [&str; 3] =
    ["https://app.example/cb", "http://127.0.0.1/cb", "com.example.app:/oauth2redirect"];
/// The time of every request, in milliseconds: 2100-01-01. It is ahead of every machine's clock, so that the database deletes
/// no item as expired.
const NOW_MS: u64 = 4_102_444_800_500;
/// The number of executions that one deployment serves. A deployment that served all would grow with them.
const EXECUTIONS: u32 = 500;

/// The variables of the deployment.
const VARIABLES: [(&str, &str); 10] = [
    ("JETON_ISSUER", ISSUER),
    ("JETON_LANGUAGES", "en,fr"),
    ("JETON_REGISTRATION", "open"),
    ("JETON_SIGNING_KEYS", "local"),
    ("JETON_PERSONAL_SCOPES", "read write"),
    ("JETON_DEVELOPER_SCOPES", "read write"),
    ("JETON_GUEST_SCOPES", "guest"),
    ("JETON_BASIC_SCOPES", "read"),
    (
        "JETON_ROUTE_SCOPES",
        "GET /api/notes=read; POST /api/notes=write; GET /api/notes/{id}=read; GET /api/{path+}=guest",
    ),
    (
        "JETON_COMPAT",
        "password,implicit,json,expires,no-rotation,ttl,query-credentials,token-scheme,temp-token-scheme,basic-user,\
         basic-client,query-token,query-client,guest,user-expire,usergrid-revoke",
    ),
];

/// The requests that make the live tokens, and the name for the access token of each.
const SETUP: [(&str, &str); 3] = [
    (
        "POST /oauth/token\n\
         authorization: Basic {basic:machine:<machine-secret>}\n\
         content-type: application/x-www-form-urlencoded\n\n\
         grant_type=client_credentials",
        "machine-access",
    ),
    (
        "POST /oauth/token\n\
         authorization: Basic {basic:old:<old-secret>}\n\
         content-type: application/x-www-form-urlencoded\n\n\
         grant_type=client_credentials",
        "old-access",
    ),
    (
        "GET /oauth/authorize?response_type=code&client_id=web&scope=openid+read&nonce=n\
         &code_challenge={challenge}&code_challenge_method=S256\n\
         cookie: __Host-jeton-session={session}\n\
         ===\n\
         POST /oauth/token\n\
         authorization: Basic {basic:web:<web-secret>}\n\
         content-type: application/x-www-form-urlencoded\n\n\
         grant_type=authorization_code&code={code}&code_verifier={verifier}",
        "web-access",
    ),
];

/// The key that signs ID tokens.
static KEY: LazyLock<(PrivateKey, SigningKey)> =
    LazyLock::new(|| PrivateKey::make(Timestamp::from_millis(0)).unwrap());
/// The hash of the user's password.
static HASH: LazyLock<PasswordHash> =
    LazyLock::new(|| password::hash(Password::new(PASSWORD.to_owned()).unwrap()));

/// A deployment.
pub struct Deployment {
    pub app: Arc<App>,
    pub names: Names,
    user: Id,
    log: Buffer,
    /// The address of the last request that had its own.
    addresses: Cell<u32>,
    runtime: Runtime,
    _database: Database,
}

/// The log of a deployment.
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

/// Runs `execution` on the deployment of this process, which is a new one after [`EXECUTIONS`].
pub fn with_deployment<T>(execution: impl FnOnce(&Deployment) -> T) -> T {
    thread_local! {
        static DEPLOYMENT: RefCell<Option<(u32, Deployment)>> = const { RefCell::new(None) };
    }
    DEPLOYMENT.with_borrow_mut(|deployment| {
        if deployment.as_ref().is_none_or(|(executions, _)| *executions == EXECUTIONS) {
            *deployment = Some((0, Deployment::start()));
        }
        let (executions, deployment) = deployment.as_mut().unwrap();
        *executions += 1;
        deployment.log.0.lock().unwrap().clear();
        execution(deployment)
    })
}

impl Deployment {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = Config::read(|name| {
            let value = VARIABLES.iter().find(|(variable, _)| *variable == name);
            value.map(|(_, value)| (*value).to_owned())
        });
        let (config, log) = (config.unwrap(), Buffer::default());
        let (database, app) = runtime.block_on(async {
            let database = Database::start(&Storage::Memory, []).unwrap();
            let client = connect(database.engine().clone()).await.unwrap();
            schema::create(&client, &config.tables).await.unwrap();
            let clock = Clock::from_fn(|| Timestamp::from_millis(NOW_MS));
            let app = App::new(config, &client, clock, Log::new(Level::Debug, log.clone()));
            let signer = LocalSigner::new(app.clients.table().clone());
            (database, Arc::new(app.signing_with(Arc::new(signer))))
        });
        let user = Id::from_bits(1);
        let mut deployment = Self {
            app,
            names: Names::default(),
            user,
            log,
            addresses: Cell::new(0),
            runtime,
            _database: database,
        };
        let names = deployment.block_on(register(&deployment.app, user));
        deployment.names = names;
        for (requests, name) in SETUP {
            let mut names = exchange::run(&deployment, requests);
            let access = names.get("access").to_owned();
            names.set(name, access);
            deployment.names = names;
        }
        for name in ["machine-access", "old-access", "web-access", "refresh", "id-token"] {
            assert!(!deployment.names.get(name).is_empty(), "{name}: {}", deployment.logged());
        }
        deployment
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Returns what was logged since the execution began.
    pub fn logged(&self) -> String {
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    /// Returns an address that no request came from before.
    pub fn next_address(&self) -> String {
        let address = self.addresses.get() + 1;
        self.addresses.set(address);
        std::net::Ipv4Addr::from_bits(address).to_string()
    }

    /// Returns the names of an execution. If `text` has the name `session`, it is a new one.
    pub fn names(&self, text: &str) -> Names {
        let mut names = self.names.clone();
        if text.contains("{session}") {
            let session = self.app.sessions.begin(self.user, UserAgent::default(), self.app.clock.now());
            names.set("session", self.block_on(session).unwrap().expose());
        }
        names
    }
}

/// Registers the clients, the resource, the signing key and the user.
async fn register(app: &App, user: Id) -> Names {
    let (now, mut names) = (app.clock.now(), Names::default());
    for (nth, (id, registration)) in (0..).zip(registrations()) {
        let public = registration.public;
        let (mut client, _) = registration.accept(id.parse().unwrap(), now).unwrap();
        names.set(id, id);
        if !public {
            let secret = Secret::<ClientSecret>::new(Id::from_bits(nth), &[7; 32]);
            client.secrets = vec![RegisteredSecret::new(&secret, now)];
            names.set(&format!("{id}-secret"), secret.expose());
        }
        app.clients.create(&client).await.unwrap();
    }

    let resource = Resource {
        uri: "https://api.example/mcp".parse().unwrap(),
        name: "Notes".to_owned(),
        scope: "read write".parse().unwrap(),
        default_scope: "read".parse().unwrap(),
        open: true,
    };
    let registry = app.resources.read().await.unwrap();
    app.resources.replace(&registry, &registry.with(resource).unwrap()).await.unwrap();

    let (private, public) = &*KEY;
    private.store(app.clients.table()).await.unwrap();
    let list = app.signing_keys.read().await.unwrap();
    app.signing_keys.replace(&list, &list.with(public.clone(), Start::Now, now)).await.unwrap();

    let ada = User::new(user, "ada".parse().unwrap(), HASH.clone(), now);
    app.users.create(&ada).await.unwrap();
    app.users.grant_role(user, &"developer".parse().unwrap()).await.unwrap();
    names.set("ada", user.to_string());
    names.set("password", PASSWORD);
    // RFC 7636, appendix B.
    names.set("verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    names.set("challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    names.set("session", app.sessions.begin(user, UserAgent::default(), now).await.unwrap().expose());
    names
}

/// Returns the clients: a website of the deployment's owner, an application, a service, a resource server, and an older
/// service with every compatibility switch.
fn registrations() -> [(&'static str, Registration); 5] {
    let strings = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let scope = strings(&["read", "write", "openid", "profile", "email"]);
    let named = |name: &str| Registration { name: name.to_owned(), ..Registration::default() };
    [
        (
            "web",
            Registration {
                redirect_uris: strings(&CALLBACKS[..1]),
                post_logout_redirect_uris: strings(&CALLBACKS[..1]),
                scope: scope.clone(),
                first_party: true,
                ..named("Web")
            },
        ),
        ("app", Registration { public: true, redirect_uris: strings(&CALLBACKS), scope, ..named("App") }),
        (
            "machine",
            Registration {
                grant_types: vec![GrantType::ClientCredentials],
                scope: strings(&["read", "write"]),
                ..named("Machine")
            },
        ),
        ("rs", Registration { resource_server: true, ..named("Resource server") }),
        (
            "old",
            Registration {
                grant_types: vec![
                    GrantType::AuthorizationCode,
                    GrantType::ClientCredentials,
                    GrantType::Implicit,
                    GrantType::Password,
                    GrantType::RefreshToken,
                ],
                redirect_uris: strings(&CALLBACKS[..1]),
                scope: strings(&["read", "write"]),
                pkce_optional: true,
                compat: "password,implicit,json,expires,no-rotation,ttl,query-credentials".parse().unwrap(),
                ..named("Old")
            },
        ),
    ]
}
