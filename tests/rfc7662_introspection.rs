//! RFC 7662: introspection by resource servers and clients.

use std::time::Duration;

use shared::secret::{AccessToken, AuthorizationCode, ClientSecret, Lineage, RefreshToken, Secret, random};

use crate::harness::{Stack, altered};

#[tokio::test]
async fn introspection_of_an_active_token_returns_its_properties_with_the_right_types() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let (token, now) = (stack.token(&machine).await, stack.now().seconds());
    let response = stack.post("/oauth/introspect").basic(&rs).form(&[("token", &token)]).send().await;
    response.is_not_stored();
    let mut properties = response.json();
    let jti = properties.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(
        properties,
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
async fn introspection_requires_client_authentication() {
    let stack = Stack::start().await;
    let (machine, rs, public) = (stack.machine().await, stack.resource_server().await, stack.public().await);
    let token = stack.token(&machine).await;
    let form = [("token", token.as_str())];
    let request = || stack.post("/oauth/introspect");
    request().form(&form).send().await.is_invalid_client();
    let wrong = request().basic(&rs.with_wrong_secret()).form(&form).send().await;
    wrong.is_invalid_client();
    assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic "));
    request()
        .header("authorization", &format!("Bearer {token}"))
        .form(&form)
        .send()
        .await
        .is_invalid_client();
    for name in [&rs.id, &public.id] {
        request().form(&[form[0], ("client_id", name)]).send().await.is_invalid_client();
    }
}

#[tokio::test]
async fn only_resource_servers_can_introspect_tokens_of_other_clients() {
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
async fn an_invalid_access_token_is_inactive_without_a_reason() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let (token, other) = (stack.token(&machine).await, stack.token(&machine).await);
    let active = stack.introspect(&rs, &token).await;
    let elsewhere = Stack::start().await;
    let foreign = elsewhere.token(&elsewhere.machine().await).await;
    let mut invalid = altered(&token, &other);
    invalid.extend(["garbage".to_owned(), "é".to_owned(), "\u{7f}".to_owned(), "a".repeat(10_000)]);
    invalid.extend([
        foreign,
        machine.secret.clone(),
        machine.id.clone(),
        active["jti"].as_str().unwrap().to_owned(),
    ]);
    invalid.extend(["jtr", "jtc", "jts", "jtx"].map(|kind| token.replace("jta", kind)));
    for text in invalid {
        stack.is_inactive(&rs, &text).await;
    }
    assert_eq!(stack.introspect(&rs, &token).await, active);
}

#[tokio::test]
async fn secrets_of_other_kinds_are_not_access_tokens_even_with_the_same_bits() {
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
        stack.request_token(&machine.with_secret(&other), &[]).await.is_invalid_client();
    }
    stack.request_token(&machine.with_secret(&token), &[]).await.is_invalid_client();
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
}

#[tokio::test]
async fn a_hint_changes_nothing() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    for hint in ["access_token", "refresh_token", "foo", ""] {
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        let response = stack.post("/oauth/introspect").basic(&machine).form(&form).send().await;
        assert_eq!(response.json()["active"], true, "{hint}");
    }
}

#[tokio::test]
async fn malformed_tokens_are_refused_without_a_read_of_the_tables() {
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
