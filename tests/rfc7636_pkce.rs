//! RFC 7636: the code verifier at the token endpoint.

use crate::harness::{
    Stack,
    code_flow::{CALLBACK, Request, VERIFIER},
};

/// Another verifier.
const OTHER: &str = "aBcD-._~0123456789aBcD-._~0123456789aBcD-._~";

#[tokio::test]
async fn a_code_with_a_challenge_is_redeemed_with_its_own_verifier_only() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let user = stack.user("alice").await;
    let code = stack.issue_code(&web, user, Request::default()).await;
    let other = stack.issue_code(&web, user, Request { verifier: Some(OTHER), ..Request::default() }).await;
    let reversed: String = VERIFIER.chars().rev().collect();
    // The challenge, which an eavesdropper on the authorization request knows, is not a verifier.
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for wrong in [OTHER, &reversed, challenge] {
        stack.redeem_with(&web, &code, &[("code_verifier", wrong)]).await.is_error(400, "invalid_grant");
    }
    stack.redeem_with(&web, &other, &[("code_verifier", VERIFIER)]).await.is_error(400, "invalid_grant");
    stack.redeem_with(&web, &other, &[("code_verifier", OTHER)]).await.pair();
    stack.redeem(&web, &code).await.pair();
}

#[tokio::test]
async fn a_code_with_a_challenge_needs_a_verifier_from_every_client() {
    let stack = Stack::start().await;
    for client in [stack.web().await, stack.public().await] {
        let user = stack.user("alice").await;
        for sent in [false, true] {
            let request = Request { redirect_uri: (CALLBACK, sent), ..Request::default() };
            let code = stack.issue_code(&client, user, request).await;
            stack.redeem_with(&client, &code, &[]).await.is_error(400, "invalid_grant");
            let uri = [("redirect_uri", CALLBACK)];
            stack.redeem_with(&client, &code, &uri).await.is_error(400, "invalid_grant");
            let empty = [("redirect_uri", CALLBACK), ("code_verifier", "")];
            stack.redeem_with(&client, &code, &empty).await.is_error(400, "invalid_grant");
            let both = [("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
            stack.redeem_with(&client, &code, &both).await.pair();
        }
    }
}

#[tokio::test]
async fn a_code_without_a_challenge_refuses_a_verifier_and_needs_its_redirect_uri() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let user = stack.user("alice").await;
    for sent in [false, true] {
        let request = Request { verifier: None, redirect_uri: (CALLBACK, sent), ..Request::default() };
        let code = stack.issue_code(&web, user, request).await;
        stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
        let both = [("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        stack.redeem_with(&web, &code, &both).await.is_error(400, "invalid_grant");
        stack.redeem_with(&web, &code, &[]).await.is_error(400, "invalid_grant");
        stack.redeem_with(&web, &code, &[("redirect_uri", CALLBACK)]).await.pair();
    }
}

#[tokio::test]
async fn a_verifier_is_43_to_128_unreserved_characters() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let user = stack.user("alice").await;
    let (long, longest) = ("a".repeat(129), "a".repeat(128));
    let plus = VERIFIER.replace('-', "+");
    // The challenges are those of these very texts: only their form is wrong.
    for (verifier, is_valid) in
        [("abc", false), (&long, false), (&plus, false), (&longest, true), (OTHER, true)]
    {
        let request = Request { verifier: Some(verifier), ..Request::default() };
        let code = stack.issue_code(&web, user, request).await;
        let response = stack.redeem_with(&web, &code, &[("code_verifier", verifier)]).await;
        if is_valid {
            response.pair();
        } else {
            response.is_error(400, "invalid_request");
        }
    }
}

#[tokio::test]
async fn a_repeated_verifier_is_refused_and_does_not_spend_the_code() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let code = stack.code(&web).await;
    let twice = [("code_verifier", VERIFIER), ("code_verifier", VERIFIER)];
    stack.redeem_with(&web, &code, &twice).await.is_error(400, "invalid_request");
    stack.redeem(&web, &code).await.pair();
}
