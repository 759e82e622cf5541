//! The authorization request of OpenID Connect (Core §3.1.2.1): its `nonce`, and what is refused or ignored. The
//! tests called `oidcc_…` are those of the modules of the certification profile Basic OP that test this endpoint.

use std::time::Duration;

use shared::config::SigningKeys;

use crate::harness::{AuthorizationRequest, Redirect, SignIn, Stack};

#[tokio::test]
async fn oidcc_response_type_missing() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let redirect = user.browser.redirected(&user.request.without("response_type")).await;
    redirect.is_error(&stack, "invalid_request");
}

#[tokio::test]
async fn oidcc_prompt_login() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_secs(1));
    let second = stack.grant_of(&user.again(&user.request.with("prompt", "login")).await).await;
    assert!(second.authenticated_at.unwrap().seconds() > first.authenticated_at.unwrap().seconds());
    assert_eq!(second.user, first.user);
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let silent = user.request.with("prompt", "none");
    stack.browser().redirected(&silent).await.is_error(&stack, "login_required");
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_secs(5));
    let silent = user.browser.redirected(&user.request.with("prompt", "none")).await;
    let second = stack.grant_of(&silent).await;
    assert_eq!((second.user, second.authenticated_at), (first.user, first.authenticated_at));
}

#[tokio::test]
async fn oidcc_max_age_1() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_secs(2));
    let second = stack.grant_of(&user.again(&user.request.with("max_age", "1")).await).await;
    assert!(second.authenticated_at > first.authenticated_at);
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_hours(1));
    let second = user.browser.redirected(&user.request.with("max_age", "10000")).await;
    assert_eq!(stack.grant_of(&second).await.authenticated_at, first.authenticated_at);
}

#[tokio::test]
async fn oidcc_login_hint() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let browser = stack.browser();
    let login = browser.redirected(&user.request.with("login_hint", "buffy@rp.example")).await.location;
    assert!(browser.get(&login).await.text.contains("value=\"buffy@rp.example\""));
}

/// Asserts that a request with this parameter leads to the code that one without it does.
async fn is_ignored(name: &str, value: &str) {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    assert_eq!(user.granted(&user.request.with(name, value)).await, "openid");
}

#[tokio::test]
async fn oidcc_display_page() {
    is_ignored("display", "page").await;
}

#[tokio::test]
async fn oidcc_display_popup() {
    is_ignored("display", "popup").await;
}

#[tokio::test]
async fn oidcc_ui_locales() {
    is_ignored("ui_locales", "se").await;
}

#[tokio::test]
async fn oidcc_claims_locales() {
    is_ignored("claims_locales", "se").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    is_ignored("acr_values", "1 2").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    is_ignored("extra", "foobar").await;
}

#[tokio::test]
async fn oidcc_claims_essential() {
    is_ignored("claims", r#"{"userinfo":{"name":{"essential":true}}}"#).await;
}

#[tokio::test]
async fn oidcc_ensure_other_scope_order_succeeds() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    assert_eq!(user.granted(&user.request.with("scope", "email openid")).await, "email openid");
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    for uri in [
        "https://app.example.com/oauth/callback/x",
        "https://app.example.com/oauth/callback?x",
        "https://evil.example/",
    ] {
        user.browser.authorize(&user.request.with("redirect_uri", uri)).await.is_page(400);
    }
}

#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let object = "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9.";
    let redirect = user.browser.redirected(&user.request.with("request", object)).await;
    redirect.is_error(&stack, "request_not_supported");
}

#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let redirect =
        user.browser.redirected(&user.request.with("request_uri", "https://app.example.com/r")).await;
    redirect.is_error(&stack, "request_uri_not_supported");
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let request = user
        .request
        .with("request", "e30.e30.")
        .with("redirect_uri", "https://app.example.com/oauth/callback");
    user.browser.redirected(&request).await.is_error(&stack, "request_not_supported");
}

#[tokio::test]
async fn a_scope_value_that_is_not_offered_is_not_granted() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    for (requested, granted) in [
        ("openid profile", "openid profile"),
        ("openid email", "email openid"),
        ("openid address", "openid"),
        ("openid phone", "openid"),
        ("openid profile email address phone", "email openid profile"),
    ] {
        assert_eq!(user.granted(&user.request.with("scope", requested)).await, granted, "{requested}");
    }
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    user.browser.consent(&user.request).await.code();
    let posted = user.browser.post("/oauth/authorize", &user.request.with("nonce", "a+b").parameters()).await;
    let redirect = Redirect::of(&user.browser.get(posted.header("location").unwrap()).await);
    assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce.as_deref(), Some("a+b"));
}

#[tokio::test]
async fn a_nonce_of_256_bytes_is_stored_and_of_257_refused() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    user.browser.consent(&user.request).await.code();
    // As JSON writes them.
    for nonce in ["n".repeat(256), "é".repeat(128), "\"".repeat(128), "\u{1}".repeat(42)] {
        let redirect = user.browser.redirected(&user.request.with("nonce", &nonce)).await;
        assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce, Some(nonce));
    }
    for nonce in ["n".repeat(257), "é".repeat(129), "\"".repeat(129), "\u{1}".repeat(43)] {
        let redirect = user.browser.redirected(&user.request.with("nonce", &nonce)).await;
        redirect.is_error(&stack, "invalid_request");
    }
    let twice = user.request.and("nonce", "n").and("nonce", "n");
    user.browser.redirected(&twice).await.is_error(&stack, "invalid_request");
    assert_eq!(stack.grants().await, 5);
}

#[tokio::test]
async fn the_same_decision_sent_twice_is_one_grant_with_its_nonce() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let form = user.browser.consent_form(&user.request.with("nonce", "n-0S6_WzA2Mj")).await;
    let send = || user.browser.submit(&form, &[("decision", "allow")]);
    let (first, second) = tokio::join!(send(), send());
    let (first, second) = (Redirect::of(&first), Redirect::of(&second));
    assert_eq!((first.code(), stack.grants().await), (second.code(), 1));
    assert_eq!(stack.grant_of(&first).await.code.unwrap().nonce.as_deref(), Some("n-0S6_WzA2Mj"));
}

#[tokio::test]
async fn only_an_openid_connect_request_has_a_nonce_and_may_have_no_registration() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let (long, registration) = ("n".repeat(1_000), r#"{"client_name":"x"}"#);
    let parameters =
        |request: &AuthorizationRequest| request.with("nonce", &long).with("registration", registration);
    let plain = user.browser.consent(&parameters(&user.request.with("scope", "read"))).await;
    assert_eq!(stack.grant_of(&plain).await.code.unwrap().nonce, None);
    let refused = user.browser.redirected(&user.request.with("registration", registration)).await;
    refused.is_error(&stack, "registration_not_supported");
    assert!(refused.location.contains("registration+is+not+supported"), "{}", refused.location);
    // Off: the same request is one of OAuth.
    let off = stack.sibling(|config| config.signing_keys = SigningKeys::default()).await;
    let browser = off.browser();
    browser.sign_in(&off.create_user("eve").await).await;
    let plain = browser.consent(&parameters(&user.request)).await;
    assert_eq!(off.grant_of(&plain).await.code.unwrap().nonce, None);
    let confidential = browser.redirected(&user.request.with("scope", "openid phone")).await;
    confidential.is_error(&stack, "invalid_scope");
}
