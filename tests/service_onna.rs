//! Document 001 (Onna): an administrator's developer makes credentials of their own, and asks for tokens with them.

use std::time::Duration;

use crate::harness::{Stack, account::CREDENTIALS};

#[tokio::test]
async fn an_onna_developer_makes_credentials_and_their_tokens_live_an_hour_less_a_second() {
    let stack = Stack::configured(|config| config.account.developer_token = Duration::from_secs(3_599)).await;
    let ((_, browser), rs) = (stack.at_home("ada").await, stack.resource_server().await);
    // "Assign developer role": until then nobody sees the page.
    browser.get(CREDENTIALS).await.is_page(403);
    stack.jeton(&["user", "grant-role", "ada", "developer"], "").await.json();
    // "Create credentials": named, and the secret is shown once.
    let app = browser.credentials("My platform app").await;
    assert!(!browser.get(CREDENTIALS).await.text.contains(&app.secret));
    // "Request tokens": the document's own request.
    let body = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("grant_type", "client_credentials"),
    ];
    let answer = stack.post("/oauth/token").form(&body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    let mut members: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["access_token", "expires_in", "token_type"]);
    assert!(told["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"), "RFC 6749 §5.1");
    assert_eq!(told["expires_in"], 3_599);
    let token = told["access_token"].as_str().unwrap();
    stack.advance_to_just_before(Duration::from_secs(3_599));
    assert!(stack.is_active(&rs, token).await);
    stack.advance_by_the_last_millisecond();
    assert!(!stack.is_active(&rs, token).await);
    // "Revoke developer role": the document warns that old credentials keep working. Here they do not.
    let token = stack.token(&app).await;
    stack.jeton(&["user", "remove-role", "ada", "developer"], "").await.json();
    assert!(!stack.is_active(&rs, &token).await);
    stack.ask_for_token(&app, &[]).await.is_invalid_client();
    browser.get(CREDENTIALS).await.is_page(403);
}
