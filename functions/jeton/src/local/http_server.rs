//! The HTTP server of the local server's ports: its connections are bounded, and an idle one is closed.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

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

/// The most connections at a time. Further ones wait in the listener's queue until one is closed.
const MOST_CONNECTIONS: usize = 4_096;
/// How many of the files that the process may open are not for connections.
const OTHER_FILES: u64 = 64;
/// How long a client may take from its connection, or from a response, to the end of the next request's head. Its
/// connection is closed then.
const HEAD: Duration = Duration::from_mins(1);
/// The pause after a connection that the system could not accept.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests by `router` until `stopped`, and then waits for the responses to those in progress.
pub(super) async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(most_connections()));
    let open = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        let (stream, peer, permit) = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request.map(Body::new))
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD);
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
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // It fails only if the semaphore is closed.
    let permit = Arc::clone(connections).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                return (stream, peer, permit);
            }
            // The client is gone again, or the system has too many open files.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Returns the most connections that the limit of open files permits, up to [`MOST_CONNECTIONS`].
fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current;
    let connections = files.and_then(|files| usize::try_from(files.saturating_sub(OTHER_FILES)).ok());
    connections.map_or(MOST_CONNECTIONS, |connections| connections.clamp(1, MOST_CONNECTIONS))
}
