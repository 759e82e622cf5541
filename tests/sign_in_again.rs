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

#[tokio::test]
async fn signing_in_takes_the_sign_in_out_of_a_request_and_leaves_every_other_byte() {
    let stack = Stack::start().await;
    let (browser, web) = (stack.signed_in().await, stack.web().await);
    let begin = Asking::by(&web).query();
    for (sent, left) in [
        ("x=a:/?@,;!$()*~[]", "x=a:/?@,;!$()*~[]"),
        ("x=%3a%3A%2f%2F%c3%A9%7e", "x=%3a%3A%2f%2F%c3%A9%7e"),
        ("x=a+b%20c%2Bd", "x=a+b%20c%2Bd"),
        ("&&x&y=&=z&resource=a&resource=a&", "&&x&y=&=z&resource=a&resource=a&"),
        ("prompt=login&x=:", "prompt=&x=:"),
        ("x=%3a&prompt=login+consent", "x=%3a&prompt=consent"),
        ("prompt=consent%20login%20select_account&x=:", "prompt=consent&x=:"),
        ("prompt=consent", "prompt=consent"),
        ("pro%6Dpt=%6cogin", "pro%6Dpt="),
        ("max_age=0&x=:", "max_age=&x=:"),
        ("m%61x_age=%300", "m%61x_age="),
        ("max_age=60&prompt=LOGIN:login", "max_age=60&prompt=LOGIN:login"),
        ("max_age=%2B0&max_age=-0", "max_age=%2B0&max_age=-0"),
    ] {
        let answer = browser.try_to_sign_in(&format!("/login?{begin}&{sent}"), "ada", PASSWORD).await;
        assert_eq!(Redirect::of(&answer).location, format!("/oauth/authorize?{begin}&{left}"), "{sent}");
    }
    // What was malformed before is malformed afterwards.
    for sent in ["prompt=login&prompt=login", "max_age=0&max_age=0", "max_age=%2B0", "prompt=login%3A+login"]
    {
        let answer = browser.try_to_sign_in(&format!("/login?{begin}&{sent}"), "ada", PASSWORD).await;
        let refused = browser.get(&Redirect::of(&answer).location).await;
        Redirect::of(&refused).is_error(&stack, "invalid_request");
    }
}

#[tokio::test]
async fn a_request_of_the_greatest_length_is_still_good_after_signing_in() {
    let stack = Stack::start().await;
    let public = stack.public().await;
    stack.somebody("ada").await;
    for characters in [":", "/", "@", ":/@;,", "%3a", "+"] {
        for sign_in in ["", "&prompt=login", "&max_age=0"] {
            let begin = format!("{}{sign_in}&x=", Asking::by(&public).query());
            let rest = characters.repeat((3_072 - begin.len()) / characters.len());
            let longest = format!("{begin}{rest}{}", "a".repeat(3_072 - begin.len() - rest.len()));
            let browser = stack.browser();
            let login = Redirect::of(&browser.get(&format!("/oauth/authorize?{longest}")).await).location;
            assert_eq!(login, format!("/login?{longest}"));
            let answer = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
            let page = browser.get(&Redirect::of(&answer).location).await;
            page.is_page(200);
            let form = HtmlForm::of(&page, "/oauth/authorize");
            Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
            let too_long = browser.get(&format!("/oauth/authorize?{longest}a")).await;
            too_long.is_page(400);
            // By POST the request goes on as it came.
            let form = "application/x-www-form-urlencoded";
            let by_post = stack.post("/oauth/authorize").body(form, longest.clone()).send().await;
            assert_eq!(Redirect::of(&by_post).location, format!("/oauth/authorize?{longest}"));
            stack.post("/oauth/authorize").body(form, format!("{longest}a")).send().await.is_page(400);
        }
    }
    let odd =
        stack.post("/oauth/authorize").body("application/x-www-form-urlencoded", "x=a b\"<\u{e9}>\r\n#'");
    let location = Redirect::of(&odd.send().await).location;
    assert_eq!(location, "/oauth/authorize?x=a%20b%22%3C%C3%A9%3E%0D%0A%23'");
}
