//! RFC 7662: an API asks what a token is worth.

use std::time::Duration;

use shared::secret::{AccessToken, AuthorizationCode, ClientSecret, Lineage, RefreshToken, Secret, random};

use crate::harness::{Stack, altered};

#[tokio::test]
async fn an_active_token_is_described_with_the_right_types() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let (token, now) = (stack.token(&machine).await, stack.now().seconds());
    let answer = stack.post("/oauth/introspect").basic(&rs).form(&[("token", &token)]).send().await;
    answer.is_not_stored();
    let mut told = answer.json();
    let jti = told.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(
        told,
        serde_json::json!({
            "active": true,
            "scope": "read write",
            "client_id": machine.id,
            "token_type": "Bearer",
            "iat": now,
            "nbf": now,
            "exp": now + 3_600,
            "sub": machine.id,
            "iss": stack.url,
        })
    );
    let jti = jti.as_str().unwrap();
    assert!(jti.len() == 32 && !token.contains(jti));
    assert_ne!(stack.introspect(&rs, &stack.token(&machine).await).await["jti"], jti);
}

#[tokio::test]
async fn nobody_asks_without_proving_who_they_are() {
    let stack = Stack::start().await;
    let (machine, rs, public) = (stack.machine().await, stack.resource_server().await, stack.public().await);
    let token = stack.token(&machine).await;
    let form = [("token", token.as_str())];
    let ask = || stack.post("/oauth/introspect");
    ask().form(&form).send().await.is_invalid_client();
    let wrong = ask().basic(&rs.with_wrong_secret()).form(&form).send().await;
    wrong.is_invalid_client();
    assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic "));
    ask().header("authorization", &format!("Bearer {token}")).form(&form).send().await.is_invalid_client();
    for name in [&rs.id, &public.id] {
        ask().form(&[form[0], ("client_id", name)]).send().await.is_invalid_client();
    }
}

#[tokio::test]
async fn only_resource_servers_are_told_of_tokens_that_others_were_issued() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.machine().await);
    let token = stack.token(&machine).await;
    stack.is_inactive(&other, &token).await;
    assert_eq!(stack.introspect(&machine, &token).await["active"], true);
    assert_eq!(stack.introspect(&stack.resource_server().await, &token).await["active"], true);
}

#[tokio::test]
async fn a_token_is_inactive_from_the_very_moment_that_it_expires() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    stack.advance_to_just_before(Duration::from_hours(1));
    assert_eq!(stack.introspect(&machine, &token).await["active"], true);
    stack.advance_by_the_last_millisecond();
    stack.is_inactive(&machine, &token).await;
    // The item is still there: the expiry was checked, not left to the database's deletion.
    assert_eq!(stack.grants().await, 1);
}

#[tokio::test]
async fn what_is_no_live_access_token_is_inactive_and_nothing_else_is_told() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let (token, other) = (stack.token(&machine).await, stack.token(&machine).await);
    let active = stack.introspect(&rs, &token).await;
    let elsewhere = Stack::start().await;
    let foreign = elsewhere.token(&elsewhere.machine().await).await;
    let mut useless = altered(&token, &other);
    useless.extend(["garbage".to_owned(), "é".to_owned(), "\u{7f}".to_owned(), "a".repeat(10_000)]);
    useless.extend([
        foreign,
        machine.secret.clone(),
        machine.id.clone(),
        active["jti"].as_str().unwrap().to_owned(),
    ]);
    useless.extend(["jtr", "jtc", "jts", "jtx"].map(|kind| token.replace("jta", kind)));
    for text in useless {
        stack.is_inactive(&rs, &text).await;
    }
    assert_eq!(stack.introspect(&rs, &token).await, active);
}

#[tokio::test]
async fn the_other_kinds_of_secret_are_no_access_tokens_whatever_bits_they_have() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    let id = Secret::<AccessToken>::parse(&token).unwrap().id();
    let (key, lineage) = (random(), Lineage::first([0; 16].into()));
    let others = [
        Secret::<AuthorizationCode>::new(id, &key).expose().to_owned(),
        Secret::<ClientSecret>::new(id, &key).expose().to_owned(),
        Secret::<RefreshToken>::of_lineage(id, &key, &lineage).expose().to_owned(),
        // The right kind and the right grant, but not its secret.
        Secret::<AccessToken>::new(id, &key).expose().to_owned(),
    ];
    for other in others {
        stack.is_inactive(&rs, &other).await;
        assert_eq!(stack.revoke(&machine, &other).await.status, 200, "there is nothing to revoke");
        stack.ask_for_token(&machine.with_secret(&other), &[]).await.is_invalid_client();
    }
    stack.ask_for_token(&machine.with_secret(&token), &[]).await.is_invalid_client();
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
}

#[tokio::test]
async fn a_hint_changes_nothing() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    for hint in ["access_token", "refresh_token", "foo", ""] {
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        let answer = stack.post("/oauth/introspect").basic(&machine).form(&form).send().await;
        assert_eq!(answer.json()["active"], true, "{hint}");
    }
}

#[tokio::test]
async fn garbage_is_refused_without_asking_for_it_in_the_tables() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(1)).await;
    let rs = stack.resource_server().await;
    stack.is_inactive(&rs, "garbage").await;
    stack.dynamodb.forget();
    let wrong_check = altered(&stack.token(&stack.machine().await).await, "").remove(0);
    stack.dynamodb.forget();
    for text in ["garbage", &rs.secret, &wrong_check] {
        stack.is_inactive(&rs, text).await;
    }
    assert_eq!(stack.dynamodb.cost(), []);
}
