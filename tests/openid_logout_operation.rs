//! OpenID Connect RP-Initiated Logout 1.0: outages, costs, rights and the log.

use std::{collections::BTreeSet, time::Duration};

use jeton::local::run_as;

use crate::{
    harness::{Fault, Redirect, Stack},
    openid_logout::{LOGOUT, Scene, path, with},
    rights_policies::update_where,
};

#[tokio::test]
async fn an_outage_is_a_503_and_the_same_request_works_afterwards() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let form = scene.asks(&scene.log_out(&[]).await).await;
    for fault in [Fault::Throttle, Fault::Refuse, Fault::Broken, Fault::Denied, Fault::ThrottleWrites] {
        stack.dynamodb.fail(fault);
        for response in [scene.log_out(&scene.request()).await, scene.browser().submit(&form, &[]).await] {
            response.is_unavailable_page();
            assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
        }
        stack.dynamodb.fail(Fault::None);
        assert!(scene.is_signed_in().await);
    }
    Redirect::of(&scene.log_out(&scene.request()).await);
    assert!(!scene.is_signed_in().await);
}

#[tokio::test]
async fn neither_an_id_token_nor_a_state_is_in_the_log() {
    let scene = Scene::new().await;
    scene.asks(&scene.log_out(&with(&scene.request(), "id_token_hint", &scene.hint[1..])).await).await;
    scene.log_out(&with(&scene.request(), "post_logout_redirect_uri", "https://evil.example")).await;
    scene.log_out(&scene.request()).await;
    let log = scene.stack.logged();
    for part in scene.hint.split('.').chain(["af0ifjsldkj", "evil.example", "goodbye"]) {
        assert!(!log.contains(part), "{part}");
    }
}

#[tokio::test]
async fn logout_writes_nothing_but_the_end_and_the_use_of_a_session_and_reads_no_record_of_a_user() {
    let on: BTreeSet<_> = ["HasOpenId"].into();
    let write = |table: &str, key: &str, attributes: &[&str]| {
        update_where(&on, LOGOUT, table, key, attributes, "NONE").is_ok()
    };
    assert!(write("tokens", "s#a", &["d", "u"]));
    for attribute in ["p", "at", "ax", "ua", "ttl"] {
        assert!(!write("tokens", "s#a", &["d", attribute]), "{attribute}");
    }
    for (table, key) in [
        ("tokens", "g#a"),
        ("tokens", "b#a"),
        ("users", "status#a"),
        ("users", "user#a"),
        ("clients", "keys#"),
        ("clients", "client#a"),
    ] {
        assert!(!write(table, key, &["d"]), "{key}");
    }
    assert!(
        update_where(&BTreeSet::new(), LOGOUT, "tokens", "s#a", &["d"], "NONE").is_err(),
        "without a key"
    );
    let stack = Stack::with_openid().await;
    let ada = stack.create_user("ada").await;
    assert!(run_as(LOGOUT, stack.app.users.find_by_name(&"ada".parse().unwrap())).await.is_err());
    assert!(run_as(LOGOUT, stack.app.claims.find(ada.sub)).await.is_err());
    assert_eq!(
        stack.dynamodb.denied(),
        [
            "logout may not GetItem name#ada of UsersTable".to_owned(),
            format!("logout may not GetItem claims#{} of UsersTable", ada.sub),
        ]
    );
}

#[tokio::test]
async fn a_logout_costs_four_reads_and_a_write() {
    let scene = Scene::new().await;
    let stack = &scene.stack;
    let units = |names: &[(&str, f64)]| -> Vec<(String, f64)> {
        names.iter().map(|(operation, units)| ((*operation).to_owned(), *units)).collect()
    };
    let (keys, client) = (("GetItem", 1.0), ("BatchGetItem", 2.0));
    let session = [("GetItem", 1.0), ("BatchGetItem", 1.0), ("UpdateItem", 1.0)];
    stack.dynamodb.forget();
    scene.log_out(&scene.request()).await;
    assert_eq!(stack.dynamodb.cost(), units(&[&[keys, client][..], &session].concat()));
    // The list of keys is remembered for five minutes.
    stack.dynamodb.forget();
    stack.browser().get(&path(&scene.request())).await;
    assert_eq!(stack.dynamodb.cost(), units(&[client]));
    stack.advance(Duration::from_mins(5));
    stack.dynamodb.forget();
    stack.browser().get(&path(&scene.request())).await;
    assert_eq!(stack.dynamodb.cost(), units(&[keys, client]));
    // Without an ID token or a client, there is nothing to read.
    stack.dynamodb.forget();
    stack.browser().get(LOGOUT).await;
    assert_eq!(stack.dynamodb.cost(), units(&[]));
}
