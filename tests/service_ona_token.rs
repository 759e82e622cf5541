//! A client of Ona's, as far as the authorization and token endpoints go: a code, Basic authentication, ten hours.
//!
//! It runs with `--pkce-optional --access-token-ttl 36000` and no switch; its clients know of no challenge.

use serde_json::json;
use shared::client::{GrantType, Lifetimes, Registration};

use crate::harness::{Asking, Stack};

#[tokio::test]
async fn its_requests_get_its_answers() {
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
    let asking = Asking::by(&client).without_pkce().without("scope").with("state", "abc");
    // "A login page is presented."
    let login = browser.authorize(&asking).await;
    assert!(login.header("location").unwrap().starts_with("/login?"), "{login:?}");
    browser.sign_in(&stack.somebody("ada").await).await;
    let redirect = browser.consent(&asking).await;
    assert_eq!((redirect.to.as_str(), redirect.get("state")), (redirect_uri, Some("abc")));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", redirect.code()),
        ("client_id", client.id.as_str()),
        ("redirect_uri", redirect_uri),
    ];
    let call = stack.post("/oauth/token").raw_basic(&format!("{}:{}", client.id, client.secret));
    let answer = call.form(&form).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(36_000)));
    let mut scope: Vec<_> = told["scope"].as_str().unwrap().split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope, ["groups", "read", "write"]);
    let members: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
    assert!(stack.is_active(&client, told["access_token"].as_str().unwrap()).await);
}
