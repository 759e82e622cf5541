//! The implicit grant (RFC 6749 §4.2), with the switch `implicit`. RFC 9700 §2.1.2 advises against it.

use std::time::Duration;

use serde_json::json;
use shared::{clients::Registration, oauth::GrantType};

use crate::harness::{AuthorizationRequest, Redirect, Registered, Stack, code_flow::CALLBACK, legacy};

fn implicit_request(client: &Registered) -> AuthorizationRequest {
    AuthorizationRequest::by(client).without_pkce().with("response_type", "token")
}

#[tokio::test]
async fn without_the_switch_it_is_not_offered() {
    for (permitted, has) in [("none", "none"), ("none", "implicit")] {
        let stack = Stack::permitting(permitted).await;
        let client = stack.legacy(has).await;
        let browser = stack.signed_in().await;
        for response_type in ["token", "code token", "token code"] {
            let response =
                browser.authorize(&implicit_request(&client).with("response_type", response_type)).await;
            let redirect = Redirect::of(&response);
            redirect.is_error(&stack, "unsupported_response_type");
            assert!(redirect.location.contains('?'), "{}", redirect.location);
        }
        assert_eq!(stack.grants().await, 0);
    }
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("none").await;
    let response = stack.signed_in().await.authorize(&implicit_request(&client)).await;
    Redirect::of(&response).is_error(&stack, "unauthorized_client");
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn only_a_client_with_the_switch_may_use_it_and_errors_are_in_the_fragment() {
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
        let redirect =
            Redirect::of(&browser.authorize(&implicit_request(client).with(parameter, value)).await);
        redirect.is_error(&stack, code);
        assert!(redirect.location.starts_with(&format!("{CALLBACK}#error=")), "{}", redirect.location);
    }
    let silent = stack.browser().authorize(&implicit_request(&legacy).with("prompt", "none")).await;
    Redirect::of(&silent).is_error(&stack, "login_required");
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_public_clients_reduced_scope_is_in_the_fragment() {
    let stack = Stack::permitting("implicit").await;
    let registration = Registration { public: true, auth_methods: Vec::new(), ..legacy("implicit") };
    let client = stack.register(registration).await;
    let browser = stack.signed_in().await;
    let redirect = browser.consent(&implicit_request(&client).with("scope", "openid read email")).await;
    assert_eq!(redirect.get("scope"), Some("read"));
    browser
        .redirected(&implicit_request(&client).with("scope", "openid"))
        .await
        .is_error(&stack, "invalid_scope");
}

#[tokio::test]
async fn consent_is_needed_every_time() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let silent = implicit_request(&client).with("prompt", "none");
    // No secret proves that it is the same client: a consent to a code does not count, and neither does a consent to a
    // token.
    browser.consent(&AuthorizationRequest::by(&client)).await.code();
    browser.redirected(&silent).await.is_error(&stack, "consent_required");
    browser.consent(&implicit_request(&client)).await;
    browser.redirected(&silent).await.is_error(&stack, "consent_required");
    let other = stack.legacy("implicit").await;
    browser.consent(&implicit_request(&other)).await;
    browser.consent_form(&AuthorizationRequest::by(&other)).await;
}

#[tokio::test]
async fn the_token_is_in_the_fragment_with_the_parameters_of_the_rfc_and_no_refresh_token() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let request = implicit_request(&client).with("scope", "read write");
    let page = browser.authorize(&request).await;
    assert!(page.text.contains("in the address of the page"), "the page warns the user");
    let redirect = browser.consent(&request).await;
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
    let form = browser.consent_form(&implicit_request(&client)).await;
    let first = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    stack.advance(Duration::from_mins(1));
    let again = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(again.get("access_token"), first.get("access_token"));
    assert_eq!((first.get("expires_in"), again.get("expires_in")), (Some("3600"), Some("3540")));
    assert_eq!(stack.grants().await, 1);
    let eve = stack.browser();
    eve.sign_in(&stack.create_user("eve").await).await;
    let other = eve.consent(&implicit_request(&client)).await;
    assert_ne!(other.get("access_token"), first.get("access_token"));
}

#[tokio::test]
async fn a_denial_issues_no_token() {
    let stack = Stack::permitting("implicit").await;
    let client = stack.legacy("implicit").await;
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&implicit_request(&client)).await;
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "deny")]).await);
    redirect.is_error(&stack, "access_denied");
    assert!(redirect.location.starts_with(&format!("{CALLBACK}#")));
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_client_may_have_this_grant_and_no_other() {
    let stack = Stack::permitting("implicit").await;
    let registration = Registration { grant_types: vec![GrantType::Implicit], ..legacy("implicit") };
    let client = stack.register(registration).await;
    let browser = stack.signed_in().await;
    assert!(browser.consent(&implicit_request(&client)).await.get("access_token").is_some());
    Redirect::of(&browser.authorize(&AuthorizationRequest::by(&client)).await)
        .is_error(&stack, "unauthorized_client");
    // The token endpoint does not have this grant type.
    let response = stack.post("/oauth/token").basic(&client).form(&[("grant_type", "implicit")]).send().await;
    response.is_error(400, "unsupported_grant_type");
}
