//! The local server past its capacity: it refuses at once what it has no room for, and answers the rest.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::harness::{Fault, Stack};

/// The most requests to one route at a time.
const MOST_REQUESTS: usize = 256;
/// The most of them that are in progress.
const MOST_IN_PROGRESS: usize = 32;

const METADATA: &str = "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Returns the head of a request to `path` with a form of `size` bytes, which is not sent.
fn head(path: &str, size: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {size}\r\n\r\n"
    )
}

/// Connects to the server and sends `bytes`.
async fn sent(stack: &Stack, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut connection = TcpStream::connect(stack.url.trim_start_matches("http://")).await.unwrap();
    connection.write_all(bytes.as_ref()).await.unwrap();
    connection
}

/// Reads what has arrived of a response: its head, and a small body.
async fn response(connection: &mut TcpStream) -> String {
    let mut buffer = vec![0; 16 * 1024];
    let size = connection.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..size]).into_owned()
}

/// Whether the server itself refused the request, for lack of room.
fn is_refused(response: &str) -> bool {
    let refused = response.ends_with(r#"{"message":"Service Unavailable"}"#);
    assert!(!refused || response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(!refused || response.contains("\r\nretry-after: 1\r\n"), "{response}");
    refused
}

#[tokio::test]
async fn more_requests_than_a_route_has_room_for_are_refused_at_once() {
    let patient = Stack::start().await;
    let stack = patient.as_impatient_as_in_lambda().await;
    let machine = stack.machine().await;
    let body =
        format!("grant_type=client_credentials&client_id={}&client_secret={}", machine.id, machine.secret);
    let request = head("/oauth/token", body.len()) + &body;
    stack.dynamodb.fail(Fault::Hang);
    let mut connections = Vec::new();
    for _ in 0..MOST_REQUESTS + 50 {
        connections.push(sent(&stack, &request).await);
    }
    let other = response(&mut sent(&stack, METADATA).await).await;
    assert!(other.starts_with("HTTP/1.1 200 "), "another route has its own room: {other}");
    let responses = connections.iter_mut().map(async |connection| {
        let response = response(connection).await;
        (is_refused(&response), response)
    });
    let mut responses: FuturesUnordered<_> = responses.collect();
    // On a slow machine, some of those in progress have failed by now.
    loop {
        let (refused, response) = responses.next().await.expect("one of them is refused");
        if refused {
            break;
        }
        assert!(response.contains("temporarily_unavailable"), "{response}");
    }
    let hanging = stack.dynamodb.most_hanging();
    assert!((1..=MOST_IN_PROGRESS).contains(&hanging), "{hanging}");
    stack.dynamodb.fail(Fault::None);
    for (_, response) in responses.collect::<Vec<_>>().await {
        assert!(["HTTP/1.1 200 ", "HTTP/1.1 503 "].iter().any(|is| response.starts_with(is)), "{response}");
    }
    // There is room again, also on the connection of a request that was refused.
    for mut connection in connections {
        connection.write_all(request.as_bytes()).await.unwrap();
        let response = response(&mut connection).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    }
}

#[tokio::test]
async fn bodies_have_32_mib_at_a_time() {
    const MIB: usize = 1024 * 1024;
    let stack = Stack::start().await;
    let mut waiting = Vec::new();
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        let mut connection = sent(&stack, head(path, 10 * MIB)).await;
        connection.write_all(&vec![b'x'; 10 * MIB - 1]).await.unwrap();
        waiting.push(connection);
    }
    // The sockets may still hold a part of the others.
    let large = vec![b'x'; 9 * MIB];
    let mut refused = sent(&stack, head("/oauth/register", 9 * MIB)).await;
    // The server may refuse before it has read everything.
    let _ = refused.write_all(&large).await;
    let refusal = response(&mut refused).await;
    assert!(is_refused(&refusal), "{refusal}");
    // Its body was not read.
    assert!(refusal.contains("\r\nconnection: close\r\n"), "{refusal}");
    // A body of the usual size still has room.
    let answer = stack.post("/oauth/token").form(&[("grant_type", "client_credentials")]).send().await;
    assert_eq!(answer.status, 401);

    for connection in &mut waiting {
        connection.write_all(b"x").await.unwrap();
        assert!(response(connection).await.starts_with("HTTP/1.1 413 "));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let stack = Stack::start().await;
    let mut connection = sent(&stack, head("/oauth/token", 11 * 1024 * 1024)).await;
    assert!(response(&mut connection).await.starts_with("HTTP/1.1 413 "));
    // Nor is a head read that has no end.
    let endless = format!("GET /login HTTP/1.1\r\nhost: localhost\r\nx-filler: {}", "x".repeat(64 * 1024));
    let mut connection = sent(&stack, &endless).await;
    assert!(response(&mut connection).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn nothing_answers_before_it_has_the_whole_request() {
    let stack = Stack::with_sample_api().await;
    let refused = [("/api/mcp", 401), ("/api/notes", 401), ("/nowhere", 404), ("/oauth/token", 401)];
    for (path, status) in refused {
        let mut connection = sent(&stack, head(path, 10)).await;
        let early = timeout(Duration::from_millis(50), response(&mut connection)).await;
        assert!(early.is_err(), "{path}: {early:?}");
        connection.write_all(b"grant_type").await.unwrap();
        let answer = response(&mut connection).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        // So the client can use the connection again.
        connection.write_all(METADATA.as_bytes()).await.unwrap();
        assert!(response(&mut connection).await.starts_with("HTTP/1.1 200 "), "{path}");
    }
}
