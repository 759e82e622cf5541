//! `jeton user import` and `export`, with claims (OpenID Connect Core §5.1).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    harness::Stack,
    openid_user_command::{EMAIL, audited, claims, create, items, set},
};

#[tokio::test]
async fn an_export_that_is_imported_into_an_empty_deployment_has_the_same_claims() {
    let stack = Stack::start().await;
    create(&stack, &["ada", "--email", EMAIL, "--verified-email", "--name", "Ada \"A\" Lovelace"])
        .await
        .json();
    set(&stack, &["ada", "birthdate=1815-12-10", "locale=en"]).await.json();
    create(&stack, &["bob", "--email", "bob@x.example"]).await.json();
    create(&stack, &["eve", "--name", "Eve"]).await.json();
    set(&stack, &["eve", "--unset", "name"]).await.json();
    create(&stack, &["none"]).await.json();
    let export = async |stack: &Stack| {
        let ran = stack.jeton(&["user", "export", "--with-password-hashes"], "").await;
        ran.stdout.lines().map(ToOwned::to_owned).collect::<BTreeSet<_>>()
    };
    let exported = export(&stack).await;
    assert!(exported.iter().any(|line| line.contains(r#""email_verified":true"#)), "{exported:?}");
    assert!(exported.iter().all(|line| line.contains(r#""username":"none""#) != line.contains("claims")));

    let other = Stack::start().await;
    let lines: Vec<_> = exported.iter().map(String::as_str).collect();
    let ran = other.jeton(&["user", "import", "-"], &lines.join("\n")).await;
    assert_eq!(ran.json()["created"], 4);
    assert!(!ran.stderr.contains("Lovelace") && !ran.stderr.contains(EMAIL), "{}", ran.stderr);
    assert!(audited(&ran).contains(&(
        "claims_set".to_owned(),
        json!(["name", "email", "birthdate", "locale", "email_verified"])
    )));
    assert_eq!(export(&other).await, exported);
    assert_eq!(items(&other).await, items(&stack).await);
}

#[tokio::test]
async fn one_users_data_contain_the_claims() {
    let stack = Stack::start().await;
    create(&stack, &["ada", "--email", EMAIL]).await.json();
    let data = stack.jeton(&["user", "export", "ada"], "").await.json();
    assert_eq!((&data["claims"]["email"], &data["claims"]["email_verified"]), (&json!(EMAIL), &json!(false)));
    assert!(data["claims"]["updated_at"].is_u64());
    // Also a claim that only a later version knows.
    let later = json!({ "pk": format!("claims#{}", data["sub"].as_str().unwrap()), "v": 1,
        "claims": { "title": "Countess" }, "email_verified": false });
    stack.users().put(&later).await.unwrap();
    let data = stack.jeton(&["user", "export", "ada"], "").await.json();
    assert_eq!(data["claims"], json!({ "title": "Countess" }));
}

#[tokio::test]
async fn claims_of_other_systems_are_imported() {
    let stack = Stack::start().await;
    let django = json!({ "username": "ada", "password": "!", "is_active": true, "email": EMAIL,
        "first_name": "Ada ", "last_name": "Lovelace" });
    let nameless = json!({ "model": "auth.user", "fields": { "username": "bob", "password": "!", "email": "",
        "first_name": "", "last_name": "" } });
    let cognito = json!({ "Username": "eve", "Attributes": [
        { "Name": "email", "Value": "eve@x.example" }, { "Name": "email_verified", "Value": "true" },
        { "Name": "name", "Value": "Eve" }, { "Name": "zoneinfo", "Value": "Europe/Paris" },
        { "Name": "updated_at", "Value": "1699006272" }, { "Name": "custom:team", "Value": "x" } ] });
    let csv = json!({ "cognito:username": "max", "email": "max@x.example", "email_verified": "FALSE",
        "given_name": "Max", "picture": "" });
    let lines = [django, nameless, cognito, csv].map(|line| line.to_string());
    let ran = stack.jeton(&["user", "import", "-"], &lines.join("\n")).await;
    assert_eq!((&ran.json()["created"], &ran.json()["bad"]), (&json!(4), &json!(0)), "{ran:?}");
    for (name, expected) in [
        (
            "ada",
            json!({ "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "email": EMAIL,
            "email_verified": false }),
        ),
        ("bob", json!({})),
        (
            "eve",
            json!({ "name": "Eve", "email": "eve@x.example", "email_verified": true,
            "zoneinfo": "Europe/Paris" }),
        ),
        ("max", json!({ "given_name": "Max", "email": "max@x.example", "email_verified": false })),
    ] {
        assert_eq!(claims(&stack, name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_line_with_an_invalid_claim_is_bad_and_its_value_is_not_quoted() {
    let stack = Stack::start().await;
    let line = |claims: Value| json!({ "username": "x", "claims": claims }).to_string();
    let django =
        |email: &str| json!({ "username": "x", "password": "!", "is_active": 1, "email": email }).to_string();
    for (line, reason) in [
        (line(json!({ "email": "hidden" })), "email must be an e-mail address"),
        (line(json!({ "email": 1 })), "`email` must be a text"),
        (line(json!({ "sub": "hidden" })), "sub cannot be set"),
        (line(json!({ "hidden": "hidden" })), "a claim is unknown"),
        (line(json!("hidden")), "`claims` must be an object"),
        (
            line(json!({ "email": "hidden@x.example", "email_verified": "hidden" })),
            "`email_verified` must be true or false",
        ),
        (line(json!({ "name": "hidden".repeat(40) })), "more than 192 bytes"),
        (line(json!({ "updated_at": "hidden" })), "`updated_at` must be seconds"),
        (django("hidden"), "email must be an e-mail address"),
    ] {
        for options in [&["--dry-run"][..], &[]] {
            let ran = stack.jeton(&[&["user", "import", "-"], options].concat(), &line).await;
            assert_eq!(ran.code, 2, "{ran:?}");
            assert!(ran.stderr.contains(reason), "{reason}: {}", ran.stderr);
            assert!(!ran.stderr.contains("hidden") && !ran.stdout.contains("hidden"), "{ran:?}");
        }
    }
    assert!(stack.users().all().await.unwrap().is_empty());
    // A user who exists is left alone, whatever the line says.
    stack.create_user("x").await;
    let ran = stack.jeton(&["user", "import", "-"], &line(json!({ "email": "hidden" }))).await.json();
    assert_eq!((&ran["existing"], &ran["bad"]), (&json!(1), &json!(0)));
}
