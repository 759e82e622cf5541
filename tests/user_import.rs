//! `jeton user import`, on the tables of a running deployment.

use serde_json::{Value, json};
use shared::secret::Id;

use crate::harness::{Fault, PASSWORD, Ran, Stack, items, process::Directory};

/// A hash of [`PASSWORD`].
pub const HASH: &str = "$2b$05$LaknXUxdKVpbdyxoIWEC1.c5fEjkcdcDyJ50dM/55mTqyrKt53JBS";
pub const UUID: &str = "0d6f1f0e-4d0c-4b62-9d86-61f3e2c7a111";

/// Imports these lines.
pub async fn import(stack: &Stack, lines: &[String], options: &[&str]) -> Ran {
    stack.jeton(&[&["user", "import", "-"], options].concat(), &lines.join("\n")).await
}

/// Asserts that the run ended with these numbers of created, existing and bad lines. Returns the messages.
#[track_caller]
pub fn counted(ran: &Ran, created: u64, existing: u64, bad: u64) -> Vec<&str> {
    assert_eq!(ran.code, if bad == 0 { 0 } else { 2 }, "{ran:?}");
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    let expected = [("created", created), ("existing", existing), ("bad", bad)];
    for (name, count) in expected {
        assert_eq!(summary[name], count, "{name} {ran:?}");
    }
    ran.stderr.lines().filter_map(|line| line.strip_prefix("jeton: line ")).collect()
}

/// Returns the audit lines of the run.
pub fn audited(ran: &Ran) -> Vec<Value> {
    let lines = ran.stderr.lines().filter(|line| !line.starts_with("jeton: "));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub async fn signs_in(stack: &Stack, name: &str) -> bool {
    stack.browser().try_to_sign_in("/login", name, PASSWORD).await.status == 303
}

pub async fn shown(stack: &Stack, name: &str) -> Value {
    stack.jeton(&["user", "show", name], "").await.json()
}

#[tokio::test]
async fn the_summary_has_a_thousand_bad_lines_and_the_number_of_all() {
    let stack = Stack::start().await;
    let ran = import(&stack, &vec!["{}".to_owned(); 1_002], &[]).await;
    counted(&ran, 0, 0, 1_002);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    let reported = summary["bad_lines"].as_array().unwrap();
    assert_eq!((reported.len(), &reported[999]["line"]), (1_000, &json!(1_000)));
}

#[tokio::test]
async fn a_second_run_leaves_everything_as_it_is() {
    let stack = Stack::start().await;
    let (first, second) = (Id::random(), Id::random());
    let line = |name: &str, sub: Id| json!({ "username": name, "sub": sub, "password": HASH }).to_string();
    let lines = [line("ada", first), line("bob", second)];
    counted(&import(&stack, &lines, &[]).await, 2, 0, 0);
    // What happened since is not undone.
    stack.jeton(&["user", "disable", "bob"], "").await.json();
    stack.jeton(&["user", "grant-role", "ada", "developer"], "").await.json();
    let before = items(stack.app.users.table()).await;
    let ran = import(&stack, &lines, &[]).await;
    assert!(counted(&ran, 0, 2, 0).is_empty() && audited(&ran).is_empty(), "{ran:?}");
    assert_eq!(items(stack.app.users.table()).await, before);
    assert_eq!(shown(&stack, "bob").await["disabled"], true);
    assert_eq!(shown(&stack, "ada").await["roles"], json!(["developer"]));

    // Another user of that name is named; a sub that another user has, or a deleted one had, is not taken.
    stack.jeton(&["user", "delete", "bob"], "").await.json();
    let ran = import(&stack, &[line("ADA", second), line("eve", first), line("bob", second)], &[]).await;
    let messages = counted(&ran, 0, 1, 2);
    assert_eq!(messages[0], format!("1: ADA exists with the sub {first}, not {second}; left alone"));
    assert_eq!(messages[1], format!("2: another user has the sub {first}, or a deleted user had it"));
    assert!(messages[2].contains(&second.to_string()));
    assert_eq!(stack.app.users.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_user_gets_the_id_of_a_client_as_sub() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let lines = [json!({ "username": "ada", "sub": machine.id }), json!({ "username": "bob", "sub": UUID })];
    let ran = import(&stack, &lines.map(|line| line.to_string()), &[]).await;
    assert_eq!(counted(&ran, 1, 0, 1), [format!("1: the sub {} is the id of a client", machine.id)]);
    assert_eq!(stack.app.users.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_second_of_two_users_with_one_name_is_a_bad_line() {
    let stack = Stack::start().await;
    let user = |username: &str, email: &str, password: &str| {
        json!({ "username": username, "email": email, "password": password, "is_active": true }).to_string()
    };
    let attackers = "$2b$05$Xe1uKHe3Sf1KVuL4dF1/c.cLa7wxH4hdUrsS7AAtt8fJK4IjQ.Wtu";
    let lines = [user("ada", "ada@example.com", HASH), user("eve", "Ada@Example.com", attackers)]
        .map(|line| line.replace("$2b$", "bcrypt$$2b$"));
    let by_email = ["--username-from", "email"];
    for options in [&[&by_email[..], &["--dry-run"]].concat(), &by_email[..]] {
        let ran = import(&stack, &lines, options).await;
        assert_eq!(counted(&ran, 1, 0, 1), ["2: the user name is the same as in line 1"]);
    }
    assert!(signs_in(&stack, "ada@example.com").await);
    // Again, the first is the user that exists, and the second is still another user.
    let ran = import(&stack, &lines, &by_email).await;
    assert_eq!(counted(&ran, 0, 1, 1), ["2: the user name is the same as in line 1"]);
}

#[tokio::test]
async fn a_name_or_sub_that_is_twice_in_the_file_is_one_user() {
    let stack = Stack::start().await;
    let twice = Id::random();
    let mut lines: Vec<_> =
        (0..250).map(|nth| json!({ "username": format!("User {}", nth % 125) })).collect();
    lines.push(json!({ "username": "one", "sub": twice }));
    lines.push(json!({ "username": "two", "sub": twice }));
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let ran = import(&stack, &lines, &[]).await;
    let messages = counted(&ran, 126, 0, 126);
    for nth in 126..=250 {
        let reason = format!("{nth}: the user name is the same as in line {}", nth - 125);
        assert!(messages.contains(&reason.as_str()), "{reason}");
    }
    assert_eq!(stack.app.users.list().await.unwrap().len(), 126);
    assert_eq!(stack.app.users.table().all().await.unwrap().len(), 3 * 126);
}

#[tokio::test]
async fn two_imports_at_once_make_each_user_once() {
    let stack = Stack::start().await;
    let lines: Vec<_> = (0..60).map(|nth| json!({ "username": format!("user {nth}") }).to_string()).collect();
    let (one, other) = tokio::join!(import(&stack, &lines, &[]), import(&stack, &lines, &[]));
    let created =
        |ran: &Ran| serde_json::from_str::<Value>(&ran.stdout).unwrap()["created"].as_u64().unwrap();
    assert_eq!(created(&one) + created(&other), 60, "{one:?} {other:?}");
    assert_eq!(stack.app.users.table().all().await.unwrap().len(), 3 * 60);
}

#[tokio::test]
async fn a_dry_run_checks_and_writes_nothing() {
    let stack = Stack::start().await;
    stack.create_user("bob").await;
    let lines = [r#"{"username":"ada"}"#, r#"{"username":"Bob"}"#, "{}"].map(str::to_owned);
    stack.dynamodb.forget();
    let ran = import(&stack, &lines, &["--dry-run"]).await;
    assert_eq!(counted(&ran, 1, 1, 1), ["3: `username` is missing"]);
    let operations: Vec<_> = stack.dynamodb.cost().into_iter().map(|(operation, _)| operation).collect();
    assert!(operations.iter().all(|operation| operation.contains("Get")), "{operations:?}");
    assert_eq!(stack.app.users.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_import_waits_for_the_end_of_an_outage() {
    let stack = Stack::start().await;
    let lines: Vec<_> = (0..20).map(|nth| json!({ "username": format!("user {nth}") }).to_string()).collect();
    stack.dynamodb.fail(Fault::ThrottleTransactions);
    counted(&import(&stack, &lines, &[]).await, 20, 0, 0);
    // A write was made, but its response was lost.
    let stack = Stack::start().await;
    stack.dynamodb.fail(Fault::LoseFirstTransaction);
    counted(&import(&stack, &lines, &[]).await, 20, 0, 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_invalid_input() {
    let directory = Directory::new();
    let stack = Stack::start().await;
    let missing = directory.join("missing.jsonl");
    stack.jeton(&["user", "import", &missing], "").await.failed(2, "missing.jsonl cannot be read: ");
    let file = directory.join("users.jsonl");
    std::fs::write(&file, "{\"username\":\"ada\"}\r\n\r\n{\"username\":\"bob\"}").unwrap();
    assert_eq!(stack.jeton(&["user", "import", &file], "").await.json()["created"], 2);
}
