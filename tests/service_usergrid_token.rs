//! A client of Usergrid at the token endpoint: lifetimes in milliseconds, seven days by default, and 0 for a token without
//! end.
//!
//! It runs with `--compat ttl --compat json --compat password --access-token-ttl 604800 --longest-access-token-ttl 0`.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    clients::{Lifetimes, Registration},
    oauth::GrantType,
};

use crate::harness::{PASSWORD, Registered, Stack, legacy};

const SWITCHES: &str = "ttl,json,password,query-credentials";

async fn application(stack: &Stack) -> Registered {
    let lifetimes =
        Lifetimes { access_token: 604_800, longest_access_token: Some(0), ..Lifetimes::default() };
    let grant_types = vec![GrantType::ClientCredentials, GrantType::Password];
    stack.register(Registration { grant_types, lifetimes, ..legacy(SWITCHES) }).await
}

fn as_application(client: &Registered) -> Value {
    json!({ "grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret })
}

#[tokio::test]
async fn a_token_lives_seven_days_or_as_long_as_requested() {
    let stack = Stack::permitting(SWITCHES).await;
    let client = application(&stack).await;
    let week = stack.json_request(&as_application(&client)).send().await.json();
    assert_eq!(week["expires_in"], 604_800, "milliseconds in, seconds out");
    let mut hour = as_application(&client);
    hour["ttl"] = json!("3600000");
    let hour = stack.json_request(&hour).send().await.json();
    assert_eq!(hour["expires_in"], 3_600);
    let mut endless = as_application(&client);
    endless["ttl"] = json!("0");
    let endless = stack.json_request(&endless).send().await.json();
    stack.advance(Duration::from_hours(1));
    stack.is_inactive(&client, hour["access_token"].as_str().unwrap()).await;
    stack.advance(Duration::from_hours(24 * 365));
    assert!(stack.is_active(&client, endless["access_token"].as_str().unwrap()).await);
    stack.is_inactive(&client, week["access_token"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_user_signs_in_with_a_lifetime_of_their_own() {
    let stack = Stack::permitting(SWITCHES).await;
    let client = application(&stack).await;
    stack.create_user("john.doe").await;
    let mut request = as_application(&client);
    for (name, value) in
        [("grant_type", "password"), ("username", "john.doe"), ("password", PASSWORD), ("ttl", "1800000")]
    {
        request[name] = json!(value);
    }
    let response = stack.json_request(&request).send().await.json();
    assert_eq!(response["expires_in"], 1_800);
    let active = stack.introspect(&client, response["access_token"].as_str().unwrap()).await;
    assert_eq!(active["username"], "john.doe");
}

#[tokio::test]
async fn id_and_secret_in_the_query_are_accepted() {
    let stack = Stack::permitting(SWITCHES).await;
    let client = application(&stack).await;
    let path = format!("/oauth/token?client_id={}&client_secret={}", client.id, client.secret);
    let response = stack.post(&path).form(&[("grant_type", "client_credentials")]).send().await;
    assert_eq!(response.json()["expires_in"], 604_800);
}
