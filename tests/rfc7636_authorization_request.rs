//! PKCE at the authorization endpoint (RFC 7636).

use shared::clients::Registration;

use crate::harness::{AuthorizationRequest, Browser, Stack, code_flow::VERIFIER};

/// A well-formed challenge of another verifier.
const OTHER: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cA";

/// Asserts that `request` sends `invalid_request` to the client.
async fn is_invalid(stack: &Stack, browser: &Browser<'_>, request: &AuthorizationRequest) {
    browser.redirected(request).await.is_error(stack, "invalid_request");
}

#[tokio::test]
async fn a_challenge_is_required_of_public_and_confidential_clients_alike() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for client in [stack.public().await, stack.web().await] {
        let request = AuthorizationRequest::by(&client);
        is_invalid(&stack, &browser, &request.without_pkce()).await;
        is_invalid(&stack, &browser, &request.without("code_challenge")).await;
        let code = browser.consent(&request).await.code().to_owned();
        assert_eq!(stack.redeem(&client, &code).await.status, 200, "PKCE works");
    }
}

#[tokio::test]
async fn only_s256_is_accepted_and_a_missing_method_is_not_assumed() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for client in [stack.public().await, stack.web().await] {
        let request = AuthorizationRequest::by(&client);
        is_invalid(&stack, &browser, &request.without("code_challenge_method")).await;
        for method in ["S512", "s256", "plain", "S256 ", "none"] {
            is_invalid(&stack, &browser, &request.with("code_challenge_method", method)).await;
        }
    }
}

#[tokio::test]
async fn a_challenge_has_exactly_the_form_of_s256() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.public().await));
    let padded = format!("{OTHER}=");
    let (short, long, longest) = (&OTHER[..42], format!("{OTHER}A"), "A".repeat(128));
    let standard = OTHER.replace('-', "+");
    for challenge in
        ["abc", &padded, short, &long, &longest, &standard, &OTHER.replace('A', "B"), "%", "\u{e9}"]
    {
        is_invalid(&stack, &browser, &request.with("code_challenge", challenge)).await;
    }
}

#[tokio::test]
async fn a_code_needs_the_verifier_of_its_own_request_and_no_response_has_the_challenge() {
    let stack = Stack::start().await;
    let (browser, web) = (stack.signed_in().await, stack.web().await);
    let redirect = browser.consent(&AuthorizationRequest::by(&web).with("code_challenge", OTHER)).await;
    assert!(!redirect.location.contains(OTHER) && !redirect.location.contains("challenge"));
    let code = redirect.code();
    stack.redeem(&web, code).await.is_error(400, "invalid_grant");
    stack.redeem_with(&web, code, &[("code_verifier", OTHER)]).await.is_error(400, "invalid_grant");
    let only_uri = [("redirect_uri", "https://app.example.com/oauth/callback")];
    stack.redeem_with(&web, code, &only_uri).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_confidential_client_may_be_exempt_and_then_no_verifier_is_accepted() {
    let stack = Stack::start().await;
    let (browser, uri) = (stack.signed_in().await, "https://app.example.com/cb");
    let registration = Registration {
        name: "old".to_owned(),
        redirect_uris: vec![uri.to_owned()],
        scope: vec!["read".to_owned()],
        pkce_optional: true,
        ..Registration::default()
    };
    let old = stack.register(registration).await;
    let request = AuthorizationRequest::by(&old).with("redirect_uri", uri);
    let stripped = request.without_pkce();
    let code = browser.consent(&stripped).await.code().to_owned();
    let both = [("redirect_uri", uri), ("code_verifier", VERIFIER)];
    stack.redeem_with(&old, &code, &both).await.is_error(400, "invalid_grant");
    assert_eq!(stack.redeem_with(&old, &code, &[("redirect_uri", uri)]).await.status, 200);
    // A method without a challenge is an error, and a challenge that was sent must be met.
    is_invalid(&stack, &browser, &request.without("code_challenge")).await;
    is_invalid(&stack, &browser, &request.with("code_challenge_method", "plain")).await;
    let code = browser.redirected(&request).await.code().to_owned();
    stack.redeem_with(&old, &code, &[("redirect_uri", uri)]).await.is_error(400, "invalid_grant");
}
