//! The `password` grant (RFC 6749 §4.3), behind a compatibility switch: RFC 9700 §2.4 forbids it.

use std::time::Duration;

use serde_json::json;
use shared::{clients::Registration, oauth::GrantType};

use crate::harness::{Fault, PASSWORD, Registered, Response, Stack, legacy};

async fn request_token(stack: &Stack, client: &Registered, name: &str, password: &str) -> Response {
    let form = [("grant_type", "password"), ("username", name), ("password", password)];
    stack.post("/oauth/token").basic(client).form(&form).send().await
}

#[tokio::test]
async fn without_the_switch_it_is_not_offered() {
    for (permitted, has, error) in [
        ("none", "none", "unsupported_grant_type"),
        ("none", "password", "unsupported_grant_type"),
        ("password", "none", "unauthorized_client"),
    ] {
        let stack = Stack::permitting(permitted).await;
        let client = stack.legacy(has).await;
        stack.create_user("ada").await;
        request_token(&stack, &client, "ada", PASSWORD).await.is_error(400, error);
        assert_eq!(stack.grants().await, 0, "permitted {permitted}, has {has}");
    }
}

#[tokio::test]
async fn only_a_client_that_has_the_switch_may_use_it() {
    let stack = Stack::permitting("password").await;
    let (legacy, web) = (stack.legacy("password").await, stack.web().await);
    stack.create_user("ada").await;
    assert_eq!(request_token(&stack, &legacy, "ada", PASSWORD).await.status, 200);
    request_token(&stack, &web, "ada", PASSWORD).await.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn a_name_and_its_password_get_tokens_of_that_user() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    let ada = stack.create_user("ada").await;
    let response = request_token(&stack, &client, "Ada", PASSWORD).await;
    response.is_not_stored();
    let tokens = response.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert_eq!((&tokens["scope"], tokens.get("expires")), (&json!("read write"), None));
    let token = tokens["access_token"].as_str().unwrap();
    let active = stack.introspect(&client, token).await;
    assert_eq!((&active["sub"], &active["username"]), (&json!(ada.sub), &json!("ada")));
    let issued = stack.audited("issued");
    assert_eq!(issued[0]["kind"], "password");
    let refreshed = stack.refresh(&client, tokens["refresh_token"].as_str().unwrap()).await;
    assert_ne!(refreshed.json()["access_token"], tokens["access_token"]);
    assert!(!stack.stored().await.contains(PASSWORD) && !stack.logged().contains(PASSWORD));
}

#[tokio::test]
async fn the_scope_is_held_to_the_clients_registration() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    stack.create_user("ada").await;
    let with_scope = async |scope: &str| {
        let form =
            [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", scope)];
        stack.post("/oauth/token").basic(&client).form(&form).send().await
    };
    assert_eq!(with_scope("read").await.json()["scope"], "read");
    for scope in ["admin", "read admin", "read  write", "r\"ead"] {
        with_scope(scope).await.is_error(400, "invalid_scope");
    }
}

#[tokio::test]
async fn a_public_client_gets_the_registered_part_of_the_requested_scope() {
    let stack = Stack::permitting("password").await;
    let registration = Registration { public: true, auth_methods: Vec::new(), ..legacy("password") };
    let client = stack.register(registration).await;
    stack.create_user("ada").await;
    let with_scope = async |scope: &str| {
        let form =
            [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", scope)];
        stack.post_as("/oauth/token", &client, &form).await
    };
    let many = format!("{}write", "unknown ".repeat(4_000));
    for (scope, granted) in [("read openid", "read"), ("write read email", "read write"), (&many, "write")] {
        assert_eq!(with_scope(scope).await.json()["scope"], granted);
    }
    for scope in ["openid", "openid email", "read  openid", "read r\"ead"] {
        with_scope(scope).await.is_error(400, "invalid_scope");
    }
    with_scope(&"x".repeat(64 * 1_024)).await.is_error(413, "invalid_request");
}

#[tokio::test]
async fn wrong_unknown_and_disabled_users_get_the_same_response() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    let ada = stack.create_user("ada").await;
    let eve = stack.create_user("eve").await;
    stack.app.users.disable(eve.sub, stack.now()).await.unwrap();
    let wrong = request_token(&stack, &client, "ada", "wrong password").await;
    wrong.is_error(400, "invalid_grant");
    for (name, password) in [("nobody", PASSWORD), ("eve", PASSWORD), ("\u{7}", PASSWORD), ("ada", "x")] {
        assert_eq!(request_token(&stack, &client, name, password).await.essence(), wrong.essence(), "{name}");
    }
    assert_eq!(stack.grants().await, 0);
    assert_eq!(stack.audited("sign_in_failed").len(), 5);
    assert_eq!(stack.audited("sign_in_failed")[0]["user"], json!(ada.sub));
    let [unknown, wrong, disabled] =
        ["no user has this name", "the password is wrong", "the user is disabled"];
    let logged: Vec<_> = stack.audited("refused").into_iter().map(|mut line| line["reason"].take()).collect();
    assert_eq!(logged, [wrong, unknown, disabled, unknown, wrong], "the log tells the reasons apart");
    for form in [
        &[("grant_type", "password"), ("username", "ada")][..],
        &[("grant_type", "password"), ("password", PASSWORD)],
        &[("grant_type", "password"), ("username", "ada"), ("password", "")],
    ] {
        let response = stack.post("/oauth/token").basic(&client).form(form).send().await;
        response.is_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn guesses_are_rate_limited_like_at_the_login_page() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    stack.create_user("ada").await;
    stack.create_user("eve").await;
    for _ in 0..12 {
        assert_eq!(
            request_token(&stack, &client, "eve", PASSWORD).await.status,
            200,
            "a right password is not counted"
        );
    }
    for name in ["ada", "nobody"] {
        for _ in 0..stack.app.config.rate_limit.per_account {
            request_token(&stack, &client, name, "wrong password").await.is_error(400, "invalid_grant");
        }
        let limited = request_token(&stack, &client, name, PASSWORD).await;
        limited.is_error(429, "invalid_request");
        assert!(limited.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    }
    assert_eq!(stack.audited("sign_in_throttled").len(), 2);
    // The login page has its own counters.
    let page = stack.browser().try_to_sign_in("/login", "ada", PASSWORD).await;
    assert_eq!(page.status, 303);
    stack.advance(stack.app.config.rate_limit.window);
    assert_eq!(request_token(&stack, &client, "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn guesses_through_a_clients_server_do_not_lock_out_its_other_users() {
    let stack = Stack::configured(|config| {
        config.compat = "password".parse().unwrap();
        config.rate_limit.per_address = 10;
    })
    .await;
    let (server, native) = tokio::join!(
        stack.legacy("password"),
        stack.register(Registration { public: true, auth_methods: Vec::new(), ..legacy("password") })
    );
    stack.create_user("ada").await;
    stack.create_user("eve").await;
    for nth in 0..15 {
        request_token(&stack, &server, &format!("victim-{nth}"), "wrong")
            .await
            .is_error(400, "invalid_grant");
    }
    assert_eq!(request_token(&stack, &server, "ada", PASSWORD).await.status, 200);
    // Each account still has its limit, and a public client's users are limited by their own addresses.
    for _ in 0..10 {
        request_token(&stack, &server, "eve", "wrong").await.is_error(400, "invalid_grant");
    }
    request_token(&stack, &server, "eve", PASSWORD).await.is_error(429, "invalid_request");
    let guess = async |name: &str| {
        let form = [("grant_type", "password"), ("username", name), ("password", "wrong")];
        let form = [&form[..], &[("client_id", native.id.as_str())]].concat();
        stack.post("/oauth/token").form(&form).send().await
    };
    for nth in 0..10 {
        guess(&format!("another-{nth}")).await.is_error(400, "invalid_grant");
    }
    guess("one-more").await.is_error(429, "invalid_request");
    assert_eq!(stack.audited("sign_in_throttled").len(), 2);
}

#[tokio::test]
async fn the_client_must_authenticate_all_the_same() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    stack.create_user("ada").await;
    request_token(&stack, &client.with_wrong_secret(), "ada", PASSWORD).await.is_invalid_client();
    let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    let named = [&form[..], &[("client_id", client.id.as_str())]].concat();
    stack.post("/oauth/token").form(&named).send().await.is_invalid_client();
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn ending_everything_of_a_user_ends_these_grants() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    let ada = stack.create_user("ada").await;
    let token = async || {
        let tokens = request_token(&stack, &client, "ada", PASSWORD).await.json();
        tokens["access_token"].as_str().unwrap().to_owned()
    };
    let before = token().await;
    assert_eq!(stack.app.grants.of_user(ada.sub).await.unwrap().len(), 1, "listed as hers");
    stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap();
    stack.is_inactive(&client, &before).await;
    stack.advance(Duration::from_secs(1));
    let after = token().await;
    assert!(stack.is_active(&client, &after).await);
    stack.app.users.disable(ada.sub, stack.now()).await.unwrap();
    stack.is_inactive(&client, &after).await;
}

#[tokio::test]
async fn a_refresh_token_comes_only_to_a_client_that_is_registered_for_it() {
    let stack = Stack::permitting("password").await;
    let registration = Registration { grant_types: vec![GrantType::Password], ..legacy("password") };
    let client = stack.register(registration).await;
    stack.create_user("ada").await;
    assert_eq!(request_token(&stack, &client, "ada", PASSWORD).await.json().get("refresh_token"), None);
}

#[tokio::test]
async fn an_outage_is_not_a_wrong_password() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    stack.create_user("ada").await;
    stack.dynamodb.fail(Fault::Refuse);
    request_token(&stack, &client, "ada", PASSWORD).await.is_unavailable();
}
