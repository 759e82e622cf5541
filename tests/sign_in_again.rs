//! `prompt`, `max_age` and `login_hint`, as in OpenID Connect Core §3.1.2.1.

use std::time::Duration;

use crate::harness::{AuthorizationRequest, Browser, HtmlForm, PASSWORD, Redirect, Stack};

/// Checks that `asking` leads to the login page, signs in, and returns the form of the consent page.
async fn after_signing_in_again(browser: &Browser<'_>, request: &AuthorizationRequest) -> HtmlForm {
    let login = browser.redirected(request).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    let response = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    let page = browser.get(&Redirect::of(&response).location).await;
    page.is_page(200);
    HtmlForm::of(&page, "/oauth/authorize")
}

#[tokio::test]
async fn a_requested_sign_in_happens_once() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.public().await));
    for (name, value) in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("prompt", "login consent"),
        ("prompt", "consent select_account login"),
        ("max_age", "0"),
        ("max_age", "00"),
    ] {
        let form = after_signing_in_again(&browser, &request.with(name, value)).await;
        Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
        stack.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_stale_form_does_not_bypass_a_requested_sign_in() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.public().await));
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let login = browser.redirected(&request.with(name, value)).await.location;
        let form = [("csrf", "00"), ("username", "ada"), ("password", "wrong password")];
        let response = browser.post(&login, &form).await;
        assert!(
            response.header("location").is_none_or(|to| to.contains(name)),
            "{:?}",
            response.header("location")
        );
        // The next authorization request leads to the login page again.
        assert!(browser.redirected(&request.with(name, value)).await.location.starts_with("/login?"));
    }
}

#[tokio::test]
async fn a_sign_in_older_than_max_age_is_repeated() {
    let stack = Stack::start().await;
    let (browser, request) =
        (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await).with("max_age", "60"));
    stack.advance(Duration::from_mins(1));
    browser.consent_form(&request).await;
    stack.advance(Duration::from_secs(1));
    let silent = browser.redirected(&request.with("prompt", "none")).await;
    silent.is_error(&stack, "login_required");
    let form = after_signing_in_again(&browser, &request).await;
    // The user may take long to read the page: there is no second sign-in.
    stack.advance(Duration::from_mins(5));
    Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
}

#[tokio::test]
async fn malformed_prompt_and_max_age_are_refused() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
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
        browser.redirected(&request.with(name, value)).await.is_error(&stack, "invalid_request");
    }
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let request = AuthorizationRequest::by(&web).with("prompt", "none");
    let (stranger, browser) = (stack.browser(), stack.signed_in().await);
    stranger.redirected(&request).await.is_error(&stack, "login_required");
    stranger.redirected(&request.with("scope", "other")).await.is_error(&stack, "invalid_scope");
    browser.redirected(&request).await.is_error(&stack, "consent_required");
    browser.consent(&request.without("prompt")).await.code();
    let silent = browser.redirected(&request).await;
    assert_eq!(stack.redeem(&web, silent.code()).await.status, 200);
    // A public client cannot be told from an imitation.
    let public = AuthorizationRequest::by(&stack.public().await);
    browser.consent(&public).await.code();
    browser.redirected(&public.with("prompt", "none")).await.is_error(&stack, "consent_required");
}

#[tokio::test]
async fn a_hint_fills_in_the_name_and_nothing_more() {
    let stack = Stack::start().await;
    let hint = "\"><script>alert(1)</script>";
    let request = AuthorizationRequest::by(&stack.web().await).with("login_hint", "ada@example.com");
    let browser = stack.browser();
    let login = browser.redirected(&request).await.location;
    assert!(browser.get(&login).await.text.contains("required value=\"ada@example.com\""));
    let login = browser.redirected(&request.with("login_hint", hint)).await.location;
    let page = browser.get(&login).await;
    assert!(page.text.contains("&#62;&#60;script&#62;") && !page.text.contains("<script"), "{}", page.text);
}

#[tokio::test]
async fn signing_in_takes_the_sign_in_out_of_a_request_and_leaves_every_other_byte() {
    let stack = Stack::start().await;
    let (browser, web) = (stack.signed_in().await, stack.web().await);
    let begin = AuthorizationRequest::by(&web).query();
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
        ("id_token_hint=a.b%2Ec&x=:", "sign_in_hint=a.b%2Ec&x=:"),
        ("id%5Ftoken_hint=&login_hint=x", "sign_in_hint=&login_hint=x"),
        ("max_age=%2B0&max_age=-0", "max_age=%2B0&max_age=-0"),
    ] {
        let response = browser.try_to_sign_in(&format!("/login?{begin}&{sent}"), "ada", PASSWORD).await;
        assert_eq!(Redirect::of(&response).location, format!("/oauth/authorize?{begin}&{left}"), "{sent}");
    }
    // A malformed request stays malformed.
    for sent in [
        "id_token_hint=x&id_token_hint=x",
        "prompt=login&prompt=login",
        "max_age=0&max_age=0",
        "max_age=%2B0",
        "prompt=login%3A+login",
    ] {
        let response = browser.try_to_sign_in(&format!("/login?{begin}&{sent}"), "ada", PASSWORD).await;
        let refused = browser.get(&Redirect::of(&response).location).await;
        Redirect::of(&refused).is_error(&stack, "invalid_request");
    }
}

#[tokio::test]
async fn a_request_of_the_greatest_length_is_still_good_after_signing_in() {
    let stack = Stack::start().await;
    let public = stack.public().await;
    stack.create_user("ada").await;
    for characters in [":", "/", "@", ":/@;,", "%3a", "+"] {
        for sign_in in ["", "&prompt=login", "&max_age=0"] {
            let begin = format!("{}{sign_in}&x=", AuthorizationRequest::by(&public).query());
            let rest = characters.repeat((4_096 - begin.len()) / characters.len());
            let longest = format!("{begin}{rest}{}", "a".repeat(4_096 - begin.len() - rest.len()));
            let browser = stack.browser();
            let login = Redirect::of(&browser.get(&format!("/oauth/authorize?{longest}")).await).location;
            assert_eq!(login, format!("/login?{longest}"));
            let response = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
            let page = browser.get(&Redirect::of(&response).location).await;
            page.is_page(200);
            let form = HtmlForm::of(&page, "/oauth/authorize");
            Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code();
            let too_long = browser.get(&format!("/oauth/authorize?{longest}a")).await;
            too_long.is_page(400);
            // A POST is redirected with the same query.
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
