//! Remembered consents (RFC 6749 §10.2, RFC 8252 §8.6).

use std::time::Duration;

use shared::clients::Registration;

use crate::harness::{AuthorizationRequest, Redirect, Registered, Stack};

fn first_party(uri: &str, public: bool) -> Registration {
    Registration {
        name: "own".to_owned(),
        redirect_uris: vec![uri.to_owned()],
        scope: vec!["read".to_owned()],
        first_party: true,
        public,
        ..Registration::default()
    }
}

/// Returns a Jeton where ada has allowed a confidential client to read.
async fn with_consent() -> (Stack, Registered, AuthorizationRequest) {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let request = AuthorizationRequest::by(&web);
    stack.signed_in().await.consent(&request).await.code();
    (stack, web, request)
}

#[tokio::test]
async fn a_consent_to_a_confidential_client_is_remembered_within_its_scope() {
    let (stack, web, request) = with_consent().await;
    let ada = stack.browser();
    let login = ada.redirected(&request).await.location;
    ada.try_to_sign_in(&login, "ada", crate::harness::PASSWORD).await;
    let silent = ada.redirected(&request).await;
    assert_eq!(stack.redeem(&web, silent.code()).await.json()["scope"], "read");
    ada.consent_form(&request.with("prompt", "consent")).await;
    ada.consent_form(&request.with("scope", "read write")).await;
    ada.consent_form(&request.with("scope", "write")).await;
    // The consent is for one user and one client.
    let eve = stack.browser();
    eve.sign_in(&stack.create_user("eve").await).await;
    eve.consent_form(&request).await;
    ada.consent_form(&AuthorizationRequest::by(&stack.web().await)).await;
}

#[tokio::test]
async fn an_unchecked_value_needs_consent_again() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let both = request.with("scope", "read write");
    let form = browser.consent_form(&both).await;
    Redirect::of(&browser.submit(&form.without("allow:write"), &[("decision", "allow")]).await).code();
    browser.redirected(&request).await.code();
    browser.consent_form(&both).await;
}

#[tokio::test]
async fn an_old_form_does_not_restore_a_revoked_consent() {
    let stack = Stack::start().await;
    let (web, ada, browser) = (stack.web().await, stack.create_user("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    let request = AuthorizationRequest::by(&web);
    let form = browser.consent_form(&request).await;
    Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
    stack.app.consents.forget(ada.sub, &web.id.parse().unwrap()).await.unwrap();
    stack.advance(Duration::from_secs(1));
    Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
    browser.consent_form(&request).await;
}

#[tokio::test]
async fn a_public_client_needs_consent_every_time() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.public().await));
    for _ in 0..3 {
        browser.consent(&request).await.code();
    }
    assert_eq!(stack.count_of_kind("k").await, 0);
}

#[tokio::test]
async fn a_first_party_client_with_https_redirect_uris_needs_no_consent() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for public in [false, true] {
        let own = stack.register(first_party("https://own.example/cb", public)).await;
        let redirect = browser.redirected(&AuthorizationRequest::by(&own)).await;
        assert_eq!(stack.redeem(&own, redirect.code()).await.status, 200);
        browser.consent_form(&AuthorizationRequest::by(&own).with("prompt", "consent")).await;
        // Any program on the user's machine can receive these redirects.
        let native = stack.register(first_party("http://127.0.0.1/cb", public)).await;
        browser.consent_form(&AuthorizationRequest::by(&native)).await;
        let scheme = stack.register(first_party("com.example.own:/cb", public)).await;
        browser.consent_form(&AuthorizationRequest::by(&scheme)).await;
    }
    let stranger = stack.browser().redirected(&AuthorizationRequest::by(&stack.web().await)).await;
    assert!(stranger.location.starts_with("/login?"));
}

#[tokio::test]
async fn ending_all_access_ends_remembered_consents() {
    let (stack, web, request) = with_consent().await;
    let user = stack.app.users.find_by_name(&"ada".parse().unwrap()).await.unwrap().unwrap().sub;
    stack.app.users.end_everything(user, stack.now()).await.unwrap();
    stack.advance(Duration::from_millis(1));
    let browser = stack.browser();
    browser.try_to_sign_in("/login", "ada", crate::harness::PASSWORD).await;
    browser.consent(&request).await.code();
    browser.redirected(&request).await.code();
    stack.app.clients.end_everything(&web.id.parse().unwrap(), stack.now()).await.unwrap();
    browser.consent_form(&request).await;
}

#[tokio::test]
async fn a_consent_is_forgotten_after_a_year() {
    let (stack, _, request) = with_consent().await;
    let browser = stack.browser();
    stack.advance_to_just_before(Duration::from_hours(365 * 24));
    browser.try_to_sign_in("/login", "ada", crate::harness::PASSWORD).await;
    browser.redirected(&request).await.code();
    stack.advance_by_the_last_millisecond();
    browser.consent_form(&request).await;
}
