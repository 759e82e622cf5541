//! The rights to write clients that register themselves (RFC 7591), which no administrator has checked.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    harness::rights::POLICIES,
    rights::{update, update_where},
};

#[test]
fn register_writes_only_clients_that_register_themselves() {
    let open = BTreeSet::from(["HasRegistration"]);
    let judge = |operation: &str, request: &serde_json::Value| {
        POLICIES.judge("/oauth/register", operation, request, &open).is_ok()
    };
    let item = |table: &str, key: &str| json!({ "TableName": table, "Item": { "pk": { "S": key } } });
    let batch =
        |key: &str| json!({ "RequestItems": { "test-clients": { "Keys": [{ "pk": { "S": key } }] } } });
    let delete = |key: &str| json!({ "TableName": "test-clients", "Key": { "pk": { "S": key } } });
    for key in ["client#d-00000000000000000000", "status#d-00000000000000000000"] {
        assert!(judge("PutItem", &item("test-clients", key)) && judge("BatchGetItem", &batch(key)), "{key}");
        assert!(!judge("DeleteItem", &delete(key)) && !judge("GetItem", &delete(key)), "{key}");
        assert!(!judge("PutItem", &item("test-users", key)), "{key}");
    }
    for key in [
        "client#0kxXomZXYbEJjCLfC8hs0O",
        "status#0kxXomZXYbEJjCLfC8hs0O",
        "client#demo",
        "client#D-0",
        "client#d",
        "owned#d-0",
        "scope#d-0",
        "resources",
    ] {
        for (operation, request) in [
            ("PutItem", item("test-clients", key)),
            ("BatchGetItem", batch(key)),
            ("GetItem", delete(key)),
            ("DeleteItem", delete(key)),
        ] {
            assert!(!judge(operation, &request), "{operation} {key}");
        }
    }
    let write = |key: &str, attributes: &[&str]| {
        update_where(&open, "/oauth/register", "clients", key, attributes, "NONE")
    };
    for key in ["client#d-0", "status#d-0"] {
        assert_eq!(write(key, &["expires_at", "ttl"]), Ok(()), "{key}");
        for attribute in
            ["redirect_uris", "secrets", "first_party", "scope", "not_before", "name", "grant_types"]
        {
            assert!(write(key, &["ttl", attribute]).is_err(), "{key} {attribute}");
        }
        assert!(write(&key.replace("d-", ""), &["expires_at", "ttl"]).is_err(), "{key}");
    }
    for (key, allowed) in [("l#r#i#x#1", true), ("l#p#i#x#1", false), ("l#c#a#x#1", false), ("g#x", false)] {
        let counted = update_where(&open, "/oauth/register", "tokens", key, &["n", "v", "ttl"], "ALL_NEW");
        assert_eq!(counted.is_ok(), allowed, "{key}");
    }
    assert!(
        update("/oauth/register", "tokens", "l#r#i#x#1", &["n"], "NONE").is_err(),
        "without registration"
    );
}

#[test]
fn a_consent_renews_the_life_of_self_registered_clients_and_changes_nothing_else() {
    let consent =
        |key: &str, attributes: &[&str]| update("/oauth/authorize", "clients", key, attributes, "NONE");
    assert_eq!(consent("status#d-0", &["expires_at", "ttl", "deleted", "disabled"]), Ok(()));
    assert_eq!(consent("client#d-0", &["expires_at", "ttl"]), Ok(()));
    for (key, attribute) in [
        ("client#d-0", "redirect_uris"),
        ("client#d-0", "secrets"),
        ("status#d-0", "not_before"),
        ("client#0", "expires_at"),
        ("status#0", "expires_at"),
        ("resources", "expires_at"),
    ] {
        assert!(
            consent(key, &[attribute]).is_err() && consent(key, &["ttl", attribute]).is_err(),
            "{key} {attribute}"
        );
    }
    assert!(update("/oauth/authorize", "clients", "client#d-0", &["expires_at"], "ALL_NEW").is_err());
}
