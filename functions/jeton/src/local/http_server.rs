//! The HTTP server of the local server's ports: its connections are bounded, and an idle one is closed.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use rustix::process::{Resource, getrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower_service::Service;

/// The most connections of all servers at a time. Further ones wait in the listener's queue until one is closed.
const MOST_CONNECTIONS: usize = 4_096;
/// How many of the files that the process may open are not for connections.
const OTHER_FILES: u64 = 64;
/// The most bytes of a connection that are read and not yet passed on: more than the head of a request may have.
const MOST_BUFFERED_BYTES: usize = 32 * 1024;
/// How long a client may take from its connection, or from a response, to the end of the next request's head. Its
/// connection is closed then.
const HEAD: Duration = Duration::from_mins(1);
/// The pause after a connection that the system could not accept.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests by `router` until `stopped`, and then waits for the responses to those in progress.
pub(super) async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let open = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        let (stream, peer, permit) = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener) => accepted,
        };
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request.map(Body::new))
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MOST_BUFFERED_BYTES);
        let connection = open.watch(server.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // An error here is the client's: it is gone, or sent no HTTP.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// Waits for the next connection that there is room for.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    static CONNECTIONS: LazyLock<Arc<Semaphore>> =
        LazyLock::new(|| Arc::new(Semaphore::new(most_connections())));

    // It fails only if the semaphore is closed.
    let permit = Arc::clone(&CONNECTIONS).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                return (stream, peer, permit);
            }
            Err(error) if is_of_the_client(&error) => {}
            // The system has too many open files, or too little memory.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Returns whether a connection could not be accepted because its client is gone again.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Returns the most connections that the limit of open files permits, up to [`MOST_CONNECTIONS`].
fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current;
    let connections = files.and_then(|files| usize::try_from(files.saturating_sub(OTHER_FILES)).ok());
    connections.map_or(MOST_CONNECTIONS, |connections| connections.clamp(1, MOST_CONNECTIONS))
}
