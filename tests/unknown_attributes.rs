//! A command that is older than what it changes leaves alone what it does not know.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::IgnoredAny;
use shared::{
    status::Status,
    table::{Item, Table, Update, Written},
    user::User,
};

use crate::harness::Stack;

/// Gives the item an attribute that no version has yet; and the map in it, too, if it has one of this name.
async fn from_the_future(table: &Table, key: &str, map: Option<&str>) {
    let nested = map.map(|map| format!(", #{map}.#later = :later")).unwrap_or_default();
    let update = Update::always(&format!("SET #later = :later{nested}")).value("later", &"kept").unwrap();
    assert!(matches!(table.update::<IgnoredAny>(key, update).await.unwrap(), Written::Done(_)));
}

async fn item(table: &Table, key: &str) -> Item {
    let items = table.all().await.unwrap();
    items.into_iter().find(|item| item["pk"].as_s().unwrap() == key).unwrap()
}

/// Whether the attribute is there that no version knows.
fn is_kept(item: &Item) -> bool {
    item.get("later") == Some(&AttributeValue::S("kept".to_owned()))
}

#[tokio::test]
async fn a_client_of_a_later_version_keeps_what_the_command_does_not_know() {
    let stack = Stack::start().await;
    let (machine, table) = (stack.machine().await, stack.app.clients.table());
    let (client, status) = (format!("client#{}", machine.id), format!("status#{}", machine.id));
    from_the_future(table, &client, Some("lifetimes")).await;
    from_the_future(table, &status, None).await;
    for command in [
        &["client", "update", &machine.id, "--name", "other", "--code-ttl", "30", "--scope", "read"][..],
        &["client", "update", &machine.id, "--scope", "write", "--access-token-ttl", "120"],
        &["client", "rotate-secret", &machine.id],
        &["client", "disable", &machine.id],
        &["client", "enable", &machine.id],
        &["token", "revoke-all", "--client", &machine.id],
    ] {
        stack.jeton(command, "").await.json();
        let (client, status) = (item(table, &client).await, item(table, &status).await);
        assert!(is_kept(&client) && is_kept(&status), "{command:?}");
        let lifetimes = client["lifetimes"].as_m().unwrap();
        assert!(is_kept(lifetimes), "{command:?}");
    }
    let lifetimes = item(table, &client).await["lifetimes"].as_m().unwrap().clone();
    assert_eq!((&lifetimes["code"], &lifetimes["access_token"]), (&number(30), &number(120)));
    let shown = stack.jeton(&["client", "show", &machine.id], "").await.json();
    assert_eq!((&shown["name"], &shown["scope"]), (&"other".into(), &serde_json::json!(["write"])));
}

fn number(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[tokio::test]
async fn a_user_of_a_later_version_keeps_what_the_command_does_not_know() {
    let stack = Stack::start().await;
    let (ada, table) = (stack.somebody("ada").await, stack.app.users.table());
    let (user, status) = (User::key(ada.sub), Status::key(ada.sub));
    from_the_future(table, &user, None).await;
    from_the_future(table, &status, None).await;
    for command in [
        &["user", "set-password", "ada", "--password-stdin"][..],
        &["user", "grant-role", "ada", "admin"],
        &["user", "remove-role", "ada", "admin"],
        &["user", "sign-out", "ada"],
        &["user", "disable", "ada"],
        &["user", "enable", "ada"],
    ] {
        stack.jeton(command, "another password").await.json();
        for key in [&user, &status] {
            assert!(is_kept(&item(table, key).await), "{command:?}");
        }
    }
}
