//! `jeton user create`, `set`, `show` and `delete`, with claims (OpenID Connect Core §5.1).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::dynamodb::Item;

use crate::harness::{Fault, PASSWORD, Ran, Stack};

pub const EMAIL: &str = "ada@lovelace.example";

/// Returns the items of the users table by their keys.
pub async fn items(stack: &Stack) -> BTreeMap<String, Item> {
    let items = stack.users().all().await.unwrap().into_iter();
    items.map(|item| (item["pk"].as_s().unwrap().clone(), item)).collect()
}

pub async fn set(stack: &Stack, arguments: &[&str]) -> Ran {
    stack.jeton(&[&["user", "set"], arguments].concat(), "").await
}

pub async fn create(stack: &Stack, arguments: &[&str]) -> Ran {
    stack.jeton(&[&["user", "create"], arguments, &["--password-stdin"]].concat(), PASSWORD).await
}

/// Returns the claims that `user show` tells.
pub async fn claims(stack: &Stack, name: &str) -> Value {
    let mut claims = stack.jeton(&["user", "show", name], "").await.json()["claims"].take();
    claims.as_object_mut().unwrap().remove("updated_at");
    claims
}

/// Returns the changes or events, and the names of claims, in the audit lines of a run.
pub fn audited(ran: &Ran) -> Vec<(String, Value)> {
    let lines = ran.stderr.lines().filter(|line| !line.starts_with("jeton: "));
    let records = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let name = |record: &Value| record["change"].as_str().or(record["audit"].as_str()).unwrap().to_owned();
    records.map(|record| (name(&record), record["claims"].clone())).collect()
}

#[tokio::test]
async fn a_user_is_created_with_an_address_and_a_name() {
    let stack = Stack::start().await;
    let ran = create(&stack, &["ada", "--email", EMAIL, "--name", "Ada Lovelace"]).await;
    ran.json();
    let names = json!(["name", "email"]);
    assert_eq!(audited(&ran), [("created".to_owned(), Value::Null), ("claims_set".to_owned(), names)]);
    assert!(!ran.stderr.contains("Lovelace") && !ran.stderr.contains(EMAIL));
    let expected = json!({ "name": "Ada Lovelace", "email": EMAIL, "email_verified": false });
    assert_eq!(claims(&stack, "ada").await, expected);

    create(&stack, &["bob", "--email", "bob@x.example", "--verified-email"]).await.json();
    let expected = json!({ "email": "bob@x.example", "email_verified": true });
    assert_eq!(claims(&stack, "bob").await, expected);
    create(&stack, &["eve"]).await.json();
    assert_eq!(claims(&stack, "eve").await, json!({}));
    assert!(!stack.stored().await.contains("claims#eve"));
    for (arguments, message) in [
        (&["x", "--email", "no address"][..], "email must be an e-mail address"),
        (&["x", "--verified-email"], "--email"),
        (&["x", "--email", "ADA@lovelace.example"], "--shared-email"),
        (&["x", "--name", "a\nb"], "name must be one line"),
    ] {
        create(&stack, arguments).await.failed(2, message);
        stack.jeton(&["user", "show", "x"], "").await.failed(3, "there is no user x");
    }
    create(&stack, &["x", "--email", "ADA@lovelace.example", "--shared-email"]).await.json();
}

#[tokio::test]
async fn claims_are_set_changed_and_removed() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let all = [
        ("name", "Ada King, Countess of Lovelace"),
        ("given_name", "Ada A."),
        ("family_name", "King"),
        ("middle_name", "Augusta"),
        ("nickname", "=A="),
        ("email", EMAIL),
        ("profile", "https://lovelace.example/ada"),
        ("picture", "https://lovelace.example/ada.png"),
        ("website", "http://lovelace.example"),
        ("gender", "female"),
        ("birthdate", "1815-12-10"),
        ("zoneinfo", "Europe/London"),
        ("locale", "en-GB"),
    ];
    let assignments: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let arguments: Vec<_> = ["ada"].into_iter().chain(assignments.iter().map(String::as_str)).collect();
    let ran = set(&stack, &arguments).await;
    ran.json();
    let mut expected: serde_json::Map<_, _> =
        all.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    expected.insert("email_verified".to_owned(), json!(false));
    assert_eq!(claims(&stack, "ada").await, json!(expected));
    let names: BTreeSet<_> = all.iter().map(|(name, _)| *name).collect();
    assert_eq!(audited(&ran), [("claims_set".to_owned(), json!(names))]);
    for (_, value) in all {
        assert!(!ran.stderr.contains(value), "{value}");
    }

    let ran =
        set(&stack, &["ADA", "name=Ada", "--unset", "gender", "--unset", "locale", "--verified", "email"])
            .await;
    ran.json();
    let names = json!(["email_verified", "gender", "locale", "name"]);
    assert_eq!(audited(&ran), [("claims_set".to_owned(), names)]);
    let shown = claims(&stack, "ada").await;
    assert_eq!((&shown["name"], &shown["email_verified"]), (&json!("Ada"), &json!(true)));
    assert_eq!((shown.get("gender"), shown.get("locale")), (None, None));
    // The same once more is no change.
    let before = items(&stack).await;
    assert_eq!(audited(&set(&stack, &["ada", "name=Ada"]).await), []);
    assert_eq!(items(&stack).await, before);
    set(&stack, &["nobody", "name=x"]).await.failed(3, "there is no user nobody");
}

#[tokio::test]
async fn a_new_address_is_not_verified() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    set(&stack, &["ada", "--verified", "email"]).await.failed(2, "the user has no email");
    let both = format!("email={EMAIL}");
    set(&stack, &["ada", &both, "--verified", "email"]).await.json();
    assert_eq!(claims(&stack, "ada").await["email_verified"], true);
    set(&stack, &["ada", &both, "name=Ada"]).await.json();
    assert_eq!(claims(&stack, "ada").await["email_verified"], true, "it is the same address");
    set(&stack, &["ada", "email=other@lovelace.example"]).await.json();
    assert_eq!(claims(&stack, "ada").await["email_verified"], false);
    set(&stack, &["ada", "--verified", "email"]).await.json();
    set(&stack, &["ada", "--unset", "email"]).await.json();
    set(&stack, &["ada", "email=other@lovelace.example"]).await.json();
    assert_eq!(claims(&stack, "ada").await["email_verified"], false);
}

#[tokio::test]
async fn an_unverified_address_has_a_hint_and_show_tells_claims() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let text = stack.jeton_text(&["user", "set", "ada", "email=ada@x.example", "name=Ada"]).await;
    assert!(text.contains("The claims of ada are now: name, email."), "{text}");
    assert!(text.contains("jeton user set ada --verified email"), "{text}");
    let text = stack.jeton_text(&["user", "set", "ada", "--verified", "email"]).await;
    assert!(!text.contains("--verified"), "{text}");
    let shown = stack.jeton_text(&["user", "show", "ada"]).await;
    for expected in ["ada@x.example", "email_verified", "claims changed"] {
        assert!(shown.contains(expected), "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_claim_is_refused_with_the_reason_and_without_the_value() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    for (arguments, message) in [
        (&["sub=hidden"][..], "sub cannot be set: it is the user's identifier"),
        (&["iss=hidden"], "iss cannot be set"),
        (&["aud=hidden"], "aud cannot be set"),
        (&["preferred_username=hidden"], "preferred_username cannot be set: it is the login name"),
        (&["groups=hidden"], "groups cannot be set: it contains the user's roles"),
        (&["email_verified=hidden"], "email_verified cannot be set: give --verified email"),
        (&["updated_at=hidden"], "updated_at cannot be set"),
        (&["phone_number=hidden"], "Jeton does not support it"),
        (&["given_nam=hidden"], "`given_nam` is no claim; a user may have name, given_name"),
        (&["--unset", "nickname_"], "`nickname_` is no claim"),
        (&["hidden hidden=hidden"], "a claim is unknown; a user may have name, given_name"),
        (&["hidden"], "give a claim as CLAIM=VALUE"),
        (&["name="], "name is empty: --unset name removes a claim"),
        (&["email="], "email is empty: --unset email removes a claim"),
        (&["name=hidden\nhidden"], "name must be one line of text"),
        (&["email=hidden"], "email must be an e-mail address"),
        (&["picture=hidden"], "picture must be an https or http URL"),
        (&["website=javascript:hidden"], "website must be an https or http URL"),
        (&["birthdate=10.12.hidden"], "birthdate must be a date"),
        (&["zoneinfo=hidden hidden"], "zoneinfo must be a name of the time zone database"),
        (&["locale=hidden_hidden"], "locale must be a language tag"),
        (&["name=hidden", "name=other"], "name is given twice"),
        (&["name=hidden", "--unset", "name"], "name is given twice"),
        (&["--unset", "sub"], "sub cannot be set"),
        (&["--verified", "name"], "invalid value 'name'"),
        (&[], "required"),
    ] {
        let ran = set(&stack, &[&["ada"], arguments].concat()).await;
        ran.failed(2, message);
        assert!(!ran.stderr.contains("hidden"), "{}", ran.stderr);
    }
    assert_eq!(claims(&stack, "ada").await, json!({}));
}

#[tokio::test]
async fn claims_have_the_room_that_an_id_token_and_an_item_have() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let email = format!("email={}@x.example", "e".repeat(50));
    let name = |length: usize| format!("name={}", "n".repeat(length));
    // 3 and 60 bytes of 192 are taken.
    set(&stack, &["ada", &email, &name(129)]).await.json();
    set(&stack, &["ada", &name(130)]).await.failed(2, "more than 192 bytes");
    set(&stack, &["ada", &name(20), "family_name=x"]).await.json();
    let website = |length: usize| format!("website=https://x.example/{}", "w".repeat(length));
    set(&stack, &["ada", &website(1_500)]).await.json();
    set(&stack, &["ada", &website(2_000)]).await.failed(2, "more than 2048 bytes");
    let item = stack.users().all().await.unwrap();
    let item = item.iter().find(|item| item["pk"].as_s().unwrap().starts_with("claims#")).unwrap();
    assert!(format!("{item:?}").len() > 1_500);
}

#[tokio::test]
async fn an_address_that_another_user_has_is_set_only_on_purpose() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    stack.create_user("bob").await;
    set(&stack, &["ada", "email=shared@x.example"]).await.json();
    let ran = set(&stack, &["bob", "email=Shared@X.example", "name=Bob"]).await;
    ran.failed(2, &format!("user {} has this e-mail address; give --shared-email", ada.sub));
    assert!(!ran.stderr.to_lowercase().contains("shared@x"));
    assert_eq!(claims(&stack, "bob").await, json!({}));
    set(&stack, &["bob", "email=Shared@X.example", "--shared-email"]).await.json();
    // The user's own address is no conflict, and a change of something else does not ask again.
    set(&stack, &["bob", "email=Shared@X.example", "name=Bob"]).await.json();
    stack.jeton(&["user", "delete", "ada"], "").await.json();
    stack.create_user("eve").await;
    set(&stack, &["bob", "--unset", "email"]).await.json();
    set(&stack, &["eve", "email=shared@x.example"]).await.json();
}

#[tokio::test]
async fn a_command_that_another_overtakes_changes_nothing() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let overtaken = stack
        .jeton_overtaken(
            &["user", "set", "ada", "name=Slow"],
            Fault::HoldFirstWrite,
            &["user", "set", "ada", "name=Fast"],
        )
        .await;
    overtaken.failed(1, "was changed by another command at the same time");
    assert_eq!(claims(&stack, "ada").await, json!({ "name": "Fast" }));
    let overtaken = stack
        .jeton_overtaken(
            &["user", "set", "ada", "name=Late"],
            Fault::HoldFirstWrite,
            &["user", "delete", "ada"],
        )
        .await;
    overtaken.failed(3, "there is no user");
    let stored = stack.stored().await;
    assert!(!stored.contains("claims#") && !stored.contains("Late") && !stored.contains("Fast"), "{stored}");
}

#[tokio::test]
async fn deleting_a_user_leaves_no_claim_behind() {
    let stack = Stack::start().await;
    let first = create(&stack, &["ada", "--email", EMAIL, "--name", "Ada"]).await.json();
    stack.jeton(&["user", "delete", "ada"], "").await.json();
    let stored = stack.stored().await;
    assert!(!stored.contains("claims#") && !stored.contains(EMAIL), "{stored}");
    let second = create(&stack, &["ada"]).await.json();
    assert_ne!(first["sub"], second["sub"]);
    assert_eq!(claims(&stack, "ada").await, json!({}));
}

#[tokio::test]
async fn an_outage_changes_nothing() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    stack.dynamodb.fail(Fault::DenyWrites);
    set(&stack, &["ada", "name=Ada"]).await.failed(1, "DynamoDB");
    stack.dynamodb.fail(Fault::None);
    assert_eq!(claims(&stack, "ada").await, json!({}));
    set(&stack, &["ada", "name=Ada"]).await.json();
}
