//! The embedded DynamoDB.

use std::{
    fmt,
    fs::{File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::Instant};

use super::{engine::Engine, error::Error, origin_guard};

/// The pause between two sweeps, which delete expired items. AWS may take days; no decision depends on it.
const PAUSE: Duration = Duration::from_mins(1);
/// How many times as long as the last sweep the pause is at least: a sweep reads the whole database.
const PAUSE_PER_SWEEP: u32 = 50;

/// The storage of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    Memory,
    /// This file, and two more beside it.
    File(PathBuf),
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("in memory"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// The embedded DynamoDB: its engine, and the HTTP servers for tools.
pub struct Database {
    engine: Engine,
    servers: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Database {
    /// Opens the database, and serves it on all of `listeners`.
    pub fn start(storage: &Storage, listeners: impl IntoIterator<Item = TcpListener>) -> Result<Self, Error> {
        let (lock, database) = match storage {
            Storage::Memory => (None, dynoxide::Database::memory()),
            Storage::File(path) => {
                let file = path.display().to_string();
                (Some(lock(path)?), dynoxide::Database::new(&file))
            }
        };
        let database = database
            .map_err(|error| Error::Database { file: storage.to_string(), reason: error.to_string() })?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(sweep(database.clone(), stopped.clone()));
        let engine = Engine::new(database, lock);
        let serve =
            |listener| tokio::spawn(origin_guard::serve(listener, engine.clone(), until(stopped.clone())));
        let servers = listeners.into_iter().map(serve).collect();
        Ok(Self { engine, servers, stop })
    }

    /// Returns the engine, for clients in this process.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Takes no more requests of tools, and waits for the responses to those in progress.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for server in self.servers {
            let _ = tokio::time::timeout(Duration::from_secs(5), server).await;
        }
    }
}

/// Opens and locks the file, which must be an SQLite database, or new.
fn lock(path: &Path) -> Result<File, Error> {
    let file = || path.display().to_string();
    let invalid = |reason: &str| Error::Database { file: file(), reason: reason.to_owned() };
    let failed = |error: io::Error| invalid(&error.to_string());
    if path.is_dir() {
        return Err(invalid("it is a directory"));
    }
    let lock = File::options().create(true).append(true).open(path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) if is_database(path).map_err(failed)? => Ok(lock),
        Ok(()) => Err(invalid("the file is not a database")),
        Err(TryLockError::WouldBlock) => Err(Error::DatabaseInUse(file())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Returns whether the file begins like an SQLite database, or is empty.
fn is_database(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == b"SQLite format 3\0")
}

async fn sweep(database: dynoxide::Database, stopped: watch::Receiver<bool>) {
    let stopped = until(stopped);
    tokio::pin!(stopped);
    loop {
        let (begin, database) = (Instant::now(), database.clone());
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        let pause = PAUSE.max(begin.elapsed() * PAUSE_PER_SWEEP);
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
