//! Concurrent requests: one write decides.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::harness::{Registered, Response, Stack};

/// Sends `count` concurrent requests.
async fn at_once<F: Future<Output = Response> + Send + 'static>(
    count: usize,
    request: impl Fn() -> F,
) -> Vec<Response> {
    (0..count).map(|_| request()).collect::<JoinSet<_>>().join_all().await
}

async fn prepared() -> (Arc<Stack>, Registered) {
    let stack = Arc::new(Stack::start().await);
    let machine = stack.machine().await;
    (stack, machine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_issued_at_once_are_all_distinct_and_all_work() {
    let (stack, machine) = prepared().await;
    let responses = at_once(20, || {
        let (stack, machine) = (Arc::clone(&stack), machine.clone());
        async move { stack.request_token(&machine, &[]).await }
    })
    .await;
    let tokens: BTreeSet<_> = responses
        .iter()
        .map(|response| response.json()["access_token"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((tokens.len(), stack.grants().await), (20, 20));
    for token in &tokens {
        assert_eq!(stack.introspect(&machine, token).await["active"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_revoked_many_times_at_once_is_revoked_once() {
    let (stack, machine) = prepared().await;
    let token = stack.token(&machine).await;
    let responses = at_once(20, || {
        let (stack, machine, token) = (Arc::clone(&stack), machine.clone(), token.clone());
        async move { stack.revoke(&machine, &token).await }
    })
    .await;
    assert!(responses.iter().all(|response| response.status == 200));
    assert_eq!(stack.audited("revoked").len(), 1);
    stack.is_inactive(&machine, &token).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_introspection_after_a_revocation_returns_active() {
    let (stack, machine) = prepared().await;
    for _ in 0..10 {
        let token = stack.token(&machine).await;
        let ask = || {
            let (stack, machine, token) = (Arc::clone(&stack), machine.clone(), token.clone());
            async move { stack.post("/oauth/introspect").basic(&machine).form(&[("token", &token)]).send().await }
        };
        let (responses, revoked) = tokio::join!(at_once(4, ask), stack.revoke(&machine, &token));
        assert!(
            responses.iter().all(|response| response.status == 200 && response.json()["active"].is_boolean())
        );
        assert_eq!(revoked.status, 200);
        for response in at_once(4, ask).await {
            assert_eq!(response.json()["active"], false);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_concurrent_secret_rotations_one_succeeds_and_its_secret_works() {
    let (stack, machine) = prepared().await;
    for _ in 0..10 {
        let stored = stack.stored_client(&machine).await;
        let rotations: JoinSet<_> = (0..2)
            .map(|_| {
                let (stack, stored) = (Arc::clone(&stack), stored.clone());
                async move {
                    let secret =
                        shared::secret::Secret::new(shared::secret::Id::random(), &shared::secret::random());
                    let secrets = stored.rotated(&secret, stack.now(), Duration::from_mins(1));
                    let outcome = stack.app.clients.replace_secrets(&stored, &secrets).await;
                    outcome.is_ok().then(|| secret.expose().to_owned())
                }
            })
            .collect();
        let made: Vec<_> = rotations.join_all().await.into_iter().flatten().collect();
        assert_eq!(made.len(), 1, "both began with the same secrets: one write decides");
        stack.token(&machine.with_secret(&made[0])).await;
        assert_eq!(stack.stored_client(&machine).await.secrets.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_gets_no_tokens_after_it_was_disabled() {
    let (stack, machine) = prepared().await;
    let ask = || {
        let (stack, machine) = (Arc::clone(&stack), machine.clone());
        async move { stack.request_token(&machine, &[]).await }
    };
    let (issued, ()) = tokio::join!(at_once(10, ask), stack.disable(&machine));
    for response in at_once(10, ask).await {
        response.is_invalid_client();
    }
    let rs = stack.resource_server().await;
    for response in issued.iter().filter(|response| response.status == 200) {
        stack.is_inactive(&rs, response.json()["access_token"].as_str().unwrap()).await;
    }
}
