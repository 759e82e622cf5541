//! Jeton over a database of its own.

use std::{
    env,
    ffi::OsString,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use indicatif::ProgressBar;
use jeton::local::{Gateway, listen};
use shared::{
    aws::Endpoint,
    config::Config,
    dynamodb::{self, schema},
    endpoint::App,
    log::{Level, Log},
    oauth::Scope,
    time::Clock,
};

use tokio::process::Command;

use super::{
    clients::{self, Clients, SCOPE},
    dataset::Plan,
    seed::{self, Sample, Seeding, Sink},
};
use crate::{
    directory::Directory,
    process::{LOAD, MEASURED, Process},
};

/// The issuer of every grant, which does not depend on the server's port.
pub(super) const ISSUER: &str = "http://127.0.0.1:8080";

/// The storage of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Storage {
    /// `jeton serve --database FILE`
    File,
    /// AWS's DynamoDB Local, with its items in memory
    DynamodbLocal,
}

impl Storage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::DynamodbLocal => "dynamodb-local",
        }
    }
}

/// The programs that are started.
pub(super) struct Programs {
    pub(super) jeton: PathBuf,
    /// The directory of DynamoDB Local.
    pub(super) dynamodb_local: PathBuf,
}

/// A server over a database with many grants.
pub(super) struct Deployment {
    pub(super) grants: usize,
    /// The address of the functions.
    pub(super) address: SocketAddr,
    pub(super) dynamodb_url: String,
    /// The command.
    pub(super) jeton: PathBuf,
    pub(super) app: App,
    pub(super) clients: Clients,
    pub(super) sample: Sample,
    /// The functions; with a file, the database, too.
    pub(super) server: Process,
    /// The processor time of the server's start with its first sweep. `None`: the database sweeps itself.
    pub(super) first_sweep: Option<Duration>,
    database: Database,
}

enum Database {
    File(Directory),
    DynamodbLocal(Process),
}

impl Deployment {
    /// Starts a server over a new database with this many grants.
    pub(super) async fn start(
        storage: Storage,
        programs: &Programs,
        grants: usize,
        samples: usize,
        progress: &ProgressBar,
    ) -> io::Result<Self> {
        match storage {
            Storage::File => Self::over_a_file(programs, grants, samples, progress).await,
            Storage::DynamodbLocal => Self::over_dynamodb_local(programs, grants, samples, progress).await,
        }
    }

    async fn over_a_file(
        programs: &Programs,
        grants: usize,
        samples: usize,
        progress: &ProgressBar,
    ) -> io::Result<Self> {
        let directory = Directory::new()?;
        let file = directory.database();
        let (server, _, dynamodb_url) = serve(programs, &file).await?;
        let app = app(&dynamodb_url).await?;
        let clients = Clients::register(&app).await?;
        server.stop().await?;
        let sink = Sink::file(&file)?;
        let sample = seed(&app, &sink, &clients, grants, samples, progress).await?;
        drop(sink);
        let (server, address, dynamodb_url) = serve(programs, &file).await?;
        let app = self::app(&dynamodb_url).await?;
        let first_sweep = Some(server.rest(Duration::from_secs(1)).await?);
        let (database, jeton) = (Database::File(directory), programs.jeton.clone());
        Ok(Self { grants, address, dynamodb_url, jeton, app, clients, sample, server, first_sweep, database })
    }

    async fn over_dynamodb_local(
        programs: &Programs,
        grants: usize,
        samples: usize,
        progress: &ProgressBar,
    ) -> io::Result<Self> {
        let (database, dynamodb_url) = dynamodb_local(&programs.dynamodb_local).await?;
        let app = app(&dynamodb_url).await?;
        let tables = schema::create(app.grants.table().client(), &app.config.tables).await;
        tables.map_err(io::Error::other)?;
        let clients = Clients::register(&app).await?;
        let sink = Sink::DynamoDb(app.grants.table().client().clone());
        let sample = seed(&app, &sink, &clients, grants, samples, progress).await?;
        database.move_to(LOAD)?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["growth", "--serve-over", &dynamodb_url]);
        let mut server = Process::start_server(MEASURED, command)?;
        let address = server.next_address().await?;
        let (database, jeton) = (Database::DynamodbLocal(database), programs.jeton.clone());
        let first_sweep = None;
        Ok(Self { grants, address, dynamodb_url, jeton, app, clients, sample, server, first_sweep, database })
    }

    /// Returns the size of the database's files, in MiB. `None`: the database is in memory.
    pub(super) fn file_size(&self) -> io::Result<Option<f64>> {
        let Database::File(directory) = &self.database else { return Ok(None) };
        let mut bytes = 0;
        for file in fs::read_dir(directory.path())? {
            bytes += file?.metadata()?.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "a size is printed with three digits")]
        Ok(Some(bytes as f64 / f64::from(1 << 20)))
    }

    /// Returns the memory of the process that has the database, in MiB.
    pub(super) fn memory_of_the_database(&self) -> io::Result<f64> {
        match &self.database {
            Database::File(_) => Ok(self.server.memory()?.now),
            Database::DynamodbLocal(database) => Ok(database.memory()?.now),
        }
    }

    /// Keeps the processes from running.
    pub(super) fn pause(&self) -> io::Result<()> {
        self.server.pause()?;
        if let Database::DynamodbLocal(database) = &self.database { database.pause() } else { Ok(()) }
    }

    pub(super) fn resume(&self) -> io::Result<()> {
        if let Database::DynamodbLocal(database) = &self.database {
            database.resume()?;
        }
        self.server.resume()
    }

    pub(super) async fn stop(self) -> io::Result<()> {
        self.server.stop().await?;
        match self.database {
            Database::File(_) => Ok(()),
            Database::DynamodbLocal(database) => database.stop().await,
        }
    }
}

/// Starts `jeton serve`. Returns it with the address of the functions and the URL of DynamoDB.
pub(super) async fn serve(programs: &Programs, file: &Path) -> io::Result<(Process, SocketAddr, String)> {
    let mut command = Command::new(&programs.jeton);
    command.args(["serve", "--port", "0", "--issuer", ISSUER, "--database"]).arg(file);
    let mut server = Process::start_server(MEASURED, command)?;
    let (address, dynamodb) = (server.next_address().await?, server.next_address().await?);
    Ok((server, address, format!("http://{dynamodb}")))
}

async fn seed(
    app: &App,
    sink: &Sink,
    clients: &Clients,
    grants: usize,
    samples: usize,
    progress: &ProgressBar,
) -> io::Result<Sample> {
    let of = |all: &[clients::Registered]| all.iter().map(|one| one.client.clone()).collect::<Vec<_>>();
    let (machines, applications) = (of(&clients.machines), of(&clients.applications));
    let plan = Plan {
        machines: &machines,
        applications: &applications,
        issuer: ISSUER.parse().map_err(io::Error::other)?,
        scope: Scope::of(SCOPE).map_err(io::Error::other)?,
        now: app.clock.now(),
        lifetime: Duration::from_secs(clients::LIFETIME.into()),
    };
    seed::grants(Seeding::new(sink, &app.config.tables, progress), &plan, grants, samples).await
}

/// Starts DynamoDB Local, on the core that nothing else uses while items are written. It listens on every interface:
/// `tests/bench/run` therefore runs the benchmark in a network of its own where it may.
async fn dynamodb_local(directory: &Path) -> io::Result<(Process, String)> {
    let address = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut library = OsString::from("-Djava.library.path=");
    library.push(directory.join("DynamoDBLocal_lib"));
    let mut command = Command::new("java");
    command.arg(library).arg("-jar").arg(directory.join("DynamoDBLocal.jar")).args([
        "-inMemory",
        "-sharedDb",
        "-disableTelemetry",
        "-port",
        &address.port().to_string(),
    ]);
    let process = Process::start(MEASURED, command)?;
    for _ in 0..240 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok((process, format!("http://{address}")));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Err(process.wrong("DynamoDB Local did not start"))
}

/// Serves the functions over the DynamoDB at `url`, as `jeton serve` does over its own, until the process is killed.
pub(super) async fn serve_over(url: &str) -> io::Result<()> {
    let listener = listen(0, "").await.map_err(io::Error::other)?;
    let address = listener.local_addr()?;
    let client = dynamodb::connect(Some(endpoint(url))).await?;
    let _gateway = Gateway::start(Arc::new(app_with(&client)?), listener)?;
    #[expect(clippy::print_stdout, reason = "what the parent process reads")]
    {
        println!("Jeton listening on http://{address}");
    }
    tokio::signal::ctrl_c().await
}

/// Returns the functions' state over the DynamoDB at `url`, for the benchmark's own requests. They may take longer than a
/// function's: DynamoDB Local takes seconds at first.
pub(crate) async fn app(url: &str) -> io::Result<App> {
    app_with(&dynamodb::connect_for_administration(Some(endpoint(url))).await?)
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint { url: url.to_owned(), anonymous: true }
}

fn app_with(client: &Client) -> io::Result<App> {
    let mut config = Config::read(|_| None).map_err(io::Error::other)?;
    config.issuer = Some(ISSUER.parse().map_err(io::Error::other)?);
    Ok(App::new(config, client, Clock::system(), Log::new(Level::Error, io::sink())))
}
