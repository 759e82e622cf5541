//! A client of Ushahidi's Swift River: codes or tokens from the authorization endpoint, Basic authentication at the
//! token endpoint, and for a few clients a name and password.
//!
//! It runs with `--pkce-optional --compat implicit --compat password`; its clients know of no challenge.

use serde_json::json;
use shared::client::Registration;

use crate::harness::{Asking, PASSWORD, Redirect, Registered, Stack, legacy, person::CALLBACK};

async fn swift(stack: &Stack) -> Registered {
    let registration = Registration { pkce_optional: true, ..legacy("implicit,password") };
    stack.register_counted(registration).await
}

fn asking(client: &Registered, response_type: &str) -> Asking {
    let right = Asking::by(client).without_pkce().with("response_type", response_type);
    right.with("redirect_uri", CALLBACK).with("scope", "read write")
}

#[tokio::test]
async fn its_code_is_exchanged_and_refreshed_with_basic_authentication() {
    let stack = Stack::permitting("implicit,password").await;
    let client = swift(&stack).await;
    let redirect = stack.signed_in().await.consent(&asking(&client, "code")).await;
    assert_eq!((redirect.to.as_str(), redirect.get("state")), (CALLBACK, Some("xyz")));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", redirect.code()),
        ("redirect_uri", CALLBACK),
        ("client_id", client.id.as_str()),
        ("state", "xyz"),
    ];
    let answer = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert_eq!(told["scope"], "read write");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", told["refresh_token"].as_str().unwrap()),
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
    let redirect = stack.signed_in().await.consent(&asking(&client, "token")).await;
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
                .authorize(&asking(&client, response_type).with("redirect_uri", &other))
                .await
                .is_page(400);
        }
    }
}

#[tokio::test]
async fn a_name_and_password_need_the_client_to_authenticate_with_basic() {
    let stack = Stack::permitting("implicit,password").await;
    let client = swift(&stack).await;
    stack.somebody("ada").await;
    let form =
        [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("client_id", &client.id)];
    let answer = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for member in ["access_token", "token_type", "expires_in", "refresh_token", "scope"] {
        assert!(answer.json().get(member).is_some(), "{}", answer.text);
    }
    stack.post("/oauth/token").form(&form).send().await.is_invalid_client();
}

#[tokio::test]
async fn with_all_switches_off_its_code_works_and_nothing_else() {
    let stack = Stack::start().await;
    let client = swift(&stack).await;
    stack.somebody("eve").await;
    let browser = stack.signed_in().await;
    let token = Redirect::of(&browser.authorize(&asking(&client, "token")).await);
    token.is_error(&stack, "unsupported_response_type");
    let form = [("grant_type", "password"), ("username", "eve"), ("password", PASSWORD)];
    let answer = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    answer.is_error(400, "unsupported_grant_type");
    assert!(browser.consent(&asking(&client, "code")).await.get("code").is_some());
}
