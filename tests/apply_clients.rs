//! Clients in the files of `jeton apply`.

use serde_json::{Value, json};
use shared::{clients::Registration, oauth::ClientId, secret::Id};

use crate::{
    apply::{NOTES, changes, pending},
    harness::{Stack, machine},
};

#[tokio::test]
async fn every_field_of_a_client_is_compared() {
    let stack = Stack::start().await;
    let schema: Value = serde_json::from_str(&stack.jeton_text(&["schema"]).await).unwrap();
    let base = json!({
        "name": "C", "redirect_uris": ["https://a.example/"], "scope": ["openid", "read", "write"],
        "resource_server": true, "compat": ["ttl"],
    });
    let others = json!({
        "name": "D", "grants": ["authorization_code"], "redirect_uris": ["https://b.example/"],
        "scope": ["openid", "read"], "default_scope": ["read"], "auth_methods": ["client_secret_post"], "resources": [NOTES],
        "resource_server": false, "serves": [NOTES], "first_party": true, "pkce_optional": true, "compat": [],
        "post_logout_redirect_uris": ["https://b.example/"], "id_token_on_refresh": true,
        "code_ttl": 30, "access_token_ttl": 60, "longest_access_token_ttl": 7200, "refresh_token_ttl": 60,
        "refresh_grace": 0, "disabled": true,
    });
    let file = |client: &Value| {
        json!({ "resources": { NOTES: { "name": "Notes" } }, "clients": { "c": client } }).to_string()
    };
    stack.apply(&file(&base), &[]).await.applied();
    for field in schema["$defs"]["Client"]["properties"].as_object().unwrap().keys() {
        // The type of a client cannot change.
        if field == "public" {
            continue;
        }
        let mut client = base.clone();
        client[field] = others[field].clone();
        assert!(!client[field].is_null(), "no other value of {field}");
        let planned = pending(&stack.apply(&file(&client), &["--dry-run"]).await);
        assert_eq!(changes(&planned["changes"]), ["update client c"], "{field}");
        assert!(planned["changes"][0]["fields"][field].is_object(), "{field}: {planned}");
    }
}

#[tokio::test]
async fn a_client_may_be_moved_with_its_generated_id_but_not_take_the_sub_of_a_user() {
    let stack = Stack::start().await;
    let (ada, moved) = (stack.create_user("ada").await, ClientId::random());
    let client = |id: &str| format!("clients:\n  {id}: {{name: x}}\n");
    stack.apply(&client(&ada.sub.to_string()), &[]).await.failed(2, "this is the sub of a user");
    stack.jeton(&["user", "delete", "ada"], "").await.json();
    stack.apply(&client(&ada.sub.to_string()), &[]).await.failed(2, "this is the sub of a user");
    stack.apply(&client(moved.as_str()), &[]).await.applied();
    stack.apply(&client(&Id::random().to_string()), &[]).await.applied();
}

#[tokio::test]
async fn a_disabled_client_loses_its_grants_and_is_enabled_again() {
    let stack = Stack::start().await;
    let (rs, file) = (stack.resource_server().await, "clients:\n  service: {name: Service, scope: [read]}\n");
    let service = stack.apply(file, &[]).await.applied().secrets.remove(0);
    let token = stack.token(&service).await;
    let disabled = file.replace("scope", "disabled: true, scope");
    let ran = stack.apply(&disabled, &[]).await;
    assert!(ran.stderr.contains("\"change\":\"disabled\""), "{}", ran.stderr);
    stack.is_inactive(&rs, &token).await;
    stack.is_as_declared(&disabled).await;
    stack.apply(file, &[]).await.applied();
    stack.is_inactive(&rs, &token).await;
    stack.advance(std::time::Duration::from_mins(1));
    stack.token(&service).await;
}

/// Returns the writes since the requests were last forgotten, and the number of scans of the tokens table.
fn writes_and_sweeps(stack: &Stack) -> (Vec<String>, usize) {
    let seen = stack.dynamodb.seen();
    let tokens = &stack.app.config.tables.tokens;
    let sweeps = seen.iter().filter(|one| one.operation == "Scan" && one.request["TableName"] == **tokens);
    let sweeps = sweeps.count();
    let is_write = |operation: &String| !["GetItem", "BatchGetItem", "Scan"].contains(&operation.as_str());
    (seen.into_iter().map(|one| one.operation).filter(is_write).collect(), sweeps)
}

#[tokio::test]
async fn a_client_that_is_declared_disabled_is_never_enabled_and_several_are_disabled_by_one_sweep() {
    let stack = Stack::start().await;
    let disabled = "clients:\n  a: {name: A, disabled: true}\n  b: {name: B, disabled: true}\n";
    stack.dynamodb.forget();
    stack.apply(disabled, &[]).await.applied();
    let created = ["TransactWriteItems", "TransactWriteItems"].map(str::to_owned).to_vec();
    assert_eq!(writes_and_sweeps(&stack), (created, 0));
    stack.is_as_declared(disabled).await;

    stack.apply(&disabled.replace("true", "false"), &[]).await.applied();
    stack.dynamodb.forget();
    stack.apply(disabled, &[]).await.applied();
    assert_eq!(writes_and_sweeps(&stack), (["UpdateItem", "UpdateItem"].map(str::to_owned).to_vec(), 1));
    stack.is_as_declared(disabled).await;
}

#[tokio::test]
async fn properties_that_administrators_set_by_hand_can_all_be_declared() {
    let stack = Stack::permitting("password,ttl").await;
    let mut by_hand = Registration { name: "Everything".to_owned(), ..machine() };
    by_hand.compat = "password,ttl".parse().unwrap();
    by_hand.lifetimes.longest_access_token = Some(0);
    let client = stack.register(by_hand).await;
    let id = &client.id;
    let declared = format!(
        "clients:\n  {id}:\n    name: Everything\n    scope: [read, write]\n    compat: [ttl, password]\n    \
         grants: [password, client_credentials]\n    longest_access_token_ttl: 0\n"
    );
    stack.is_as_declared(&declared).await;
}
