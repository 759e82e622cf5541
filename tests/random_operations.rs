//! Thousands of random operations of clients, users and administrators, while DynamoDB fails at random, the clock moves, and
//! the functions and the database are killed. Every response is compared with the promises of the protocol; while no request
//! to DynamoDB fails, the server may refuse none as unavailable.
//!
//! `JETON_RANDOM_OPERATIONS` operations, divided among `JETON_RANDOM_RUNS` deployments, the first of which chooses by
//! `JETON_RANDOM_SEED`, the second by the next number, and so on; up to `JETON_RANDOM_AT_ONCE` requests at a time. The same
//! seed makes the same choices as long as the responses are the same; which of two simultaneous requests is first is not
//! chosen.

mod accounts;
mod administrator;
mod clients;
mod consents;
mod content;
mod journal;
mod moment;
mod owners;
mod passwords;
mod personal_tokens;
mod processes;
mod requests;
mod resets;
mod resources;
mod run;
mod self_registration;
mod settings;
mod subjects;

use tokio::{task::JoinSet, time::Instant};

use crate::harness::dice::setting;
use run::Run;

/// Makes `operations` operations, and returns the contradiction that was found.
#[expect(clippy::print_stdout, reason = "the report of the test")]
async fn run(operations: usize, seed: u64) -> Option<String> {
    let (mut run, begin) = (Run::begin(seed).await, Instant::now());
    let (mut step, mut wrong) = (0, None);
    // After one wrong outcome the following ones prove nothing.
    while run.operations < operations && wrong.is_none() {
        if let Err(contradiction) = run.step(step).await {
            let contradiction = format!("seed {seed}, step {step}: {contradiction}");
            println!("{contradiction}");
            wrong = Some(contradiction);
        }
        step += 1;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("{:#?}\nfaults: {:?}", run.counts, run.proxy.counts());
    let (done, found) = (run.operations, usize::from(wrong.is_some()));
    println!("seed {seed}: {done} operations in {step} steps and {seconds:.1} s, {found} wrong outcomes");
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_response_contradicts_the_protocol_under_any_faults_of_dynamodb() {
    let setting = |variable, default| usize::try_from(setting(variable, default)).unwrap();
    let (operations, runs) = (setting("JETON_RANDOM_OPERATIONS", 300), setting("JETON_RANDOM_RUNS", 4));
    let first = u64::try_from(setting("JETON_RANDOM_SEED", 1)).unwrap();
    let begin = Instant::now();
    let all: JoinSet<_> = (first..).take(runs).map(|seed| run(operations.div_ceil(runs), seed)).collect();
    let wrong: Vec<_> = all.join_all().await.into_iter().flatten().collect();
    println!("{:.1} operations per second", f64_of(operations) / begin.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn f64_of(number: usize) -> f64 {
    u32::try_from(number).unwrap().into()
}
