//! How a request says in what way the person is to be involved (OpenID Connect Core §3.1.2.1, as far as OAuth has it).

use std::time::Duration;

use crate::harness::{Asking, Browser, HtmlForm, PASSWORD, Redirect, Stack};

/// Holds `asking` to leading to the login page; the question, once the person has signed in again.
async fn after_signing_in_again(browser: &Browser<'_>, asking: &Asking) -> HtmlForm {
    let login = browser.redirected(asking).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    let answer = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    let page = browser.get(&Redirect::of(&answer).location).await;
    page.is_page(200);
    HtmlForm::of(&page, "/oauth/authorize")
}

#[tokio::test]
async fn a_login_that_is_asked_for_happens_once() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.public().await));
    for (name, value) in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("prompt", "login consent"),
        ("prompt", "consent select_account login"),
        ("max_age", "0"),
        ("max_age", "00"),
    ] {
        let form = after_signing_in_again(&browser, &asking.with(name, value)).await;
        Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
        stack.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_login_that_is_asked_for_is_not_got_round_by_a_form_that_is_no_longer_good() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.public().await));
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let login = browser.redirected(&asking.with(name, value)).await.location;
        let form = [("csrf", "00"), ("username", "ada"), ("password", "wrong password")];
        let answer = browser.post(&login, &form).await;
        assert!(
            answer.header("location").is_none_or(|to| to.contains(name)),
            "{:?}",
            answer.header("location")
        );
        // Wherever that leads, it leads back to the login page.
        assert!(browser.redirected(&asking.with(name, value)).await.location.starts_with("/login?"));
    }
}

#[tokio::test]
async fn who_signed_in_longer_ago_than_the_client_accepts_signs_in_again() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await).with("max_age", "60"));
    stack.advance(Duration::from_mins(1));
    browser.asked(&asking).await;
    stack.advance(Duration::from_secs(1));
    let silent = browser.redirected(&asking.with("prompt", "none")).await;
    silent.is_error(&stack, "login_required");
    let form = after_signing_in_again(&browser, &asking).await;
    // However long they take to read the page: it is not asked for twice.
    stack.advance(Duration::from_mins(5));
    Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
}

#[tokio::test]
async fn what_cannot_be_understood_of_prompt_and_max_age_is_refused() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    for (name, value) in [
        ("prompt", "none login"),
        ("prompt", "consent none"),
        ("prompt", "LOGIN"),
        ("prompt", "create"),
        ("max_age", "-1"),
        ("max_age", "+1"),
        ("max_age", "1.5"),
        ("max_age", "soon"),
        ("max_age", "99999999999999999999999"),
    ] {
        browser.redirected(&asking.with(name, value)).await.is_error(&stack, "invalid_request");
    }
}

#[tokio::test]
async fn silence_is_answered_without_a_page_whoever_asks() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let asking = Asking::by(&web).with("prompt", "none");
    let (stranger, browser) = (stack.browser(), stack.signed_in().await);
    stranger.redirected(&asking).await.is_error(&stack, "login_required");
    stranger.redirected(&asking.with("scope", "other")).await.is_error(&stack, "invalid_scope");
    browser.redirected(&asking).await.is_error(&stack, "consent_required");
    browser.consent(&asking.without("prompt")).await.code();
    let silent = browser.redirected(&asking).await;
    assert_eq!(stack.redeem(&web, silent.code()).await.status, 200);
    // Nobody can tell a public client from its imitation.
    let public = Asking::by(&stack.public().await);
    browser.consent(&public).await.code();
    browser.redirected(&public.with("prompt", "none")).await.is_error(&stack, "consent_required");
}

#[tokio::test]
async fn a_hint_fills_in_the_name_and_nothing_more() {
    let stack = Stack::start().await;
    let hint = "\"><script>alert(1)</script>";
    let asking = Asking::by(&stack.web().await).with("login_hint", "ada@example.com");
    let browser = stack.browser();
    let login = browser.redirected(&asking).await.location;
    assert!(browser.get(&login).await.text.contains("required value=\"ada@example.com\""));
    let login = browser.redirected(&asking.with("login_hint", hint)).await.location;
    let page = browser.get(&login).await;
    assert!(page.text.contains("&#62;&#60;script&#62;") && !page.text.contains("<script"), "{}", page.text);
}
