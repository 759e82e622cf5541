//! `jeton apply` that is killed, fails or meets another one: a second run leads to what is declared.

use std::{collections::BTreeMap, fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    apply::{Applied, CONFIGURATION, NOTES, changes},
    harness::{Fault, Registered, Stack, process::Directory},
};

const TWO_SERVICES: &str = "
resources:
  https://api.example.com/notes: {name: Notes, scope: [read]}
scopes:
  read: {en: See your notes}
clients:
  one: {name: One, scope: [read]}
  two: {name: Two, scope: [read], disabled: true}
roles:
  developer: [ada]
";

/// Returns the secrets in the file: the last line of a client counts.
fn secrets(file: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let secret = |line: &str| -> (String, String) {
        let line: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        (word("client_id"), word("client_secret"))
    };
    text.lines().map(secret).collect()
}

/// Asserts that the two clients have these secrets.
async fn both_work(stack: &Stack, secrets: BTreeMap<String, String>) {
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["one", "two"]);
    stack.jeton(&["client", "enable", "two"], "").await.json();
    stack.advance(Duration::from_mins(1));
    for (id, secret) in secrets {
        let client = Registered { id, secret };
        assert_eq!(stack.request_token(&client, &[]).await.status, 200, "{client:?}");
    }
}

/// The writes for the two services: resource, description, client one, client two, role.
const WRITES: usize = 5;

#[tokio::test]
async fn a_command_killed_before_any_of_its_writes_can_be_run_again_and_loses_no_secret() {
    for made in 0..WRITES {
        let (stack, directory) = (Stack::start().await, Directory::new());
        stack.create_user("ada").await;
        let (file, record) = (directory.join("jeton.yaml"), directory.join("secrets.jsonl"));
        fs::write(&file, TWO_SERVICES).unwrap();
        let command = ["apply", &file, "--yes", "--secrets-to", &record];
        stack.kill_jeton_after(made, &command).await;
        assert_eq!(secrets(&record).len(), made.saturating_sub(1).min(2), "{made}");
        let rest = stack.jeton(&command, "").await.applied();
        assert_eq!(changes(&rest.plan["changes"]).len(), WRITES - made, "{made}: {rest:?}");
        stack.is_as_declared(TWO_SERVICES).await;
        both_work(&stack, secrets(&record)).await;
    }
}

#[tokio::test]
async fn a_killed_command_has_printed_its_plan_and_the_secret_of_each_client_that_it_created() {
    for made in 0..WRITES {
        let (stack, directory) = (Stack::start().await, Directory::new());
        stack.create_user("ada").await;
        let file = directory.join("jeton.yaml");
        fs::write(&file, TWO_SERVICES).unwrap();
        let command = ["apply", &file, "--yes"];
        let killed = Applied::parse(&stack.kill_jeton_after(made, &command).await);
        assert_eq!(changes(&killed.plan["changes"]).len(), WRITES, "{made}: {killed:?}");
        assert_eq!((killed.secrets.len(), &killed.outcome), (made.saturating_sub(1).min(2), &Value::Null));
        let rest = stack.jeton(&command, "").await.applied();
        let printed = killed.secrets.into_iter().chain(rest.secrets);
        both_work(&stack, printed.map(|client| (client.id, client.secret)).collect()).await;
    }
}

#[tokio::test]
async fn no_client_is_created_if_its_secret_cannot_be_printed() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let file = directory.join("jeton.yaml");
    fs::write(&file, "clients: {one: {name: One}}\n").unwrap();
    let mut child = stack.command(&["apply", &file, "--yes"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && message.contains("Broken pipe"), "{message}");
    assert_eq!(stack.clients().await, 0);
}

#[tokio::test]
async fn a_command_that_fails_between_two_writes_can_be_run_again() {
    for made in 0..3 {
        let stack = Stack::start().await;
        stack.dynamodb.fail_after(made, Fault::ThrottleWrites);
        let ran = stack.apply(CONFIGURATION, &[]).await;
        assert_eq!((ran.code, ran.stderr.contains("ThrottlingException")), (1, true), "{ran:?}");
        let failed = Applied::parse(&ran.stdout);
        assert_eq!((changes(&failed.plan["changes"]).len(), &failed.outcome["applied"]), (4, &false.into()));
        stack.dynamodb.fail(Fault::None);
        let rest = stack.apply(CONFIGURATION, &[]).await.applied();
        assert_eq!(changes(&rest.plan["changes"]).len(), 4 - made);
        stack.is_as_declared(CONFIGURATION).await;
    }
}

#[tokio::test]
async fn of_two_commands_at_once_each_change_is_made_once_and_only_valid_secrets_stay() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    stack.create_user("ada").await;
    let file = directory.join("jeton.yaml");
    fs::write(&file, TWO_SERVICES).unwrap();
    let records = [directory.join("one.jsonl"), directory.join("two.jsonl")];
    let apply =
        async |record: &str| stack.jeton(&["apply", &file, "--yes", "--secrets-to", record], "").await;
    let (one, two) = tokio::join!(apply(&records[0]), apply(&records[1]));
    for ran in [&one, &two] {
        let is_explained = ["at the same time", "already"].iter().any(|words| ran.stderr.contains(words));
        assert!(ran.code == 0 || (ran.code == 1 && is_explained), "{ran:?}");
    }
    assert!(one.code == 0 || two.code == 0 || one.code + two.code == 2, "{one:?} {two:?}");
    apply(&records[0]).await.applied();
    stack.is_as_declared(TWO_SERVICES).await;
    let mut all = secrets(&records[0]);
    for (id, secret) in secrets(&records[1]) {
        assert!(all.insert(id, secret).is_none(), "two secrets of one client");
    }
    both_work(&stack, all).await;
}

#[tokio::test]
async fn a_client_created_since_the_clients_were_listed_is_no_deleted_one() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let file = directory.join("jeton.yaml");
    fs::write(&file, "clients: {one: {name: One}}\n").unwrap();
    let command = ["apply", &file, "--yes"];
    let ran = stack.jeton_overtaken(&command, Fault::HoldFirstStatusRead, &command).await;
    ran.failed(1, "client one was changed by another administrator at the same time; try again");
}

#[tokio::test]
async fn a_printed_secret_of_a_client_that_another_command_created_is_retracted() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let file = directory.join("jeton.yaml");
    fs::write(&file, "clients: {one: {name: One}}\n").unwrap();
    let command = ["apply", &file, "--yes"];
    let ran = stack.jeton_overtaken(&command, Fault::HoldFirstWrite, &command).await;
    assert_eq!((ran.code, ran.stderr.contains("at the same time")), (1, true), "{ran:?}");
    let failed = Applied::parse(&ran.stdout);
    let printed: Vec<_> = failed.secrets.iter().map(|one| (one.id.as_str(), one.secret.is_empty())).collect();
    assert_eq!(printed, [("one", false), ("one", true)]);
    assert_eq!(failed.outcome, json!({ "applied": false, "secrets": 0 }));
}

#[tokio::test]
async fn a_change_made_since_the_plan_is_not_overwritten() {
    let stack = Stack::start().await;
    stack.apply(CONFIGURATION, &[]).await.applied();
    for (old, new, command) in [
        ("name: Notes", "name: All notes", &["resource", "update", NOTES, "--name", "Other"][..]),
        ("See your notes", "See all", &["scope", "describe", "read", "Other"]),
        ("name: Service", "name: Renamed", &["client", "update", "service", "--name", "Other"]),
    ] {
        let directory = Directory::new();
        let file = directory.join("jeton.yaml");
        fs::write(&file, CONFIGURATION.replace(old, new)).unwrap();
        let ran = stack.jeton_overtaken(&["apply", &file, "--yes"], Fault::HoldFirstWrite, command).await;
        assert_eq!((ran.code, ran.stderr.contains("at the same time")), (1, true), "{ran:?}");
        stack.apply(CONFIGURATION, &[]).await.applied();
    }
    stack.is_as_declared(CONFIGURATION).await;
}

#[tokio::test]
async fn a_client_changed_since_the_plan_is_not_pruned() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    stack.apply(CONFIGURATION, &[]).await.applied();
    let file = directory.join("jeton.yaml");
    fs::write(&file, "clients: {}\n").unwrap();
    let prune = ["apply", &file, "--yes", "--prune"];
    let change = ["client", "update", "service", "--name", "Other"];
    let ran = stack.jeton_overtaken(&prune, Fault::HoldFirstWrite, &change).await;
    assert_eq!((ran.code, ran.stderr.contains("at the same time")), (1, true), "{ran:?}");
    assert_eq!(stack.jeton(&["client", "show", "service"], "").await.json()["name"], "Other");
    stack.jeton(&prune, "").await.applied();
    assert_eq!(stack.clients().await, 0);
}
