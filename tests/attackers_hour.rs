//! An attacker's hour: guesses spread over an hour of the clock that the test moves.
//!
//! `JETON_GUESSES` is the number of guesses: 2,000 by default, 100,000 in `.ci/slow`. The test prints how many reached
//! the hash.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::harness::{Browser, Guesser, PASSWORD, Stack, dice::setting};

/// An hour less a second: it begins half a second into a window of the rate limit, and must not reach a fifth window.
const HOUR: Duration = Duration::from_secs(3_599);
/// Concurrent guesses, all at the same moment of the clock.
const AT_ONCE: u64 = 5;

/// Makes guesses with the address and name that `nth` gives, and describes how many reached the hash: at most `most`. On
/// a busy machine they may be fewer, because the SDK retries a slow write to a counter, which then counts twice.
async fn hour(stack: &Arc<Stack>, most: usize, nth: fn(u64) -> (String, String)) -> String {
    let (all, guesser) = (setting("JETON_GUESSES", 2_000), Guesser::stranger(stack).await);
    let mut statuses = Vec::new();
    let rounds = all.div_ceil(AT_ONCE);
    for round in 0..rounds {
        let now = all.min((round + 1) * AT_ONCE);
        let wave = (round * AT_ONCE..now).map(|guess| {
            let ((address, name), guesser) = (nth(guess), guesser.clone());
            async move { guesser.attempt(&address, &name, "a wrong password").await.status }
        });
        statuses.extend(wave.collect::<JoinSet<_>>().join_all().await);
        // All rounds happen within the hour.
        if round + 1 < rounds {
            stack.advance(HOUR / u32::try_from(rounds).unwrap());
        }
        stack.dynamodb.forget();
    }
    let [reached, limited, unavailable] =
        [400, 429, 503].map(|wanted| statuses.iter().filter(|status| **status == wanted).count());
    assert_eq!(u64::try_from(reached + limited + unavailable).unwrap(), all);
    assert_eq!(stack.audited("sign_in_failed").len(), reached, "the log counts the same");
    let summary = format!(
        "{all} guesses: {reached} reached the hash, {limited} were rate-limited, {unavailable} met an outage"
    );
    assert!((most / 2..=most).contains(&reached), "{summary}");
    summary
}

/// Checks that the user's own browser can sign in afterwards, but another browser with the right password cannot.
async fn owner_can_sign_in(stack: &Arc<Stack>, browser: &Browser<'_>, from: &str) {
    let stranger = Guesser::stranger(stack).await;
    assert_eq!(stranger.attempt(from, "ada", PASSWORD).await.status, 429);
    assert_eq!(Guesser::with(stack, browser).await.attempt(from, "ada", PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_hour_of_guesses_at_one_account_from_many_addresses_forty_reach_the_hash() {
    let stack = Arc::new(Stack::start().await);
    let (ada, browser) = (stack.create_user("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    // Four windows of ten.
    let summary = hour(&stack, 40, |guess| {
        (format!("10.{}.{}.{}", guess >> 16, guess >> 8 & 255, guess & 255), "ada".into())
    });
    println!("One account, an address each: {}", summary.await);
    owner_can_sign_in(&stack, &browser, "192.0.2.1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_hour_of_guesses_at_many_accounts_from_one_address_four_hundred_reach_the_hash() {
    let stack = Arc::new(Stack::start().await);
    let (ada, browser) = (stack.create_user("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    // Four windows of a hundred.
    let summary = hour(&stack, 400, |guess| ("192.0.2.1".into(), format!("user-{guess}")));
    println!("An account each, one address: {}", summary.await);
    owner_can_sign_in(&stack, &browser, "192.0.2.1").await;
}
