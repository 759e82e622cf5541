//! The certification profile Basic OP: modules of the conformance suite that take a whole sign-in. The tests of the others
//! are with the endpoint that they test; `docs/conformance.md` lists all. The suite itself was not run.
//!
//! As in the suite, requests have no code challenge unless the module is about it.

use std::time::Duration;

use serde_json::{Value, json};
use shared::oauth::AuthMethod;

use crate::harness::{
    AuthorizationRequest, Response, SignIn, Stack,
    code_flow::{CALLBACK, VERIFIER},
    openid::NONCE,
};

/// Returns a user and a client that need not send a code challenge.
async fn sign_in(stack: &Stack) -> SignIn<'_> {
    let user = SignIn::at(stack).await;
    stack.amend(&user.rp, |client| client.pkce_optional = true).await;
    user
}

/// Returns the request that the modules send.
fn request(user: &SignIn<'_>) -> AuthorizationRequest {
    user.request.without_pkce().with("redirect_uri", CALLBACK).with("nonce", NONCE)
}

/// Returns the form that redeems the code for `request`.
async fn token_form(user: &SignIn<'_>, request: &AuthorizationRequest) -> [(&'static str, String); 3] {
    let code = user.browser.consent(request).await.code().to_owned();
    [("grant_type", "authorization_code".to_owned()), ("code", code), ("redirect_uri", CALLBACK.to_owned())]
}

/// Sends a token request with HTTP Basic.
async fn post(stack: &Stack, user: &SignIn<'_>, form: &[(&str, String)], more: &[(&str, &str)]) -> Response {
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    stack.post("/oauth/token").basic(&user.rp).form(&[&form, more].concat()).send().await
}

/// Returns the claims of the ID token in a response, after its verification.
async fn id_token(stack: &Stack, response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    stack.verified(response.json()["id_token"].as_str().unwrap()).await.claims()
}

/// Returns the response of UserInfo to the access token in a token response.
async fn userinfo(stack: &Stack, response: &Response) -> Value {
    let bearer = format!("Bearer {}", response.json()["access_token"].as_str().unwrap());
    let response = stack.request("GET", "/oauth/userinfo").header("authorization", &bearer).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.json()
}

#[tokio::test]
async fn oidcc_server() {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    let form = token_form(&user, &request(&user)).await;
    let response = post(&stack, &user, &form, &[]).await;
    response.is_not_stored();
    assert_eq!(response.json()["token_type"], "Bearer");
    let claims = id_token(&stack, &response).await;
    let now = stack.now().seconds();
    for (name, expected) in [
        ("iss", json!(stack.url)),
        ("sub", json!(user.ada.sub)),
        ("aud", json!(user.rp.id)),
        ("nonce", json!(NONCE)),
        ("iat", json!(now)),
        ("auth_time", json!(now)),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    assert!(claims["exp"].as_u64().unwrap() > now);
    assert_eq!(userinfo(&stack, &response).await["sub"], claims["sub"]);
}

#[tokio::test]
async fn oidcc_server_client_secret_post() {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    stack.amend(&user.rp, |client| client.auth_methods = vec![AuthMethod::ClientSecretPost]).await;
    let form = token_form(&user, &request(&user)).await;
    post(&stack, &user, &form, &[]).await.is_error(401, "invalid_client");
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let response = stack.post("/oauth/token").post(&user.rp, &form).send().await;
    assert_eq!(id_token(&stack, &response).await["sub"], json!(user.ada.sub));
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    let form = token_form(&user, &request(&user).without("nonce")).await;
    let claims = id_token(&stack, &post(&stack, &user, &form, &[]).await).await;
    assert_eq!((claims.get("nonce"), &claims["sub"]), (None, &json!(user.ada.sub)));
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    let with_pkce = user.request.with("redirect_uri", CALLBACK).with("nonce", NONCE);
    let form = token_form(&user, &with_pkce).await;
    let response = post(&stack, &user, &form, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(id_token(&stack, &response).await["nonce"], NONCE);
}

/// Asserts that a code that is sent again after `pause` is refused, and that the tokens it led to are revoked.
async fn is_refused_again_after(pause: Duration) {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    let form = token_form(&user, &request(&user)).await;
    let response = post(&stack, &user, &form, &[]).await;
    let access = response.pair().access;
    stack.advance(pause);
    assert!(stack.is_active(&user.rp, &access).await);
    post(&stack, &user, &form, &[]).await.is_error(400, "invalid_grant");
    stack.is_inactive(&user.rp, &access).await;
}

#[tokio::test]
async fn oidcc_codereuse() {
    is_refused_again_after(Duration::ZERO).await;
}

#[tokio::test]
async fn oidcc_codereuse_30seconds() {
    is_refused_again_after(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn oidcc_refresh_token() {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    stack.amend(&user.rp, |client| client.id_token_on_refresh = true).await;
    let form = token_form(&user, &request(&user)).await;
    let response = post(&stack, &user, &form, &[]).await;
    let (first, pair) = (id_token(&stack, &response).await, response.pair());
    stack.advance(Duration::from_secs(1));
    let refreshed = stack.refresh(&user.rp, &pair.refresh).await;
    let second = id_token(&stack, &refreshed).await;
    for same in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    assert!(second["iat"].as_u64() > first["iat"].as_u64());
    assert_ne!(refreshed.pair().access, pair.access);
    assert_eq!(userinfo(&stack, &refreshed).await["sub"], first["sub"]);
    // Another client cannot use the refresh token.
    let other = stack.relying_party().await;
    stack.refresh(&other, &refreshed.pair().refresh).await.is_error(400, "invalid_grant");
}

/// Asserts that a request for `value`, which is not offered, leads to a sign-in without its claims.
async fn has_no_claims(value: &str) {
    let stack = Stack::with_openid().await;
    let user = sign_in(&stack).await;
    let requested = request(&user).with("scope", &format!("openid {value}"));
    let form = token_form(&user, &requested).await;
    let response = post(&stack, &user, &form, &[]).await;
    assert_eq!(response.json()["scope"], "openid");
    assert_eq!(userinfo(&stack, &response).await, json!({ "sub": user.ada.sub }));
}

#[tokio::test]
async fn oidcc_scope_address() {
    has_no_claims("address").await;
}

#[tokio::test]
async fn oidcc_scope_phone() {
    has_no_claims("phone").await;
}
