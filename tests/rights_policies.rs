//! What the policies of `template.yaml` allow, and what they deny.

use std::collections::BTreeSet;

use serde_json::json;
use shared::oauth::{Holder, Switches};

use crate::harness::rights::{POLICIES, permitted_by_template};

#[test]
fn the_template_can_permit_every_switch_and_each_in_one_way() {
    let words = permitted_by_template();
    let holders = [Holder::Client, Holder::Deployment].map(Switches::of);
    let all: Switches = holders.iter().flat_map(Switches::iter).collect();
    assert_eq!(words.join(",").parse(), Ok(all.clone()));
    assert_eq!(words.len(), all.iter().count());
}

#[test]
fn a_batch_is_allowed_by_one_statement_or_not_at_all() {
    let read = |keys: &[&str]| {
        let keys: Vec<_> = keys.iter().map(|key| json!({ "pk": { "S": key } })).collect();
        let request = json!({ "RequestItems": { "test-clients": { "Keys": keys } } });
        POLICIES.check("/oauth/authorize", "BatchGetItem", &request, &BTreeSet::new())
    };
    assert_eq!(read(&["client#a", "status#a"]).unwrap().len(), 2);
    assert_eq!(read(&["scope#read", "scope#write"]).unwrap().len(), 1);
    let denied = "authorize may not BatchGetItem client#a and scope#read of ClientsTable";
    assert_eq!(read(&["client#a", "scope#read"]).unwrap_err(), denied);
}

#[test]
fn a_batch_over_two_tables_is_allowed_however_iam_reads_its_keys() {
    let read = |client: &str, user: &str| {
        let key = |key: &str| json!({ "Keys": [{ "pk": { "S": key } }] });
        let request = json!({ "RequestItems": { "test-clients": key(client), "test-users": key(user) } });
        POLICIES.check("/oauth/authorize", "BatchGetItem", &request, &BTreeSet::new())
    };
    assert!(read("status#c", "status#p").is_ok());
    let denied = "authorize may not BatchGetItem scope#read and status#p of ClientsTable";
    assert_eq!(read("scope#read", "status#p").unwrap_err(), denied);
}

/// Evaluates an update of `key` in `table` with these attributes.
pub fn update(
    route: &str,
    table: &str,
    key: &str,
    attributes: &[&str],
    returned: &str,
) -> Result<(), String> {
    update_where(&BTreeSet::new(), route, table, key, attributes, returned)
}

/// Evaluates it in a deployment for which these conditions of the template are true.
pub fn update_where(
    conditions: &BTreeSet<&str>,
    route: &str,
    table: &str,
    key: &str,
    attributes: &[&str],
    returned: &str,
) -> Result<(), String> {
    let names: Vec<_> = attributes.iter().map(|name| format!("#{name}")).collect();
    let aliases: serde_json::Map<_, _> =
        attributes.iter().map(|name| (format!("#{name}"), json!(name))).collect();
    let request = json!({
        "TableName": format!("test-{table}"),
        "Key": { "pk": { "S": key } },
        "UpdateExpression": format!("SET {} = :x", names.join(" = :x, ")),
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeNames": aliases,
        "ReturnValues": returned,
    });
    POLICIES.check(route, "UpdateItem", &request, conditions).map(drop)
}

#[test]
fn only_the_token_function_may_use_kms_and_only_to_sign_digests_by_rs256() {
    // `!Split [",", !Ref SigningKeys]`: exactly the keys of the deployment.
    let sign = r#"HasOpenId: token may ["kms:Sign"] with [",", "SigningKeys"] if kms:SigningAlgorithm StringEquals RSASSA_PKCS1_V1_5_SHA_256 and kms:MessageType StringEquals DIGEST"#;
    assert_eq!(POLICIES.kms(), [sign]);
}

#[test]
fn with_openid_connect_the_token_function_reads_claims_and_signing_keys_but_no_user() {
    let reads = |table: &str, key: &str, conditions: &[&str]| {
        POLICIES.allows("/oauth/token", "GetItem", table, key, conditions)
    };
    for (table, key) in [("users", "claims#a"), ("clients", "keys#")] {
        assert!(reads(table, key, &["HasOpenId"]) && !reads(table, key, &[]), "{key}");
    }
    for (table, key) in [("users", "user#a"), ("users", "name#a"), ("clients", "local_key#a")] {
        assert!(!reads(table, key, &["HasOpenId"]), "{key}");
    }
}

#[test]
fn login_cannot_grant_roles_or_enable_users() {
    let login = |key: &str, attributes: &[&str]| update("/login", "users", key, attributes, "NONE");
    assert_eq!(login("user#a", &["password"]), Ok(()));
    assert_eq!(login("user#a", &["password", "reset"]), Ok(()));
    assert_eq!(login("status#a", &["signed_out"]), Ok(()));
    assert_eq!(login("status#a", &["not_before"]), Ok(()));
    for (key, attribute) in [
        ("status#a", "roles"),
        ("status#a", "disabled"),
        ("status#a", "name"),
        ("status#a", "password"),
        ("user#a", "username"),
        ("user#a", "signed_out"),
    ] {
        assert!(login(key, &[attribute]).is_err(), "{key} {attribute}");
        assert!(login(key, &["signed_out", attribute]).is_err(), "{key} {attribute}, too");
    }
}

#[test]
fn only_login_can_take_over_a_session_and_only_account_can_change_its_end() {
    for (route, ends) in [("/oauth/authorize", false), ("/account", true)] {
        let session = |attributes: &[&str]| update(route, "tokens", "s#a", attributes, "NONE");
        assert_eq!(session(&["u"]), Ok(()), "{route}");
        assert_eq!(session(&["ax"]).is_ok(), ends, "{route}");
        for attribute in ["d", "p", "at", "ua", "ttl"] {
            assert!(
                session(&[attribute]).is_err() && session(&["u", attribute]).is_err(),
                "{route} {attribute}"
            );
        }
    }
    for attribute in ["p", "at", "ax", "ua", "ttl"] {
        assert!(update("/login", "tokens", "s#a", &[attribute], "NONE").is_err(), "{attribute}");
    }
}

#[test]
fn a_right_to_write_some_attributes_is_not_one_to_read_the_others() {
    assert!(update("/login", "users", "status#a", &["signed_out"], "ALL_NEW").is_err());
    assert!(update("/oauth/introspect", "tokens", "t#a", &["lu"], "ALL_OLD").is_err());
    assert_eq!(update("/oauth/introspect", "tokens", "t#a", &["lu"], "NONE"), Ok(()));
}
