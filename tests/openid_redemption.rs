//! Redemption of a code for an ID token (OpenID Connect Core §3.1.3): what is read, signed and written, in this order.

use std::{sync::Arc, time::Duration};

use shared::{
    grants::{EndReason, State},
    secret::{AuthorizationCode, Secret},
};
use tokio::task::JoinSet;

use crate::harness::{
    Fault, Registered, Response, Stack,
    code_flow::{Request, VERIFIER},
    openid::{NONCE, SCOPE},
};

async fn prepared() -> (Arc<Stack>, Registered, String) {
    let stack = Arc::new(Stack::with_openid().await);
    let client = stack.relying_party().await;
    let user = stack.user("alice").await;
    let code = stack.openid_code(&client, user).await;
    stack.dynamodb.forget();
    (stack, client, code)
}

/// Redeems `code` while the test goes on.
fn redeeming(stack: &Arc<Stack>, client: &Registered, code: &str) -> tokio::task::JoinHandle<Response> {
    let (stack, client, code) = (Arc::clone(stack), client.clone(), code.to_owned());
    tokio::spawn(async move { stack.redeem(&client, &code).await })
}

#[tokio::test]
async fn the_nonce_goes_into_the_id_token_and_out_of_the_grant() {
    let (stack, client, code) = prepared().await;
    assert_eq!(stack.grant_of_code(&code).await.code.unwrap().nonce.as_deref(), Some(NONCE));
    assert_eq!(stack.signed_in_with(&client, &code).await.claims()["nonce"], NONCE);
    assert_eq!(stack.grant_of_code(&code).await.code.unwrap().nonce, None);
    assert!(!stack.logged().contains(NONCE));
}

#[tokio::test]
async fn a_nonce_of_256_bytes_goes_unchanged_into_the_id_token() {
    let stack = Stack::with_openid().await;
    let client = stack.relying_party().await;
    let nonce = format!("\"\\é{}", "n".repeat(252));
    assert_eq!(nonce.len(), 256);
    let user = stack.user("alice").await;
    let request = Request { scope: SCOPE, nonce: Some(&nonce), ..Request::default() };
    let code = stack.issue_code(&client, user, request).await;
    assert_eq!(stack.signed_in_with(&client, &code).await.claims()["nonce"], nonce.as_str());
}

#[tokio::test]
async fn it_costs_one_write_and_reads_of_the_grant_the_statuses_the_claims_and_once_the_keys() {
    let (stack, client, code) = prepared().await;
    stack.redeem(&client, &code).await.pair();
    let mut cost = stack.dynamodb.cost();
    // The three reads in the middle are made at once.
    cost[2..5].sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("BatchGetItem", 2.0), // the client
        ("GetItem", 1.0),      // the grant
        ("BatchGetItem", 2.0),
        ("GetItem", 1.0),
        ("GetItem", 1.0),
        ("UpdateItem", 1.0),
    ];
    assert_eq!(cost, expected.map(|(operation, units)| (operation.to_owned(), units)));
    let next = stack.openid_code(&client, stack.user("bob").await).await;
    stack.dynamodb.forget();
    stack.redeem(&client, &next).await.pair();
    assert_eq!(stack.dynamodb.cost().len(), expected.len() - 1, "the keys are remembered");
}

#[tokio::test]
async fn without_openid_connect_or_its_scope_it_makes_the_same_requests_as_ever() {
    let expected = [("BatchGetItem", 2.0), ("UpdateItem", 1.0), ("BatchGetItem", 2.0)];
    let expected = expected.map(|(operation, units)| (operation.to_owned(), units));
    let off = Stack::start().await;
    let on = Stack::with_openid().await;
    for (stack, client, scope) in [
        (&off, off.relying_party().await, SCOPE),
        (&off, off.web().await, "read"),
        (&on, on.web().await, "read"),
    ] {
        let user = stack.user("alice").await;
        let code = stack.issue_code(&client, user, Request { scope, ..Request::default() }).await;
        stack.dynamodb.forget();
        stack.redeem(&client, &code).await.pair();
        assert_eq!(stack.dynamodb.cost(), expected);
    }
}

#[tokio::test]
async fn a_code_that_cannot_be_redeemed_is_not_signed_for() {
    let (stack, client, code) = prepared().await;
    let other = stack.relying_party().await;
    stack.redeem(&other, &code).await.is_error(400, "invalid_grant");
    let verifier = VERIFIER.replace('d', "e");
    let wrong = stack.redeem_with(&client, &code, &[("code_verifier", &verifier)]).await;
    wrong.is_error(400, "invalid_grant");
    let unknown = Secret::<AuthorizationCode>::new(shared::secret::Id::random(), &shared::secret::random());
    stack.redeem(&client, unknown.expose()).await.is_error(400, "invalid_grant");
    let expired = stack.openid_code(&client, stack.user("bob").await).await;
    stack.signed_in_with(&client, &code).await;
    stack.advance(Duration::from_mins(1));
    stack.redeem(&client, &expired).await.is_error(400, "invalid_grant");
    assert_eq!(stack.signatures(), 1);
}

#[tokio::test]
async fn a_replay_ends_the_grant_and_is_not_signed_for() {
    let (stack, client, code) = prepared().await;
    let access = stack.redeem(&client, &code).await.pair().access;
    stack.redeem(&client, &code).await.is_error(400, "invalid_grant");
    stack.is_inactive(&client, &access).await;
    assert_eq!((stack.signatures(), stack.audited("replayed").len()), (1, 1));
}

#[tokio::test]
async fn a_lost_response_to_the_write_costs_no_id_token() {
    for fault in [Fault::LoseFirstAnswer, Fault::LoseAnswers] {
        let (stack, client, code) = prepared().await;
        stack.dynamodb.fail(fault);
        let claims = stack.signed_in_with(&client, &code).await.claims();
        assert_eq!((claims["nonce"].as_str(), stack.signatures()), (Some(NONCE), 1), "{fault:?}");
        assert!(stack.audited("replayed").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_parallel_redemptions_one_gets_an_id_token() {
    let (stack, client, code) = prepared().await;
    let all: JoinSet<_> = (0..10)
        .map(|_| {
            let (stack, client, code) = (Arc::clone(&stack), client.clone(), code.clone());
            async move { stack.redeem(&client, &code).await }
        })
        .collect();
    let responses = all.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 200);
    assert_eq!(won.len(), 1);
    stack.verified(won[0].json()["id_token"].as_str().unwrap()).await;
    for response in lost {
        response.is_error(400, "invalid_grant");
        assert!(!response.text.contains("id_token"), "{}", response.text);
    }
}

#[tokio::test]
async fn without_good_standing_the_grant_ends_before_anything_is_signed() {
    for owner_of_it in ["user", "client"] {
        let (stack, client, code) = prepared().await;
        let grant = stack.grant_of_code(&code).await;
        if owner_of_it == "user" {
            stack.app.users.disable(grant.user.unwrap(), stack.now()).await.unwrap();
        } else {
            stack.app.clients.end_everything(&grant.client, stack.now()).await.unwrap();
        }
        stack.redeem(&client, &code).await.is_error(400, "invalid_grant");
        let grant = stack.grant_of_code(&code).await;
        assert_eq!((grant.state, grant.end.unwrap().reason), (State::Ended, EndReason::StandingLost));
        assert_eq!((stack.signatures(), stack.audited("revoked").len()), (0, 1), "{owner_of_it}");
    }
}

#[tokio::test]
async fn whatever_dynamodb_request_fails_the_same_code_is_redeemed_afterwards() {
    for (fault, signatures) in [
        (Fault::ThrottleGrantReads, 0),
        (Fault::ThrottleStandings, 0),
        (Fault::ThrottleClaims, 0),
        (Fault::ThrottleKeys, 0),
        (Fault::ThrottleGrants, 1),
        (Fault::Refuse, 0),
    ] {
        let (stack, client, code) = prepared().await;
        stack.dynamodb.fail(fault);
        stack.redeem(&client, &code).await.is_unavailable();
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.grant_of_code(&code).await.state, State::Code, "{fault:?}");
        assert_eq!(stack.signatures(), signatures, "{fault:?}");
        assert_eq!(stack.signed_in_with(&client, &code).await.claims()["nonce"], NONCE);
        assert!(stack.audited("replayed").is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn six_seconds_after_the_request_nothing_is_written() {
    for (spent, status) in [(6_000, 200), (6_001, 503)] {
        let (stack, client, code) = prepared().await;
        stack.dynamodb.fail(Fault::HoldFirstClaimsRead);
        let redemption = redeeming(&stack, &client, &code);
        stack.dynamodb.hangs().await;
        stack.advance(Duration::from_millis(spent));
        stack.dynamodb.release();
        let response = redemption.await.unwrap();
        assert_eq!(response.status, status, "{spent} ms: {}", response.text);
        if status == 503 {
            response.is_unavailable();
            assert_eq!(stack.grant_of_code(&code).await.state, State::Code);
            stack.signed_in_with(&client, &code).await;
        }
    }
}
