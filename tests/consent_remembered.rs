//! Who is asked again, and who is not (RFC 6749 §10.2, RFC 8252 §8.6).

use std::time::Duration;

use shared::client::Registration;

use crate::harness::{Asking, Redirect, Registered, Stack};

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

/// A Jeton where ada has agreed to let a confidential client read.
async fn agreed() -> (Stack, Registered, Asking) {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let asking = Asking::by(&web);
    stack.signed_in().await.consent(&asking).await.code();
    (stack, web, asking)
}

#[tokio::test]
async fn a_confidential_client_is_remembered_within_what_was_agreed() {
    let (stack, web, asking) = agreed().await;
    let ada = stack.browser();
    let login = ada.redirected(&asking).await.location;
    ada.try_to_sign_in(&login, "ada", crate::harness::PASSWORD).await;
    let silent = ada.redirected(&asking).await;
    assert_eq!(stack.redeem(&web, silent.code()).await.json()["scope"], "read");
    ada.asked(&asking.with("prompt", "consent")).await;
    ada.asked(&asking.with("scope", "read write")).await;
    ada.asked(&asking.with("scope", "write")).await;
    // Another person has agreed to nothing, and another client was not agreed with.
    let eve = stack.browser();
    eve.sign_in(&stack.somebody("eve").await).await;
    eve.asked(&asking).await;
    ada.asked(&Asking::by(&stack.web().await)).await;
}

#[tokio::test]
async fn what_was_not_ticked_is_asked_again() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    let both = asking.with("scope", "read write");
    let form = browser.asked(&both).await;
    Redirect::of(&browser.submit(&form.without("allow:write"), &[("decision", "allow")]).await).code();
    browser.redirected(&asking).await.code();
    browser.asked(&both).await;
}

#[tokio::test]
async fn what_was_taken_back_is_not_brought_back_by_an_old_form() {
    let stack = Stack::start().await;
    let (web, ada, browser) = (stack.web().await, stack.somebody("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    let asking = Asking::by(&web);
    let form = browser.asked(&asking).await;
    Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
    stack.app.consents.forget(ada.sub, &web.id.parse().unwrap()).await.unwrap();
    stack.advance(Duration::from_secs(1));
    Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
    browser.asked(&asking).await;
}

#[tokio::test]
async fn a_public_client_is_asked_about_every_time() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.public().await));
    for _ in 0..3 {
        browser.consent(&asking).await.code();
    }
    assert_eq!(stack.kept_of_kind("k").await, 0);
}

#[tokio::test]
async fn the_deployments_own_client_is_not_asked_about_if_its_address_is_proven() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for public in [false, true] {
        let own = stack.register(first_party("https://own.example/cb", public)).await;
        let redirect = browser.redirected(&Asking::by(&own)).await;
        assert_eq!(stack.redeem(&own, redirect.code()).await.status, 200);
        browser.asked(&Asking::by(&own).with("prompt", "consent")).await;
        // Anything on the machine may listen there.
        let native = stack.register(first_party("http://127.0.0.1/cb", public)).await;
        browser.asked(&Asking::by(&native)).await;
        let scheme = stack.register(first_party("com.example.own:/cb", public)).await;
        browser.asked(&Asking::by(&scheme)).await;
    }
    let stranger = stack.browser().redirected(&Asking::by(&stack.web().await)).await;
    assert!(stranger.location.starts_with("/login?"));
}

#[tokio::test]
async fn ending_everything_ends_what_was_agreed() {
    let (stack, web, asking) = agreed().await;
    let person = stack.app.users.find_by_name(&"ada".parse().unwrap()).await.unwrap().unwrap().sub;
    stack.app.users.end_everything(person, stack.now()).await.unwrap();
    stack.advance(Duration::from_millis(1));
    let browser = stack.browser();
    browser.try_to_sign_in("/login", "ada", crate::harness::PASSWORD).await;
    browser.consent(&asking).await.code();
    browser.redirected(&asking).await.code();
    stack.app.clients.end_everything(&web.id.parse().unwrap(), stack.now()).await.unwrap();
    browser.asked(&asking).await;
}

#[tokio::test]
async fn an_agreement_is_forgotten_after_a_year() {
    let (stack, _, asking) = agreed().await;
    let browser = stack.browser();
    stack.advance_to_just_before(Duration::from_hours(365 * 24));
    browser.try_to_sign_in("/login", "ada", crate::harness::PASSWORD).await;
    browser.redirected(&asking).await.code();
    stack.advance_by_the_last_millisecond();
    browser.asked(&asking).await;
}
