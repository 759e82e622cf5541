//! Signals that end a benchmark.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, or for the signal of a service manager. Returns the error that ends the benchmark.
pub(crate) async fn interrupted() -> io::Error {
    let signals = signal(SignalKind::interrupt())
        .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    match signals {
        Ok((mut interrupt, mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            io::Error::new(io::ErrorKind::Interrupted, "interrupted")
        }
        Err(error) => error,
    }
}
