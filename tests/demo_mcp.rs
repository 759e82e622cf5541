//! The MCP server of `serve --demo`: the protocol, its tools, and its metadata (RFC 9728).

use serde_json::{Value, json};

use crate::harness::{
    Response, Stack,
    mcp::{INVALID, METADATA, PATH, add_note, initialize, list_notes, message, rpc},
    process::Server,
};

#[tokio::test]
async fn a_client_of_each_earlier_revision_initializes_lists_and_calls() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read", "write"]).await;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let response = stack.mcp(&token, initialize(version)).await;
        let result = &response.json()["result"];
        assert_eq!(
            (response.status, &result["protocolVersion"]),
            (200, &version.into()),
            "{}",
            response.text
        );
        assert_eq!(result["serverInfo"]["name"], "jeton-demo");
        // It has no session, so that a client goes on after a restart, and with the session of another server.
        assert_eq!(response.header("mcp-session-id"), None);
        let send = |body: Value| {
            let call = stack.with_token("POST", &token).header("mcp-protocol-version", version);
            message(call.header("mcp-session-id", "of-an-earlier-start"), body.to_string()).send()
        };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(send(initialized).await.status, 202);
        let listed = send(rpc("tools/list", &json!({}))).await.json();
        let names: Vec<_> =
            listed["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert_eq!(names, ["list_notes", "add_note"]);
        let added = send(add_note(version)).await.json();
        assert_eq!(added["result"]["isError"], false, "{added}");
    }
    assert_eq!(stack.notes(&token).await, json!(["2025-03-26", "2025-06-18", "2025-11-25"]));
}

#[tokio::test]
async fn a_client_of_the_revision_2026_07_28_discovers_lists_and_calls() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    let send = async |method: &str, name: Option<&str>, params: Value| {
        let mut body = rpc(method, &params);
        body["params"]["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let call = stack.with_token("POST", &token).header("mcp-protocol-version", "2026-07-28");
        let call = call.header("mcp-method", method);
        let call = if let Some(name) = name { call.header("mcp-name", name) } else { call };
        message(call, body.to_string()).send().await
    };
    let discovered = send("server/discover", None, json!({})).await;
    assert_eq!(discovered.status, 200, "{}", discovered.text);
    let listed = send("tools/list", None, json!({})).await.json();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 2, "{listed}");
    let called = send("tools/call", Some("list_notes"), json!({ "name": "list_notes" })).await.json();
    assert_eq!(called["result"]["structuredContent"]["notes"], json!([]), "{called}");
    let refused = send("tools/call", Some("add_note"), json!({ "name": "add_note" })).await;
    stack.refuses(&refused, 403, "error=\"insufficient_scope\", scope=\"read write\", ");
    // The header is not what decides.
    let disguised = send("tools/call", Some("list_notes"), json!({ "name": "add_note" })).await;
    stack.refuses(&disguised, 403, "error=\"insufficient_scope\", scope=\"read write\", ");
}

#[tokio::test]
async fn each_user_has_notes_of_their_own() {
    let stack = Stack::with_mcp_server().await;
    let web = stack.web().await;
    let mut tokens = Vec::new();
    for name in ["alice", "bob"] {
        let user = stack.user(name).await;
        let pair = stack.mcp_pair(&web, user).await;
        stack.mcp(&pair.access, add_note(&format!("of {name}"))).await;
        tokens.push(pair.access);
    }
    assert_eq!(stack.notes(&tokens[0]).await, json!(["of alice"]));
    assert_eq!(stack.notes(&tokens[1]).await, json!(["of bob"]));
}

#[tokio::test]
async fn bodies_and_notes_are_bounded() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read", "write"]).await;
    let text =
        |response: Response| response.json()["result"]["content"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(text(stack.mcp(&token, add_note(&"x".repeat(1_001))).await), "A note has at most 1000 bytes.");
    for _ in 0..100 {
        assert_eq!(text(stack.mcp(&token, add_note(&"x".repeat(1_000))).await), "The note is added.");
    }
    assert_eq!(text(stack.mcp(&token, add_note("x")).await), "You have 100 notes already.");
    let large = add_note(&"x".repeat(64 * 1024));
    assert_eq!(stack.mcp(&token, &large).await.status, 413);
    // A body is read after the token is found valid.
    stack.refuses(&stack.mcp("garbage", &large).await, 401, INVALID);
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    for (body, status) in [(deep.as_str(), 415), ("", 415), ("{}", 415), ("\"\"", 415)] {
        assert_eq!(stack.mcp(&token, body).await.status, status);
    }
    let unknown = stack.mcp(&token, rpc("tools/call", &json!({ "name": "delete_notes" }))).await;
    assert_eq!(unknown.json()["error"]["code"], -32602, "{}", unknown.text);
    let empty = stack.mcp(&token, rpc("tools/call", &json!({ "name": "add_note" }))).await;
    assert_eq!(text(empty), "Give the note as the argument `text`.");
}

#[tokio::test]
async fn the_url_may_end_with_a_slash_or_have_a_query() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    for path in [format!("{PATH}/"), format!("{PATH}?utm_source=x"), format!("{PATH}/?utm_source=x")] {
        stack.refuses(&stack.request("POST", &path).send().await, 401, "");
        let call = stack.post(&path).header("authorization", &format!("Bearer {token}"));
        assert_eq!(message(call, list_notes().to_string()).send().await.status, 200, "{path}");
    }
    for path in [format!("{PATH}//"), format!("{PATH}/x"), "/api/MCP".to_owned()] {
        let call = stack.post(&path).header("authorization", &format!("Bearer {token}"));
        assert_eq!(message(call, list_notes().to_string()).send().await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn there_is_no_session_to_open_or_to_end() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    for method in ["GET", "DELETE", "PUT"] {
        let response = stack.with_token(method, &token).header("accept", "text/event-stream").send().await;
        assert_eq!((response.status, response.header("allow")), (405, Some("POST")), "{method}");
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn a_page_of_any_origin_may_call_the_server_but_not_under_a_name_of_its_own() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    let preflight = stack.request("OPTIONS", PATH).header("origin", "https://spa.example.com");
    let preflight = preflight.header("access-control-request-method", "POST");
    let requested = "authorization,content-type,mcp-protocol-version,mcp-session-id,last-event-id";
    let response = preflight.header("access-control-request-headers", requested).send().await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (204, Some("*")));
    assert_eq!(response.header("access-control-allow-methods"), Some("GET, POST, DELETE"));
    let allowed = response.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
    for name in requested.split(',') {
        assert!(allowed.split(", ").any(|one| one == name), "{name}: {allowed}");
    }
    assert_eq!(response.header("access-control-allow-credentials"), None);

    let send = |name: &str, value: &str| {
        message(stack.with_token("POST", &token).header(name, value), list_notes().to_string()).send()
    };
    let called = send("origin", "https://spa.example.com").await;
    assert_eq!((called.status, called.header("access-control-allow-origin")), (200, Some("*")));
    assert_eq!(called.header("cache-control"), Some("no-store"));
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(send("host", host).await.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"] {
        assert_eq!(send("host", host).await.status, 403, "{host}");
    }
}

#[tokio::test]
async fn the_metadata_names_the_resource_the_issuer_and_the_default_scope() {
    let stack = Stack::with_sample_api().await;
    for path in [METADATA, &format!("{METADATA}/"), "/.well-known/oauth-protected-resource"] {
        let response = stack.request("GET", path).header("origin", "https://spa.example.com").send().await;
        assert_eq!(response.status, 200, "{path}");
        let expected = json!({
            "resource": format!("{}{PATH}", stack.url),
            "authorization_servers": [stack.url],
            "scopes_supported": ["read"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Demo notes",
        });
        assert_eq!(response.json(), expected);
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        let preflight = stack.request("OPTIONS", path).header("access-control-request-method", "GET");
        let preflight =
            preflight.header("access-control-request-headers", "mcp-protocol-version").send().await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("*")));
        let allowed = preflight.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
        assert!(allowed.contains("mcp-protocol-version"), "{allowed}");
        assert_eq!(stack.request("POST", path).send().await.status, 405);
    }
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn the_demo_prints_the_line_that_connects_a_client() {
    let mut server = Server::start(&["--memory", "--demo"]).await;
    let banner = server.banner().await;
    let line = format!("claude mcp add --transport http demo {}{PATH}", server.url);
    assert!(banner.lines().any(|one| one.trim() == line), "{banner}");
    let response = server.get(PATH).send().await;
    let challenge = format!("Bearer resource_metadata=\"{}{METADATA}\"", server.url);
    assert_eq!((response.status, response.header("www-authenticate")), (401, Some(challenge.as_str())));
    let plain = Server::start(&["--memory"]).await;
    for path in [PATH, METADATA] {
        assert_eq!(plain.get(path).send().await.status, 404, "{path}");
    }
}

/// Behind a tunnel, clients know the server by the issuer's name.
#[tokio::test]
async fn the_resource_is_at_the_issuer() {
    let issuer = "https://demo.example.com";
    let server = Server::start(&["--memory", "--demo", "--issuer", issuer]).await;
    let challenge = format!("Bearer resource_metadata=\"{issuer}{METADATA}\"");
    assert_eq!(server.get(PATH).send().await.header("www-authenticate"), Some(challenge.as_str()));
    let document = server.get(METADATA).send().await.json();
    assert_eq!(document["resource"], format!("{issuer}{PATH}"));
    assert_eq!(document["authorization_servers"], json!([issuer]));
}
