//! Document 001 (Onna): a developer creates credentials of their own, and requests tokens with them.

use std::time::Duration;

use crate::harness::{Stack, account::CREDENTIALS};

#[tokio::test]
async fn an_onna_developer_makes_credentials_and_their_tokens_live_an_hour_less_a_second() {
    let stack = Stack::configured(|config| config.account.developer_token = Duration::from_secs(3_599)).await;
    let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    // "Assign developer role": without the role there is no page.
    browser.get(CREDENTIALS).await.is_page(403);
    stack.jeton(&["user", "grant-role", "ada", "developer"], "").await.json();
    // "Create credentials": with a name; the secret is shown once.
    let app = browser.credentials("My platform app").await;
    assert!(!browser.get(CREDENTIALS).await.text.contains(&app.secret));
    // "Request tokens": the document's own request.
    let body = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("grant_type", "client_credentials"),
    ];
    let response = stack.post("/oauth/token").form(&body).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    let response = response.json();
    let mut members: Vec<_> = response.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["access_token", "expires_in", "token_type"]);
    assert!(response["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"), "RFC 6749 §5.1");
    assert_eq!(response["expires_in"], 3_599);
    let token = response["access_token"].as_str().unwrap();
    stack.advance_to_just_before(Duration::from_secs(3_599));
    assert!(stack.is_active(&rs, token).await);
    stack.advance_by_the_last_millisecond();
    assert!(!stack.is_active(&rs, token).await);
    // "Revoke developer role": the document warns that old credentials keep working. Here they do not.
    let token = stack.token(&app).await;
    stack.jeton(&["user", "remove-role", "ada", "developer"], "").await.json();
    assert!(!stack.is_active(&rs, &token).await);
    stack.request_token(&app, &[]).await.is_invalid_client();
    browser.get(CREDENTIALS).await.is_page(403);
}
