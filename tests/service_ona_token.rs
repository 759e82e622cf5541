//! A client of Ona at the authorization and token endpoints: a code, Basic authentication, ten hours.
//!
//! It runs with `--pkce-optional --access-token-ttl 36000` and no switch; its clients do not use PKCE.

use serde_json::json;
use shared::{
    clients::{Lifetimes, Registration},
    oauth::GrantType,
};

use crate::harness::{AuthorizationRequest, Stack};

#[tokio::test]
async fn its_requests_get_its_responses() {
    let stack = Stack::start().await;
    let redirect_uri = "http://localhost:30000";
    let client = stack
        .register(Registration {
            name: "An application".to_owned(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            redirect_uris: vec![redirect_uri.to_owned()],
            scope: ["read", "write", "groups"].map(str::to_owned).into(),
            pkce_optional: true,
            lifetimes: Lifetimes { access_token: 36_000, ..Lifetimes::default() },
            ..Registration::default()
        })
        .await;
    let browser = stack.browser();
    let request = AuthorizationRequest::by(&client).without_pkce().without("scope").with("state", "abc");
    // "A login page is presented."
    let login = browser.authorize(&request).await;
    assert!(login.header("location").unwrap().starts_with("/login?"), "{login:?}");
    browser.sign_in(&stack.create_user("ada").await).await;
    let redirect = browser.consent(&request).await;
    assert_eq!((redirect.to.as_str(), redirect.get("state")), (redirect_uri, Some("abc")));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", redirect.code()),
        ("client_id", client.id.as_str()),
        ("redirect_uri", redirect_uri),
    ];
    let call = stack.post("/oauth/token").raw_basic(&format!("{}:{}", client.id, client.secret));
    let response = call.form(&form).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    let response = response.json();
    assert_eq!((&response["token_type"], &response["expires_in"]), (&json!("Bearer"), &json!(36_000)));
    let mut scope: Vec<_> = response["scope"].as_str().unwrap().split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope, ["groups", "read", "write"]);
    let members: Vec<_> = response.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
    assert!(stack.is_active(&client, response["access_token"].as_str().unwrap()).await);
}
