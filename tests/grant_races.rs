//! Many requests for one grant at once: one write decides. With `--nocapture`, the counts are printed.

use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinSet;

use crate::harness::{
    Answer, Registered, Stack,
    person::{Pair, VERIFIER},
};

const MANY: usize = 50;

async fn at_once<F: Future<Output = Answer> + Send + 'static>(ask: impl Fn(usize) -> F) -> Vec<Answer> {
    (0..MANY).map(ask).collect::<JoinSet<_>>().join_all().await
}

/// How many answers there are of every status, printed and returned.
#[expect(clippy::print_stdout, reason = "a test run that is asked tells its numbers")]
fn counts(what: &str, answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    let told: Vec<_> = counts.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    println!("{MANY} parallel {what}: {}", told.join(", "));
    counts
}

/// Holds the answers to being these, but for those of an engine too slow to answer in time (DynamoDB Local on a busy
/// machine): they promise nothing.
#[track_caller]
fn are(counts: &BTreeMap<u16, usize>, expected: &[(u16, usize)]) {
    let unanswered = counts.get(&503).copied().unwrap_or_default();
    for (status, count) in counts.iter().filter(|(status, _)| **status != 503) {
        let most = expected.iter().find(|(expected, _)| expected == status).map_or(0, |(_, most)| *most);
        assert!((most.saturating_sub(unanswered)..=most).contains(count), "{counts:?}, not {expected:?}");
    }
}

/// The distinct pairs among the answers.
fn pairs(answers: &[Answer]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        if !pairs.contains(&answer.pair()) {
            pairs.push(answer.pair());
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
    let answers = at_once(|_| {
        let (stack, web, code) = (Arc::clone(&stack), web.clone(), code.clone());
        async move { stack.redeem(&web, &code).await }
    })
    .await;
    are(&counts("redemptions of one code", &answers), &[(200, 1), (400, MANY - 1)]);
    for refused in answers.iter().filter(|answer| answer.status == 400) {
        refused.is_error(400, "invalid_grant");
    }
    // The losers proved everything: somebody had the code twice.
    for pair in pairs(&answers) {
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
    let answers = at_once(|nth| {
        let (stack, web, code) = (Arc::clone(&stack), web.clone(), code.clone());
        let verifier = if nth == MANY / 2 { VERIFIER.to_owned() } else { "a".repeat(43) };
        async move { stack.redeem_with(&web, &code, &[("code_verifier", &verifier)]).await }
    })
    .await;
    let counts = counts("redemptions of one code, one of them with its verifier", &answers);
    are(&counts, &[(200, 1), (400, MANY - 1)]);
    let [pair] = &pairs(&answers)[..] else { panic!("one pair") };
    assert!(stack.is_active(&web, &pair.access).await, "those without proof end nothing");
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_parallel_refreshes_with_one_token() {
    let (stack, web) = prepared().await;
    let first = stack.pair(&web).await;
    let answers = at_once(|_| {
        let (stack, web, first) = (Arc::clone(&stack), web.clone(), first.clone());
        async move { stack.refresh(&web, &first.refresh).await }
    })
    .await;
    are(&counts("refreshes with one token", &answers), &[(200, MANY)]);
    let [pair] = &pairs(&answers)[..] else { panic!("all the same pair: {}", pairs(&answers).len()) };
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
        // Who got no answer asks again.
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
