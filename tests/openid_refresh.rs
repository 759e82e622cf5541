//! ID tokens in refresh responses (OpenID Connect Core §12.2), for clients that are registered for them.

use std::time::Duration;

use serde_json::Value;
use shared::clients::Registration;

use crate::harness::{Fault, Registered, Response, Stack, code_flow::Pair};

/// Returns a deployment, a client that gets ID tokens at refreshes, and the tokens of its user.
async fn prepared() -> (Stack, Registered, Pair) {
    let stack = Stack::with_openid().await;
    let client = stack.refreshing_party().await;
    let user = stack.user("alice").await;
    let code = stack.openid_code(&client, user).await;
    let pair = stack.redeem(&client, &code).await.pair();
    stack.dynamodb.forget();
    (stack, client, pair)
}

async fn claims(stack: &Stack, response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    stack.verified(response.json()["id_token"].as_str().unwrap()).await.claims()
}

/// Returns the operations, with the kind of their first key.
fn requests(stack: &Stack) -> Vec<String> {
    let seen = stack.dynamodb.seen();
    stack.dynamodb.forget();
    seen.into_iter().map(|seen| seen.operation).collect()
}

#[tokio::test]
async fn it_has_the_original_sign_in_the_new_times_and_no_nonce() {
    let stack = Stack::with_openid().await;
    let client = stack.refreshing_party().await;
    let user = stack.user("alice").await;
    let code = stack.openid_code(&client, user).await;
    let redeemed = stack.redeem(&client, &code).await;
    let first = claims(&stack, &redeemed).await;
    stack.advance(Duration::from_mins(30));
    let refreshed = stack.refresh(&client, &redeemed.pair().refresh).await;
    let second = claims(&stack, &refreshed).await;
    for same in ["iss", "sub", "aud", "auth_time", "preferred_username"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    assert_eq!(second.get("nonce"), None);
    assert_eq!(second["iat"].as_u64().unwrap(), first["iat"].as_u64().unwrap() + 1_800);
    assert_eq!(second["exp"].as_u64().unwrap(), second["iat"].as_u64().unwrap() + 3_600);
    assert_ne!(second["at_hash"], first["at_hash"]);
}

#[tokio::test]
async fn a_retry_gets_an_equivalent_id_token() {
    let (stack, client, pair) = prepared().await;
    let first = stack.refresh(&client, &pair.refresh).await;
    stack.advance(Duration::from_secs(30));
    let retried = stack.refresh(&client, &pair.refresh).await;
    assert_eq!(retried.pair(), first.pair());
    assert_eq!(claims(&stack, &retried).await, claims(&stack, &first).await);
    assert_eq!(stack.signatures(), 3);
}

#[tokio::test]
async fn a_client_that_is_not_registered_for_it_gets_none_and_costs_no_read_more() {
    let stack = Stack::with_openid().await;
    let client = stack.relying_party().await;
    let code = stack.openid_code(&client, stack.user("alice").await).await;
    let pair = stack.redeem(&client, &code).await.pair();
    stack.dynamodb.forget();
    let refreshed = stack.refresh(&client, &pair.refresh).await;
    assert_eq!(refreshed.json().get("id_token"), None);
    assert_eq!(requests(&stack), ["BatchGetItem", "UpdateItem", "BatchGetItem"]);
    assert_eq!(stack.signatures(), 1);
}

#[tokio::test]
async fn a_client_that_is_registered_for_it_costs_the_read_of_the_claims() {
    let (stack, client, pair) = prepared().await;
    claims(&stack, &stack.refresh(&client, &pair.refresh).await).await;
    assert_eq!(requests(&stack)[..4], ["BatchGetItem", "UpdateItem", "BatchGetItem", "GetItem"]);
}

#[tokio::test]
async fn the_scope_of_the_access_token_decides() {
    let (stack, client, pair) = prepared().await;
    let without = stack.refresh_with(&client, &pair.refresh, &[("scope", "profile email")]).await;
    assert_eq!((without.status, without.json().get("id_token")), (200, None));
    let next = without.pair().refresh;
    let narrow = claims(&stack, &stack.refresh_with(&client, &next, &[("scope", "openid")]).await).await;
    assert_eq!(narrow.get("preferred_username"), None);
}

#[tokio::test]
async fn a_client_that_lost_openid_gets_none() {
    let (stack, client, pair) = prepared().await;
    let scope = || vec!["profile".to_owned()];
    let change = |registration: &mut Registration| {
        (registration.scope, registration.default_scope) = (scope(), scope());
        // Without `openid`, the setting is refused.
        registration.id_token_on_refresh = false;
    };
    stack.amend(&client, change).await;
    let refreshed = stack.refresh(&client, &pair.refresh).await;
    assert_eq!(
        (refreshed.json()["scope"].as_str(), refreshed.json().get("id_token")),
        (Some("profile"), None)
    );
}

#[tokio::test]
async fn if_it_cannot_be_made_the_response_goes_without_and_the_rotation_is_kept() {
    for (fault, reason) in [
        (Fault::ThrottleClaims, "DynamoDB: GetItem failed: ThrottlingException"),
        (Fault::ThrottleStandings, "the statuses could not be read"),
    ] {
        let (stack, client, pair) = prepared().await;
        stack.dynamodb.fail(fault);
        let refreshed = stack.refresh(&client, &pair.refresh).await;
        assert_eq!((refreshed.status, refreshed.json().get("id_token")), (200, None), "{fault:?}");
        stack.dynamodb.fail(Fault::None);
        let event = &stack.audited("id_token_not_signed")[0];
        assert_eq!((event["reason"].as_str(), event["client"].as_str()), (Some(reason), Some(&*client.id)));
        assert_eq!(event["IdTokenNotSigned"], 1);
        // The same refresh token again: a retry of the same rotation.
        let retried = stack.refresh(&client, &pair.refresh).await;
        assert_eq!(retried.pair(), refreshed.pair());
        claims(&stack, &retried).await;
    }
}

#[tokio::test]
async fn a_refused_refresh_is_not_signed_for() {
    let (stack, client, pair) = prepared().await;
    let next = stack.refresh(&client, &pair.refresh).await.pair();
    assert_eq!(stack.signatures(), 2);
    stack.advance(Duration::from_mins(2));
    stack.refresh(&client, &pair.refresh).await.is_error(400, "invalid_grant");
    stack.refresh(&client, &next.refresh).await.is_error(400, "invalid_grant");
    assert_eq!((stack.signatures(), stack.audited("reused").len()), (2, 1));
}
