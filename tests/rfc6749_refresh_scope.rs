//! The scope of a refresh (RFC 6749 §6).

use std::time::Duration;

use shared::clients::Registration;

use crate::{
    harness::{Stack, code_flow::Request},
    rfc6749_refresh_token::{GRACE, granted, writes},
};

fn have_scope(registration: &mut Registration, scope: &[&str]) {
    registration.scope = scope.iter().map(|value| (*value).to_owned()).collect();
    registration.default_scope = Vec::new();
}

#[tokio::test]
async fn a_scope_that_the_client_has_lost_is_lost_at_the_next_refresh() {
    let (stack, web, rs, first) = granted().await;
    stack.amend(&web, |registration| have_scope(registration, &["read"])).await;
    let second = stack.refresh(&web, &first.refresh).await;
    assert_eq!(second.json()["scope"], "read");
    for access in [&first.access, &second.pair().access] {
        assert_eq!(stack.introspect(&rs, access).await["scope"], "read");
    }
    // A retry gets the same response, and nothing is written again.
    stack.dynamodb.forget();
    let again = stack.refresh(&web, &first.refresh).await;
    assert_eq!((again.pair(), &again.json()["scope"]), (second.pair(), &"read".into()));
    assert_eq!(writes(&stack), 1);
    // A removed scope value does not come back: it takes a new consent of the user.
    stack.amend(&web, |registration| have_scope(registration, &["read", "write"])).await;
    let third = stack.refresh(&web, &second.pair().refresh).await;
    assert_eq!(third.json()["scope"], "read");
    stack
        .refresh_with(&web, &third.pair().refresh, &[("scope", "write")])
        .await
        .is_error(400, "invalid_scope");
}

#[tokio::test]
async fn a_cached_registration_removes_no_scope_that_was_added_since() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    let web = stack.web().await;
    stack.amend(&web, |registration| have_scope(registration, &["read"])).await;
    stack.refresh(&web, "garbage").await.is_error(400, "invalid_grant"); // The client is cached now.
    stack.amend(&web, |registration| have_scope(registration, &["read", "write"])).await;
    let first = stack.pair(&web).await;
    let second = stack.refresh(&web, &first.refresh).await;
    assert_eq!(second.json()["scope"], "read write");
}

#[tokio::test]
async fn a_refresh_for_a_scope_that_the_client_has_lost_is_refused_and_spends_nothing() {
    let (stack, web, rs, first) = granted().await;
    stack.amend(&web, |registration| have_scope(registration, &["read"])).await;
    stack.refresh_with(&web, &first.refresh, &[("scope", "write")]).await.is_error(400, "invalid_scope");
    stack.advance(GRACE);
    let second = stack.refresh_with(&web, &first.refresh, &[("scope", "read")]).await.pair();
    // The scope of a retry is ignored.
    assert_eq!(stack.refresh_with(&web, &first.refresh, &[("scope", "write")]).await.pair(), second);
    stack.amend(&web, |registration| have_scope(registration, &[])).await;
    let third = stack.refresh(&web, &second.refresh).await;
    assert_eq!(third.json().get("scope"), None);
    assert_eq!(stack.introspect(&rs, &third.pair().access).await.get("scope"), None);
}

#[tokio::test]
async fn scope_may_shrink_and_grow_back_but_never_beyond_the_grant() {
    let (stack, web, rs, first) = granted().await;
    let narrow = stack.refresh_with(&web, &first.refresh, &[("scope", "write")]).await;
    let second = narrow.pair();
    assert_eq!(narrow.json()["scope"], "write");
    assert_eq!(stack.introspect(&rs, &second.access).await["scope"], "write");
    assert_eq!(stack.introspect(&rs, &first.access).await["scope"], "read write");
    assert_eq!(stack.introspect(&web, &second.refresh).await["scope"], "read write");
    stack.dynamodb.forget();
    for scope in ["read admin", "admin", "Read", "read\u{7f}", "read  write"] {
        let response = stack.refresh_with(&web, &second.refresh, &[("scope", scope)]).await;
        response.is_error(400, "invalid_scope");
    }
    assert!(stack.is_active(&web, &second.refresh).await, "nothing was rotated");
    let full = stack.refresh_with(&web, &second.refresh, &[("scope", "write read")]).await;
    assert_eq!(full.json()["scope"], "read write");
    assert_eq!(stack.introspect(&rs, &second.access).await["scope"], "write");
    let omitted = stack.refresh(&web, &full.pair().refresh).await;
    assert_eq!(omitted.json()["scope"], "read write");
    let again = stack.refresh_with(&web, &omitted.pair().refresh, &[("scope", "read")]).await;
    assert_eq!(stack.introspect(&rs, &again.pair().access).await["scope"], "read");
}

#[tokio::test]
async fn a_scope_that_the_client_was_given_later_is_not_in_an_older_grant() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let user = stack.user("alice").await;
    let code = stack.issue_code(&web, user, Request { scope: "read", ..Request::default() }).await;
    let pair = stack.redeem(&web, &code).await.pair();
    stack.refresh_with(&web, &pair.refresh, &[("scope", "write")]).await.is_error(400, "invalid_scope");
    stack.refresh(&web, &pair.refresh).await.pair();
}
