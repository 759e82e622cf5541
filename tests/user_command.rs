//! `jeton user …` and `jeton token revoke-all`: the real command, on the tables of a running server.

use serde_json::{Value, json};
use shared::{
    grant::{Grant, State, Why},
    secret::{AccessToken, Id, Secret},
    time::Timestamp,
    user::{Password, PasswordHash, Unchanged, User, password},
};

use crate::harness::{Fault, Ran, Registered, Stack};

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "staple of the trade";

async fn create(stack: &Stack, name: &str) -> Id {
    let created = stack.jeton(&["user", "create", name, "--password-stdin"], PASSWORD).await.json();
    assert_eq!(created["username"], name);
    created["sub"].as_str().unwrap().parse().unwrap()
}

/// A new hash of the first password.
fn user_password() -> PasswordHash {
    password::hash(Password::typed(PASSWORD).unwrap())
}

async fn user(stack: &Stack, name: &str) -> Option<User> {
    stack.app.users.find_by_name(&name.parse().unwrap()).await.unwrap()
}

async fn signs_in(stack: &Stack, name: &str, text: &str) -> bool {
    let user = user(stack, name).await;
    let known = user.as_ref().map(|user| &user.password);
    password::verify_async(known, Password::typed(text).unwrap()).await.matches
}

fn token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

async fn grant(stack: &Stack, tokens: &Value) -> Grant {
    let id = Secret::<AccessToken>::parse(token(tokens)).unwrap().id();
    stack.app.grants.find(id).await.unwrap().unwrap()
}

/// Whether a token works, by the word of introspection.
async fn is_active(stack: &Stack, client: &Registered, tokens: &Value) -> bool {
    stack.introspect(client, token(tokens)).await["active"].as_bool().unwrap()
}

async fn not_before(stack: &Stack, person: Id) -> Option<Timestamp> {
    stack.app.users.read(person).await.unwrap().unwrap().1.not_before
}

/// The attributes of the tombstone that is all that is left of `person`, and of everybody else.
async fn left_of(stack: &Stack, person: Id) -> Vec<String> {
    let items = stack.app.users.table().all().await.unwrap();
    let [tombstone] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(tombstone["pk"].as_s().unwrap(), &format!("status#{person}"));
    let mut names: Vec<_> = tombstone.keys().cloned().collect();
    names.sort();
    names
}

/// The audit lines that a run wrote, in short.
fn audited(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran.stderr.lines().filter(|line| !line.starts_with("jeton: "));
    let records = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    records.map(|record| (word(&record, "audit"), word(&record, "change"))).collect()
}

#[tokio::test]
async fn a_person_is_created_listed_and_shown() {
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
    stack.jeton(&["user", "show", "nobody"], "").await.failed(3, "nobody called nobody");
    stack.jeton(&["user", "show", " ada"], "").await.failed(2, "user name");
}

#[tokio::test]
async fn a_name_is_given_once_whatever_its_case() {
    let stack = Stack::start().await;
    let first = create(&stack, "Émilie").await;
    for name in ["Émilie", "émilie", "ÉMILIE"] {
        let refused = stack.jeton(&["user", "create", name, "--password-stdin"], OTHER).await;
        refused.failed(2, "already");
        assert_eq!(user(&stack, name).await.unwrap().sub, first);
    }
    // Of several at the same moment, one wins: the write decides, not the look before it.
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
async fn a_password_is_kept_as_a_hash_and_told_to_nobody() {
    let stack = Stack::start().await;
    let created = stack.jeton(&["user", "create", "ada", "--password-stdin"], PASSWORD).await;
    let changed = stack.jeton(&["user", "set-password", "ada", "--password-stdin"], OTHER).await;
    let shown = stack.jeton(&["user", "show", "ada"], "").await;
    let listed = stack.jeton(&["user", "list"], "").await;
    for ran in [&created, &changed, &shown, &listed] {
        ran.json();
        for secret in [PASSWORD, OTHER, "argon2"] {
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
async fn an_administrator_signs_somebody_out_everywhere() {
    let stack = Stack::start().await;
    create(&stack, "ada").await;
    let ran = stack.jeton(&["user", "sign-out", "ADA"], "").await;
    assert_eq!(ran.json()["signed_out"], true);
    assert_eq!(audited(&ran), [("user_changed".to_owned(), "signed_out".to_owned())]);
    let (_, status) = stack.app.users.list().await.unwrap().remove(0);
    assert!(status.signed_out_at.is_some() && status.not_before.is_none());
    stack.jeton(&["user", "sign-out", "nobody"], "").await.failed(3, "nobody called nobody");
}

#[tokio::test]
async fn a_password_that_cannot_be_chosen_makes_nobody() {
    let stack = Stack::start().await;
    for (password, told) in
        [("", "at least 8"), ("seven77\n", "at least 8"), (&"a".repeat(1_025), "at most 1024")]
    {
        stack.jeton(&["user", "create", "ada", "--password-stdin"], password).await.failed(2, told);
    }
    // No terminal to ask at, and no word that the password is piped in.
    stack.jeton(&["user", "create", "ada"], PASSWORD).await.failed(2, "--password-stdin");
    // On the command line it would be everybody's.
    stack.jeton(&["user", "create", "ada", PASSWORD], "").await.failed(2, "unexpected argument");
    stack.jeton(&["user", "create", "a\nda", "--password-stdin"], PASSWORD).await.failed(2, "user name");
    assert!(stack.app.users.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn another_password_ends_what_was_authorized_with_the_old_one() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, create(&stack, "ada").await);
    let before = stack.authorized(&web, ada).await;
    assert!(is_active(&stack, &web, &before).await);

    let ran = stack.jeton(&["user", "set-password", "ADA", "--password-stdin"], OTHER).await.json();
    assert_eq!((&ran["password_set"], &ran["grants_ended"]), (&json!(true), &json!(1)));
    assert!(signs_in(&stack, "ada", OTHER).await && !signs_in(&stack, "ada", PASSWORD).await);
    assert!(!is_active(&stack, &web, &before).await);
    assert_eq!(grant(&stack, &before).await.end.unwrap().why, Why::Administrator);

    let ended = not_before(&stack, ada).await.unwrap();
    stack.advance(ended.since(stack.now()) + std::time::Duration::from_millis(1));
    let after = stack.authorized(&web, ada).await;
    assert!(is_active(&stack, &web, &after).await, "what she authorizes from now on is good");
    stack
        .jeton(&["user", "set-password", "bob", "--password-stdin"], OTHER)
        .await
        .failed(3, "nobody called bob");
}

#[tokio::test]
async fn of_two_who_set_a_password_at_once_one_is_told() {
    let stack = Stack::start().await;
    create(&stack, "ada").await;
    let read = user(&stack, "ada").await.unwrap();
    let new = user_password();
    let set = async |new: PasswordHash| stack.app.users.set_password(&read, &new, stack.now()).await;
    set(new.clone()).await.unwrap();
    set(new).await.expect("it is a retry of its own write");
    let raced = set(user_password()).await;
    assert!(matches!(raced, Err(Unchanged::Raced(_))), "{raced:?}");
}

#[tokio::test]
async fn a_lost_answer_is_no_failure() {
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
async fn a_disabled_persons_grants_are_ended_and_nobody_elses() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let (ada, grace) = (create(&stack, "ada").await, create(&stack, "Grace").await);
    let mut hers = Vec::new();
    for _ in 0..3 {
        hers.push(stack.authorized(&web, ada).await);
    }
    let other = stack.authorized(&web, grace).await;
    assert_eq!(stack.app.grants.of_person(ada).await.unwrap().len(), 3);

    stack.dynamodb.forget();
    let ran = stack.jeton(&["user", "disable", "ada"], "").await;
    assert_eq!((&ran.json()["disabled"], &ran.json()["grants_ended"]), (&json!(true), &json!(3)));
    assert_eq!(audited(&ran), [("user_changed".to_owned(), "disabled".to_owned())]);
    let operations: Vec<_> = stack.dynamodb.cost().into_iter().map(|(operation, _)| operation).collect();
    // The clock, whose name it is, the user; then the status first: it is what counts.
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
        stack.jeton(&["user", command, "nobody"], "").await.failed(3, "nobody called nobody");
    }
}

#[tokio::test]
async fn a_deleted_person_leaves_a_free_name_and_nothing_that_works() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, create(&stack, "ada").await);
    let tokens = stack.authorized(&web, ada).await;
    let ran = stack.jeton(&["user", "delete", "Ada"], "").await.json();
    assert_eq!((&ran["deleted"], &ran["grants_ended"]), (&json!(true), &json!(1)));
    assert!(!is_active(&stack, &web, &tokens).await);
    assert_eq!(left_of(&stack, ada).await, ["deleted", "disabled", "pk", "v"]);
    stack.jeton(&["user", "delete", "ada"], "").await.failed(3, "nobody called ada");

    assert_ne!(create(&stack, "ADA").await, ada, "a sub is never used again");
    assert!(!is_active(&stack, &web, &tokens).await);
}

#[tokio::test]
async fn everything_of_a_person_is_revoked_in_one_write() {
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

    // A clock that is behind takes nothing back.
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
async fn revoke_all_is_told_whose() {
    let stack = Stack::start().await;
    stack.jeton(&["token", "revoke-all"], "").await.failed(2, "--user");
    let both = ["token", "revoke-all", "--user", "ada", "--client", "demo"];
    stack.jeton(&both, "").await.failed(2, "cannot be used with");
    stack.jeton(&["token", "revoke-all", "--user", "ada"], "").await.failed(3, "nobody called ada");
    stack.jeton(&["token", "revoke-all", "--client", "demo"], "").await.failed(3, "no client demo");
    assert!(stack.stored().await.is_empty(), "an update that finds nothing leaves no stub");
}
