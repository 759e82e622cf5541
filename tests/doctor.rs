//! `jeton doctor`: each check, and each way in which it fails. It changes nothing.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};
use axum::{Json, Router, http::StatusCode};
use serde_json::{Value, json};
use shared::openid::Start;
use tokio::{net::TcpListener, time::Instant};

use crate::harness::{Fault, Ran, Stack, kms::arn, run};

impl Stack {
    async fn doctor(&self, issuer: &str) -> Ran {
        self.jeton(&["doctor", "--issuer", issuer], "").await
    }
}

/// Returns the outcome and the message of the check whose name begins so.
#[track_caller]
fn check(ran: &Ran, name: &str) -> (String, String) {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"].as_str().unwrap().starts_with(name));
    let word = |word: &str| found.unwrap_or_else(|| panic!("{report}"))[word].as_str().unwrap().to_owned();
    (word("outcome"), word("message"))
}

/// Asserts that the check fails, with this message, and that the exit code says so.
#[track_caller]
fn fails(ran: &Ran, name: &str, message: &str) {
    let (outcome, said) = check(ran, name);
    assert_eq!((ran.code, outcome.as_str(), said.contains(message)), (1, "failure", true), "{said}");
    assert!(ran.stderr.contains("failed checks: "), "{ran:?}");
}

/// Starts a server that responds with `json` everywhere, and returns its URL.
async fn server(status: StatusCode, json: impl Fn(&str) -> Value) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let json = json(&url);
    let router = Router::new().fallback(move || {
        let json = json.clone();
        async move { (status, Json(json)) }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn a_sound_deployment_has_no_failure_and_is_not_changed() {
    let (begin, stack) = (Instant::now(), Stack::ahead_of_this_machine(0).await);
    stack.resource("https://api.example.com/notes").await;
    stack.web().await;
    let before = stack.stored().await;
    stack.dynamodb.forget();
    stack.advance(begin.elapsed());
    let ran = stack.doctor(&stack.url).await;
    let report = ran.json();
    assert_eq!(report["failures"], 0);
    for name in [
        "table ",
        "index by_user",
        "expiry (TTL) of",
        "reading",
        "writing",
        "metadata",
        "endpoints",
        "token endpoint",
    ] {
        assert_eq!(check(&ran, name).0, "ok", "{name}");
    }
    assert_eq!(check(&ran, "clock of the issuer").0, "ok");
    assert_eq!(
        check(&ran, "descriptions").1,
        "missing for read, write: users see the value itself; see `jeton scope describe`"
    );
    // The embedded DynamoDB has no backups; DynamoDB Local neither.
    let (outcome, message) = check(&ran, "point-in-time recovery");
    assert!(outcome == "warning" && message.starts_with("cannot tell"), "{message}");
    let after = stack.stored().await;
    // The attributes of an item are in any order.
    assert!(after.len() == before.len() && !after.contains("doctor#"), "{after}");
    let tried = stack.dynamodb.seen();
    assert!(tried.iter().any(|seen| seen.operation == "TransactWriteItems"));

    let text = stack.jeton_text(&["doctor", "--issuer", &stack.url]).await;
    assert!(text.contains("ok       token endpoint: responds"), "{text}");
    let ran = stack.jeton(&["doctor"], "").await;
    assert_eq!(check(&ran, "issuer").1, "not checked: set JETON_ISSUER, or give --issuer");
}

#[tokio::test]
async fn a_table_that_is_missing_or_another_is_a_failure() {
    let stack = Stack::start().await;
    let (client, names) = (stack.app.clients.table().client(), &stack.app.config.tables);
    client.delete_table().table_name(&names.users).send().await.unwrap();
    fails(&stack.doctor(&stack.url).await, &format!("table {}", names.users), "check JETON_USERS_TABLE");
    fails(&stack.doctor(&stack.url).await, &format!("reading {}", names.users), "ResourceNotFoundException");

    client.delete_table().table_name(&names.tokens).send().await.unwrap();
    let attribute =
        AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let create = client.create_table().table_name(&names.tokens).billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
    create.send().await.unwrap();
    let ran = stack.doctor(&stack.url).await;
    fails(&ran, &format!("table {}", names.tokens), "has another key than pk");
    fails(&ran, &format!("index by_user of {}", names.tokens), "is missing");
    fails(&ran, &format!("expiry (TTL) of {}", names.tokens), "is not on for the attribute ttl");
}

#[tokio::test]
async fn expiry_is_on_for_tables_whose_items_expire_and_for_no_other() {
    let stack = Stack::start().await;
    let (client, names) = (stack.app.clients.table().client(), &stack.app.config.tables);
    let ttl = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build().unwrap();
    client
        .update_time_to_live()
        .table_name(&names.users)
        .time_to_live_specification(ttl)
        .send()
        .await
        .unwrap();
    let ran = stack.doctor(&stack.url).await;
    fails(&ran, &format!("expiry (TTL) of {}", names.users), "turn it off");
}

#[tokio::test]
async fn rights_that_the_caller_lacks_are_named() {
    let stack = Stack::start().await;
    stack.dynamodb.fail(Fault::DenyWrites);
    let ran = stack.doctor(&stack.url).await;
    stack.dynamodb.fail(Fault::None);
    fails(
        &ran,
        "writing",
        "UpdateItem is refused: give your IAM user or role the rights dynamodb:UpdateItem",
    );
    assert_eq!(check(&ran, "reading").0, "ok");
    stack.dynamodb.fail(Fault::DenyScans);
    let ran = stack.doctor(&stack.url).await;
    stack.dynamodb.fail(Fault::None);
    fails(&ran, "reading", "Scan is refused: give your IAM user or role the rights dynamodb:GetItem");
    assert_eq!(check(&ran, "writing").0, "ok");
    stack.dynamodb.fail(Fault::Denied);
    let ran = stack.doctor(&stack.url).await;
    stack.dynamodb.fail(Fault::None);
    fails(&ran, "reading", "GetItem is refused");
    let (outcome, message) = check(&ran, "table");
    assert!(outcome == "warning" && message.contains("dynamodb:DescribeTable"), "{message}");
}

#[tokio::test]
async fn metadata_are_those_of_the_issuer_byte_for_byte() {
    let stack = Stack::ahead_of_this_machine(0).await;
    let port = stack.url.rsplit(':').next().unwrap().to_owned();
    let ran = stack.doctor(&format!("http://localhost:{port}")).await;
    fails(&ran, "metadata", "clients refuse that (RFC 8414 §3.3)");
    assert_eq!(check(&ran, "endpoints").0, "warning");
    for issuer in ["https://auth.example.com/", "http://auth.example.com"] {
        stack.doctor(issuer).await.failed(2, "https://HOST[:PORT] with nothing after it");
    }
    fails(&stack.doctor("http://127.0.0.1:1").await, "metadata", "Connection refused");
    // The command needs TLS, and the server has none.
    let ran = stack.doctor(&format!("https://127.0.0.1:{port}")).await;
    fails(&ran, "metadata", "client error (Connect)");
    let html = server(StatusCode::NOT_FOUND, |_| json!("Not found")).await;
    fails(&stack.doctor(&html).await, "metadata", "responds 404 Not Found, not with the metadata");
    let moved = server(StatusCode::FOUND, |_| json!({})).await;
    fails(&stack.doctor(&moved).await, "metadata", "responds 302");
    let bare = server(StatusCode::OK, |url| json!({ "issuer": url })).await;
    fails(&stack.doctor(&bare).await, "token endpoint", "the metadata names none");
    let other =
        server(StatusCode::OK, |url| json!({ "issuer": url, "token_endpoint": format!("{url}/token") }))
            .await;
    fails(&stack.doctor(&other).await, "token endpoint", "responds 200 OK, not an OAuth error in JSON");
}

#[tokio::test]
async fn metadata_send_the_command_to_no_other_server_and_the_terminal_no_control_characters() {
    let (stack, other) =
        (Stack::ahead_of_this_machine(0).await, TcpListener::bind(("127.0.0.1", 0)).await.unwrap());
    let foreign = format!("http://{}/token", other.local_addr().unwrap());
    let metadata =
        |url: &str| json!({ "issuer": url, "token_endpoint": foreign, "\u{1B}[2J_endpoint": foreign });
    let issuer = server(StatusCode::OK, metadata).await;
    let text = stack.jeton_text(&["doctor", "--issuer", &issuer]).await;
    for line in [
        "warning  endpoints: not under the issuer: \u{FFFD}[2J_endpoint, token_endpoint",
        "warning  token endpoint: not checked: it is not under the issuer",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let connection = tokio::time::timeout(Duration::ZERO, other.accept()).await;
    assert!(connection.is_err(), "the other server got a request");
}

#[tokio::test]
async fn clocks_that_differ_are_warnings() {
    let stack = Stack::ahead_of_this_machine(600_000).await;
    let ran = stack.doctor(&stack.url).await;
    let (outcome, message) = check(&ran, "clock");
    assert!(outcome == "warning" && message.contains("behind DynamoDB's"), "{message}");
    let (outcome, message) = check(&ran, "clock of the issuer");
    assert!(outcome == "warning" && message.contains("s from DynamoDB's"), "{message}");
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[tokio::test]
async fn registered_data_that_cannot_work_are_warnings() {
    let stack = Stack::start().await;
    let notes = stack.resource("https://api.example.com/notes").await;
    let machine = stack.machine().await;
    stack.amend(&machine, |registration| registration.resources = vec![notes.uri.clone()]).await;
    stack.delete_resource(&notes).await;
    let (stored, now) = (stack.stored_client(&machine).await, stack.now());
    let mut ended = stored.secrets.clone();
    ended[0].expires_at = Some(now);
    stack.app.clients.replace_secrets(&stored, &ended).await.unwrap();
    let ran = stack.doctor(&stack.url).await;
    let (outcome, message) = check(&ran, "resources of clients");
    let expected = format!("not registered: https://api.example.com/notes of client {}", machine.id);
    assert!(outcome == "warning" && message.starts_with(&expected), "{message}");
    let (outcome, message) = check(&ran, "secrets of clients");
    assert!(outcome == "warning" && message.contains(&machine.id), "{message}");
}

#[tokio::test]
async fn signing_keys_are_checked_where_openid_connect_is_on() {
    let (off, on) = (Stack::start().await, Stack::with_openid().await);
    let doctor = async |stack: &Stack, keys: &str| {
        let mut command = stack.command(&["--json", "doctor", "--issuer", &stack.url]);
        command.env("JETON_SIGNING_KEYS", keys);
        run(command, "").await
    };
    assert!(!off.doctor(&off.url).await.stdout.contains("signing keys"), "it was never on");
    fails(&doctor(&off, "local").await, "signing keys", "none signs");
    let kid = off.jeton(&["key", "add", "--local"], "").await.json()["kid"].as_str().unwrap().to_owned();
    let ran = doctor(&off, "local").await;
    assert_eq!(check(&ran, "signing keys"), ("ok".to_owned(), format!("{kid} signs")));
    fails(&ran, "published keys", "responds 404");

    assert_eq!(
        check(&doctor(&on, "").await, "signing keys").0,
        "warning",
        "it is not known what is deployed"
    );
    assert_eq!(check(&doctor(&on, "local").await, "published keys").0, "ok");
    // The consent page describes the values of OpenID Connect itself.
    on.relying_party().await;
    let lacking = async |keys: &str| check(&doctor(&on, keys).await, "descriptions of scope values").1;
    assert!(lacking("local").await.starts_with("missing for read: "));
    assert!(lacking("").await.starts_with("missing for email, groups, openid, profile, read: "));
    let arn = arn("a");
    fails(&doctor(&on, &arn).await, "signing keys", "none signs");
    on.list_arn(&arn, Start::AfterPublication).await;
    let (outcome, message) = check(&doctor(&on, "local").await, "deployed keys");
    assert_eq!((outcome.as_str(), message), ("warning", format!("not in the parameter SigningKeys: {arn}")));
}
