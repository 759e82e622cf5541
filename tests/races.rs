//! Many requests at once: one write decides.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::harness::{Answer, Registered, Stack};

/// What is answered to `count` requests that are made at the same time.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(
    count: usize,
    ask: impl Fn() -> F,
) -> Vec<Answer> {
    (0..count).map(|_| ask()).collect::<JoinSet<_>>().join_all().await
}

async fn prepared() -> (Arc<Stack>, Registered) {
    let stack = Arc::new(Stack::start().await);
    let machine = stack.machine().await;
    (stack, machine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_issued_at_once_are_all_distinct_and_all_work() {
    let (stack, machine) = prepared().await;
    let answers = at_once(20, || {
        let (stack, machine) = (Arc::clone(&stack), machine.clone());
        async move { stack.ask_for_token(&machine, &[]).await }
    })
    .await;
    let tokens: BTreeSet<_> =
        answers.iter().map(|answer| answer.json()["access_token"].as_str().unwrap().to_owned()).collect();
    assert_eq!((tokens.len(), stack.grants().await), (20, 20));
    for token in &tokens {
        assert_eq!(stack.introspect(&machine, token).await["active"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_revoked_many_times_at_once_is_revoked_once() {
    let (stack, machine) = prepared().await;
    let token = stack.token(&machine).await;
    let answers = at_once(20, || {
        let (stack, machine, token) = (Arc::clone(&stack), machine.clone(), token.clone());
        async move { stack.revoke(&machine, &token).await }
    })
    .await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(stack.audited("revoked").len(), 1);
    stack.is_inactive(&machine, &token).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn once_a_revocation_is_answered_no_introspection_says_active() {
    let (stack, machine) = prepared().await;
    for _ in 0..10 {
        let token = stack.token(&machine).await;
        let ask = || {
            let (stack, machine, token) = (Arc::clone(&stack), machine.clone(), token.clone());
            async move { stack.post("/oauth/introspect").basic(&machine).form(&[("token", &token)]).send().await }
        };
        let (answers, revoked) = tokio::join!(at_once(4, ask), stack.revoke(&machine, &token));
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.json()["active"].is_boolean()));
        assert_eq!(revoked.status, 200);
        for answer in at_once(4, ask).await {
            assert_eq!(answer.json()["active"], false);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_secrets_made_at_once_every_one_that_was_announced_works() {
    let (stack, machine) = prepared().await;
    for _ in 0..10 {
        let kept = stack.kept(&machine).await;
        let rotations: JoinSet<_> = (0..2)
            .map(|_| {
                let (stack, kept) = (Arc::clone(&stack), kept.clone());
                async move {
                    let secret =
                        shared::secret::Secret::new(shared::secret::Id::random(), &shared::secret::random());
                    let secrets = kept.rotated(&secret, stack.now(), Duration::from_mins(1));
                    let outcome = stack.app.clients.replace_secrets(&kept, &secrets).await;
                    outcome.is_ok().then(|| secret.expose().to_owned())
                }
            })
            .collect();
        let made: Vec<_> = rotations.join_all().await.into_iter().flatten().collect();
        assert_eq!(made.len(), 1, "both began from the same secrets: one write decides");
        stack.token(&machine.with_secret(&made[0])).await;
        assert_eq!(stack.kept(&machine).await.secrets.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_is_not_disabled_and_served_afterwards() {
    let (stack, machine) = prepared().await;
    let ask = || {
        let (stack, machine) = (Arc::clone(&stack), machine.clone());
        async move { stack.ask_for_token(&machine, &[]).await }
    };
    let (issued, ()) = tokio::join!(at_once(10, ask), stack.disable(&machine));
    for answer in at_once(10, ask).await {
        answer.is_invalid_client();
    }
    let rs = stack.resource_server().await;
    for answer in issued.iter().filter(|answer| answer.status == 200) {
        stack.is_inactive(&rs, answer.json()["access_token"].as_str().unwrap()).await;
    }
}
