//! Jeton and its peers.

use std::{env, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::process::Command;

use super::{
    engine,
    error::Error,
    job::Job,
    target::{Authentication, Clients, Endpoints, Target},
};
use crate::{
    browser::Browser,
    http::Connection,
    jeton::{Admin, PASSWORD},
    process::{LOAD, MEASURED, Process},
};

/// The programs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    /// With clients cached, or not.
    Jeton {
        cache: bool,
    },
    OidcProvider,
    OpenAuth,
    OxideAuth {
        argon2: bool,
    },
}

/// Where a contender stores.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Storage {
    /// In its own process.
    Own,
    /// In the engine, whose process is on this processor.
    Engine(usize),
}

/// A program with its storage.
#[derive(Clone, Copy)]
pub(super) struct Contender {
    /// The name that `--only` takes.
    pub(super) name: &'static str,
    /// The name in tables.
    pub(super) label: &'static str,
    program: Program,
    storage: Storage,
}

const fn contender(name: &'static str, label: &'static str, program: Program, storage: Storage) -> Contender {
    Contender { name, label, program, storage }
}

/// The contenders, in the order of the tables.
pub(super) const CONTENDERS: [Contender; 11] = {
    use Program::{Jeton, OidcProvider, OpenAuth, OxideAuth};
    use Storage::{Engine, Own};

    [
        contender(JETON, "**Jeton**, its engine in the process", Jeton { cache: false }, Own),
        contender("jeton-cache", "**Jeton**, the same, clients cached", Jeton { cache: true }, Own),
        contender(JETON_BY_HTTP, "**Jeton**, DynamoDB by HTTP", Jeton { cache: false }, Engine(MEASURED)),
        contender(OIDC_PROVIDER, "oidc-provider, DynamoDB", OidcProvider, Engine(MEASURED)),
        contender(
            "oidc-provider-two-cores",
            "oidc-provider, DynamoDB on the load's core",
            OidcProvider,
            Engine(LOAD),
        ),
        contender("oidc-provider-memory", "oidc-provider, memory", OidcProvider, Own),
        contender("openauth", "OpenAuth, DynamoDB", OpenAuth, Engine(MEASURED)),
        contender("openauth-two-cores", "OpenAuth, DynamoDB on the load's core", OpenAuth, Engine(LOAD)),
        contender("openauth-memory", "OpenAuth, memory", OpenAuth, Own),
        contender("oxide-auth", "oxide-auth, memory", OxideAuth { argon2: false }, Own),
        contender("oxide-auth-argon2", "oxide-auth, memory, Argon2", OxideAuth { argon2: true }, Own),
    ]
};

/// The subject, as its users start it.
pub(super) const JETON: &str = "jeton";
/// The subject, on the engine as the peers are: by HTTP, with one processor for both.
pub(super) const JETON_BY_HTTP: &str = "jeton-http";
/// The peer of the aim: on the same engine, with one processor for both.
pub(super) const OIDC_PROVIDER: &str = "oidc-provider";

/// Jeton's cache of clients, in seconds: as in AWS by default, and as in `jeton serve` by default.
const CACHE: &str = "5";
const NO_CACHE: &str = "0";

/// Where the programs are.
pub(super) struct Programs {
    pub(super) jeton: PathBuf,
    /// The directory of the peers' scripts and packages.
    pub(super) peers: PathBuf,
}

/// A contender that runs.
pub(super) struct Server {
    pub(super) process: Process,
    pub(super) engine: Option<Process>,
    pub(super) target: Target,
    /// From the start of the program until it listened.
    pub(super) start: Duration,
    /// Its memory before the first request, in MiB.
    pub(super) idle_memory: f64,
}

impl Server {
    /// Kills the server, then its engine.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.process.kill().await?;
        if let Some(mut engine) = self.engine {
            engine.kill().await?;
        }
        Ok(())
    }

    /// Returns an error of a request, with what the server has written to standard error.
    pub(super) fn wrong(&self, error: &Error) -> Error {
        self.process.wrong(&error.to_string()).into()
    }
}

impl Contender {
    /// Returns whether this is Jeton, and no peer.
    pub(super) fn is_jeton(self) -> bool {
        matches!(self.program, Program::Jeton { .. })
    }

    /// Returns whether the server and the engine, in a process of its own, have one processor together.
    pub(super) fn shares_its_processor_with_the_engine(self) -> bool {
        self.storage == Storage::Engine(MEASURED)
    }

    /// Returns whether the engine and the load generator have one processor together.
    pub(super) fn has_the_engine_on_the_loads_processor(self) -> bool {
        self.storage == Storage::Engine(LOAD)
    }

    /// Returns whether this is one process, which stores by itself.
    pub(super) fn is_one_process(self) -> bool {
        self.storage == Storage::Own
    }

    /// Returns whether the server can do the job. With Argon2, only the job with a client secret differs.
    pub(super) fn offers(self, job: Job) -> bool {
        match (self.program, job) {
            (Program::OpenAuth | Program::OxideAuth { argon2: false }, Job::Introspection) => false,
            (Program::OxideAuth { argon2: true }, job) => job == Job::ClientCredentials,
            _ => true,
        }
    }

    /// Starts the server.
    pub(super) async fn start(self, programs: &Programs) -> Result<Server, Error> {
        let engine = match self.storage {
            Storage::Own => None,
            Storage::Engine(core) => Some(self.start_engine(core).await?),
        };
        let (engine, dynamodb) = engine.unzip();
        let mut process = Process::start_server(MEASURED, self.command(programs, dynamodb)?)?;
        let address = process.next_address().await?;
        let start = process.begin.elapsed();
        let idle_memory = process.memory()?.now;
        let (clients, browser) = if self.is_jeton() {
            // A server that has its DynamoDB in the process prints that address after its own.
            let dynamodb = match dynamodb {
                Some(dynamodb) => dynamodb,
                None => process.next_address().await?,
            };
            registered(&Admin { jeton: programs.jeton.clone(), dynamodb }, address).await?
        } else {
            (Clients::of_peers()?, Browser::default())
        };
        let authentication = match self.program {
            Program::OpenAuth => Authentication::Form(&[("provider", "automatic")]),
            _ => Authentication::Basic,
        };
        let target = Target { address, endpoints: self.endpoints(), authentication, clients, browser };
        Ok(Server { process, engine, target, start, idle_memory })
    }

    /// Starts the engine. Returns it, and where it listens.
    async fn start_engine(self, core: usize) -> Result<(Process, SocketAddr), Error> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("engine");
        let mut engine = Process::start_server(core, command)?;
        let address = engine.next_address().await?;
        match self.program {
            Program::Jeton { .. } => engine::create_jeton_tables(address).await?,
            Program::OpenAuth => engine::create_openauth_table(address).await?,
            Program::OidcProvider | Program::OxideAuth { .. } => {
                engine::create_oidc_provider_table(address).await?;
            }
        }
        Ok((engine, address))
    }

    /// Returns the command that starts the program, with the address of its DynamoDB, if that is a process of its own.
    fn command(self, programs: &Programs, dynamodb: Option<SocketAddr>) -> Result<Command, Error> {
        let dynamodb = dynamodb.map(|dynamodb| format!("http://{dynamodb}"));
        let node = |script: &str| {
            let mut command = Command::new("node");
            command.arg(programs.peers.join(script));
            command
        };
        let mut command = match (self.program, &dynamodb) {
            (Program::Jeton { .. }, Some(_)) => {
                let mut command = Command::new(env::current_exe()?);
                command.args(["growth", "--serve-over"]);
                command
            }
            (Program::Jeton { cache }, None) => {
                let mut command = Command::new(&programs.jeton);
                command.env("JETON_CLIENT_CACHE_SECONDS", if cache { CACHE } else { NO_CACHE });
                command.args(["serve", "--memory", "--port", "0", "--dynamodb-port", "0"]);
                command
            }
            (Program::OidcProvider, _) => node("oidc-provider.js"),
            (Program::OpenAuth, _) => node("openauth.js"),
            (Program::OxideAuth { argon2 }, _) => {
                let mut command = Command::new(programs.peers.join("oxide-auth-server"));
                command.args(argon2.then_some("argon2"));
                command
            }
        };
        command.args(dynamodb);
        // Servers log what goes wrong, and nothing else.
        command.envs([("NODE_ENV", "production"), ("NODE_NO_WARNINGS", "1"), ("JETON_LOG_LEVEL", "warn")]);
        Ok(command)
    }

    fn endpoints(self) -> Endpoints {
        match self.program {
            Program::Jeton { .. } => Endpoints {
                authorization: "/oauth/authorize",
                token: "/oauth/token",
                introspection: Some("/oauth/introspect"),
            },
            Program::OidcProvider => Endpoints {
                authorization: "/auth",
                token: "/token",
                introspection: Some("/token/introspection"),
            },
            Program::OpenAuth | Program::OxideAuth { .. } => {
                Endpoints { authorization: "/authorize", token: "/token", introspection: None }
            }
        }
    }
}

/// Registers Jeton's clients, which are like those of the peers, and its user, who signs in. The public client belongs to the
/// deployment's owner and has an HTTPS redirect URI, so that users are not asked for consent.
async fn registered(admin: &Admin, server: SocketAddr) -> Result<(Clients, Browser), Error> {
    let (mut clients, mut browser) = (Clients::of_peers()?, Browser::default());
    let (scope, redirect_uri) = (clients.scope.as_str(), clients.app.redirect_uri.as_str());
    let service = admin.create_client(&["--name", "service", "--scope", scope]).await?;
    let app =
        ["--name", "app", "--scope", scope, "--public", "--first-party", "--redirect-uri", redirect_uri];
    clients.app.id = admin.create_client(&app).await?.id;
    (clients.service.id, clients.service.secret) = (service.id, service.secret);
    admin.create_user(&clients.user).await?;
    browser.sign_in(&Connection::open(server).await?, &clients.user, PASSWORD).await?;
    Ok((clients, browser))
}
