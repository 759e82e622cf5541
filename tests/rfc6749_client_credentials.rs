//! RFC 6749 §4.4: the client credentials grant.

use std::{collections::BTreeSet, time::Duration};

use shared::clients::{Lifetimes, Registration};

use crate::harness::{Stack, machine};

#[tokio::test]
async fn a_token_lives_until_it_is_revoked() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
    let response = stack.revoke(&machine, &token).await;
    assert_eq!((response.status, response.text.as_str()), (200, "{}"));
    stack.is_inactive(&rs, &token).await;
}

#[tokio::test]
async fn a_token_is_valid_for_the_lifetime_in_the_response() {
    let stack = Stack::start().await;
    let rs = stack.resource_server().await;
    for seconds in [60, 3_600, 86_400] {
        let lifetimes = Lifetimes { access_token: seconds, ..Lifetimes::default() };
        let machine = stack.register(Registration { lifetimes, ..machine() }).await;
        let response = stack.request_token(&machine, &[]).await.json();
        assert_eq!(response["expires_in"], seconds);
        let token = response["access_token"].as_str().unwrap();
        stack.advance_to_just_before(Duration::from_secs(seconds.into()));
        assert_eq!(stack.introspect(&rs, token).await["active"], true);
        stack.advance_by_the_last_millisecond();
        stack.is_inactive(&rs, token).await;
    }
}

#[tokio::test]
async fn a_public_client_has_no_credentials_to_use() {
    let stack = Stack::start().await;
    let public = stack.public().await;
    let form = [("grant_type", "client_credentials"), ("client_id", &public.id)];
    stack.post("/oauth/token").form(&form).send().await.is_error(400, "unauthorized_client");
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn no_scope_leads_to_a_refresh_token() {
    let stack = Stack::start().await;
    let scope = vec!["offline_access".to_owned()];
    let machine = stack.register(Registration { scope, ..machine() }).await;
    let response = stack.request_token(&machine, &[("scope", "offline_access")]).await.json();
    assert_eq!((response["scope"].as_str(), response.get("refresh_token")), (Some("offline_access"), None));
}

#[tokio::test]
async fn the_response_always_contains_the_scope() {
    let stack = Stack::start().await;
    let registered = Registration { default_scope: vec!["read".to_owned()], ..machine() };
    let machine = stack.register(registered).await;
    for (requested, granted) in [
        ("", "read"),
        ("read", "read"),
        ("write", "write"),
        ("write read", "read write"),
        ("read read", "read"),
    ] {
        let response = stack.request_token(&machine, &[("scope", requested)]).await;
        assert_eq!(response.json()["scope"].as_str(), Some(granted), "{requested:?}");
        let token = response.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(stack.introspect(&machine, &token).await["scope"], granted);
    }
}

#[tokio::test]
async fn a_client_without_a_scope_gets_a_token_without_one() {
    let stack = Stack::start().await;
    let machine = stack.register(Registration { scope: Vec::new(), ..machine() }).await;
    let response = stack.request_token(&machine, &[]).await.json();
    assert_eq!(response.get("scope"), None, "an unused member is left out, not null");
    let introspection = stack.introspect(&machine, response["access_token"].as_str().unwrap()).await;
    assert_eq!((introspection["active"].as_bool(), introspection.get("scope")), (Some(true), None));
}

#[tokio::test]
async fn a_scope_that_exceeds_the_registration_or_is_malformed_is_refused() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let long = "x".repeat(10_000);
    for scope in [
        "admin",
        "read admin",
        "READ",
        "readwrite",
        "read,write",
        "*",
        " ",
        " read",
        "read ",
        "read  write",
        "read\twrite",
        "read\nwrite",
        "\"read\"",
        "re\\ad",
        "é",
        &long,
    ] {
        stack.request_token(&machine, &[("scope", scope)]).await.is_error(400, "invalid_scope");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_scope_larger_than_a_grant_can_store_is_refused() {
    let stack = Stack::start().await;
    let scope: Vec<String> = (0..21).map(|n| format!("scope-{n:02}")).collect();
    let registered = Registration { default_scope: scope[..1].to_vec(), scope: scope.clone(), ..machine() };
    let machine = stack.register(registered).await;
    stack.request_token(&machine, &[("scope", &scope.join(" "))]).await.is_error(400, "invalid_scope");
    assert_eq!(stack.request_token(&machine, &[("scope", &scope[..20].join(" "))]).await.status, 200);
}

#[tokio::test]
async fn two_hundred_tokens_have_nothing_in_common() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let mut tokens = BTreeSet::new();
    for _ in 0..200 {
        let token = stack.token(&machine).await;
        let random = token.strip_prefix("jta_").unwrap().to_owned();
        assert!(random.len() == 72 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        tokens.insert(random);
    }
    assert_eq!(tokens.len(), 200);
    // Neither the grant's id nor the key after it is a counter or a clock: they have many different first digits. The
    // first digit of a 128-bit number in base 62 has 8 values, so two digits together have about 490.
    for at in [0, 22, 44] {
        let starts: BTreeSet<_> = tokens.iter().map(|token| &token[at..at + 3]).collect();
        assert!(starts.len() > 150, "{} starts at {at}", starts.len());
    }
}

#[tokio::test]
async fn a_client_credentials_token_has_the_client_as_its_subject() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let introspection = stack.introspect(&machine, &stack.token(&machine).await).await;
    assert_eq!(
        (&introspection["sub"], &introspection["client_id"], introspection.get("username")),
        (&introspection["client_id"], &machine.id.into(), None)
    );
}
