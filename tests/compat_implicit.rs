//! RFC 6749 §4.2, behind the switch `implicit`: a token by redirect. RFC 9700 §2.1.2 advises against it.

use std::time::Duration;

use serde_json::json;
use shared::client::{GrantType, Registration};

use crate::harness::{Asking, Redirect, Registered, Stack, legacy, person::CALLBACK};

fn asking(client: &Registered) -> Asking {
    Asking::by(client).without_pkce().with("response_type", "token")
}

#[tokio::test]
async fn without_the_switch_nobody_offers_it() {
    for (permitted, has) in [("none", "none"), ("none", "implicit"), ("implicit", "none")] {
        let stack = Stack::permitting(permitted).await;
        let client = stack.legacy(has).await;
        let browser = stack.signed_in().await;
        for response_type in ["token", "code token", "token code"] {
            let answer = browser.authorize(&asking(&client).with("response_type", response_type)).await;
            let redirect = Redirect::of(&answer);
            redirect.is_error(&stack, "unsupported_response_type");
            assert!(redirect.location.contains('?'), "{}", redirect.location);
        }
        assert_eq!(stack.grants().await, 0);
    }
}

#[tokio::test]
async fn only_a_client_that_has_the_switch_may_ask_and_errors_are_in_the_fragment() {
    let stack = Stack::permitting("implicit").await;
    let (legacy, web) = (stack.legacy("implicit").await, stack.web().await);
    let browser = stack.signed_in().await;
    for (client, parameter, value, code) in [
        (&web, "scope", "read", "unauthorized_client"),
        (&legacy, "scope", "admin", "invalid_scope"),
        (&legacy, "response_mode", "query", "invalid_request"),
        (&legacy, "prompt", "nonsense", "invalid_request"),
        (&legacy, "prompt", "none", "consent_required"),
    ] {
        let redirect = Redirect::of(&browser.authorize(&asking(client).with(parameter, value)).await);
        redirect.is_error(&stack, code);
        assert!(redirect.location.starts_with(&format!("{CALLBACK}#error=")), "{}", redirect.location);
    }
    let silent = stack.browser().authorize(&asking(&legacy).with("prompt", "none")).await;
    Redirect::of(&silent).is_error(&stack, "login_required");
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_public_client_is_told_in_the_fragment_how_much_less_it_was_granted() {
    let stack = Stack::permitting("implicit").await;
    let registration = Registration { public: true, auth_methods: Vec::new(), ..legacy("implicit") };
    let client = stack.register_counted(registration).await;
    let browser = stack.signed_in().await;
    let redirect = browser.consent(&asking(&client).with("scope", "openid read email")).await;
    assert_eq!(redirect.get("scope"), Some("read"));
    browser.redirected(&asking(&client).with("scope", "openid")).await.is_error(&stack, "invalid_scope");
}

#[tokio::test]
async fn who_agreed_before_is_asked_all_the_same() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let silent = asking(&client).with("prompt", "none");
    // No secret proves that it is the same client: neither what it got by code counts, nor what it got like this.
    browser.consent(&Asking::by(&client)).await.code();
    browser.redirected(&silent).await.is_error(&stack, "consent_required");
    browser.consent(&asking(&client)).await;
    browser.redirected(&silent).await.is_error(&stack, "consent_required");
    let other = stack.legacy("implicit").await;
    browser.consent(&asking(&other)).await;
    browser.asked(&Asking::by(&other)).await;
}

#[tokio::test]
async fn the_token_is_in_the_fragment_with_all_that_the_rfc_says_and_no_refresh_token() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let asking = asking(&client).with("scope", "read write");
    let page = browser.authorize(&asking).await;
    assert!(page.text.contains("in the address of the page"), "the person is told");
    let redirect = browser.consent(&asking).await;
    assert_eq!(redirect.to, CALLBACK);
    assert!(redirect.location.starts_with(&format!("{CALLBACK}#access_token=")));
    for (name, value) in [
        ("token_type", Some("Bearer")),
        ("expires_in", Some("3600")),
        ("scope", Some("read write")),
        ("state", Some("xyz")),
        ("iss", Some(stack.url.as_str())),
        ("refresh_token", None),
        ("code", None),
    ] {
        assert_eq!(redirect.get(name), value, "{name}");
    }
    let token = redirect.get("access_token").unwrap();
    let active = stack.introspect(&client, token).await;
    assert_eq!((&active["active"], &active["scope"]), (&json!(true), &json!("read write")));
    assert_eq!(stack.audited("issued")[0]["kind"], "implicit");
    assert_eq!(stack.audited("consented").len(), 1);
    assert!(!stack.logged().contains(token) && !stack.stored().await.contains(token));
    stack.advance(Duration::from_hours(1));
    stack.is_inactive(&client, token).await;
}

#[tokio::test]
async fn the_same_decision_sent_twice_leads_to_the_same_token() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let form = browser.asked(&asking(&client)).await;
    let first = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    stack.advance(Duration::from_mins(1));
    let again = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(again.get("access_token"), first.get("access_token"));
    assert_eq!((first.get("expires_in"), again.get("expires_in")), (Some("3600"), Some("3540")));
    assert_eq!(stack.grants().await, 1);
    let eve = stack.browser();
    eve.sign_in(&stack.somebody("eve").await).await;
    let other = eve.consent(&asking(&client)).await;
    assert_ne!(other.get("access_token"), first.get("access_token"));
}

#[tokio::test]
async fn a_denial_brings_no_token() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let form = browser.asked(&asking(&client)).await;
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "deny")]).await);
    redirect.is_error(&stack, "access_denied");
    assert!(redirect.location.starts_with(&format!("{CALLBACK}#")));
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_client_may_have_this_grant_and_no_other() {
    let stack = Stack::permitting("implicit").await;
    let registration = Registration { grant_types: vec![GrantType::Implicit], ..legacy("implicit") };
    let client = stack.register_counted(registration).await;
    let browser = stack.signed_in().await;
    assert!(browser.consent(&asking(&client)).await.get("access_token").is_some());
    Redirect::of(&browser.authorize(&Asking::by(&client)).await).is_error(&stack, "unauthorized_client");
    // The grant has no place at the token endpoint.
    let answer = stack.post("/oauth/token").basic(&client).form(&[("grant_type", "implicit")]).send().await;
    answer.is_error(400, "unsupported_grant_type");
}
