//! The file in which `jeton apply` stores the secrets of new clients.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    process::Command,
};

use serde_json::Value;

use crate::harness::{Stack, process::Directory};

const TWO_CLIENTS: &str = "clients: {a: {name: A}, b: {name: B}}\n";

#[tokio::test]
async fn secrets_go_only_into_a_file_that_no_other_user_may_read() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let (secrets, text) = (directory.join("secrets.jsonl"), TWO_CLIENTS);
    let apply = async || stack.apply(text, &["--secrets-to", &secrets]).await;
    fs::write(&secrets, "").unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o640)).unwrap();
    apply().await.failed(2, "can be read by other users: chmod 600 it");
    stack.apply(text, &["--secrets-to", &directory.join("")]).await.failed(2, "directory");
    stack.apply(text, &["--secrets-to", "/dev/null"]).await.failed(2, "no regular file");
    let held = fs::File::open(&secrets).unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    held.lock().unwrap();
    apply().await.failed(2, "in use by another command");
    drop(held);
    assert_eq!(stack.clients().await, 0);

    fs::remove_file(&secrets).unwrap();
    let applied = apply().await.applied();
    assert_eq!(
        (applied.secrets.len(), &applied.outcome["secrets"]),
        (0, &2.into()),
        "they are in the file only"
    );
    assert_eq!(fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&secrets).unwrap().lines().count(), 2);
    apply().await.json();
    assert_eq!(fs::read_to_string(&secrets).unwrap().lines().count(), 2, "no change, no secret");
    let file = directory.join("jeton.yaml");
    fs::write(&file, "clients: {new: {name: New}}\n").unwrap();
    let text = stack.jeton_text(&["apply", &file, "--yes", "--secrets-to", &secrets]).await;
    assert!(
        text.ends_with(&format!("The changes are made. One secret was appended to {secrets}.\n")),
        "{text}"
    );
}

#[tokio::test]
async fn secrets_go_into_no_pipe_and_through_no_symbolic_link() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let [pipe, link, target] = ["pipe", "link", "target"].map(|name| directory.join(name));
    let apply = async |record: &str| stack.apply(TWO_CLIENTS, &["--secrets-to", record]).await;
    let made = Command::new("mkfifo").args(["-m", "600", &pipe]).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink(&target, &link).unwrap();
    apply(&link).await.failed(2, "link is no regular file");
    assert!(!fs::exists(&target).unwrap());
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target).unwrap();
    apply(&link).await.failed(2, "link is no regular file");
    apply(&pipe).await.failed(2, "pipe is no regular file");
    let reader = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    apply(&pipe).await.failed(2, "pipe is no regular file");
    drop(reader);
    assert_eq!((stack.clients().await, fs::read_to_string(&target).unwrap().as_str()), (0, ""));
}

#[tokio::test]
async fn secrets_go_into_no_file_of_another_user() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let secrets = directory.join("secrets.jsonl");
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secrets).unwrap();
    // Only root can give a file to another user, and only root can open it then.
    if std::os::unix::fs::chown(&secrets, Some(1), None).is_ok() {
        let ran = stack.apply(TWO_CLIENTS, &["--secrets-to", &secrets]).await;
        ran.failed(2, "secrets.jsonl belongs to another user");
        assert_eq!(stack.clients().await, 0);
    }
}

/// Returns the client ids in the file, all of whose lines are complete.
fn recorded(file: &str) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    let id = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        line["client_id"].as_str().unwrap().to_owned()
    };
    text.lines().map(id).collect()
}

#[tokio::test]
async fn a_record_that_finds_no_space_leaves_no_part_of_a_line() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let (file, secrets) = (directory.join("jeton.yaml"), directory.join("secrets.jsonl"));
    let clients: Vec<String> = (10..30).map(|n| format!("  c{n}: {{name: C}}\n")).collect();
    fs::write(&file, format!("clients:\n{}", clients.concat())).unwrap();
    let command = stack.command(&["apply", &file, "--yes", "--secrets-to", &secrets]);
    let mut limited = Command::new("/bin/sh");
    // A file may have one block: the space for a few lines.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]);
    limited.arg(command.get_program()).args(command.get_args()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = tokio::task::spawn_blocking(move || limited.output().unwrap()).await.unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && message.contains("File too large"), "{message}");
    let first = recorded(&secrets);
    assert!((1..20).contains(&first.len()), "{first:?}");
    assert_eq!(stack.clients().await, first.len());
    stack.jeton(&["apply", &file, "--yes", "--secrets-to", &secrets], "").await.applied();
    assert_eq!(recorded(&secrets).len(), 20);
}

#[tokio::test]
async fn a_record_begins_on_a_line_of_its_own() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let secrets = directory.join("secrets.jsonl");
    fs::write(&secrets, "{\"client_id\":\"lo").unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    stack.apply(TWO_CLIENTS, &["--secrets-to", &secrets]).await.applied();
    let text = fs::read_to_string(&secrets).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "{\"client_id\":\"lo"));
    assert!(lines[1..].iter().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
}
