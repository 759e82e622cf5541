//! The embedded DynamoDB.

use std::{
    fs::{File, TryLockError},
    io::Read,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use shared::secret::random;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{Error, door};

/// How often expired items are deleted. DynamoDB takes days; no decision rests on it.
const SWEEP: Duration = Duration::from_mins(1);

/// Where the database keeps its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: all is forgotten at the end.
    Memory,
    /// In this file, with two more beside it.
    File(PathBuf),
}

/// An embedded DynamoDB, answering on a port of its own.
pub struct Database {
    url: String,
    servers: Vec<JoinHandle<Result<(), String>>>,
    stop: watch::Sender<bool>,
    /// Held for as long as the database is open, so that no second server opens it.
    _lock: Option<File>,
}

impl Database {
    /// Opens the database and answers on all of `listeners`.
    pub fn start(storage: &Storage, listeners: impl IntoIterator<Item = TcpListener>) -> Result<Self, Error> {
        let (lock, database) = match storage {
            Storage::Memory => (None, dynoxide::Database::memory()),
            Storage::File(path) => {
                let file = path.display().to_string();
                let lock = lock(path, &file)?;
                (Some(lock), dynoxide::Database::new(&file))
            }
        };
        let database = database.map_err(|error| {
            let file = match storage {
                Storage::Memory => "in memory".to_owned(),
                Storage::File(path) => path.display().to_string(),
            };
            Error::Database { file, reason: error.to_string() }
        })?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(sweep(database.clone(), stopped.clone()));
        let inner = hidden_listener()?;
        let url = format!("http://{}", inner.local_addr()?);
        let engine = dynoxide::server::serve_with_shutdown(inner, database, until(stopped.clone()));
        let mut servers = vec![tokio::spawn(engine)];
        for listener in listeners {
            servers.push(tokio::spawn(door::keep(listener, url.clone(), until(stopped.clone()))));
        }
        Ok(Self { url, servers, stop, _lock: lock })
    }

    /// Where the engine itself answers: for this process alone, without the way through the door.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops answering, once what is being answered has been.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for server in self.servers {
            let _ = tokio::time::timeout(Duration::from_secs(5), server).await;
        }
    }
}

/// A listener that no page can find by trying ports: one of 2^24 loopback addresses, where the system has them.
fn hidden_listener() -> Result<TcpListener, Error> {
    let [a, b, c] = *random::<3>();
    let listener = std::net::TcpListener::bind((Ipv4Addr::new(127, a, b, c.clamp(2, 254)), 0))
        .or_else(|_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener)?)
}

fn lock(path: &Path, file: &str) -> Result<File, Error> {
    let cannot = |error: std::io::Error| Error::Database { file: file.to_owned(), reason: error.to_string() };
    if path.is_dir() {
        return Err(Error::Database { file: file.to_owned(), reason: "it is a directory".to_owned() });
    }
    let lock = File::options().create(true).append(true).open(path).map_err(cannot)?;
    match lock.try_lock() {
        Ok(()) if is_database(path).map_err(cannot)? => Ok(lock),
        Ok(()) => {
            let reason = "the file holds something else, not a database".to_owned();
            Err(Error::Database { file: file.to_owned(), reason })
        }
        Err(TryLockError::WouldBlock) => Err(Error::DatabaseInUse(file.to_owned())),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// Whether the file begins as an SQLite database does, or is still empty.
fn is_database(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == b"SQLite format 3\0")
}

async fn sweep(database: dynoxide::Database, stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(SWEEP);
    let stopped = until(stopped);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            _ = ticks.tick() => {
                let database = database.clone();
                let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
            }
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
