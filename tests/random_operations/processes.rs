//! The processes that the run kills: the database, which is `jeton serve` with a file, and the functions, which are this
//! very program. The functions have the clock of the test.

use std::{fs::File, os::unix::fs::FileExt, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use jeton::local::{Gateway, LocalSigner, listen};
use serde::{Deserialize, Serialize};
use shared::{
    config::{Config, RegistrationMode, SigningKeys, TableNames},
    endpoint::App,
    log::{Level, Log},
    oauth::Switch,
    openid::Signer as _,
    time::{Clock, Timestamp},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::clients::FORMS;
use crate::harness::{
    Stack,
    dice::text_setting,
    process::{Directory, Server},
    wire::{self, Address},
};

/// The environment variable that makes the program the process of the functions: a [`Plan`] in JSON.
const PLAN: &str = "JETON_RANDOM_FUNCTIONS";
/// The beginning of the line that tells the URL of the functions.
const URL: &str = "the functions are at ";

/// Sets what both the functions and the administrator's instance are configured with.
pub fn configure(config: &mut Config) {
    config.compat = [Switch::NoRotation].iter().chain(FORMS[FORMS.len() - 1]).copied().collect();
    config.registration.mode = RegistrationMode::Open;
    (config.registration.per_address, config.registration.in_all) = (1_000_000, 1_000_000);
    config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
    config.account.personal_scopes = "read write".parse().unwrap();
    (config.rate_limit.per_account, config.rate_limit.per_address) = (super::accounts::ATTEMPTS, 1_000_000);
}

/// The database.
pub struct Database {
    /// `None`: the database at `JETON_TEST_DYNAMODB_URL`, which is not killed.
    process: Option<(Server, Directory)>,
    pub url: Address,
}

impl Database {
    pub async fn start() -> Self {
        if let Some(url) = text_setting("JETON_TEST_DYNAMODB_URL") {
            return Self { process: None, url: Address::new(url.into()) };
        }
        let directory = Directory::new();
        let server = Server::over(&directory.join("jeton.db")).await;
        let url = Address::new(server.dynamodb_url.clone().into());
        Self { process: Some((server, directory)), url }
    }

    pub const fn can_be_killed(&self) -> bool {
        self.process.is_some()
    }

    /// Kills the database at once, if it can be killed.
    pub fn kill(&self) {
        if let Some((server, _)) = &self.process {
            server.kill();
        }
    }

    /// Starts the database again, after it was killed.
    pub async fn restart(&mut self) {
        let Some((killed, directory)) = self.process.take() else { return };
        killed.gone().await;
        let server = Server::over(&directory.join("jeton.db")).await;
        self.url.lock().unwrap().clone_from(&server.dynamodb_url);
        self.process = Some((server, directory));
    }
}

/// What the process of the functions needs to know.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// The URL of DynamoDB.
    dynamodb: String,
    issuer: String,
    /// The tables of tokens, clients and users.
    tables: [String; 3],
    /// The file that contains the time, in milliseconds.
    clock: PathBuf,
}

/// A process, and the rest of its output: a process whose output is closed ends.
type Process = (Child, Lines<BufReader<ChildStdout>>);

/// The functions.
pub struct Functions {
    plan: Plan,
    clock: File,
    _directory: Directory,
    process: Process,
    pub url: String,
}

impl Functions {
    /// Starts the functions of `stack`, which find DynamoDB at `dynamodb`.
    pub async fn start(stack: &Stack, dynamodb: String) -> Self {
        let directory = Directory::new();
        let (issuer, tables) = (stack.app.config.issuer.clone().unwrap(), &stack.app.config.tables);
        let plan = Plan {
            dynamodb,
            issuer: issuer.to_string(),
            tables: [&tables.tokens, &tables.clients, &tables.users].map(Clone::clone),
            clock: directory.join("clock").into(),
        };
        let clock = File::create(&plan.clock).unwrap();
        clock.write_all_at(&stack.now().millis().to_le_bytes(), 0).unwrap();
        let (process, url) = spawn(&plan).await;
        Self { plan, clock, _directory: directory, process, url }
    }

    /// Sets the clock.
    pub fn set_clock(&self, now: Timestamp) {
        self.clock.write_all_at(&now.millis().to_le_bytes(), 0).unwrap();
    }

    /// Kills the functions at once.
    pub fn kill(&self) {
        let id = self.process.0.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }

    /// Starts the functions again, after they were killed.
    pub async fn restart(&mut self) {
        self.process.0.wait().await.unwrap();
        (self.process, self.url) = spawn(&self.plan).await;
    }
}

async fn spawn(plan: &Plan) -> (Process, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "random_operations::processes::serves_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(PLAN, serde_json::to_string(plan).unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("the process tells its URL");
        if let Some((_, url)) = line.split_once(URL) {
            let url = url.to_owned();
            return ((process, lines), url);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process of the functions"]
async fn serves_until_it_is_killed() {
    let Some(plan) = text_setting(PLAN) else { return };
    let plan: Plan = serde_json::from_str(&plan).unwrap();
    let mut config = Config::read(|_| None).unwrap();
    configure(&mut config);
    config.issuer = Some(plan.issuer.parse().unwrap());
    let [tokens, clients, users] = plan.tables;
    config.tables = TableNames { tokens, clients, users };
    let file = File::open(&plan.clock).unwrap();
    let clock = Clock::from_fn(move || {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, 0).unwrap();
        Timestamp::from_millis(u64::from_le_bytes(bytes))
    });
    let client = wire::connect_to(&plan.dynamodb).await;
    let app = App::new(config, &client, clock, Log::new(Level::Error, std::io::sink()));
    let signer = LocalSigner::new(app.clients.table().clone());
    // The key is in memory before the first request: KMS needs no right to the tables.
    while !has_signed(&app, &signer).await {}
    let app = Arc::new(app.signing_with(Arc::new(signer)));
    let listener = listen(0, "").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _gateway = Gateway::start(app, listener).unwrap();
    println!("{URL}{url}");
    loop {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
}

async fn has_signed(app: &App, signer: &LocalSigner) -> bool {
    let Ok(list) = app.signing_keys.read().await else { return false };
    let Some(key) = list.keys().first() else { return false };
    signer.sign(&key.name, b"").await.is_ok()
}
