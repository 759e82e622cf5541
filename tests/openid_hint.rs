//! `id_token_hint` in an authorization request (OpenID Connect Core §3.1.2.1).

use std::time::Duration;

use jeton::local::PrivateKey;
use serde_json::{Map, Value};
use shared::{openid::Start, secret::Id};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, HtmlForm, PASSWORD, Redirect, Response, SignIn, Stack,
    rights::POLICIES,
};

/// The length of a name with which an ID token has the largest size.
const LONG_NAME: usize = 818;

/// Returns one claim.
fn claims(name: &str, value: &str) -> Map<String, Value> {
    [(name.to_owned(), Value::from(value))].into_iter().collect()
}

#[tokio::test]
async fn the_user_of_the_hint_is_signed_in_without_a_page_although_it_expired() {
    let stack = Stack::with_openid().await;
    let user = SignIn::consented(&stack).await;
    let own = user.hint().await;
    user.silent(&own).await.code();
    // The server need not be an audience, and another client's hint names the same user.
    let other = stack.hint(&stack.relying_party().await, user.ada.sub).await;
    user.silent(&other).await.code();
    // No user is signed in.
    let silent = user.request.with("prompt", "none").with("id_token_hint", &own);
    stack.browser().redirected(&silent).await.is_error(&stack, "login_required");
}

/// Ada is signed in and has consented; the hint is of eve.
async fn with_hint_of_eve(stack: &Stack) -> (SignIn<'_>, Id, String) {
    let user = SignIn::consented(stack).await;
    let eve = stack.create_user("eve").await.sub;
    let hint = stack.hint(&user.rp, eve).await;
    (user, eve, hint)
}

/// Sends `request` with `browser`, which must show the login page, and signs in there.
async fn after_sign_in(browser: &Browser<'_>, request: &AuthorizationRequest, name: &str) -> Response {
    let login = browser.redirected(request).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    let response = browser.try_to_sign_in(&login, name, PASSWORD).await;
    browser.get(&Redirect::of(&response).location).await
}

#[tokio::test]
async fn the_user_of_the_hint_signs_in_instead_of_another() {
    let stack = Stack::with_openid().await;
    let (user, eve, hint) = with_hint_of_eve(&stack).await;
    user.silent(&hint).await.is_error(&stack, "login_required");
    let page = after_sign_in(&user.browser, &user.request.with("id_token_hint", &hint), "eve").await;
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let redirect = Redirect::of(&user.browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(stack.grant_of(&redirect).await.user, Some(eve));
}

#[tokio::test]
async fn a_sign_in_of_another_user_than_the_hints_is_an_error_once() {
    let stack = Stack::with_openid().await;
    let (user, _, hint) = with_hint_of_eve(&stack).await;
    let hinted = user.request.with("id_token_hint", &hint);
    // The user has signed in before or not, and other parameters may demand a sign-in, too.
    let stranger = stack.browser();
    for browser in [&user.browser, &stranger, &user.browser] {
        for (name, value) in [("prompt", ""), ("prompt", "login"), ("max_age", "0"), ("max_age", "600")] {
            let response = after_sign_in(browser, &hinted.with(name, value), "ada").await;
            Redirect::of(&response).is_error(&stack, "login_required");
            // The same user signs in with no hint, or with the own one.
            browser.redirected(&user.request).await.code();
            browser.redirected(&user.request.with("id_token_hint", &user.hint().await)).await.code();
            stack.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_no_sign_in_for_the_hint() {
    let stack = Stack::with_openid().await;
    let (user, eve, hint) = with_hint_of_eve(&stack).await;
    let login = user.browser.redirected(&user.request.with("id_token_hint", &hint)).await.location;
    user.browser.try_to_sign_in(&login, "ada", "wrong password").await.is_page(400);
    // A form that the browser was not sent signs in no user: ada, who is signed in, gets a new one.
    let form = [("csrf", "00"), ("username", "ada"), ("password", PASSWORD)];
    let stale = user.browser.post(&login, &form).await;
    let again = user.browser.get(&Redirect::of(&stale).location).await;
    assert_eq!(Redirect::of(&again).location, login);
    let page = user.browser.try_to_sign_in(&login, "eve", PASSWORD).await;
    let page = user.browser.get(&Redirect::of(&page).location).await;
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let redirect = Redirect::of(&user.browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(stack.grant_of(&redirect).await.user, Some(eve));
}

#[tokio::test]
async fn a_client_that_says_itself_that_the_user_has_signed_in_gets_no_more_than_with_prompt_none() {
    let stack = Stack::with_openid().await;
    let (user, _, of_eve) = with_hint_of_eve(&stack).await;
    let forged = |hint: &str| user.request.with("sign_in_hint", hint);
    user.browser.redirected(&forged(&of_eve)).await.is_error(&stack, "login_required");
    user.browser.redirected(&forged(&user.hint().await)).await.code();
    user.browser.redirected(&forged("x")).await.code();
    // It stands in for no sign-in and for no consent.
    let response = after_sign_in(&stack.browser(), &forged(&of_eve), "ada").await;
    Redirect::of(&response).is_error(&stack, "login_required");
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        after_sign_in(&user.browser, &forged(&of_eve).with(name, value), "ada").await;
    }
    user.browser.consent_form(&forged(&user.hint().await).with("prompt", "consent")).await;
    // Beside the hint it counts for nothing, and twice it is malformed.
    let both = forged(&of_eve).with("id_token_hint", &of_eve);
    let response = after_sign_in(&user.browser, &both, "ada").await;
    Redirect::of(&response).is_error(&stack, "invalid_request");
}

#[tokio::test]
async fn a_hint_of_a_deleted_user_is_of_no_signed_in_user() {
    let stack = Stack::with_openid().await;
    let user = SignIn::consented(&stack).await;
    let gone = stack.create_user("gone").await;
    stack.app.users.delete(gone.sub).await.unwrap();
    let hint = stack.hint(&user.rp, gone.sub).await;
    user.silent(&hint).await.is_error(&stack, "login_required");
    let login = user.browser.redirected(&user.request.with("id_token_hint", &hint)).await.location;
    assert!(login.starts_with("/login?"), "{login}");
}

#[tokio::test]
async fn the_largest_hint_state_and_nonce_survive_the_sign_in_and_come_back() {
    let stack = Stack::with_openid().await;
    let (rp, ada) = (stack.relying_party().await, stack.create_user("ada").await);
    let hint = stack.hint_with(&rp, ada.sub, claims("name", &"n".repeat(LONG_NAME))).await;
    assert!((1_800..1_810).contains(&hint.len()), "{}", hint.len());
    let (state, nonce) = ("s".repeat(1_024), "n".repeat(256));
    let request = AuthorizationRequest::by(&rp)
        .with("scope", "openid")
        .with("state", &state)
        .with("nonce", &nonce)
        .with("redirect_uri", "https://app.example.com/oauth/callback")
        .with("id_token_hint", &hint);
    let browser = stack.browser();
    let login = browser.redirected(&request).await.location;
    let response = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    let page = browser.get(&Redirect::of(&response).location).await;
    page.is_page(200);
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(redirect.get("state"), Some(state.as_str()));
    assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce, Some(nonce));
    // By POST, too (§3.1.2.1).
    let silent = request.with("prompt", "none");
    let posted = browser.post("/oauth/authorize", &silent.parameters()).await;
    let silent = browser.get(posted.header("location").unwrap()).await;
    Redirect::of(&silent).code();
}

#[tokio::test]
async fn a_hint_counts_for_90_days_after_its_key_is_gone() {
    let stack = Stack::with_openid().await;
    let user = SignIn::consented(&stack).await;
    let old = user.hint().await;
    let (private, key) = PrivateKey::make(stack.now()).unwrap();
    private.store(stack.app.clients.table()).await.unwrap();
    stack.list_key(key, Start::Now).await;
    user.silent(&old).await.code();
    let new = user.hint().await;
    user.silent(&new).await.code();
    stack.advance_to_just_before(Duration::from_hours((2 + 90) * 24));
    user.browser.sign_in(&user.ada).await;
    user.silent(&old).await.code();
    stack.advance_by_the_last_millisecond();
    user.silent(&old).await.is_error(&stack, "login_required");
    user.silent(&new).await.code();
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_an_outage_and_lose_nothing() {
    let stack = Stack::with_openid().await;
    let user = SignIn::consented(&stack).await;
    let hint = user.hint().await;
    let hinted = user.request.with("id_token_hint", &hint);
    stack.dynamodb.fail(Fault::ThrottleKeys);
    user.browser.redirected(&hinted).await.is_error(&stack, "temporarily_unavailable");
    user.silent(&hint).await.is_error(&stack, "temporarily_unavailable");
    user.browser.redirected(&user.request).await.code();
    stack.dynamodb.fail(Fault::None);
    user.silent(&hint).await.code();
    // The keys are remembered.
    let reads = async |request: &AuthorizationRequest| {
        stack.dynamodb.forget();
        user.browser.redirected(request).await.code();
        stack.dynamodb.seen().len()
    };
    assert_eq!(reads(&hinted).await, reads(&user.request).await);
}

#[tokio::test]
async fn without_openid_a_hint_is_ignored_and_reads_nothing() {
    let on = Stack::with_openid().await;
    let off = Stack::start().await;
    let hint = on.hint(&on.relying_party().await, Id::random()).await;
    for (stack, scope) in [(&on, "read"), (&off, "openid")] {
        let (rp, browser) = (stack.relying_party().await, stack.signed_in().await);
        let request = AuthorizationRequest::by(&rp).with("scope", scope);
        browser.consent(&request).await.code();
        stack.dynamodb.fail(Fault::ThrottleKeys);
        for text in ["x", &hint] {
            let silent = request.with("id_token_hint", text).with("prompt", "none");
            browser.redirected(&silent).await.code();
        }
    }
}

#[tokio::test]
async fn no_log_line_contains_a_hint() {
    let stack = Stack::with_openid().await;
    let user = SignIn::consented(&stack).await;
    for sub in [user.ada.sub, Id::random()] {
        let hint = stack.hint_with(&user.rp, sub, claims("email", "ada@secret.example")).await;
        for text in [hint.clone(), hint.replace('.', "-")] {
            user.silent(&text).await;
            user.browser.redirected(&user.request.with("id_token_hint", &text)).await;
            let payload = hint.split('.').nth(1).unwrap();
            assert!(!stack.logged().contains(payload) && !stack.logged().contains("ada@secret"));
        }
    }
}

#[test]
fn authorize_reads_keys_only_where_openid_connect_is_on() {
    let reads = |key: &str, conditions: &[&str]| {
        POLICIES.allows("/oauth/authorize", "GetItem", "clients", key, conditions)
    };
    assert!(reads("keys#", &["HasOpenId"]) && !reads("keys#", &[]));
    assert!(!reads("local_key#a", &["HasOpenId"]), "no function reads a private key");
}
