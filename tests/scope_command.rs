//! `jeton scope …`, on the tables of a running deployment.

use serde_json::{Value, json};

use crate::harness::{Fault, Stack};

#[tokio::test]
async fn a_scope_value_is_described_in_each_language_listed_and_deleted() {
    let stack = Stack::start().await;
    stack.web().await;
    let said = stack.jeton(&["scope", "describe", "write", "Change your photos"], "").await;
    let expected = json!({ "scope": "write", "language": "en", "description": "Change your photos" });
    assert_eq!(said.json(), expected);
    assert!(said.stderr.contains("\"audit\":\"scope_changed\",\"scope\":\"write\",\"change\":\"described\""));
    stack.jeton(&["scope", "describe", "read", "See it"], "").await.json();
    stack.jeton(&["scope", "describe", "read", "Voir", "--language", "fr"], "").await.json();
    stack.jeton(&["scope", "describe", "read", "See your photos"], "").await.json();
    let listed = stack.jeton(&["scope", "list"], "").await.json();
    let read = json!({ "scope": "read", "descriptions": { "en": "See your photos", "fr": "Voir" } });
    assert_eq!(listed, json!([read, { "scope": "write", "descriptions": { "en": "Change your photos" } }]));
    // `client list` does not list descriptions.
    assert_eq!(stack.jeton(&["client", "list"], "").await.json().as_array().map(Vec::len), Some(1));

    let deleted = stack.jeton(&["scope", "delete", "read"], "").await.json();
    assert_eq!(deleted, json!({ "scope": "read", "deleted": true }));
    stack.jeton(&["scope", "delete", "read"], "").await.failed(3, "there is no description of read");
    assert_eq!(stack.jeton(&["scope", "list"], "").await.json().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_description_that_no_page_can_show_is_invalid() {
    let stack = Stack::start().await;
    let long = "x".repeat(201);
    for (value, text) in [("read write", "Both"), ("", "x"), ("read", ""), ("read", "a\nb"), ("read", &long)]
    {
        stack.jeton(&["scope", "describe", value, text], "").await.failed(2, "is one");
    }
    stack
        .jeton(&["scope", "describe", "read", "x", "--language", "xx"], "")
        .await
        .failed(2, "possible values: en, fr");
    assert_eq!(stack.jeton(&["scope", "list"], "").await.json(), Value::Array(Vec::new()));
}

#[tokio::test]
async fn simultaneous_descriptions_in_two_languages_are_both_stored_and_a_lost_response_changes_nothing() {
    let stack = Stack::start().await;
    let describe = async |language, text| {
        stack.jeton(&["scope", "describe", "read", text, "--language", language], "").await.json()
    };
    tokio::join!(describe("en", "See"), describe("fr", "Voir"));
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    describe("fr", "Consulter").await;
    let listed = stack.jeton(&["scope", "list"], "").await.json();
    assert_eq!(listed[0]["descriptions"], json!({ "en": "See", "fr": "Consulter" }));
}
