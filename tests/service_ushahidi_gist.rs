//! A client of Ushahidi's third platform: the `password` grant in JSON, and a refresh token that does not rotate.
//!
//! It runs with `--compat password --compat json --compat expires --compat no-rotation`.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    clients::{Lifetimes, Registration},
    oauth::{AuthMethod, GrantType},
};

use crate::harness::{PASSWORD, Registered, Response, Stack};

const SWITCHES: &str = "password,json,expires,no-rotation";
const SCOPE: &str = "posts media forms api tags savedsearches sets users stats layers config messages notifications \
                     contacts roles permissions csv dataproviders";

async fn ushahidiui(stack: &Stack, compat: &str) -> Registered {
    stack
        .register(Registration {
            name: "ushahidiui".to_owned(),
            grant_types: vec![GrantType::Password, GrantType::RefreshToken],
            scope: SCOPE.split(' ').map(str::to_owned).collect(),
            auth_methods: vec![AuthMethod::ClientSecretPost],
            compat: compat.parse().unwrap(),
            lifetimes: Lifetimes { refresh_token: 604_800, ..Lifetimes::default() },
            ..Registration::default()
        })
        .await
}

async fn send(stack: &Stack, body: &Value) -> Response {
    stack
        .post("/oauth/token")
        .header("accept", "application/json, text/plain, */*")
        .body("application/json;charset=UTF-8", body.to_string())
        .send()
        .await
}

/// Returns the members of a response.
fn members(response: &Value) -> Vec<&str> {
    response.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn its_requests_get_its_responses() {
    let stack = Stack::permitting(SWITCHES).await;
    let (client, api) = (ushahidiui(&stack, SWITCHES).await, stack.resource_server().await);
    stack.create_user("admin").await;
    let response = send(
        &stack,
        &json!({
            "client_id": client.id,
            "client_secret": client.secret,
            "grant_type": "password",
            "username": "admin",
            "password": PASSWORD,
            "scope": SCOPE,
        }),
    )
    .await;
    assert_eq!(response.status, 200, "{}", response.text);
    let first = response.json();
    for member in
        ["access_token", "expires", "expires_in", "refresh_token", "refresh_token_expires_in", "token_type"]
    {
        assert!(members(&first).contains(&member), "{first}");
    }
    assert_eq!(first["token_type"], "Bearer");
    assert_eq!((&first["expires_in"], &first["refresh_token_expires_in"]), (&json!(3_600), &json!(604_800)));
    assert_eq!(first["expires"], stack.now().seconds() + 3_600);

    stack.advance(Duration::from_secs(3_590));
    let refresh = json!({
        "client_id": client.id,
        "client_secret": client.secret,
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
    });
    let second = send(&stack, &refresh).await.json();
    assert_eq!(members(&second), ["access_token", "expires", "expires_in", "scope", "token_type"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!((&second["expires_in"], &second["token_type"]), (&json!(3_600), &json!("Bearer")));
    assert_eq!(second["expires"], stack.now().seconds() + 3_600);
    let active = stack.introspect(&api, second["access_token"].as_str().unwrap()).await;
    assert_eq!((&active["username"], &active["active"]), (&json!("admin"), &json!(true)));
    assert_eq!(active["scope"].as_str().unwrap().split(' ').count(), 18);

    // "You can keep refreshing the access token until the refresh token expires (7 days)."
    stack.advance(Duration::from_secs(604_800 - 3_590 - 1));
    assert_eq!(send(&stack, &refresh).await.status, 200);
    stack.advance(Duration::from_secs(1));
    send(&stack, &refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn each_of_its_switches_is_needed() {
    for without in SWITCHES.split(',') {
        let rest: Vec<_> = SWITCHES.split(',').filter(|switch| *switch != without).collect();
        let stack = Stack::permitting(&rest.join(",")).await;
        let client = ushahidiui(&stack, SWITCHES).await;
        stack.create_user("admin").await;
        let (id, secret) = (&client.id, &client.secret);
        let response = send(
            &stack,
            &json!({
                "client_id": id, "client_secret": secret, "grant_type": "password", "username": "admin",
                "password": PASSWORD,
            }),
        )
        .await;
        match without {
            "password" => response.is_error(400, "unsupported_grant_type"),
            "json" => response.is_error(400, "invalid_request"),
            "expires" => assert_eq!(response.json().get("expires"), None),
            _ => {
                let refresh = json!({
                    "client_id": id, "client_secret": secret, "grant_type": "refresh_token",
                    "refresh_token": response.json()["refresh_token"],
                });
                assert!(send(&stack, &refresh).await.json().get("refresh_token").is_some());
            }
        }
    }
}
