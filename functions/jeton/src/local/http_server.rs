//! The HTTP server of the local server's ports: its connections are bounded. One that is idle, or whose client does not read,
//! is closed.

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
    server::graceful::{GracefulConnection, GracefulShutdown},
};
use rustix::process::{Resource, getrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutWriter;
use tower_service::Service;

/// The most connections of all servers at a time. Further ones wait in the listener's queue until one is closed.
const MOST_CONNECTIONS: usize = 4_096;
/// How many of the files that the process may open are not for connections.
const OTHER_FILES: u64 = 64;
/// The most bytes of a connection that are read and not yet passed on: more than the head of a request may have.
const MOST_BUFFERED_BYTES: usize = 32 * 1024;
/// How long the server waits for the head of a request.
const HEAD: Duration = Duration::from_mins(1);
/// How long the server waits for a client that reads nothing more of a response.
const UNREAD: Duration = Duration::from_mins(1);
/// The pause after a connection that the system could not accept.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the server waits for a client before it closes the connection.
#[derive(Clone, Copy)]
struct Patience {
    /// From the connection, or from a response, to the end of the next request's head.
    head: Duration,
    /// For the client to read more of a response.
    unread: Duration,
}

/// Answers requests by `router` until `stopped`, and then waits for the responses to those in progress.
pub(super) async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let open = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        let (stream, peer, permit) = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener) => accepted,
        };
        let connection =
            open.watch(answer(stream, peer, router.clone(), Patience { head: HEAD, unread: UNREAD }));
        tokio::spawn(async move {
            // An error here is the client's: it is gone, or sent no HTTP.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// Answers the requests of a connection.
fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Patience,
) -> impl GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request.map(Body::new))
    });
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(patience.unread));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(MOST_BUFFERED_BYTES);
    server.serve_connection(TokioIo::new(Box::pin(stream)), service)
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

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use tokio::{io::AsyncWriteExt as _, time::timeout};

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_hours(1);

    /// Sends `bytes` and reads nothing. Returns why the server closes the connection.
    async fn end(bytes: &str, patience: Patience) -> hyper::Error {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        // More than the system takes for a connection.
        let router = Router::new().fallback(async || vec![b'x'; 64 * 1024 * 1024]);
        client.write_all(bytes.as_bytes()).await.unwrap();
        let ended = timeout(Duration::from_secs(10), answer(stream, peer, router, patience)).await;
        ended.expect("it is closed").unwrap_err()
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_loses_its_connection() {
        let patience = Patience { head: LONG, unread: SHORT };
        let end = end("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", patience).await;
        let cause = end.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn a_client_that_does_not_end_its_head_loses_its_connection() {
        let end = end("GET / HTTP/1.1\r\nhost: ", Patience { head: SHORT, unread: LONG });
        assert!(end.await.is_timeout());
    }
}
