//! Thousands of random operations of clients, users and administrators, while DynamoDB fails at random, the clock moves, and
//! the functions and the database are killed. Every response is compared with the promises of the protocol.
//!
//! `JETON_RANDOM_OPERATIONS` operations from `JETON_RANDOM_SEED`, up to `JETON_RANDOM_AT_ONCE` at a time. The same seed makes
//! the same choices; which of two simultaneous requests is first is not chosen.

mod accounts;
mod administrator;
mod clients;
mod journal;
mod passwords;
mod processes;
mod requests;
mod run;

use tokio::time::Instant;

use crate::harness::dice::setting;
use run::Run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_response_contradicts_the_protocol_under_any_faults_of_dynamodb() {
    let (operations, seed) = (setting("JETON_RANDOM_OPERATIONS", 300), setting("JETON_RANDOM_SEED", 1));
    let operations = usize::try_from(operations).unwrap();
    let (mut run, begin) = (Run::begin(seed).await, Instant::now());
    let (mut step, mut wrong) = (0, 0);
    // After one wrong outcome the following ones prove nothing.
    while run.operations < operations && wrong == 0 {
        if let Err(contradiction) = run.step(step).await {
            println!("seed {seed}, step {step}: {contradiction}");
            wrong += 1;
        }
        step += 1;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("{:#?}\nfaults: {:?}", run.counts, run.proxy.counts());
    println!("seed {seed}, {} operations in {seconds:.1} s, {wrong} wrong outcomes", run.operations);
    assert_eq!(wrong, 0, "seed {seed}");
}
