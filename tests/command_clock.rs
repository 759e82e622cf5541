//! The `jeton` command goes by DynamoDB's clock, not by that of its machine.

use std::time::Duration;

use serde_json::Value;
use shared::config::Config;

use crate::harness::{Browser, Ran, Registered, Stack, process::Server};

/// Differences of the clocks, in milliseconds: two minutes, either way.
const SKEWS: [i64; 2] = [120_000, -120_000];
const OTHER: &str = "staple of the trade";
/// The latest time that a command takes for the present one, after that of the test, whose clock does not run meanwhile.
const LATEST: Duration = Duration::from_secs(15);

/// Runs a command, which must succeed.
async fn run(stack: &Stack, arguments: &[&str]) -> Ran {
    let ran = stack.jeton(arguments, OTHER).await;
    ran.json();
    ran
}

/// Moves the clock to the first time at which a new grant is valid.
fn advance_past(stack: &Stack, ended: &Value) {
    let ended = ended.as_u64().unwrap();
    let late = ended.checked_sub(stack.now().millis()).expect("it ended before it began");
    let late = Duration::from_millis(late);
    assert!(late < LATEST, "{late:?}");
    stack.advance(late + Duration::from_millis(1));
}

/// Returns an attribute of a status.
async fn status(stack: &Stack, key: String, name: &str) -> Value {
    let tables = [stack.app.users.table(), stack.app.clients.table()];
    for table in tables {
        if let Some(item) = table.get::<Value>(&key).await.unwrap() {
            return item[name].clone();
        }
    }
    panic!("{key}")
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get("/login").await.text.contains("You are signed in")
}

#[tokio::test]
async fn the_grants_of_a_user_from_before_the_command_end_and_later_ones_work() {
    for skew in SKEWS {
        for command in [
            &["user", "set-password", "ada", "--password-stdin"][..],
            &["user", "disable", "ada"],
            &["token", "revoke-all", "--user", "ada"],
        ] {
            let stack = Stack::ahead_of_this_machine(skew).await;
            let (ada, browser, web) = (stack.create_user("ada").await, stack.browser(), stack.web().await);
            browser.sign_in(&ada).await;
            let before = stack.authorized(&web, ada.sub).await;
            run(&stack, command).await;
            // The status alone must end the grant, without the sweep.
            let ended = status(&stack, format!("status#{}", ada.sub), "not_before").await;
            advance_past(&stack, &ended);
            run(&stack, &["user", "enable", "ada"]).await;
            assert!(!is_signed_in(&browser).await, "{skew} {command:?}");
            stack.is_inactive(&web, before["access_token"].as_str().unwrap()).await;
            let password = if command[1] == "set-password" { OTHER } else { crate::harness::PASSWORD };
            browser.try_to_sign_in("/login?again", "ada", password).await;
            assert!(is_signed_in(&browser).await, "{skew} {command:?}");
            let after = stack.authorized(&web, ada.sub).await;
            assert!(stack.is_active(&web, after["access_token"].as_str().unwrap()).await);
        }
    }
}

#[tokio::test]
async fn a_user_who_is_signed_out_may_sign_in_again() {
    for skew in SKEWS {
        let stack = Stack::ahead_of_this_machine(skew).await;
        let (ada, browser) = (stack.create_user("ada").await, stack.browser());
        browser.sign_in(&ada).await;
        run(&stack, &["user", "sign-out", "ada"]).await;
        assert!(!is_signed_in(&browser).await);
        advance_past(&stack, &status(&stack, format!("status#{}", ada.sub), "signed_out").await);
        browser.sign_in(&ada).await;
        assert!(is_signed_in(&browser).await);
    }
}

#[tokio::test]
async fn the_grants_of_a_client_from_before_the_command_end_and_later_ones_work() {
    for skew in SKEWS {
        for command in [["token", "revoke-all", "--client"], ["client", "disable", ""]] {
            let stack = Stack::ahead_of_this_machine(skew).await;
            let (machine, rs) = (stack.machine().await, stack.resource_server().await);
            let before = stack.token(&machine).await;
            let arguments: Vec<_> = command.into_iter().filter(|word| !word.is_empty()).collect();
            run(&stack, &[&arguments[..], &[&machine.id]].concat()).await;
            advance_past(&stack, &status(&stack, format!("status#{}", machine.id), "not_before").await);
            run(&stack, &["client", "enable", &machine.id]).await;
            stack.is_inactive(&rs, &before).await;
            assert!(stack.is_active(&rs, &stack.token(&machine).await).await, "{skew} {command:?}");
        }
    }
}

#[tokio::test]
async fn a_replaced_secret_ends_after_the_overlap() {
    for skew in SKEWS {
        let stack = Stack::ahead_of_this_machine(skew).await;
        let machine = stack.machine().await;
        let rotated = run(&stack, &["client", "rotate-secret", &machine.id, "--overlap", "60"]).await.json();
        let new = machine.with_secret(rotated["client_secret"].as_str().unwrap());
        stack.token(&machine).await;
        stack.advance(Duration::from_secs(75));
        stack.request_token(&machine, &[]).await.is_invalid_client();
        run(&stack, &["client", "rotate-secret", &machine.id, "--overlap", "0"]).await;
        // At once by the command's clock: the test's does not run meanwhile.
        let end = stack.stored_client(&machine).await.secrets[1].expires_at.unwrap();
        let late = end.since(stack.now());
        assert!(late < LATEST, "{late:?}");
        stack.advance(late);
        stack.request_token(&new, &[]).await.is_invalid_client();
    }
}

#[tokio::test]
async fn a_personal_token_from_the_command_works_at_once_and_ends_with_revoke_all() {
    for skew in SKEWS {
        let stack = Stack::ahead_of_this_machine(skew).await;
        let (ada, rs) = (stack.create_user("ada").await, stack.resource_server().await);
        let permitting = |config: &mut Config| config.account.personal_scopes = "read".parse().unwrap();
        let permitting = stack.sibling(permitting).await;
        let create = ["token", "create", "--user", "ada", "--name", "x", "--scope", "read", "--ttl", "60"];
        stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap();
        let made = run(&stack, &create).await.json();
        let token = made["token"].as_str().unwrap();
        assert!(permitting.is_active(&rs, token).await, "{skew}");
        stack.advance(LATEST);
        stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap();
        permitting.is_inactive(&rs, token).await;
    }
}

#[tokio::test]
async fn the_command_warns_that_the_clocks_differ() {
    for (skew, expected) in [(120_000, "behind"), (-120_000, "ahead of")] {
        let stack = Stack::ahead_of_this_machine(skew).await;
        let ran = run(&stack, &["client", "list"]).await;
        assert!(ran.stderr.contains(expected) && ran.stderr.contains("DynamoDB"), "{ran:?}");
        let refused = stack.jeton(&["client", "show", "nobody"], "").await;
        assert!(refused.stderr.contains(expected), "{refused:?}");
    }
    let server = Server::start(&["--memory"]).await;
    assert_eq!(server.run(&["client", "list"]).await.stderr, b"");
}

#[tokio::test]
async fn a_token_from_after_the_command_works() {
    let server = Server::start(&["--memory"]).await;
    let machine: Registered = server.register(&[]).await;
    for command in
        [["token", "revoke-all", "--client", &machine.id].as_slice(), &["client", "disable", &machine.id]]
    {
        let before = server.token(&machine).await;
        server.json(command).await;
        server.json(&["client", "enable", &machine.id]).await;
        assert!(server.is_active(&machine, &server.token(&machine).await).await, "{command:?}");
        assert!(!server.is_active(&machine, &before).await, "{command:?}");
    }
}
