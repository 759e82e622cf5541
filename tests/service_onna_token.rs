//! A client of Onna at the token endpoint: id and secret in the body, 3,599 seconds, no refresh token.
//!
//! It runs with `--auth-method client_secret_post --access-token-ttl 3599` and no switch. Its document spells the token
//! type `bearer`; RFC 6749 §7.1 makes it case-insensitive, so there is no switch for it.

use std::time::Duration;

use serde_json::json;
use shared::{
    clients::{Lifetimes, Registration},
    oauth::AuthMethod,
};

use crate::harness::Stack;

#[tokio::test]
async fn its_requests_get_its_responses() {
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
    let response = stack.post("/oauth/token").form(&form).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    let response = response.json();
    assert!(response["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"));
    assert_eq!(response["expires_in"], json!(3_599));
    let members: Vec<_> = response.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "token_type"], "and no refresh token");
    let token = response["access_token"].as_str().unwrap().to_owned();
    let ask =
        async || stack.post("/oauth/introspect").post(&client, &[("token", &token)]).send().await.json();
    stack.advance(Duration::from_secs(3_598));
    assert_eq!(ask().await["active"], true);
    stack.advance(Duration::from_secs(1));
    assert_eq!(ask().await, json!({ "active": false }));
}
