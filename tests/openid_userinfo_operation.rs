//! UserInfo in operation: its cost, its outages, its log lines and its rights.

use serde_json::json;

use crate::{
    harness::{Fault, Stack, rights::POLICIES},
    openid_userinfo::{ALL, EMAIL, Setup, USERINFO, get, is_invalid, success},
};

#[tokio::test]
async fn a_request_costs_the_grant_the_statuses_and_the_claims() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    setup.stack.dynamodb.forget();
    success(&get(&setup.stack, &access).await);
    let mut cost = setup.stack.dynamodb.cost();
    // The last two at the same time.
    cost[1..].sort_by(|one, other| one.0.cmp(&other.0));
    let [get, batch] = ["GetItem", "BatchGetItem"].map(ToOwned::to_owned);
    assert_eq!(cost, [(get.clone(), 1.0), (batch, 2.0), (get, 1.0)]);
    // A token without openid costs no read more.
    let access = setup.access("email").await;
    setup.stack.dynamodb.forget();
    setup.stack.request("GET", USERINFO).header("authorization", &format!("Bearer {access}")).send().await;
    assert_eq!(setup.stack.dynamodb.cost().len(), 1);
}

#[tokio::test]
async fn an_outage_is_a_503_and_the_same_token_works_after_it() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    for fault in [Fault::Refuse, Fault::Throttle, Fault::Broken, Fault::Denied, Fault::ThrottleStandings] {
        setup.stack.dynamodb.fail(fault);
        let response = get(&setup.stack, &access).await;
        setup.stack.dynamodb.fail(Fault::None);
        response.is_unavailable();
        assert_eq!(response.header("www-authenticate"), None, "{fault:?}: the token is not at fault");
        success(&get(&setup.stack, &access).await);
    }
    assert!(setup.stack.audited("refused").is_empty());
    assert!(setup.stack.audited("unavailable").len() >= 5);
}

#[tokio::test]
async fn no_log_line_has_a_claim() {
    let setup = Setup::start().await;
    let (stack, access) = (&setup.stack, setup.access(ALL).await);
    success(&get(stack, &access).await);
    get(stack, "garbage").await;
    let without = setup.access("email").await;
    get(stack, &without).await;
    stack.dynamodb.fail(Fault::Throttle);
    get(stack, &access).await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    stack.app.users.delete(setup.ada.sub).await.unwrap();
    is_invalid(&get(stack, &access).await);
    let logged = stack.logged();
    for value in ["Lovelace", EMAIL, "1815", "Europe/London", "lovelace.example", access.as_str()] {
        assert!(!logged.contains(value), "{value}");
    }
    let refused = stack.audited("refused");
    assert!(refused.iter().all(|line| line["path"] == USERINFO));
    assert!(refused.iter().any(|line| line["reason"] == "the token's scope does not include openid"));
}

#[tokio::test]
async fn there_is_no_userinfo_while_openid_connect_is_off() {
    let stack = Stack::start().await;
    for method in ["GET", "POST", "OPTIONS", "PUT"] {
        let response = stack.request(method, USERINFO).header("authorization", "Bearer x").send().await;
        assert_eq!((response.status, response.json()), (404, json!({ "message": "Not Found" })), "{method}");
    }
    assert_eq!(stack.dynamodb.cost(), []);
}

#[test]
fn userinfo_reads_claims_and_neither_hashes_nor_names() {
    let allowed = [
        ("GetItem", "users", "claims#a"),
        ("GetItem", "tokens", "g#a"),
        ("BatchGetItem", "users", "status#a"),
        ("BatchGetItem", "clients", "status#a"),
    ];
    for operation in ["GetItem", "BatchGetItem", "PutItem", "DeleteItem"] {
        for (table, keys) in [
            ("users", &["claims#a", "user#a", "name#a", "status#a"][..]),
            ("tokens", &["g#a", "s#a", "t#a", "k#a"]),
            ("clients", &["client#a", "status#a", "keys#", "resources"]),
        ] {
            for key in keys {
                let expected = allowed.contains(&(operation, table, key));
                let allows =
                    |conditions: &[&str]| POLICIES.allows(USERINFO, operation, table, key, conditions);
                assert_eq!(allows(&["HasOpenId"]), expected, "{operation} {key} of {table}");
                assert!(!allows(&[]), "{operation} {key} of {table}");
            }
        }
    }
}
