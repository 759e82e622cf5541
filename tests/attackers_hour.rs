//! An attacker's hour in miniature: so many guesses, spread over an hour of the clock that the test moves.
//!
//! `JETON_GUESSES` says how many: 2,000 unless it does, and 100,000 in `.ci/slow`. What reached the hash is printed.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::harness::{Browser, Guesser, PASSWORD, Stack, dice::setting};

/// An hour, but for a second: it begins half a second after a window of the throttle does, and must not end in a fifth.
const HOUR: Duration = Duration::from_secs(3_599);
/// Guesses under way at the same time, all at the same moment of the clock.
const AT_ONCE: u64 = 5;

/// Makes the guesses that `nth` says, address and name; tells how many reached the hash. Those are never more than
/// `most`. On a busy machine they may be fewer: a counter that answers late is asked again, and counts twice.
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
        // What is still to come happens within the hour.
        if round + 1 < rounds {
            stack.advance(HOUR / u32::try_from(rounds).unwrap());
        }
        stack.dynamodb.forget();
    }
    let [reached, throttled, unavailable] =
        [400, 429, 503].map(|wanted| statuses.iter().filter(|status| **status == wanted).count());
    assert_eq!(u64::try_from(reached + throttled + unavailable).unwrap(), all);
    assert_eq!(stack.audited("sign_in_failed").len(), reached, "the log counts the same");
    let told = format!(
        "{all} guesses: {reached} reached the hash, {throttled} were throttled, {unavailable} met an outage"
    );
    assert!((most / 2..=most).contains(&reached), "{told}");
    told
}

/// Holds the owner's browser to getting in at the end of it, where a stranger with the right password does not.
async fn owner_gets_in(stack: &Arc<Stack>, browser: &Browser<'_>, from: &str) {
    let stranger = Guesser::stranger(stack).await;
    assert_eq!(stranger.attempt(from, "ada", PASSWORD).await.status, 429);
    assert_eq!(Guesser::with(stack, browser).await.attempt(from, "ada", PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_hour_of_guesses_at_one_account_from_many_addresses_forty_reach_the_hash() {
    let stack = Arc::new(Stack::start().await);
    let (ada, browser) = (stack.somebody("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    // Four windows of ten.
    let told = hour(&stack, 40, |guess| {
        (format!("10.{}.{}.{}", guess >> 16, guess >> 8 & 255, guess & 255), "ada".into())
    });
    println!("One account, an address each: {}", told.await);
    owner_gets_in(&stack, &browser, "192.0.2.1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_hour_of_guesses_at_many_accounts_from_one_address_four_hundred_reach_the_hash() {
    let stack = Arc::new(Stack::start().await);
    let (ada, browser) = (stack.somebody("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    // Four windows of a hundred.
    let told = hour(&stack, 400, |guess| ("192.0.2.1".into(), format!("person-{guess}")));
    println!("An account each, one address: {}", told.await);
    owner_gets_in(&stack, &browser, "192.0.2.1").await;
}
