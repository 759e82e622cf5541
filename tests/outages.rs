//! Outages of DynamoDB: the response is a 503 in time, no operation is half done, and no valid token is refused.

use std::time::Duration;

use tokio::time::timeout;

use crate::harness::{Fault, Registered, Response, Stack};

/// One operation takes at most 3.5 s with all its attempts, and more on a busy machine. Two would take 7 s.
const IN_TIME: Duration = Duration::from_millis(6_900);

/// Starts a server with a machine client and its token. The registration is cached if `cached`.
async fn prepared(cached: bool) -> (Stack, Registered, String) {
    let age = if cached { Duration::from_mins(5) } else { Duration::ZERO };
    let stack = Stack::configured(|config| config.client_cache = age).await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    (stack, machine, token)
}

async fn ask_all(stack: &Stack, machine: &Registered, token: &str) -> [Response; 3] {
    let introspection = stack.post("/oauth/introspect").basic(machine).form(&[("token", token)]);
    let all = async {
        tokio::join!(stack.request_token(machine, &[]), stack.revoke(machine, token), introspection.send())
    };
    timeout(IN_TIME, all).await.expect("a response in time").into()
}

async fn holds_under(fault: Fault, cached: bool) {
    let (patient, machine, token) = prepared(cached).await;
    let stack = patient.as_impatient_as_in_lambda().await;
    stack.dynamodb.fail(fault);
    for response in ask_all(&stack, &machine, &token).await {
        response.is_unavailable();
        assert!(!response.text.contains("Dynamo") && !response.text.contains("test"), "{}", response.text);
    }
    // A wrong secret is not refused while the registration cannot be read.
    if !cached {
        stack.request_token(&machine.with_wrong_secret(), &[]).await.is_unavailable();
    }
    let metadata = stack.request("GET", "/.well-known/oauth-authorization-server").send().await;
    assert_eq!(metadata.status, 200, "the metadata need no table");
    stack.dynamodb.fail(Fault::None);
    assert_eq!(stack.grants().await, 1, "no grant is half written");
    assert_eq!(stack.introspect(&machine, &token).await["active"], true);
    let logged = stack.audited("unavailable");
    assert!(logged.len() >= 3 && logged.iter().all(|line| line["client"] == machine.id), "{logged:?}");
    assert!(stack.audited("refused").is_empty() && stack.audited("revoked").is_empty());
    // After the outage everything works.
    assert!(ask_all(&stack, &machine, &token).await.iter().all(|response| response.status == 200));
}

#[tokio::test]
async fn a_database_that_closes_connections_is_a_503() {
    tokio::join!(holds_under(Fault::Refuse, false), holds_under(Fault::Refuse, true));
}

#[tokio::test]
async fn a_throttled_database_is_a_503() {
    tokio::join!(holds_under(Fault::Throttle, false), holds_under(Fault::Throttle, true));
}

#[tokio::test]
async fn a_database_that_never_answers_is_a_503_in_time() {
    tokio::join!(holds_under(Fault::Hang, false), holds_under(Fault::Hang, true));
}

#[tokio::test]
async fn a_database_that_fails_is_a_503() {
    tokio::join!(holds_under(Fault::Broken, false), holds_under(Fault::Broken, true));
}

#[tokio::test]
async fn a_database_that_denies_access_is_a_503() {
    tokio::join!(holds_under(Fault::Denied, false), holds_under(Fault::Denied, true));
}

#[tokio::test]
async fn an_issuance_recognises_its_own_write_if_the_response_was_lost() {
    let (stack, machine, _) = prepared(true).await;
    stack.dynamodb.forget();
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    let token = stack.token(&machine).await;
    let operations: Vec<_> = stack.dynamodb.seen().into_iter().map(|seen| seen.operation).collect();
    assert_eq!(operations, ["PutItem", "PutItem"], "the first response was lost");
    assert_eq!(stack.introspect(&machine, &token).await["active"], true);
    assert_eq!((stack.grants().await, stack.audited("issued").len()), (2, 2), "one of each");
}

#[tokio::test]
async fn a_revocation_succeeds_if_the_response_was_lost() {
    let (stack, machine, token) = prepared(true).await;
    stack.dynamodb.forget();
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    assert_eq!(stack.revoke(&machine, &token).await.status, 200);
    assert_eq!(stack.dynamodb.seen().len(), 2, "the first response was lost");
    stack.is_inactive(&machine, &token).await;
}

#[tokio::test]
async fn administration_recognises_its_own_write_if_the_response_was_lost() {
    let stack = Stack::start().await;
    let lose = || stack.dynamodb.fail(Fault::LoseFirstAnswer);
    lose();
    let machine = stack.machine().await;
    lose();
    let machine = stack.rotate_secret(&machine, Duration::ZERO).await;
    lose();
    stack.disable(&machine).await;
    lose();
    stack.enable(&machine).await;
    stack.token(&machine).await;
    lose();
    stack.delete(&machine).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
}

#[tokio::test]
async fn keys_that_a_batch_read_leaves_over_are_requested_again() {
    let (stack, machine, token) = prepared(false).await;
    stack.dynamodb.fail(Fault::LeftOver);
    stack.token(&machine).await;
    stack.dynamodb.fail(Fault::LeftOver);
    assert_eq!(stack.introspect(&machine, &token).await["active"], true);
    stack.dynamodb.fail(Fault::LeftOver);
    assert_eq!(stack.revoke(&machine, &token).await.status, 200);
    stack.is_inactive(&machine, &token).await;
}

#[tokio::test]
async fn keys_that_are_left_over_every_time_are_a_503_not_an_unknown_client() {
    let (stack, machine, token) = prepared(false).await;
    stack.dynamodb.fail(Fault::AlwaysLeftOver);
    for response in ask_all(&stack, &machine, &token).await {
        response.is_unavailable();
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_read_is_a_503_not_an_active_token() {
    let (stack, machine, token) = prepared(true).await;
    stack.dynamodb.fail(Fault::AlwaysLeftOver);
    let introspection = stack.post("/oauth/introspect").basic(&machine).form(&[("token", &token)]);
    introspection.send().await.is_unavailable();
}
