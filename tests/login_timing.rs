//! Whether the time of a sign-in reveals which users exist: measured and reported, not asserted, because machines are
//! noisy.
//!
//!     cargo test -p jeton --test http -- --ignored --nocapture login_timing

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::harness::{Guesser, PASSWORD, Stack, dice::setting};

/// The cases: a label, a name and a password.
const CASES: [(&str, &str, &str); 3] = [
    ("unknown user", "nobody", "a wrong password"),
    ("wrong password", "ada", "a wrong password"),
    ("disabled user", "eve", PASSWORD),
];

/// Returns the probability that two samples of one distribution differ at least as much as these: the two-sided
/// Mann–Whitney U test by the normal approximation. Durations in nanoseconds are hardly ever equal, so ties are not
/// corrected.
fn mann_whitney(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<_> = one.iter().map(|time| (time, true)).collect();
    all.extend(other.iter().map(|time| (time, false)));
    all.sort_unstable();
    let ranks = all.iter().zip(1_u32..).filter(|((_, first), _)| *first).map(|(_, rank)| f64::from(rank));
    let [n, m] = [one, other].map(|sample| f64::from(u32::try_from(sample.len()).unwrap()));
    let u = ranks.sum::<f64>() - n * (n + 1.0) / 2.0;
    let z = (u - n * m / 2.0).abs() / (n * m * (n + m + 1.0) / 12.0).sqrt();
    2.0 * upper_tail(z)
}

/// Returns the probability that a standard normal variable is above `z`, which is not negative: the integral up to `z +
/// 10` by Simpson's rule.
fn upper_tail(z: f64) -> f64 {
    const STEPS: u32 = 2_000;
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let width = 10.0 / f64::from(STEPS);
    let weighted = (0..=STEPS).map(|step| {
        let weight = match step {
            0 | STEPS => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        weight * density(z + width * f64::from(step))
    });
    weighted.sum::<f64>() * width / 3.0
}

fn quantile(sorted: &[Duration], quarter: usize) -> f64 {
    sorted[(sorted.len() - 1) * quarter / 4].as_secs_f64() * 1_000.0
}

#[test]
fn the_statistics_have_known_values() {
    let close = |one: f64, other: f64| (one - other).abs() < 0.0005;
    assert!(close(upper_tail(0.0), 0.5) && close(upper_tail(1.96), 0.025) && close(upper_tail(3.0), 0.00135));
    let times = |range: std::ops::Range<u64>| range.map(Duration::from_nanos).collect::<Vec<_>>();
    assert!(mann_whitney(&times(0..100), &times(100..200)) < 1e-9);
    // U is 4 of 16, its mean 8 and its deviation the root of 12.
    let (one, other) = ([1, 2, 3, 8], [4, 5, 6, 7]);
    let p = mann_whitney(&one.map(Duration::from_nanos), &other.map(Duration::from_nanos));
    assert!(close(p, 2.0 * upper_tail(4.0 / 12.0_f64.sqrt())), "{p}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it reports and asserts nothing"]
async fn every_failed_sign_in_takes_the_same_time() {
    let stack = Stack::configured(|config| {
        (config.rate_limit.per_account, config.rate_limit.per_address) = (1_000_000, 1_000_000);
    });
    let stack = Arc::new(stack.await);
    stack.create_user("ada").await;
    let eve = stack.create_user("eve").await;
    stack.app.users.disable(eve.sub, stack.now()).await.unwrap();
    let guesser = Guesser::stranger(&stack).await;
    let (rounds, mut times) = (setting("JETON_TIMING_ROUNDS", 500), CASES.map(|_| Vec::new()));
    // The cases take turns, so that a slow machine affects all alike. The first rounds warm up.
    for round in 0..rounds + 10 {
        for ((_, name, password), times) in CASES.iter().zip(&mut times) {
            #[expect(clippy::disallowed_methods, reason = "the time it takes is what is measured")]
            let begin = Instant::now();
            let outcome = guesser.attempt("203.0.113.7", name, password).await;
            let took = begin.elapsed();
            assert_eq!(outcome.status, 400);
            if round >= 10 {
                times.push(took);
            }
        }
        stack.dynamodb.forget();
    }
    for ((case, _, _), times) in CASES.iter().zip(&times) {
        let mut sorted = times.clone();
        sorted.sort_unstable();
        let [low, median, high] = [1, 2, 3].map(|quarter| quantile(&sorted, quarter));
        println!("{case:<16} n {rounds}  median {median:.3} ms  quartiles {low:.3} to {high:.3} ms");
    }
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let p = mann_whitney(&times[one], &times[other]);
        println!("{} against {}: Mann-Whitney p = {p:.3}", CASES[one].0, CASES[other].0);
    }
}
