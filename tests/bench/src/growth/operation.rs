//! The measured operations.

use std::{collections::VecDeque, io, time::Duration};

use hyper::header::{COOKIE, HeaderValue};
use serde_json::Value;
use shared::{
    grants::{Grant, Terms},
    oauth::Scope,
    secret::{AuthorizationCode, Id, Secret, random},
    users::user_agent::UserAgent,
};

use super::{
    clients::{Registered, SCOPE},
    dataset,
    deployment::Deployment,
};
use crate::{
    browser::VERIFIER,
    http::{self, Call, Connection},
    process::{now, run},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Operation {
    ClientCredentials,
    Redemption,
    Refresh,
    Introspection,
    Revocation,
    Applications,
    Sessions,
    UserShow,
    TokenList,
}

impl Operation {
    pub(super) const ALL: [Self; 9] = [
        Self::ClientCredentials,
        Self::Redemption,
        Self::Refresh,
        Self::Introspection,
        Self::Revocation,
        Self::Applications,
        Self::Sessions,
        Self::UserShow,
        Self::TokenList,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "`client_credentials`",
            Self::Redemption => "code redemption",
            Self::Refresh => "refresh",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Applications => "list of a user's applications",
            Self::Sessions => "list of a user's sessions",
            Self::UserShow => "`jeton user show`",
            Self::TokenList => "`jeton token list`",
        }
    }

    /// Returns whether this is a command, which runs in a process of its own.
    pub(super) const fn is_command(self) -> bool {
        self.command().is_some()
    }

    /// Returns the command's arguments, before the user's name, if this is a command and no request.
    const fn command(self) -> Option<&'static [&'static str]> {
        match self {
            Self::UserShow => Some(&["user", "show"]),
            Self::TokenList => Some(&["token", "list", "--user"]),
            Self::ClientCredentials
            | Self::Redemption
            | Self::Refresh
            | Self::Introspection
            | Self::Revocation
            | Self::Applications
            | Self::Sessions => None,
        }
    }
}

/// A request that is ready to be sent.
struct Job {
    request: Call,
    /// The application whose refresh token the response has.
    application: Option<usize>,
}

/// The load on one deployment: what it has of tokens and cookies.
pub(super) struct Load {
    pub(super) deployment: Deployment,
    connection: Connection,
    cookies: Vec<HeaderValue>,
    /// Users' access tokens, which are introspected in turn.
    access_tokens: Vec<String>,
    /// Clients' own access tokens, and the number of the client; each is revoked once.
    revocable: VecDeque<(usize, String)>,
    /// Refresh tokens, and the number of the application.
    refresh_tokens: VecDeque<(usize, String)>,
    /// The number of jobs so far, by which they choose.
    turn: usize,
    /// The number of grants so far that the operations have added.
    pub(super) added: usize,
}

/// A command takes as long as many requests, so it runs less often.
const REQUESTS_FOR_A_COMMAND: usize = 10;
/// The users whose lists are requested, and the sessions of each.
const USERS: usize = 10;
const SESSIONS: usize = 3;
/// The requests that do not count, with which a server begins that was stopped.
const WARM_UP: usize = 10;
/// How long a server must rest before it is measured.
const QUIET: Duration = Duration::from_millis(300);

impl Load {
    pub(super) async fn on(deployment: Deployment) -> io::Result<Self> {
        let (app, sample, mut cookies) = (&deployment.app, &deployment.sample, Vec::new());
        for user in sample.users.iter().take(USERS) {
            for _ in 0..SESSIONS {
                let begun = app.sessions.begin(*user, UserAgent::default(), app.clock.now()).await;
                let session = begun.map_err(io::Error::other)?;
                let cookie = format!("jeton-session={}", session.expose()).try_into();
                cookies.push(cookie.map_err(io::Error::other)?);
            }
        }
        let machines = sample.machines.iter().map(|(nth, token)| (*nth, token.expose().to_owned()));
        let refresh = sample.pairs.iter().map(|(nth, pair)| (*nth, pair.refresh.expose().to_owned()));
        let access = sample.pairs.iter().map(|(_, pair)| pair.access.expose().to_owned());
        Ok(Self {
            connection: connect(&deployment).await?,
            cookies,
            access_tokens: access.collect(),
            revocable: machines.collect(),
            refresh_tokens: refresh.collect(),
            turn: 0,
            added: 0,
            deployment,
        })
    }

    /// Prepares a request, so that it only needs to be sent.
    async fn prepare(&mut self, operation: Operation) -> io::Result<Job> {
        self.turn += 1;
        let (turn, clients) = (self.turn, &self.deployment.clients);
        let mut of = None;
        let request = match operation {
            Operation::ClientCredentials => {
                let client = nth(&clients.machines, turn)?;
                post("/oauth/token", client, &[("grant_type", "client_credentials")])
            }
            Operation::Redemption => {
                let client = nth(&clients.applications, turn)?;
                let code = self.issue_code(client).await?;
                let grant_type = ("grant_type", "authorization_code");
                let fields = [grant_type, ("code", code.expose()), ("code_verifier", VERIFIER)];
                post("/oauth/token", client, &fields)
            }
            Operation::Refresh => {
                let (application, token) = self.refresh_tokens.pop_front().ok_or_else(too_few)?;
                of = Some(application);
                let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
                post("/oauth/token", nth(&clients.applications, application)?, &fields)
            }
            Operation::Introspection => {
                let token = nth(&self.access_tokens, turn)?;
                post("/oauth/introspect", &clients.resource_server, &[("token", token)])
            }
            Operation::Revocation => {
                let (machine, token) = self.revocable.pop_front().ok_or_else(too_few)?;
                post("/oauth/revoke", nth(&clients.machines, machine)?, &[("token", &token)])
            }
            Operation::Applications => self.get("/account", turn),
            Operation::Sessions => self.get("/account/sessions", turn),
            Operation::UserShow | Operation::TokenList => {
                return Err(io::Error::other("a command is no request"));
            }
        };
        Ok(Job { request: request?, application: of })
    }

    fn get(&self, path: &str, turn: usize) -> io::Result<Call> {
        let mut call = http::get(path).map_err(io::Error::other)?;
        call.headers_mut().insert(COOKIE, nth(&self.cookies, turn)?.clone());
        Ok(call)
    }

    /// Stores the grant that a user's consent leads to, as the authorization endpoint does, and returns its code. The user
    /// is one whose grants are never listed, so that the lists stay as long as they are.
    async fn issue_code(&self, client: &Registered) -> io::Result<Secret<AuthorizationCode>> {
        let (app, code) = (&self.deployment.app, Secret::new(Id::random(), &random()));
        let terms = Terms {
            client: &client.client,
            scope: Scope::of(SCOPE).map_err(io::Error::other)?,
            resource: None,
            issuer: app.config.issuer.clone().ok_or_else(|| io::Error::other("no issuer"))?,
            now: app.clock.now(),
        };
        let user = nth(&self.deployment.sample.redeemers, self.turn)?;
        let grant = Grant::for_user(terms, &dataset::consent(*user, app.clock.now()), &code);
        app.grants.issue(&grant).await.map_err(io::Error::other)?;
        Ok(code)
    }

    /// Lets the server go on, and waits until it is as it was: its sweep is due if it was stopped for long.
    pub(super) async fn resume(&mut self) -> io::Result<()> {
        self.deployment.resume()?;
        self.deployment.server.rest(QUIET).await?;
        self.connection = connect(&self.deployment).await?;
        self.measure(Operation::Introspection, WARM_UP).await.map(drop)
    }

    /// Makes the operation `times` times, one after the other. Returns the latency of each, in milliseconds, and the
    /// processor time of the functions' process for one, in microseconds.
    pub(super) async fn measure(
        &mut self,
        operation: Operation,
        times: usize,
    ) -> io::Result<(Vec<f64>, f64)> {
        if let Some(command) = operation.command() {
            return self.measure_command(command, times.div_ceil(REQUESTS_FOR_A_COMMAND)).await;
        }
        let mut jobs = Vec::new();
        for _ in 0..times {
            jobs.push(self.prepare(operation).await?);
        }
        let (before, mut latencies) = (self.deployment.server.threads()?, Vec::new());
        for job in jobs {
            let begin = now();
            let failed = |error: http::Error| self.deployment.server.wrong(&error.to_string());
            let response = self.connection.send(job.request).await.map_err(failed)?;
            latencies.push(begin.elapsed().as_secs_f64() * 1_000.0);
            let wrong = || failed(http::Error::unexpected(operation.name(), &response));
            if response.status() != 200 {
                return Err(wrong());
            }
            let json = || serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
            if operation == Operation::Introspection && json().get("active") != Some(&Value::Bool(true)) {
                return Err(wrong());
            }
            if matches!(operation, Operation::ClientCredentials | Operation::Redemption) {
                self.added += 1;
            }
            if let Some(application) = job.application {
                let json = json();
                let token = json.get("refresh_token").and_then(Value::as_str).ok_or_else(wrong)?;
                self.refresh_tokens.push_back((application, token.to_owned()));
            }
        }
        let spent = self.deployment.server.threads()?.since(&before)?;
        Ok((latencies, micros(spent) / count(times)))
    }

    /// Runs the command on users in turn.
    async fn measure_command(&mut self, command: &[&str], times: usize) -> io::Result<(Vec<f64>, f64)> {
        let (before, mut latencies) = (self.deployment.server.threads()?, Vec::new());
        for _ in 0..times {
            self.turn += 1;
            let user = dataset::user_name(self.turn % self.deployment.sample.users.len().max(1));
            let arguments = [&["--endpoint-url", &self.deployment.dynamodb_url], command, &[&user]].concat();
            let begin = now();
            run(&self.deployment.jeton, &arguments, "").await?;
            latencies.push(begin.elapsed().as_secs_f64() * 1_000.0);
        }
        let spent = self.deployment.server.threads()?.since(&before)?;
        Ok((latencies, micros(spent) / count(times)))
    }
}

async fn connect(deployment: &Deployment) -> io::Result<Connection> {
    Connection::open(deployment.address).await.map_err(io::Error::other)
}

fn post(path: &str, client: &Registered, fields: &[(&str, &str)]) -> io::Result<Call> {
    let authorization = http::basic(client.client.id.as_str(), &client.secret);
    http::post(path, fields, Some(&authorization)).map_err(io::Error::other)
}

fn nth<T>(all: &[T], nth: usize) -> io::Result<&T> {
    nth.checked_rem(all.len()).and_then(|nth| all.get(nth)).ok_or_else(too_few)
}

fn too_few() -> io::Error {
    io::Error::other("too few samples: make fewer operations or rounds")
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn count(times: usize) -> f64 {
    times as f64
}
