//! The server, with its clients, users and grants.

use std::{cell::RefCell, collections::VecDeque, net::SocketAddr, path::Path, time::Duration};

use futures_util::future::try_join_all;
use serde::Deserialize;
use tokio::{process::Command, time::Instant};

use super::{
    Error,
    request::{Kind, Outcome},
};
use crate::{
    browser::{Browser, Form, authorization, redemption},
    directory::Directory,
    http::{Connection, basic, json, post},
    jeton::{Admin, PASSWORD},
    process::{MEASURED, Process},
    statistics::median,
};

/// Grants that are refreshed: more than the server works on at a time.
const GRANTS: usize = 1_000;
/// Users that sign in again and again.
const USERS: usize = 300;
/// The browsers of each user: fewer than may try to sign in to one account at a time.
const BROWSERS: usize = 8;
/// How long the capacity is measured, and with how many connections.
const CAPACITY: (Duration, usize) = (Duration::from_secs(5), 16);
/// The requests by which the usual latency is measured, and by which the recovery is.
const LOOKS: usize = 20;
/// The pause between two of them.
const PAUSE: Duration = Duration::from_millis(20);
/// How many times the usual latency is as usual.
const AS_USUAL: f64 = 3.0;
/// How long a recovery may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The redirect URI of the application.
const CALLBACK: &str = "https://app.example.com/callback";
const SCOPE: &str = "read";

/// A grant, by its newest refresh token.
pub(super) struct Chain {
    pub(super) token: String,
}

/// A user with a login form in one of the user's browsers.
pub(super) struct User {
    pub(super) name: String,
    pub(super) browser: Browser,
    pub(super) form: Form,
}

/// The server, and what is known of it.
pub(super) struct Stage {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// The credentials of the confidential client.
    pub(super) service: String,
    /// Its access token.
    pub(super) token: String,
    /// The public client's id.
    pub(super) app: String,
    pub(super) chains: RefCell<VecDeque<Chain>>,
    pub(super) users: RefCell<VecDeque<User>>,
    /// That of the database.
    _directory: Directory,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    #[serde(default)]
    refresh_token: String,
}

impl Stage {
    /// Starts the server on a file, and makes clients, users and grants.
    pub(super) async fn start(jeton: &Path) -> Result<Self, Error> {
        let directory = Directory::new()?;
        let mut command = Command::new(jeton);
        command
            .args(["serve", "--port", "0", "--dynamodb-port", "0", "--database"])
            .arg(directory.database());
        command.env("JETON_LOG_LEVEL", "warn");
        let mut process = Process::start_server(MEASURED, command)?;
        let (address, dynamodb) = (process.next_address().await?, process.next_address().await?);
        let admin = Admin { jeton: jeton.to_owned(), dynamodb };
        let service = admin.create_client(&["--name", "service", "--scope", SCOPE]).await?;
        let app =
            ["--name", "app", "--scope", SCOPE, "--public", "--first-party", "--redirect-uri", CALLBACK];
        let app = admin.create_client(&app).await?.id;
        let mut stage = Self {
            process,
            address,
            service: basic(&service.id, &service.secret),
            token: String::new(),
            app,
            chains: RefCell::default(),
            users: RefCell::default(),
            _directory: directory,
        };
        let server = Connection::open(address).await?;
        stage.token = stage.machine_token(&server).await?;
        stage.make_users(&admin, &server).await?;
        stage.make_grants(&server).await?;
        Ok(stage)
    }

    async fn machine_token(&self, server: &Connection) -> Result<String, Error> {
        let fields = [("grant_type", "client_credentials")];
        let response = server.send(post("/oauth/token", &fields, Some(&self.service))?).await?;
        Ok(json::<Tokens>("client_credentials", &response)?.access_token)
    }

    async fn make_users(&self, admin: &Admin, server: &Connection) -> Result<(), Error> {
        for nth in 0..USERS {
            let name = format!("user-{nth}");
            admin.create_user(&name).await?;
            for _ in 0..BROWSERS {
                let mut browser = Browser::default();
                let form = browser.login_form(server).await?;
                self.users.borrow_mut().push_back(User { name: name.clone(), browser, form });
            }
        }
        Ok(())
    }

    async fn make_grants(&self, server: &Connection) -> Result<(), Error> {
        let mut browser = Browser::default();
        browser.sign_in(server, "user-0", PASSWORD).await?;
        let request = format!("/oauth/authorize?{}", authorization(&self.app, CALLBACK, SCOPE));
        for _ in 0..GRANTS {
            let code = browser.authorize(server, &request, CALLBACK).await?;
            let fields = [&redemption(&code, CALLBACK)[..], &[("client_id", &self.app)]].concat();
            let response = server.send(post("/oauth/token", &fields, None)?).await?;
            let token = json::<Tokens>("authorization_code", &response)?.refresh_token;
            self.chains.borrow_mut().push_back(Chain { token });
        }
        Ok(())
    }

    /// Sends a request of a kind, which must be answered. Returns its latency in milliseconds.
    async fn ask(&self, kind: Kind, server: &Connection) -> Result<f64, Error> {
        let begin = Instant::now();
        let mut subject = kind.subject(self).ok_or_else(|| Error::Wrong("no grant is free".to_owned()))?;
        let outcome = kind.send(self, server, &mut subject).await?;
        subject.give_back(self);
        match outcome {
            Outcome::Answered => Ok(begin.elapsed().as_secs_f64() * 1_000.0),
            Outcome::Refused => Err(Error::Wrong(format!("{}: refused without overload", kind.label()))),
            Outcome::Wrong(answer) => Err(Error::Wrong(answer)),
        }
    }

    /// Returns how many requests of these kinds the server answers in a second.
    pub(super) async fn capacity(&self, kinds: &[Kind]) -> Result<f64, Error> {
        let (time, connections) = CAPACITY;
        let begin = Instant::now();
        let workers = (0..connections).map(async |_| {
            let (server, mut answered) = (Connection::open(self.address).await?, 0_u32);
            for kind in kinds.iter().cycle() {
                if begin.elapsed() >= time {
                    break;
                }
                self.ask(*kind, &server).await?;
                answered += 1;
            }
            Ok::<_, Error>(answered)
        });
        let answered: u32 = try_join_all(workers).await?.into_iter().sum();
        Ok(f64::from(answered) / begin.elapsed().as_secs_f64())
    }

    /// Returns the median latency of a request while the server does nothing else, in milliseconds.
    pub(super) async fn usual_latency(&self) -> Result<f64, Error> {
        let (server, mut latencies) = (Connection::open(self.address).await?, Vec::new());
        for _ in 0..LOOKS {
            latencies.push(self.ask(Kind::Introspection, &server).await?);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(median(&latencies))
    }

    /// Waits until the median of the latencies is as usual. Returns how long that took.
    pub(super) async fn recovery(&self, usual: f64) -> Result<Duration, Error> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let first = begin.elapsed();
            match self.usual_latency().await {
                Ok(latency) if latency <= usual * AS_USUAL => return Ok(first),
                Ok(_) | Err(Error::Wrong(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::NotRecovered)
    }

    /// Refreshes every grant. Returns their number, and how many succeeded.
    pub(super) async fn valid_grants(&self) -> Result<[usize; 2], Error> {
        let (server, all) = (Connection::open(self.address).await?, self.chains.borrow().len());
        let mut valid = 0;
        for _ in 0..all {
            valid += usize::from(self.ask(Kind::Refresh, &server).await.is_ok());
        }
        Ok([all, valid])
    }
}
