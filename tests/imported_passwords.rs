//! Users whose password hash came from another system.

use shared::users::PasswordHash;

use crate::harness::{PASSWORD, Stack};

// Hashes of `PASSWORD`, made by passlib and Django.
const BCRYPT: &str = "$2b$05$LaknXUxdKVpbdyxoIWEC1.c5fEjkcdcDyJ50dM/55mTqyrKt53JBS";
const DJANGO: &str = "pbkdf2_sha256$1000$krzBokXiK4uGxq8BhkuBsU$EDywvxYHtmNl5GTa1slxwA/MFJv0yDnSzSNAuZ56Siw=";
const SCRYPT: &str =
    "$scrypt$ln=10,r=8,p=1$v/c+Z+ydMyZEKIVwTinlHA$aF3re7SgiH64tF9J8zItZAAocBUuiIcr7x5ijxKvxr8";
/// A hash of 72 times `a`, with or without more text after them.
const LONG: &str = "$2b$05$Xe1uKHe3Sf1KVuL4dF1/c.cLa7wxH4hdUrsS7AAtt8fJK4IjQ.Wtu";

async fn stored_hash(stack: &Stack, name: &str) -> PasswordHash {
    stack.app.users.find_by_name(&name.parse().unwrap()).await.unwrap().unwrap().password
}

async fn signs_in(stack: &Stack, name: &str, password: &str) -> bool {
    let response = stack.browser().try_to_sign_in("/login", name, password).await;
    assert!([303, 400].contains(&response.status), "{}", response.text);
    response.status == 303
}

#[tokio::test]
async fn an_imported_hash_is_replaced_at_the_next_sign_in() {
    let stack = Stack::start().await;
    for (name, hash) in [("bob", BCRYPT), ("dora", DJANGO), ("sue", SCRYPT)] {
        let imported: PasswordHash = hash.parse().unwrap();
        stack.create_user_with(name, imported.clone()).await;
        assert!(!signs_in(&stack, name, "correct horse battery stapl").await);
        assert_eq!(stored_hash(&stack, name).await, imported, "a wrong password replaces nothing");
        assert!(signs_in(&stack, name, PASSWORD).await);
        let replaced = stored_hash(&stack, name).await;
        assert_eq!((replaced.algorithm(), replaced.is_outdated()), ("argon2id", false));
        assert!(signs_in(&stack, name, PASSWORD).await);
        assert!(!signs_in(&stack, name, "correct horse battery stapl").await);
        assert_eq!(stored_hash(&stack, name).await, replaced);
    }
    let stored = stack.stored().await;
    assert!(!stored.contains(BCRYPT) && !stored.contains("pbkdf2_sha256"));
    assert!(!stack.logged().contains(BCRYPT) && !stack.logged().contains(PASSWORD));
}

#[tokio::test]
async fn a_typo_that_bcrypt_does_not_read_does_not_become_the_password() {
    let stack = Stack::start().await;
    stack.create_user_with("bob", LONG.parse().unwrap()).await;
    let read = "a".repeat(72);
    assert!(!signs_in(&stack, "bob", &read[1..]).await);
    for rest in ["of the user", "of the usre", "of the user"] {
        assert!(signs_in(&stack, "bob", &format!("{read}{rest}")).await);
    }
    assert_eq!(stored_hash(&stack, "bob").await, LONG.parse().unwrap());
    // A password that bcrypt reads as a whole.
    assert!(signs_in(&stack, "bob", &read).await);
    assert!(!signs_in(&stack, "bob", &format!("{read}of the user")).await);
}

#[tokio::test]
async fn the_password_grant_verifies_an_imported_hash_and_does_not_replace_it() {
    let stack = Stack::permitting("password").await;
    let client = stack.legacy("password").await;
    let ada = stack.create_user_with("ada", DJANGO.parse().unwrap()).await;
    let request = async |password: &str| {
        let form = [("grant_type", "password"), ("username", "ada"), ("password", password)];
        stack.post("/oauth/token").basic(&client).form(&form).send().await
    };
    request("a wrong password").await.is_error(400, "invalid_grant");
    for _ in 0..2 {
        let token = request(PASSWORD).await.json();
        let active = stack.introspect(&client, token["access_token"].as_str().unwrap()).await;
        assert_eq!(active["sub"], ada.sub.to_string());
    }
    assert_eq!(stored_hash(&stack, "ada").await, DJANGO.parse().unwrap());
}

#[tokio::test]
async fn api_calls_verify_an_imported_hash() {
    let stack = Stack::protecting("basic-user").await;
    stack.create_user_with("ada", BCRYPT.parse().unwrap()).await;
    let call = async |password: &str| {
        let credentials = format!("ada:{password}");
        stack.request("GET", "/api/notes").raw_basic(&credentials).send().await.status
    };
    assert_eq!((call("a wrong password").await, call(PASSWORD).await), (401, 200));
}

#[tokio::test]
async fn a_user_without_a_password_signs_in_with_none_until_one_is_set() {
    let stack = Stack::start().await;
    stack.create_user_with("ada", PasswordHash::of_no_password()).await;
    for password in ["", "AAAAAAAA", PASSWORD, "!"] {
        assert!(!signs_in(&stack, "ada", password).await, "{password}");
    }
    let shown = stack.jeton(&["user", "show", "ada"], "").await.json();
    assert!(shown["password_hash"].is_null() && shown["outdated_hash"] == false, "{shown}");
    stack.jeton(&["user", "set-password", "ada", "--password-stdin"], PASSWORD).await.json();
    assert!(signs_in(&stack, "ada", PASSWORD).await);
    let listed = stack.jeton(&["user", "list"], "").await.json();
    assert_eq!(listed[0]["password_hash"], "argon2id");
}

#[tokio::test]
async fn of_two_simultaneous_sign_ins_both_succeed_and_one_hash_is_stored() {
    let stack = Stack::start().await;
    stack.create_user_with("bob", BCRYPT.parse().unwrap()).await;
    let (one, other) = tokio::join!(signs_in(&stack, "bob", PASSWORD), signs_in(&stack, "bob", PASSWORD));
    assert!(one && other);
    assert!(!stored_hash(&stack, "bob").await.is_outdated());
    assert!(signs_in(&stack, "bob", PASSWORD).await);
}

#[tokio::test]
async fn a_stored_hash_above_the_cap_is_an_outage_and_costs_nothing() {
    let stack = Stack::start().await;
    let ada = stack.create_user_with("ada", BCRYPT.parse().unwrap()).await;
    let user = stack.app.users.read(ada.sub).await.unwrap().unwrap().0;
    let mut item = serde_json::to_value(&user).unwrap();
    item["password"] = BCRYPT.replace("$05$", "$31$").into();
    stack.app.users.table().put(&item).await.unwrap();
    assert_eq!(stack.browser().try_to_sign_in("/login", "ada", PASSWORD).await.status, 503);
}
