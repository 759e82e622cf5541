//! RFC 7662: introspection of the tokens of users' grants.

use std::time::Duration;

use serde_json::json;
use shared::status::{Role, Status};

use crate::harness::{Stack, code_flow::Request};

#[tokio::test]
async fn only_its_own_client_can_introspect_a_refresh_token() {
    let stack = Stack::start().await;
    let (web, web2, rs) = (stack.web().await, stack.web().await, stack.resource_server().await);
    let user = stack.user("alice").await;
    let code = stack.issue_code(&web, user, Request::default()).await;
    let first = stack.redeem(&web, &code).await.pair();
    stack.advance(Duration::from_mins(10));
    let second = stack.refresh(&web, &first.refresh).await.pair();
    let now = stack.now().seconds();
    assert_eq!(
        stack.introspect(&web, &second.refresh).await,
        json!({
            "active": true,
            "scope": "read write",
            "client_id": web.id,
            "username": "alice",
            "iat": now,
            "exp": now + 30 * 86_400,
            "sub": user.to_string(),
            "iss": stack.url,
        })
    );
    for other in [&web2, &rs] {
        stack.is_inactive(other, &second.refresh).await;
    }
    // A retry with the spent token would succeed, but the token is not active.
    stack.is_inactive(&web, &first.refresh).await;
    stack.advance(Duration::from_hours(30 * 24));
    stack.is_inactive(&web, &second.refresh).await;
}

#[tokio::test]
async fn introspection_of_a_users_access_token_returns_the_user_name() {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let user = stack.user("alice").await;
    let code = stack.issue_code(&web, user, Request::default()).await;
    let pair = stack.redeem(&web, &code).await.pair();
    let mut properties = stack.introspect(&rs, &pair.access).await;
    assert_eq!(properties, stack.introspect(&web, &pair.access).await);
    assert_eq!(properties["jti"].as_str().unwrap().len(), 32);
    properties.as_object_mut().unwrap().remove("jti");
    let now = stack.now().seconds();
    assert_eq!(
        properties,
        json!({
            "active": true,
            "scope": "read write",
            "client_id": web.id,
            "username": "alice",
            "token_type": "Bearer",
            "iat": now,
            "nbf": now,
            "exp": now + 3_600,
            "sub": user.to_string(),
            "iss": stack.url,
        })
    );
}

#[tokio::test]
async fn the_standing_of_the_user_and_of_the_clients_owner_counts() {
    let stack = Stack::start().await;
    let rs = stack.resource_server().await;
    let (user, owner) = (stack.user("alice").await, stack.user("olga").await);
    stack.app.users.grant_role(owner, &Role::developer()).await.unwrap();
    let registration = shared::clients::Registration {
        name: "owned".to_owned(),
        redirect_uris: vec![crate::harness::code_flow::CALLBACK.to_owned()],
        scope: vec!["read".to_owned(), "write".to_owned()],
        ..shared::clients::Registration::default()
    };
    let client = stack.register_changed(registration, |client| client.owner = Some(owner)).await;
    let code = stack.issue_code(&client, user, Request::default()).await;
    let pair = stack.redeem(&client, &code).await.pair();
    for sub in [user, owner] {
        let properties = stack.introspect(&rs, &pair.access).await;
        assert_eq!((&properties["active"], &properties["username"]), (&true.into(), &"alice".into()));
        for disabled in [true, false] {
            let update =
                shared::dynamodb::Update::always::<shared::dynamodb::Item>("SET #disabled = :disabled");
            let update = update.value("disabled", &disabled).unwrap();
            stack.users().update::<Status>(&Status::key(sub), update).await.unwrap();
            assert_eq!(stack.is_active(&rs, &pair.access).await, !disabled);
            if sub == owner && disabled {
                // The client itself cannot authenticate then.
                stack.refresh(&client, &pair.refresh).await.is_invalid_client();
            } else {
                assert_eq!(stack.is_active(&client, &pair.refresh).await, !disabled);
            }
        }
    }
}
