//! The registration request (RFC 7591 §2, §3.1): which metadata are refused, ignored or replaced, in which order.

use serde_json::{Value, json};

use crate::harness::{REGISTER, Response, Stack};

const JSON: &str = "application/json";

async fn send(stack: &Stack, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    stack.post(REGISTER).body(content_type, body.into()).send().await
}

/// Registers a client with valid redirect URIs and this member.
async fn with(stack: &Stack, member: &str, value: Value) -> Response {
    let mut metadata = json!({ "redirect_uris": ["https://a.example/cb"] });
    metadata[member] = value;
    stack.registration(&metadata).send().await
}

#[tokio::test]
async fn only_post_registers() {
    let stack = Stack::with_registration().await;
    for method in ["GET", "PUT", "DELETE", "HEAD", "PATCH"] {
        let response = stack.request(method, REGISTER).send().await;
        assert_eq!((response.status, response.header("allow")), (405, Some("POST")), "{method}");
    }
    // RFC 7592, the management of registrations, is not offered.
    assert_eq!(stack.request("GET", &format!("{REGISTER}/d-x")).send().await.status, 404);
}

#[tokio::test]
async fn the_acceptable_redirect_uris_are_kept() {
    let stack = Stack::with_registration().await;
    let kept = [
        "https://a.example/cb",
        "https://a.example/cb?fixed=1",
        "http://localhost:3118/callback",
        "http://127.0.0.1/cb",
        "http://[::1]:8000/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://x/y",
        "vscode-insiders:/cb",
        "com.example.app:/cb",
    ];
    let refused = [
        "javascript:alert(1)",
        "http://x/cb",
        "myapp:/cb",
        "https://a.example/cb#x",
        "https://*.example/cb",
        "https://user@a.example/cb",
        "https://a.example/cb?code=x",
        "/cb",
        "",
        "data:text/html,x",
        "cursor://x/{y}",
        "https://a.example/a b",
    ];
    for uri in refused {
        let alone = stack.registration(&json!({ "redirect_uris": [uri] })).send().await;
        alone.is_error(400, "invalid_redirect_uri");
        let information = stack.self_register(&json!({ "redirect_uris": [uri, kept[0]] })).await;
        assert_eq!(information["redirect_uris"], json!([kept[0]]), "{uri}");
    }
    let information = stack.self_register(&json!({ "redirect_uris": kept })).await;
    assert_eq!(information["redirect_uris"], json!(kept));
}

#[tokio::test]
async fn the_schemes_without_a_dot_are_configuration() {
    let stack = Stack::with_registration().await;
    let zed = stack.sibling(|config| config.registration.schemes = "zed".parse().unwrap()).await;
    for (uri, here, there) in [("cursor://x/cb", 201, 400), ("zed://x/cb", 400, 201)] {
        for (stack, status) in [(&stack, here), (&zed, there)] {
            let response = stack.registration(&json!({ "redirect_uris": [uri] })).send().await;
            assert_eq!(response.status, status, "{uri}");
        }
    }
}

#[tokio::test]
async fn one_to_ten_redirect_uris_are_required() {
    let stack = Stack::with_registration().await;
    let uris = |most: usize| (0..most).map(|n| format!("https://a.example/{n}")).collect::<Vec<_>>();
    let long = format!("https://a.example/{}", "a".repeat(500));
    for redirect_uris in [
        Value::Null,
        json!([]),
        json!(""),
        json!("https://a.example/cb"),
        json!({ "0": "https://a.example/cb" }),
        json!([["https://a.example/cb"]]),
        json!(["https://a.example/cb", 1]),
        json!(["https://a.example/cb", null]),
        json!(uris(11)),
        json!([long]),
        json!(true),
    ] {
        let response = stack.registration(&json!({ "redirect_uris": redirect_uris })).send().await;
        response.is_error(400, "invalid_redirect_uri");
    }
    stack.registration(&json!({})).send().await.is_error(400, "invalid_redirect_uri");
    let information = stack.self_register(&json!({ "redirect_uris": uris(10) })).await;
    assert_eq!(information["redirect_uris"], json!(uris(10)));
    let twice = ["https://a.example/cb", "https://a.example/cb"];
    let information = stack.self_register(&json!({ "redirect_uris": twice })).await;
    assert_eq!(information["redirect_uris"], json!(["https://a.example/cb"]));
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_refused_and_an_absent_one_is_not() {
    let stack = Stack::with_registration().await;
    for (member, wrong) in [
        ("token_endpoint_auth_method", json!(["none"])),
        ("token_endpoint_auth_method", json!(1)),
        ("client_name", json!(["Notes"])),
        ("client_name", json!({ "en": "Notes" })),
        ("client_name", json!(false)),
        ("grant_types", json!("authorization_code")),
        ("grant_types", json!([1])),
        ("response_types", json!("code")),
        ("response_types", json!(["token"])),
        ("response_types", json!(["code token"])),
        ("response_types", json!([null])),
    ] {
        with(&stack, member, wrong).await.is_error(400, "invalid_client_metadata");
    }
    for member in ["token_endpoint_auth_method", "client_name", "grant_types", "response_types"] {
        for absent in [Value::Null, json!("")] {
            assert_eq!(with(&stack, member, absent).await.status, 201, "{member}");
        }
    }
    for member in ["grant_types", "response_types"] {
        assert_eq!(with(&stack, member, json!([])).await.status, 201, "{member}");
    }
    assert_eq!(with(&stack, "response_types", json!(["token", "code"])).await.status, 201);
}

#[tokio::test]
async fn unknown_members_and_those_that_nothing_shows_are_ignored() {
    let stack = Stack::with_registration().await;
    let deep: Value = serde_json::from_str(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).unwrap();
    for (member, value) in [
        ("foo", json!(1)),
        ("foo", deep),
        ("scope", json!("read write")),
        ("scope", json!(["read"])),
        ("logo_uri", json!("https://evil.example/logo.png")),
        ("client_uri", json!(7)),
        ("tos_uri", json!("javascript:alert(1)")),
        ("contacts", json!(["a@example.com"])),
        ("jwks_uri", json!("http://169.254.169.254/")),
        ("jwks", json!({ "keys": [] })),
        ("software_statement", json!("e30.e30.")),
        ("registration_access_token", json!("x")),
    ] {
        let response = with(&stack, member, value.clone()).await;
        assert_eq!(response.status, 201, "{member}");
        assert_eq!(response.json().get(member), None, "{member}");
    }
    let stored = stack.stored().await;
    for kept_nowhere in ["logo.png", "alert(1)", "169.254", "a@example.com", "e30.e30."] {
        assert!(!stored.contains(kept_nowhere) && !stack.logged().contains(kept_nowhere), "{kept_nowhere}");
    }
}

#[tokio::test]
async fn a_name_that_is_no_single_line_of_visible_text_becomes_the_host() {
    let stack = Stack::with_registration().await;
    for (name, expected) in [
        ("Notes", "Notes"),
        ("Éloïse & fils", "Éloïse & fils"),
        ("<script>", "<script>"),
        ("", "a.example"),
        (" Notes", "a.example"),
        ("two\nlines", "a.example"),
        ("a\u{0}b", "a.example"),
        ("elton\u{202e}nimda", "a.example"),
        ("a\u{200b}b", "a.example"),
        ("\u{3164}", "a.example"),
        (&"é".repeat(101), "a.example"),
    ] {
        let response = with(&stack, "client_name", json!(name)).await;
        assert_eq!(response.json()["client_name"], expected, "{name:?}");
    }
}

#[tokio::test]
async fn the_body_is_one_json_object_of_16_kib_at_most() {
    let stack = Stack::with_registration().await;
    let good = r#"{"redirect_uris":["https://a.example/cb"]}"#;
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(send(&stack, content_type, good).await.status, 201, "{content_type}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jwt", "x"] {
        send(&stack, content_type, good).await.is_error(400, "invalid_request");
    }
    stack.post(REGISTER).send().await.is_error(400, "invalid_request");
    let deep = format!("{}1", r#"{"a":"#.repeat(3_000));
    let deep_list = format!(r#"{{"redirect_uris":{}"#, "[".repeat(10_000));
    for bad in [
        "",
        " ",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}{}",
        &format!("{good}x"),
        &format!("[{good}]"),
        &format!("\u{feff}{good}"),
        "{redirect_uris:[]}",
        r#"{"redirect_uris":["https://a.example/cb"],}"#,
        r#"{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}"#,
        r#"{"redirect_uris":["https://a.example/cb"],"redirect\u005furis":["https://b.example/cb"]}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"\ud800":1}"#,
        &deep,
        &deep_list,
    ] {
        send(&stack, JSON, bad).await.is_error(400, "invalid_request");
    }
    for bytes in [&b"\xff\xfe{}"[..], b"{\"a\":\"\xff\"}", b"{\"client_name\":\"\xc3\"}", b"\0"] {
        send(&stack, JSON, bytes).await.is_error(400, "invalid_request");
    }
    for lone_surrogate in [r#""\ud800""#, "1e999", "[1,]"] {
        let body = format!(r#"{{"redirect_uris":["https://a.example/cb"],"client_name":{lone_surrogate}}}"#);
        assert_eq!(send(&stack, JSON, body).await.status, 400, "{lone_surrogate}");
    }
    let padded = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
    assert_eq!(send(&stack, JSON, padded(16 * 1024)).await.status, 201);
    send(&stack, JSON, padded(16 * 1024 + 1)).await.is_error(413, "invalid_request");
    let many = format!(r#"{{"redirect_uris":[{}"a"]}}"#, "\"a\",".repeat(3_000));
    send(&stack, JSON, many).await.is_error(400, "invalid_redirect_uri");
}

#[tokio::test]
async fn errors_are_reported_in_order_and_count_and_store_nothing() {
    let stack = Stack::with_registration().await;
    stack.dynamodb.forget();
    for (content_type, body, code) in [
        ("text/plain", r#"{"redirect_uris":1,"client_name":1}"#, "invalid_request"),
        (JSON, r#"[{"redirect_uris":1}]"#, "invalid_request"),
        (JSON, r#"{"client_name":1,"redirect_uris":["myapp:/cb"]}"#, "invalid_redirect_uri"),
        (JSON, r#"{"client_name":1,"redirect_uris":["https://a.example/cb"]}"#, "invalid_client_metadata"),
    ] {
        send(&stack, content_type, body).await.is_error(400, code);
    }
    assert_eq!(stack.dynamodb.cost(), []);
    assert_eq!(stack.audited("refused").len(), 4);
}
