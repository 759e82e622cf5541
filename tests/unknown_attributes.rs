//! Attributes of a later version: an older command does not remove them.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::IgnoredAny;
use shared::{
    dynamodb::{Item, Outcome, Table, Update},
    openid::Claims,
    status::Status,
    users::User,
};

use crate::harness::Stack;

/// The unknown attribute's value.
const VALUE: &str = "kept";

/// Adds an unknown attribute to the item, and to its Map `map` if there is one.
async fn add_unknown_attribute(table: &Table, key: &str, map: Option<&str>) {
    let nested = map.map(|map| format!(", #{map}.#later = :later")).unwrap_or_default();
    let update =
        Update::always::<Item>(&format!("SET #later = :later{nested}")).value("later", &VALUE).unwrap();
    assert!(matches!(table.update::<IgnoredAny>(key, update).await.unwrap(), Outcome::Applied(_)));
}

async fn item(table: &Table, key: &str) -> Item {
    let items = table.all().await.unwrap();
    items.into_iter().find(|item| item["pk"].as_s().unwrap() == key).unwrap()
}

/// Returns whether the item has the unknown attribute.
fn has_unknown_attribute(item: &Item) -> bool {
    item.get("later") == Some(&AttributeValue::S(VALUE.to_owned()))
}

#[tokio::test]
async fn a_client_of_a_later_version_keeps_its_unknown_attributes() {
    let stack = Stack::start().await;
    let (machine, table) = (stack.machine().await, stack.app.clients.table());
    let (client, status) = (format!("client#{}", machine.id), format!("status#{}", machine.id));
    add_unknown_attribute(table, &client, Some("lifetimes")).await;
    add_unknown_attribute(table, &status, None).await;
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
        assert!(has_unknown_attribute(&client) && has_unknown_attribute(&status), "{command:?}");
        let lifetimes = client["lifetimes"].as_m().unwrap();
        assert!(has_unknown_attribute(lifetimes), "{command:?}");
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
async fn a_resource_of_a_later_version_keeps_its_unknown_attributes() {
    let stack = Stack::start().await;
    let (notes, photos) = ("https://api.example.com/notes", "https://api.example.com/photos");
    for uri in [notes, photos] {
        stack.jeton(&["resource", "create", uri, "--name", "x", "--scope", "read"], "").await.json();
    }
    let table = stack.app.clients.table();
    // A String Set stays one.
    let change = "SET #later = :later, #resources[0].#later = :later, #resources[1].#more = :more";
    let update = Update::always::<Item>(change).value("later", &VALUE).unwrap().strings("more", ["a", "b"]);
    assert!(matches!(table.update::<IgnoredAny>("resources", update).await.unwrap(), Outcome::Applied(_)));
    for command in [
        &["update", notes, "--name", "y", "--open"][..],
        &["create", "https://api.example.com/a", "--name", "x"],
        &["update", photos, "--scope", "write"],
        &["delete", "https://api.example.com/a"],
    ] {
        stack.jeton(&[&["resource"], command].concat(), "").await.json();
        let registry = item(table, "resources").await;
        assert!(has_unknown_attribute(&registry), "{command:?}");
        let maps = registry["resources"].as_l().unwrap().iter().map(|map| map.as_m().unwrap());
        let named = |uri: &str| maps.clone().find(|map| map["uri"].as_s().unwrap() == uri).unwrap();
        assert!(has_unknown_attribute(named(notes)), "{command:?}");
        let set = AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(named(photos).get("more"), Some(&set), "{command:?}");
    }
    let shown = stack.jeton(&["resource", "show", notes], "").await.json();
    assert_eq!((&shown["name"], &shown["open"]), (&"y".into(), &true.into()));
}

#[tokio::test]
async fn a_user_of_a_later_version_keeps_its_unknown_attributes() {
    let stack = Stack::start().await;
    let (ada, table) = (stack.create_user("ada").await, stack.app.users.table());
    let (user, status) = (User::key(ada.sub), Status::key(ada.sub));
    add_unknown_attribute(table, &user, None).await;
    add_unknown_attribute(table, &status, None).await;
    for command in [
        &["user", "set-password", "ada", "--password-stdin"][..],
        &["user", "reset-password", "ada", "--issuer", "https://auth.example.com"],
        &["user", "grant-role", "ada", "admin"],
        &["user", "remove-role", "ada", "admin"],
        &["user", "sign-out", "ada"],
        &["user", "disable", "ada"],
        &["user", "enable", "ada"],
    ] {
        stack.jeton(command, "another password").await.json();
        for key in [&user, &status] {
            assert!(has_unknown_attribute(&item(table, key).await), "{command:?}");
        }
    }
}

#[tokio::test]
async fn claims_of_a_later_version_keep_their_unknown_attributes() {
    let stack = Stack::start().await;
    let (ada, table) = (stack.create_user("ada").await, stack.app.users.table());
    stack.jeton(&["user", "set", "ada", "email=a@b.example"], "").await.json();
    let key = Claims::key(ada.sub);
    add_unknown_attribute(table, &key, Some("claims")).await;
    for command in [
        &["user", "set", "ada", "name=Ada"][..],
        &["user", "set", "ada", "--verified", "email"],
        &["user", "set", "ada", "--unset", "name", "--unset", "email"],
    ] {
        stack.jeton(command, "").await.json();
        let item = item(table, &key).await;
        assert!(has_unknown_attribute(&item), "{command:?}");
        assert!(has_unknown_attribute(item["claims"].as_m().unwrap()), "{command:?}");
    }
}

#[tokio::test]
async fn what_apply_changes_keeps_the_unknown_attributes_of_a_later_version() {
    let stack = Stack::start().await;
    let (machine, ada) = (stack.machine().await, stack.create_user("ada").await);
    stack.jeton(&["scope", "describe", "read", "See"], "").await.json();
    let (clients, users) = (stack.app.clients.table(), stack.app.users.table());
    let (client, status) = (format!("client#{}", machine.id), format!("status#{}", machine.id));
    let user = Status::key(ada.sub);
    // A text in a language of a later version.
    add_unknown_attribute(clients, "scope#read", Some("texts")).await;
    add_unknown_attribute(clients, &client, Some("lifetimes")).await;
    add_unknown_attribute(clients, &status, None).await;
    add_unknown_attribute(users, &user, None).await;
    let declared = format!(
        "clients: {{{}: {{name: Other, scope: [read], code_ttl: 30, disabled: true}}}}\n\
         scopes: {{read: {{en: Look, fr: Voir}}}}\nroles: {{developer: [ada]}}\n",
        machine.id
    );
    for text in
        [&declared, &declared.replace(", fr: Voir", "").replace("[ada]", "[]").replace("true", "false")]
    {
        stack.apply(text, &[]).await.applied();
        for (table, key) in [(clients, "scope#read"), (clients, &client), (clients, &status), (users, &user)]
        {
            assert!(has_unknown_attribute(&item(table, key).await), "{key}");
        }
        for (key, map) in [("scope#read", "texts"), (client.as_str(), "lifetimes")] {
            assert!(has_unknown_attribute(item(clients, key).await[map].as_m().unwrap()), "{key}");
        }
        stack.is_as_declared(text).await;
    }
}

#[tokio::test]
async fn a_key_of_a_later_version_keeps_its_unknown_attributes() {
    let (stack, list) = (Stack::with_openid().await, "keys#");
    let table = stack.app.clients.table();
    let change = "SET #later = :later, #keys[0].#later = :later";
    let update = Update::always::<Item>(change).value("later", &VALUE).unwrap();
    assert!(matches!(table.update::<IgnoredAny>(list, update).await.unwrap(), Outcome::Applied(_)));
    let added = stack.jeton(&["key", "add", "--local"], "").await.json();
    let removed = ["key", "remove", added["kid"].as_str().unwrap(), "--yes"];
    for command in [None, Some(&removed[..])] {
        if let Some(command) = command {
            stack.jeton(command, "").await.json();
        }
        let list = item(table, list).await;
        assert!(
            has_unknown_attribute(&list)
                && has_unknown_attribute(list["keys"].as_l().unwrap()[0].as_m().unwrap())
        );
    }
}
