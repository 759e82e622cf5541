//! The rights to write clients that register themselves (RFC 7591), which no administrator has checked.

use std::collections::BTreeSet;

use crate::{
    harness::rights::POLICIES,
    rights_policies::{update, update_where},
};

#[test]
fn register_writes_only_clients_that_register_themselves() {
    let open = BTreeSet::from(["HasRegistration"]);
    let allowed = |operation: &str, table: &str, key: &str| {
        POLICIES.allows("/oauth/register", operation, table, key, &["HasRegistration"])
    };
    for key in ["client#d-00000000000000000000", "status#d-00000000000000000000"] {
        for (operation, expected) in
            [("PutItem", true), ("BatchGetItem", true), ("DeleteItem", false), ("GetItem", false)]
        {
            assert_eq!(allowed(operation, "clients", key), expected, "{operation} {key}");
        }
        assert!(!allowed("PutItem", "users", key), "{key}");
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
        for operation in ["PutItem", "BatchGetItem", "GetItem", "DeleteItem"] {
            assert!(!allowed(operation, "clients", key), "{operation} {key}");
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
