//! `jeton user …` and `jeton token revoke-all`, on the tables of a running deployment.

use serde_json::{Value, json};
use shared::{
    grants::{EndReason, Grant, State},
    secret::{AccessToken, Id, Secret},
    status::Ending,
    time::Timestamp,
    users::{Password, PasswordHash, Unchanged, User, password},
};

use crate::harness::{Fault, Ran, Registered, Stack};

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "staple of the trade";

async fn create(stack: &Stack, name: &str) -> Id {
    let created = stack.jeton(&["user", "create", name, "--password-stdin"], PASSWORD).await.json();
    assert_eq!(created["username"], name);
    created["sub"].as_str().unwrap().parse().unwrap()
}

/// Returns a new hash of [`PASSWORD`].
fn user_password() -> PasswordHash {
    password::hash(Password::entered(PASSWORD).unwrap())
}

async fn user(stack: &Stack, name: &str) -> Option<User> {
    stack.app.users.find_by_name(&name.parse().unwrap()).await.unwrap()
}

async fn signs_in(stack: &Stack, name: &str, text: &str) -> bool {
    let user = user(stack, name).await;
    let known = user.as_ref().map(|user| &user.password);
    password::verify_async(known, Password::entered(text).unwrap()).await.matches()
}

fn token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

async fn grant(stack: &Stack, tokens: &Value) -> Grant {
    let id = Secret::<AccessToken>::parse(token(tokens)).unwrap().id();
    stack.app.grants.find(id).await.unwrap().unwrap()
}

/// Returns whether introspection calls the token active.
async fn is_active(stack: &Stack, client: &Registered, tokens: &Value) -> bool {
    stack.introspect(client, token(tokens)).await["active"].as_bool().unwrap()
}

async fn not_before(stack: &Stack, user: Id) -> Option<Timestamp> {
    stack.app.users.read(user).await.unwrap().unwrap().1.not_before
}

/// Returns the attributes of the tombstone of `user`, the only item in the table.
async fn left_of(stack: &Stack, user: Id) -> Vec<String> {
    let items = stack.app.users.table().all().await.unwrap();
    let [tombstone] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(tombstone["pk"].as_s().unwrap(), &format!("status#{user}"));
    let mut names: Vec<_> = tombstone.keys().cloned().collect();
    names.sort();
    names
}

/// Returns the events and changes in the audit lines of a run.
fn audited(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran.stderr.lines().filter(|line| !line.starts_with("jeton: "));
    let records = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    records.map(|record| (word(&record, "audit"), word(&record, "change"))).collect()
}

#[tokio::test]
async fn a_user_is_created_listed_and_shown() {
    let stack = Stack::start().await;
    let (grace, ada) = (create(&stack, "Grace").await, create(&stack, "ada").await);
    let listed = stack.jeton(&["user", "list"], "").await.json();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["ada", "Grace"]);

    let shown = stack.jeton(&["user", "show", "GRACE"], "").await.json();
    let expected = json!({ "sub": grace, "username": "Grace", "disabled": false, "not_before": null });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
    assert_ne!(grace, ada);
    stack.jeton(&["user", "show", "nobody"], "").await.failed(3, "there is no user nobody");
    stack.jeton(&["user", "show", " ada"], "").await.failed(2, "user name");
}

#[tokio::test]
async fn a_login_name_is_unique_in_any_case() {
    let stack = Stack::start().await;
    let first = create(&stack, "Émilie").await;
    for name in ["Émilie", "émilie", "ÉMILIE"] {
        let refused = stack.jeton(&["user", "create", name, "--password-stdin"], OTHER).await;
        refused.failed(2, "already");
        assert_eq!(user(&stack, name).await.unwrap().sub, first);
    }
    // The write decides, not the read before it.
    let made = |spelling: &str| {
        let hash = user_password();
        User::new(Id::random(), spelling.parse().unwrap(), hash, stack.now())
    };
    let (one, two) = (made("Linus"), made("linus"));
    let (one, two) = tokio::join!(stack.app.users.create(&one), stack.app.users.create(&two));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(stack.app.users.list().await.unwrap().len(), 2, "the loser left nothing behind");
}

#[tokio::test]
async fn a_password_is_stored_as_a_hash_and_never_printed() {
    let stack = Stack::start().await;
    let created = stack.jeton(&["user", "create", "ada", "--password-stdin"], PASSWORD).await;
    let changed = stack.jeton(&["user", "set-password", "ada", "--password-stdin"], OTHER).await;
    let shown = stack.jeton(&["user", "show", "ada"], "").await;
    let listed = stack.jeton(&["user", "list"], "").await;
    for ran in [&created, &changed, &shown, &listed] {
        ran.json();
        for secret in [PASSWORD, OTHER, "$argon2"] {
            assert!(!format!("{ran:?}").contains(secret), "{ran:?}");
        }
    }
    assert_eq!(audited(&created), [("user_changed".to_owned(), "created".to_owned())]);
    assert_eq!(audited(&changed), [("user_changed".to_owned(), "password_set".to_owned())]);
    let stored = stack.stored().await;
    assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    let sent = format!("{:?}", stack.dynamodb.seen());
    for text in [PASSWORD, OTHER] {
        assert!(!stored.contains(text) && !sent.contains(text) && !stack.logged().contains(text));
    }
}

#[tokio::test]
async fn an_administrator_signs_a_user_out_everywhere() {
    let stack = Stack::start().await;
    create(&stack, "ada").await;
    let ran = stack.jeton(&["user", "sign-out", "ADA"], "").await;
    assert_eq!(ran.json()["signed_out"], true);
    assert_eq!(audited(&ran), [("user_changed".to_owned(), "signed_out".to_owned())]);
    let (_, status) = stack.app.users.list().await.unwrap().remove(0);
    assert!(status.signed_out_at.is_some() && status.not_before.is_none());
    stack.jeton(&["user", "sign-out", "nobody"], "").await.failed(3, "there is no user nobody");
}

#[tokio::test]
async fn an_invalid_password_creates_no_user() {
    let stack = Stack::start().await;
    for (password, expected) in
        [("", "at least 8"), ("seven77\n", "at least 8"), (&"a".repeat(1_025), "at most 1024")]
    {
        stack.jeton(&["user", "create", "ada", "--password-stdin"], password).await.failed(2, expected);
    }
    // Neither a terminal nor `--password-stdin`.
    stack.jeton(&["user", "create", "ada"], PASSWORD).await.failed(2, "--password-stdin");
    // Every process could read a password on the command line.
    stack.jeton(&["user", "create", "ada", PASSWORD], "").await.failed(2, "unexpected argument");
    stack.jeton(&["user", "create", "a\nda", "--password-stdin"], PASSWORD).await.failed(2, "user name");
    assert!(stack.app.users.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_new_password_ends_all_grants_and_sessions() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, create(&stack, "ada").await);
    let before = stack.authorized(&web, ada).await;
    assert!(is_active(&stack, &web, &before).await);

    let ran = stack.jeton(&["user", "set-password", "ADA", "--password-stdin"], OTHER).await.json();
    assert_eq!((&ran["password_set"], &ran["grants_ended"]), (&json!(true), &json!(1)));
    assert!(signs_in(&stack, "ada", OTHER).await && !signs_in(&stack, "ada", PASSWORD).await);
    assert!(!is_active(&stack, &web, &before).await);
    assert_eq!(grant(&stack, &before).await.end.unwrap().reason, EndReason::Administrator);

    let ended = not_before(&stack, ada).await.unwrap();
    stack.advance(ended.since(stack.now()) + std::time::Duration::from_millis(1));
    let after = stack.authorized(&web, ada).await;
    assert!(is_active(&stack, &web, &after).await, "what she authorizes from now on is good");
    stack
        .jeton(&["user", "set-password", "bob", "--password-stdin"], OTHER)
        .await
        .failed(3, "there is no user bob");
}

#[tokio::test]
async fn of_two_simultaneous_password_changes_one_fails() {
    let stack = Stack::start().await;
    create(&stack, "ada").await;
    let read = user(&stack, "ada").await.unwrap();
    let new = user_password();
    let set = async |new: PasswordHash| {
        stack.app.users.set_password(&read, &new, Ending::Everything, stack.now()).await
    };
    set(new.clone()).await.unwrap();
    set(new).await.expect("it is a retry of its own write");
    let raced = set(user_password()).await;
    assert!(matches!(raced, Err(Unchanged::Raced(_))), "{raced:?}");
}

#[tokio::test]
async fn a_lost_response_is_no_failure() {
    let stack = Stack::start().await;
    let lose = || stack.dynamodb.fail(Fault::LoseFirstAnswer);
    lose();
    let ada = create(&stack, "ada").await;
    lose();
    stack.jeton(&["user", "set-password", "ada", "--password-stdin"], OTHER).await.json();
    assert!(signs_in(&stack, "ada", OTHER).await);
    lose();
    stack.app.users.end_everything(ada, stack.now()).await.unwrap();
    lose();
    stack.jeton(&["user", "delete", "ada"], "").await.json();
    assert_eq!(left_of(&stack, ada).await, ["deleted", "disabled", "pk", "v"]);
}

#[tokio::test]
async fn disabling_a_user_ends_their_grants_only() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let (ada, grace) = (create(&stack, "ada").await, create(&stack, "Grace").await);
    let mut hers = Vec::new();
    for _ in 0..3 {
        hers.push(stack.authorized(&web, ada).await);
    }
    let other = stack.authorized(&web, grace).await;
    assert_eq!(stack.app.grants.of_user(ada).await.unwrap().len(), 3);

    stack.dynamodb.forget();
    let ran = stack.jeton(&["user", "disable", "ada"], "").await;
    assert_eq!((&ran.json()["disabled"], &ran.json()["grants_ended"]), (&json!(true), &json!(3)));
    assert_eq!(audited(&ran), [("user_changed".to_owned(), "disabled".to_owned())]);
    let operations: Vec<_> = stack.dynamodb.cost().into_iter().map(|(operation, _)| operation).collect();
    // The clock, the name, the user; then the status first, because it decides.
    let reads = ["GetItem", "GetItem", "BatchGetItem"];
    let writes = ["UpdateItem", "Query", "BatchGetItem", "UpdateItem", "UpdateItem", "UpdateItem"];
    assert_eq!(operations, [&reads[..], &writes].concat());
    for tokens in &hers {
        assert!(!is_active(&stack, &web, tokens).await);
        assert_eq!(grant(&stack, tokens).await.state, State::Ended);
    }
    assert!(is_active(&stack, &web, &other).await);

    assert_eq!(stack.jeton(&["user", "disable", "ada"], "").await.json()["grants_ended"], 0);
    assert_eq!(stack.jeton(&["user", "enable", "ada"], "").await.json()["disabled"], false);
    assert!(!is_active(&stack, &web, &hers[0]).await, "what was ended stays ended");
    let ended = not_before(&stack, ada).await.unwrap();
    stack.advance(ended.since(stack.now()) + std::time::Duration::from_millis(1));
    assert!(is_active(&stack, &web, &stack.authorized(&web, ada).await).await);
    for command in ["disable", "enable"] {
        stack.jeton(&["user", command, "nobody"], "").await.failed(3, "there is no user nobody");
    }
}

#[tokio::test]
async fn deleting_a_user_frees_the_name_and_ends_everything() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, create(&stack, "ada").await);
    let tokens = stack.authorized(&web, ada).await;
    let ran = stack.jeton(&["user", "delete", "Ada"], "").await.json();
    assert_eq!((&ran["deleted"], &ran["grants_ended"]), (&json!(true), &json!(1)));
    assert!(!is_active(&stack, &web, &tokens).await);
    assert_eq!(left_of(&stack, ada).await, ["deleted", "disabled", "pk", "v"]);
    stack.jeton(&["user", "delete", "ada"], "").await.failed(3, "there is no user ada");

    assert_ne!(create(&stack, "ADA").await, ada, "a sub is never used again");
    assert!(!is_active(&stack, &web, &tokens).await);
}

#[tokio::test]
async fn everything_of_a_user_is_revoked_in_one_write() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let (ada, grace) = (create(&stack, "ada").await, create(&stack, "Grace").await);
    let (hers, other) = (stack.authorized(&web, ada).await, stack.authorized(&web, grace).await);

    stack.app.users.end_everything(ada, stack.now()).await.unwrap();
    assert!(!is_active(&stack, &web, &hers).await, "before any grant is touched");
    assert_eq!(grant(&stack, &hers).await.state, State::Active);

    let ran = stack.jeton(&["token", "revoke-all", "--user", "ada"], "").await;
    assert_eq!((&ran.json()["revoked"], &ran.json()["grants_ended"]), (&json!(true), &json!(1)));
    assert_eq!(audited(&ran), [("user_changed".to_owned(), "everything_ended".to_owned())]);
    assert_eq!(grant(&stack, &hers).await.state, State::Ended);
    assert!(is_active(&stack, &web, &other).await);
    assert!(signs_in(&stack, "ada", PASSWORD).await);

    // A clock that is behind does not move the end back.
    let ended = not_before(&stack, ada).await;
    stack.app.users.end_everything(ada, stack.now()).await.unwrap();
    assert_eq!(not_before(&stack, ada).await, ended);
}

#[tokio::test]
async fn everything_of_a_client_is_revoked_in_one_write() {
    let stack = Stack::start().await;
    let (web, machine) = (stack.web().await, stack.machine().await);
    let ada = create(&stack, "ada").await;
    let (hers, own) = (stack.authorized(&web, ada).await, stack.token(&machine).await);

    let ran = stack.jeton(&["token", "revoke-all", "--client", &machine.id], "").await;
    assert_eq!((&ran.json()["client_id"], &ran.json()["grants_ended"]), (&json!(machine.id), &json!(1)));
    assert_eq!(audited(&ran), [("client_changed".to_owned(), "everything_ended".to_owned())]);
    assert_eq!(stack.introspect(&machine, &own).await, json!({ "active": false }));
    assert!(is_active(&stack, &web, &hers).await);

    let ran = stack.jeton(&["token", "revoke-all", "--client", &web.id], "").await.json();
    assert_eq!(ran["grants_ended"], 1);
    assert!(!is_active(&stack, &web, &hers).await);
}

#[tokio::test]
async fn revoke_all_needs_a_user_or_a_client() {
    let stack = Stack::start().await;
    stack.jeton(&["token", "revoke-all"], "").await.failed(2, "--user");
    let both = ["token", "revoke-all", "--user", "ada", "--client", "demo"];
    stack.jeton(&both, "").await.failed(2, "cannot be used with");
    stack.jeton(&["token", "revoke-all", "--user", "ada"], "").await.failed(3, "there is no user ada");
    stack.jeton(&["token", "revoke-all", "--client", "demo"], "").await.failed(3, "no client demo");
    assert!(stack.stored().await.is_empty(), "an update that finds nothing leaves no stub");
}

#[tokio::test]
async fn a_list_whose_pages_come_slowly_is_complete() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    stack.dynamodb.fail(Fault::SlowScans);
    let listed = stack.jeton(&["user", "list"], "").await.json();
    assert_eq!(listed[0]["username"], "ada");
}
