//! RFC 7662: what a person's tokens are worth, and to whom.

use std::time::Duration;

use serde_json::json;
use shared::{role::Role, status::Status};

use crate::harness::{Stack, person::Request};

#[tokio::test]
async fn a_refresh_token_is_described_to_its_own_client_and_to_nobody_else() {
    let stack = Stack::start().await;
    let (web, web2, rs) = (stack.web().await, stack.web().await, stack.resource_server().await);
    let person = stack.person("alice").await;
    let code = stack.agree(&web, person, Request::default()).await;
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
            "sub": person.to_string(),
            "iss": stack.url,
        })
    );
    for other in [&web2, &rs] {
        stack.is_inactive(other, &second.refresh).await;
    }
    // The spent one could be presented again, but it is no token to rely on.
    stack.is_inactive(&web, &first.refresh).await;
    stack.advance(Duration::from_hours(30 * 24));
    stack.is_inactive(&web, &second.refresh).await;
}

#[tokio::test]
async fn a_persons_access_token_is_described_with_their_name() {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let person = stack.person("alice").await;
    let code = stack.agree(&web, person, Request::default()).await;
    let pair = stack.redeem(&web, &code).await.pair();
    let mut told = stack.introspect(&rs, &pair.access).await;
    assert_eq!(told, stack.introspect(&web, &pair.access).await);
    assert_eq!(told["jti"].as_str().unwrap().len(), 32);
    told.as_object_mut().unwrap().remove("jti");
    let now = stack.now().seconds();
    assert_eq!(
        told,
        json!({
            "active": true,
            "scope": "read write",
            "client_id": web.id,
            "username": "alice",
            "token_type": "Bearer",
            "iat": now,
            "nbf": now,
            "exp": now + 3_600,
            "sub": person.to_string(),
            "iss": stack.url,
        })
    );
}

#[tokio::test]
async fn the_standing_of_the_person_and_of_the_clients_owner_counts() {
    let stack = Stack::start().await;
    let rs = stack.resource_server().await;
    let (person, owner) = (stack.person("alice").await, stack.person("olga").await);
    stack.app.users.grant_role(owner, &Role::developer()).await.unwrap();
    let registration = shared::client::Registration {
        name: "owned".to_owned(),
        redirect_uris: vec![crate::harness::person::CALLBACK.to_owned()],
        scope: vec!["read".to_owned(), "write".to_owned()],
        ..shared::client::Registration::default()
    };
    let client = stack.register_changed(registration, |client| client.owner = Some(owner)).await;
    let code = stack.agree(&client, person, Request::default()).await;
    let pair = stack.redeem(&client, &code).await.pair();
    for somebody in [person, owner] {
        let told = stack.introspect(&rs, &pair.access).await;
        assert_eq!((&told["active"], &told["username"]), (&true.into(), &"alice".into()));
        for disabled in [true, false] {
            let update = shared::table::Update::always("SET #disabled = :disabled");
            let update = update.value("disabled", &disabled).unwrap();
            stack.users().update::<Status>(&Status::key(somebody), update).await.unwrap();
            assert_eq!(stack.is_active(&rs, &pair.access).await, !disabled);
            if somebody == owner && disabled {
                // Then the client itself is good for nothing either.
                stack.refresh(&client, &pair.refresh).await.is_invalid_client();
            } else {
                assert_eq!(stack.is_active(&client, &pair.refresh).await, !disabled);
            }
        }
    }
}
