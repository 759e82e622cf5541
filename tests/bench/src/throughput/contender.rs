//! Jeton and its peers.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{
    browser::Browser,
    engine,
    error::Error,
    jeton::Admin,
    job::Job,
    process::Process,
    target::{Authentication, Clients, Endpoints, Target},
};

/// The processor of each server, and that of the load generator.
pub(super) const SERVER: u32 = 0;
pub(super) const LOAD: u32 = 1;

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
    Engine(u32),
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
        contender(JETON_BY_HTTP, "**Jeton**, DynamoDB by HTTP", Jeton { cache: false }, Engine(SERVER)),
        contender(OIDC_PROVIDER, "oidc-provider, DynamoDB", OidcProvider, Engine(SERVER)),
        contender(
            "oidc-provider-two-cores",
            "oidc-provider, DynamoDB on the load's core",
            OidcProvider,
            Engine(LOAD),
        ),
        contender("oidc-provider-memory", "oidc-provider, memory", OidcProvider, Own),
        contender("openauth", "OpenAuth, DynamoDB", OpenAuth, Engine(SERVER)),
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

/// Jeton's cache of clients: as in AWS by default, and as in `jeton serve` by default.
const CACHE: &str = "JETON_CLIENT_CACHE_SECONDS=5";
const NO_CACHE: &str = "JETON_CLIENT_CACHE_SECONDS=0";

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
    /// Its memory before the first request, in MiB.
    pub(super) idle_memory: f64,
}

impl Server {
    /// Stops the server, then its engine.
    pub(super) async fn stop(self) -> Result<(), Error> {
        self.process.stop().await?;
        if let Some(engine) = self.engine {
            engine.stop().await?;
        }
        Ok(())
    }
}

impl Contender {
    /// Returns whether this is Jeton, and no peer.
    pub(super) fn is_jeton(self) -> bool {
        matches!(self.program, Program::Jeton { .. })
    }

    /// Returns whether the server and the engine, in a process of its own, have one processor together.
    pub(super) fn shares_its_processor_with_the_engine(self) -> bool {
        self.storage == Storage::Engine(SERVER)
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
            Storage::Engine(processor) => Some(self.start_engine(processor).await?),
        };
        let mut process = self.start_program(programs, engine.as_ref()).await?;
        let (idle_memory, _) = process.memory()?;
        let (clients, browser) = if self.is_jeton() {
            registered(&programs.jeton, &mut process, engine.as_ref()).await?
        } else {
            (Clients::of_peers()?, Browser::default())
        };
        let authentication = match self.program {
            Program::OpenAuth => Authentication::Form(&[("provider", "automatic")]),
            _ => Authentication::Basic,
        };
        let address = process.address;
        let target = Target { address, endpoints: self.endpoints(), authentication, clients, browser };
        Ok(Server { process, engine, target, idle_memory })
    }

    async fn start_engine(self, processor: u32) -> Result<Process, Error> {
        let engine = Process::start(processor, env::current_exe()?, ["engine"]).await?;
        match self.program {
            Program::Jeton { .. } => engine::create_jeton_tables(engine.address).await?,
            Program::OpenAuth => engine::create_openauth_table(engine.address).await?,
            Program::OidcProvider | Program::OxideAuth { .. } => {
                engine::create_oidc_provider_table(engine.address).await?;
            }
        }
        Ok(engine)
    }

    async fn start_program(self, programs: &Programs, engine: Option<&Process>) -> Result<Process, Error> {
        let engine = engine.map(|engine| format!("http://{}", engine.address));
        let node = async |script: &str, engine: Option<String>| {
            let script = Some(programs.peers.join(script).display().to_string());
            Process::start(SERVER, "node", script.into_iter().chain(engine)).await
        };
        match (self.program, engine) {
            (Program::Jeton { .. }, Some(engine)) => {
                Process::start(SERVER, env::current_exe()?, ["growth", "--serve-over", &engine]).await
            }
            (Program::Jeton { cache }, None) => {
                let variable = if cache { CACHE } else { NO_CACHE }.to_owned();
                let program = programs.jeton.display().to_string();
                let options = ["serve", "--memory", "--port", "0", "--dynamodb-port", "0"].map(str::to_owned);
                Process::start(SERVER, "env", [variable, program].into_iter().chain(options)).await
            }
            (Program::OidcProvider, engine) => node("oidc-provider.js", engine).await,
            (Program::OpenAuth, engine) => node("openauth.js", engine).await,
            (Program::OxideAuth { argon2 }, _) => {
                let program = programs.peers.join("oxide-auth-server");
                Process::start(SERVER, program, argon2.then_some("argon2")).await
            }
        }
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

/// Registers Jeton's clients and user. A server that has its DynamoDB in the process prints that address after its own.
async fn registered(
    jeton: &Path,
    process: &mut Process,
    engine: Option<&Process>,
) -> Result<(Clients, Browser), Error> {
    let dynamodb = match engine {
        Some(engine) => engine.address,
        None => process.next_address().await?,
    };
    let admin = Admin { jeton, dynamodb };
    let clients = admin.register().await?;
    let browser = admin.sign_in(process.address, &clients.user).await?;
    Ok((clients, browser))
}
