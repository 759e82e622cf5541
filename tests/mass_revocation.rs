//! The end of more grants than fit in memory.

use std::time::Duration;

use serde_json::json;
use shared::secret::Id;

use crate::harness::{Fault, Stack};

/// The grants of the client.
const GRANTS: usize = 40;
/// The bytes of an item of no client: three of them fill a page of a scan, which is 1 MB.
const LARGE: usize = 350_000;

#[tokio::test]
async fn grants_are_ended_before_the_next_page_is_read() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.machine().await);
    for _ in 0..GRANTS {
        stack.token(&machine).await;
    }
    let survivor = stack.token(&other).await;
    let table = stack.app.grants.table();
    for _ in 0..12 {
        let large = json!({ "pk": format!("g#{}", Id::random()), "large": "x".repeat(LARGE) });
        table.put(&large).await.unwrap();
    }
    stack.dynamodb.forget();
    let ended = stack.jeton(&["token", "revoke-all", "--client", &machine.id], "").await.json();
    assert_eq!(ended["grants_ended"], GRANTS);

    let seen = stack.dynamodb.seen();
    let is_ending = |key: &str| key.starts_with("g#");
    let scans = seen.iter().filter(|seen| seen.operation == "Scan").count();
    let last_scan = seen.iter().rposition(|seen| seen.operation == "Scan").unwrap();
    let first_ending = seen.iter().position(|seen| {
        seen.operation == "UpdateItem" && seen.request["Key"]["pk"]["S"].as_str().is_some_and(is_ending)
    });
    assert!(scans >= 3 && first_ending.unwrap() < last_scan, "{scans} {first_ending:?} {last_scan}");
    assert!(stack.is_active(&other, &survivor).await);
}

#[tokio::test]
async fn a_grant_that_is_issued_while_others_are_ended_is_valid() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let earlier = stack.token(&machine).await;
    stack.dynamodb.fail(Fault::HoldFirstScan);
    let arguments = ["token", "revoke-all", "--client", &machine.id];
    let meanwhile = async {
        stack.dynamodb.hangs().await;
        // Past the time until which the command ends grants: it goes by the machine's clock, which runs.
        stack.advance(Duration::from_secs(15));
        let later = stack.token(&machine).await;
        stack.dynamodb.release();
        later
    };
    let (ran, later) = tokio::join!(stack.jeton(&arguments, ""), meanwhile);
    assert_eq!(ran.json()["grants_ended"], 1);
    stack.is_inactive(&machine, &earlier).await;
    assert!(stack.is_active(&machine, &later).await);
}
