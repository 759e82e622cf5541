//! A client of Ushahidi's Swift River: codes or tokens from the authorization endpoint, Basic authentication at the
//! token endpoint, and for a few clients the `password` grant.
//!
//! It runs with `--pkce-optional --compat implicit --compat password`; its clients do not use PKCE.

use serde_json::json;
use shared::clients::Registration;

use crate::harness::{
    AuthorizationRequest, PASSWORD, Redirect, Registered, Stack, code_flow::CALLBACK, legacy,
};

async fn swift(stack: &Stack) -> Registered {
    let registration = Registration { pkce_optional: true, ..legacy("implicit,password") };
    stack.register(registration).await
}

fn request(client: &Registered, response_type: &str) -> AuthorizationRequest {
    let right = AuthorizationRequest::by(client).without_pkce().with("response_type", response_type);
    right.with("redirect_uri", CALLBACK).with("scope", "read write")
}

#[tokio::test]
async fn its_code_is_exchanged_and_refreshed_with_basic_authentication() {
    let stack = Stack::permitting("implicit,password").await;
    let client = swift(&stack).await;
    let redirect = stack.signed_in().await.consent(&request(&client, "code")).await;
    assert_eq!((redirect.to.as_str(), redirect.get("state")), (CALLBACK, Some("xyz")));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", redirect.code()),
        ("redirect_uri", CALLBACK),
        ("client_id", client.id.as_str()),
        ("state", "xyz"),
    ];
    let response = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    let response = response.json();
    assert_eq!((&response["token_type"], &response["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert_eq!(response["scope"], "read write");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", response["refresh_token"].as_str().unwrap()),
        ("client_id", client.id.as_str()),
    ];
    let refreshed = stack.post("/oauth/token").basic(&client).form(&refresh).send().await.json();
    for member in ["access_token", "token_type", "expires_in", "refresh_token", "scope"] {
        assert!(refreshed.get(member).is_some(), "{refreshed}");
    }
}

#[tokio::test]
async fn its_token_comes_in_the_fragment() {
    let stack = Stack::permitting("implicit,password").await;
    let client = swift(&stack).await;
    let redirect = stack.signed_in().await.consent(&request(&client, "token")).await;
    assert_eq!((redirect.to.as_str(), redirect.get("state")), (CALLBACK, Some("xyz")));
    let token = redirect.get("access_token").unwrap();
    assert!(stack.is_active(&client, token).await);
}

#[tokio::test]
async fn its_redirect_uri_must_match_exactly() {
    let stack = Stack::permitting("implicit,password").await;
    let client = swift(&stack).await;
    let browser = stack.signed_in().await;
    for other in [
        format!("{CALLBACK}/"),
        format!("{CALLBACK}?a=b"),
        format!("{CALLBACK}#"),
        "https://a.example/".into(),
    ] {
        for response_type in ["code", "token"] {
            browser
                .authorize(&request(&client, response_type).with("redirect_uri", &other))
                .await
                .is_page(400);
        }
    }
}

#[tokio::test]
async fn a_name_and_password_need_the_client_to_authenticate_with_basic() {
    let stack = Stack::permitting("implicit,password").await;
    let client = swift(&stack).await;
    stack.create_user("ada").await;
    let form =
        [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("client_id", &client.id)];
    let response = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    for member in ["access_token", "token_type", "expires_in", "refresh_token", "scope"] {
        assert!(response.json().get(member).is_some(), "{}", response.text);
    }
    stack.post("/oauth/token").form(&form).send().await.is_invalid_client();
}

#[tokio::test]
async fn with_all_switches_off_its_code_works_and_nothing_else() {
    let stack = Stack::start().await;
    let client = swift(&stack).await;
    stack.create_user("eve").await;
    let browser = stack.signed_in().await;
    let token = Redirect::of(&browser.authorize(&request(&client, "token")).await);
    token.is_error(&stack, "unsupported_response_type");
    let form = [("grant_type", "password"), ("username", "eve"), ("password", PASSWORD)];
    let response = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    response.is_error(400, "unsupported_grant_type");
    assert!(browser.consent(&request(&client, "code")).await.get("code").is_some());
}
