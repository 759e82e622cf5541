//! `docs/storage.md`: every kind of item, with every attribute.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use shared::{
    clients::{Lifetimes, Registration},
    config::{RegistrationMode, SigningKeys},
    secret::Id,
    status::Role,
    users::consent::Consent,
};

use super::page::{Page, code_spans, files, root};
use crate::harness::{AuthorizationRequest, PASSWORD, Stack, code_flow::CALLBACK, legacy, public_metadata};

const RESOURCE: &str = "https://api.example.com/mcp";

/// Attributes by section of the page, one for each table, and kind of item.
pub type Attributes = BTreeMap<(String, String), BTreeSet<String>>;

/// Returns whether the names in this Map are no attributes: they are tags of languages, or names of claims.
pub fn has_other_names(map: &str) -> bool {
    ["texts", "claims"].contains(&map)
}

/// Collects the name of an attribute, or those of the attributes in it: `a.d`, `secrets[].id`.
fn collect(name: &str, value: &AttributeValue, found: &mut BTreeSet<String>) {
    let maps: Vec<_> = match value {
        AttributeValue::M(map) => vec![(format!("{name}."), map)],
        AttributeValue::L(list) => {
            let maps = list.iter().filter_map(|value| value.as_m().ok());
            maps.map(|map| (format!("{name}[]."), map)).collect()
        }
        _ => Vec::new(),
    };
    if maps.is_empty() || has_other_names(name) {
        found.insert(name.to_owned());
        return;
    }
    for (start, map) in maps {
        for (name, value) in map {
            collect(&format!("{start}{name}"), value, found);
        }
    }
}

impl Stack {
    /// Adds the attributes of all items that there are now.
    async fn collect_attributes(&self, found: &mut Attributes) {
        let app = &self.app;
        let tables = [
            ("Tokens table", app.grants.table()),
            ("Clients table", app.clients.table()),
            ("Users table", app.users.table()),
        ];
        for (name, table) in tables {
            for item in table.all().await.unwrap() {
                let kind = item["pk"].as_s().unwrap().split('#').next().unwrap().to_owned();
                let attributes = found.entry((name.to_owned(), kind)).or_default();
                for (name, value) in &item {
                    collect(name, value, attributes);
                }
            }
        }
    }
}

/// Makes items of every kind, and returns their attributes.
pub async fn stored() -> Attributes {
    let stack = Stack::configured(|config| {
        config.account.personal_scopes = "read write".parse().unwrap();
        config.account.developer_scopes = "orders".parse().unwrap();
        config.compat = "password,ttl".parse().unwrap();
        config.registration.mode = RegistrationMode::Open;
        config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
    })
    .await;
    let mut found = Attributes::new();
    let ada = stack.create_user("ada").await;
    let browser =
        stack.browser().called("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    browser.sign_in(&ada).await;
    stack.app.users.grant_role(ada.sub, &Role::developer()).await.unwrap();
    let web = stack.web().await;
    let redirect_uris = vec![CALLBACK.to_owned()];
    let owned =
        Registration { redirect_uris, scope: vec!["read".to_owned()], name: "x".to_owned(), ..legacy("ttl") };
    let owned = Registration {
        grant_types: Vec::new(),
        lifetimes: Lifetimes { longest_access_token: Some(0), ..Lifetimes::default() },
        ..owned
    };
    stack.register_changed(owned, |client| client.owner = Some(ada.sub)).await;
    stack.self_register(&public_metadata("z")).await;
    // A grant in each of its states, narrowed, with a token that was revoked before the next rotation.
    browser.consent(&AuthorizationRequest::by(&web)).await;
    let (id, scope) = (web.id.parse().unwrap(), "read".parse().unwrap());
    let consent = Consent::new(Id::random(), &id, scope, stack.now());
    let at = consent.at(Some(RESOURCE.parse().unwrap()));
    stack.app.consents.remember(&at).await.unwrap();
    let pair = stack.pair(&web).await;
    let narrow = [("scope", "read")];
    let pair = stack.refresh_with(&web, &pair.refresh, &narrow).await.pair();
    stack.revoke(&web, &pair.access).await;
    stack.collect_attributes(&mut found).await;
    let pair = stack.refresh_with(&web, &pair.refresh, &narrow).await.pair();
    stack.collect_attributes(&mut found).await;
    stack.revoke(&web, &pair.refresh).await;
    // A grant for a resource.
    let resource = stack.resource(RESOURCE).await;
    stack.request_token(&stack.machine().await, &[("resource", resource.uri.as_str())]).await.json();
    // A session of a known browser that was used, a wrong password, a caller that is known, and what a user makes.
    stack.advance(Duration::from_mins(2));
    browser.get("/account").await;
    let other = stack.browser();
    other.try_to_sign_in("/login", "ada", "a wrong password").await;
    let password = stack.legacy("password").await;
    let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    assert_eq!(stack.post("/oauth/token").basic(&password).form(&form).send().await.status, 200);
    let token = browser.personal_token("x", "7").await;
    stack.introspect(&stack.resource_server().await, &token).await;
    let credentials = browser.credentials("y").await;
    stack.token(&credentials).await;
    stack.app.users.create_reset_link(ada.sub, stack.now()).await.unwrap();
    stack.collect_attributes(&mut found).await;
    // What administrators do, and what they leave.
    stack.rotate_secret(&web, Duration::from_hours(1)).await;
    for command in [
        &["scope", "describe", "read", "Read your notes"][..],
        &["resource", "update", RESOURCE, "--name", "Notes of all"],
        &[
            "client",
            "create",
            "--name",
            "x",
            "--resource",
            RESOURCE,
            "--resource-server",
            "--serves",
            RESOURCE,
            "--openid",
            "--redirect-uri",
            CALLBACK,
            "--id-token-on-refresh",
            "--post-logout-redirect-uri",
            CALLBACK,
        ],
        &["key", "add", "--local"],
        &["token", "revoke", &token],
        &["user", "set", "ada", "name=Ada"],
        &["user", "sign-out", "ada"],
        &["token", "revoke-all", "--user", "ada"],
        &["token", "revoke-all", "--client", &web.id],
        &["client", "delete", &password.id],
    ] {
        stack.jeton(command, "").await.json();
    }
    stack.collect_attributes(&mut found).await;
    stack.jeton(&["user", "delete", "ada"], "").await.json();
    stack.collect_attributes(&mut found).await;
    found
}

/// Returns the attributes that the page lists.
pub fn described() -> Attributes {
    let tables = Page::read("docs/storage.md").tables().into_iter();
    let items = tables.filter(|table| table.header[0] == "Attribute").map(|table| {
        let key = code_spans(&table.heading).remove(0);
        let kind = key.split('#').next().unwrap().to_owned();
        let attributes = table.rows.iter().flat_map(|row| code_spans(&row[0])).collect();
        ((table.section, kind), attributes)
    });
    items.collect()
}

#[tokio::test]
async fn every_item_is_described_with_all_of_its_attributes() {
    let (stored, described) = (stored().await, described());
    let kinds = |of: &Attributes| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(kinds(&stored), kinds(&described));
    for (key, attributes) in &stored {
        let described = &described[key];
        let unmade: Vec<_> = described.difference(attributes).collect();
        assert!(
            unmade.is_empty(),
            "{key:?}: no item has {unmade:?}: make one in `stored()` in tests/docs/storage.rs"
        );
        let unlisted: Vec<_> = attributes.difference(described).collect();
        assert!(unlisted.is_empty(), "{key:?}: docs/storage.md lacks a row for {unlisted:?}");
    }
}

/// Returns the words that the variants of the enum `owner::Name` are stored as; the owner is a file.
pub fn stored_words(wanted: &str) -> BTreeSet<String> {
    let (owner, name) = wanted.split_once("::").unwrap();
    let files = files(&root().join("shared/src"), "rs").into_iter();
    let files = files.filter(|path| path.file_stem().is_some_and(|stem| stem == owner));
    let texts: Vec<String> = files.map(|path| fs::read_to_string(path).unwrap()).collect();
    let declaration = format!("pub enum {name} {{");
    let bodies: Vec<&str> = texts
        .iter()
        .filter_map(|text| text.split_once(&declaration)?.1.split_once("\n}"))
        .map(|(body, _)| body)
        .collect();
    assert_eq!(bodies.len(), 1, "{wanted}: name it here as the code does");
    let words = ["serde(rename = \"", "strum(serialize = \""].into_iter();
    let words = words.flat_map(|attribute| bodies[0].split(attribute).skip(1));
    words.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}

#[test]
fn the_words_that_an_attribute_takes_are_those_of_the_code() {
    let tables = Page::read("docs/storage.md").tables();
    let tables: Vec<_> = tables.into_iter().filter(|table| table.header[0] == "Attribute").collect();
    for (key, attribute, of) in [
        ("g#ID", "k", "item::Kind"),
        ("g#ID", "st", "item::State"),
        ("g#ID", "e.w", "item::EndReason"),
        ("t#ID", "k", "presented::Kind"),
    ] {
        let table = tables.iter().find(|table| code_spans(&table.heading)[0] == key).unwrap();
        let row = table.rows.iter().find(|row| code_spans(&row[0]).iter().any(|name| name == attribute));
        let listed: BTreeSet<String> = code_spans(&row.unwrap()[2]).into_iter().collect();
        let words = stored_words(of);
        assert!(words.len() >= 2, "{of}: {words:?}");
        assert_eq!(listed, words, "{key}, {attribute}");
    }
}
