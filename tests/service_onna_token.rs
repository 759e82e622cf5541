//! A client of Onna's, as far as the token endpoint goes: id and secret in the body, 3,599 seconds, no refresh.
//!
//! It runs with `--auth-method client_secret_post --access-token-ttl 3599` and no switch. Its document spells the token
//! type `bearer`; RFC 6749 §7.1 compares it in any case, so there is no switch for that.

use std::time::Duration;

use serde_json::json;
use shared::client::{AuthMethod, Lifetimes, Registration};

use crate::harness::Stack;

#[tokio::test]
async fn its_requests_get_its_answers() {
    let stack = Stack::start().await;
    let client = stack
        .register(Registration {
            name: "Platform API".to_owned(),
            auth_methods: vec![AuthMethod::ClientSecretPost],
            lifetimes: Lifetimes { access_token: 3_599, ..Lifetimes::default() },
            ..Registration::default()
        })
        .await;
    let form = [
        ("client_id", client.id.as_str()),
        ("client_secret", client.secret.as_str()),
        ("grant_type", "client_credentials"),
    ];
    let answer = stack.post("/oauth/token").form(&form).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert!(told["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"));
    assert_eq!(told["expires_in"], json!(3_599));
    let members: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "token_type"], "and no refresh token");
    let token = told["access_token"].as_str().unwrap().to_owned();
    let ask =
        async || stack.post("/oauth/introspect").post(&client, &[("token", &token)]).send().await.json();
    stack.advance(Duration::from_secs(3_598));
    assert_eq!(ask().await["active"], true);
    stack.advance(Duration::from_secs(1));
    assert_eq!(ask().await, json!({ "active": false }));
}
