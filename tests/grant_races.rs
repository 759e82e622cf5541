//! Concurrent requests for one grant: one write decides. `--nocapture` prints the counts.

use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinSet;

use crate::harness::{
    Registered, Response, Stack,
    code_flow::{Pair, VERIFIER},
};

const MANY: usize = 50;

async fn at_once<F: Future<Output = Response> + Send + 'static>(
    request: impl Fn(usize) -> F,
) -> Vec<Response> {
    (0..MANY).map(request).collect::<JoinSet<_>>().join_all().await
}

/// Prints and returns the number of responses with every status.
#[expect(clippy::print_stdout, reason = "printed with --nocapture")]
fn counts(what: &str, responses: &[Response]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for response in responses {
        *counts.entry(response.status).or_default() += 1;
    }
    let parts: Vec<_> = counts.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    println!("{MANY} parallel {what}: {}", parts.join(", "));
    counts
}

/// Asserts the numbers of responses. A 503 is not counted: the engine was too slow (DynamoDB Local on a busy machine).
#[track_caller]
fn are(counts: &BTreeMap<u16, usize>, expected: &[(u16, usize)]) {
    let unavailable = counts.get(&503).copied().unwrap_or_default();
    for (status, count) in counts.iter().filter(|(status, _)| **status != 503) {
        let most = expected.iter().find(|(expected, _)| expected == status).map_or(0, |(_, most)| *most);
        assert!((most.saturating_sub(unavailable)..=most).contains(count), "{counts:?}, not {expected:?}");
    }
}

/// Returns the distinct pairs among the responses.
fn pairs(responses: &[Response]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    for response in responses.iter().filter(|response| response.status == 200) {
        if !pairs.contains(&response.pair()) {
            pairs.push(response.pair());
        }
    }
    pairs
}

async fn prepared() -> (Arc<Stack>, Registered) {
    let stack = Arc::new(Stack::start().await);
    let web = stack.web().await;
    (stack, web)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_parallel_redemptions_of_one_code() {
    let (stack, web) = prepared().await;
    let code = stack.code(&web).await;
    let responses = at_once(|_| {
        let (stack, web, code) = (Arc::clone(&stack), web.clone(), code.clone());
        async move { stack.redeem(&web, &code).await }
    })
    .await;
    are(&counts("redemptions of one code", &responses), &[(200, 1), (400, MANY - 1)]);
    for refused in responses.iter().filter(|response| response.status == 400) {
        refused.is_error(400, "invalid_grant");
    }
    // The other requests had the complete proof, too, so the grant was ended as after a theft.
    for pair in pairs(&responses) {
        stack.is_inactive(&web, &pair.access).await;
        stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    }
    assert!(stack.audited("issued").len() <= 1 && stack.audited("reused").is_empty());
    assert!(!stack.audited("replayed").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_parallel_redemptions_with_one_proof() {
    let (stack, web) = prepared().await;
    let code = stack.code(&web).await;
    let responses = at_once(|nth| {
        let (stack, web, code) = (Arc::clone(&stack), web.clone(), code.clone());
        let verifier = if nth == MANY / 2 { VERIFIER.to_owned() } else { "a".repeat(43) };
        async move { stack.redeem_with(&web, &code, &[("code_verifier", &verifier)]).await }
    })
    .await;
    let counts = counts("redemptions of one code, one of them with its verifier", &responses);
    are(&counts, &[(200, 1), (400, MANY - 1)]);
    let [pair] = &pairs(&responses)[..] else { panic!("one pair") };
    assert!(stack.is_active(&web, &pair.access).await, "requests without proof end nothing");
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_parallel_refreshes_with_one_token() {
    let (stack, web) = prepared().await;
    let first = stack.pair(&web).await;
    let responses = at_once(|_| {
        let (stack, web, first) = (Arc::clone(&stack), web.clone(), first.clone());
        async move { stack.refresh(&web, &first.refresh).await }
    })
    .await;
    are(&counts("refreshes with one token", &responses), &[(200, MANY)]);
    let [pair] = &pairs(&responses)[..] else { panic!("all the same pair: {}", pairs(&responses).len()) };
    assert!(stack.is_active(&web, &pair.access).await && stack.is_active(&web, &first.access).await);
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_parallel_refreshes_and_revocations() {
    for by_refresh_token in [true, false] {
        let (stack, web) = prepared().await;
        let first = stack.pair(&web).await;
        let revoked = if by_refresh_token { first.refresh.clone() } else { first.access.clone() };
        let refreshes = at_once(|_| {
            let (stack, web, first) = (Arc::clone(&stack), web.clone(), first.clone());
            async move { stack.refresh(&web, &first.refresh).await }
        });
        let revocations = at_once(|_| {
            let (stack, web, revoked) = (Arc::clone(&stack), web.clone(), revoked.clone());
            async move { stack.revoke(&web, &revoked).await }
        });
        let (refreshes, revocations) = tokio::join!(refreshes, revocations);
        let which = if by_refresh_token { "refresh token" } else { "access token" };
        counts(&format!("refreshes against as many revocations of the {which}"), &refreshes);
        are(&counts(&format!("revocations of the {which}"), &revocations), &[(200, MANY)]);
        let pairs = pairs(&refreshes);
        assert!(pairs.len() <= 1, "one successor at most");
        // A client that gets a 503 tries again.
        while stack.revoke(&web, &revoked).await.status == 503 {}
        stack.is_inactive(&web, &first.access).await;
        for pair in &pairs {
            assert_eq!(stack.is_active(&web, &pair.access).await, !by_refresh_token);
            assert_eq!(stack.refresh(&web, &pair.refresh).await.status == 200, !by_refresh_token);
        }
        if by_refresh_token {
            stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
        }
        assert!(stack.audited("revoked").len() <= 1);
    }
}
