//! Items that earlier releases wrote: this one reads them, and answers as those did.
//!
//! `tests/releases/VERSION/items.json` has the tables of a release after a fixed scenario, with the secrets that clients and
//! users hold, and with the responses that they got. docs/versions.md says what a release may change.

mod answers;
mod fixture;
mod held;
mod scenario;
mod shapes;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use serde_json::Value;
use shared::{
    config::{Config, RegistrationMode, SigningKeys},
    oauth::Switch,
};
use strum::VariantArray as _;

use crate::{
    docs::storage::{described, stored},
    harness::{Stack, dice::setting},
};
use fixture::Fixture;
use shapes::words_of_the_code;

/// The issuer of every fixture.
const ISSUER: &str = "https://auth.example.com";
const RESOURCE: &str = "https://api.example.com/mcp";

/// Starts the deployment of the scenario.
async fn deployment() -> Stack {
    Stack::configured(configure).await
}

fn configure(config: &mut Config) {
    config.issuer = Some(ISSUER.parse().unwrap());
    config.account.personal_scopes = "read write".parse().unwrap();
    config.account.developer_scopes = "orders".parse().unwrap();
    config.compat = Switch::VARIANTS.iter().copied().collect();
    config.registration.mode = RegistrationMode::Open;
    config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
}

/// Returns the first member of `recorded` that `actual` lacks or has with another value. A release may add members.
fn difference(path: &str, recorded: &Value, actual: &Value) -> Option<String> {
    match (recorded, actual) {
        (Value::Object(recorded), Value::Object(actual)) => recorded.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            match actual.get(name) {
                Some(actual) => difference(&path, value, actual),
                None => Some(format!("{path} is missing")),
            }
        }),
        (Value::Array(recorded), Value::Array(actual)) if recorded.len() == actual.len() => {
            // Databases list items in different orders.
            let lacks = |value: &&Value| actual.iter().all(|other| difference(path, value, other).is_some());
            recorded.iter().find(lacks).map(|value| format!("{path}: no element is {value}, of {actual:?}"))
        }
        _ => (recorded != actual).then(|| format!("{path} was {recorded}, and is {actual}")),
    }
}

/// Returns what `actual` lacks of `expected`: each as its key and name.
fn missing<K: Debug + Ord>(
    expected: &BTreeMap<K, BTreeSet<String>>,
    actual: &BTreeMap<K, BTreeSet<String>>,
) -> BTreeSet<String> {
    let none = BTreeSet::new();
    let missing = expected.iter().flat_map(|(key, names)| {
        let known = actual.get(key).unwrap_or(&none);
        names.difference(known).map(move |name| format!("{key:?} {name}"))
    });
    missing.collect()
}

#[tokio::test]
async fn what_an_earlier_release_stored_works_and_is_answered_alike() {
    for fixture in Fixture::all() {
        let release = &fixture.release;
        let stack = deployment().await;
        fixture.load(&stack).await;
        // Its memory is empty, as that of a function which starts after the deployment.
        let stack = stack.sibling(|_| ()).await;
        let actual = answers::answers(&stack, &fixture.held).await;
        let recorded = Value::Object(fixture.answers);
        let found = difference(release, &recorded, &Value::Object(actual));
        assert_eq!(found, None);
    }
}

#[test]
fn a_difference_is_a_member_that_is_missing_or_another_and_none_that_was_added() {
    let recorded = serde_json::json!({ "a": [{ "b": 1 }, { "b": 2 }] });
    let differs = |actual: Value| difference("", &recorded, &actual).is_some();
    assert!(!differs(serde_json::json!({ "a": [{ "b": 2, "new": 0 }, { "b": 1 }], "new": 0 })));
    assert!(differs(serde_json::json!({})));
    assert!(differs(serde_json::json!({ "a": [{ "b": 1 }] })));
    assert!(differs(serde_json::json!({ "a": [{ "b": 1 }, { "b": "2" }] })));
}

/// What this version writes and the previous release did not: the attribute or word, and why the previous release can go on
/// beside it. A release reads its items as [`crate::unknown_attributes`] says; a word that it does not know, it cannot read,
/// so that a release brings the reader before the writer.
const ADDED: &[(&str, &str)] = &[];

#[tokio::test]
async fn nothing_is_written_that_the_previous_release_cannot_read() {
    let previous = Fixture::all().pop().unwrap().shapes();
    let mut added = missing(&stored().await, &previous.attributes);
    added.extend(missing(&words_of_the_code(), &previous.words));
    let listed: BTreeSet<String> = ADDED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(added, listed, "say in ADDED, and in docs/versions.md, what an older release does with it");
}

/// Makes the fixture of this version with `JETON_WRITE_RELEASE=1`; otherwise checks that the scenario still makes an item
/// of every kind, with every attribute and word.
#[tokio::test]
async fn the_scenario_of_a_release_makes_every_attribute_and_word() {
    let stack = deployment().await;
    let held = scenario::make(&stack).await;
    let fixture = Fixture::of(&stack, held).await;
    let shapes = fixture.shapes();
    let lack = "no item has it: make one in tests/releases/scenario.rs";
    assert_eq!(missing(&described(), &shapes.attributes), BTreeSet::new(), "{lack}");
    assert_eq!(missing(&words_of_the_code(), &shapes.words), BTreeSet::new(), "{lack}");
    if setting("JETON_WRITE_RELEASE", 0) == 1 {
        // The deployment that answers has an empty memory, too.
        let answers = answers::answers(&stack.sibling(|_| ()).await, &fixture.held).await;
        Fixture { answers, ..fixture }.write();
    }
}
