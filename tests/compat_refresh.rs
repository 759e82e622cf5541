//! RFC 6749 §6 without rotation: the switch `no-rotation`. RFC 9700 §4.14.2 requires that refresh tokens are rotated or
//! sender-constrained.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use shared::{
    clients::{InvalidRegistration, Registration},
    dynamodb::Outcome,
    grants::{Nonce, RefreshProof, RefreshRotation},
    secret::{Id, RefreshToken, Secret},
    time::Timestamp,
};
use tokio::task::JoinSet;

use crate::harness::{Registered, Stack, altered, code_flow::Pair, legacy};

const HALF: Duration = Duration::from_mins(30);

async fn start() -> (Stack, Registered, Pair) {
    let stack = Stack::permitting("no-rotation").await;
    let client = stack.legacy("no-rotation").await;
    let pair = stack.pair(&client).await;
    (stack, client, pair)
}

async fn refreshed(stack: &Stack, client: &Registered, pair: &Pair) -> String {
    let response = stack.refresh(client, &pair.refresh).await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.json().get("refresh_token"), None, "the client keeps its refresh token");
    response.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_the_switch_refresh_tokens_rotate() {
    for (permitted, has) in [("none", "none"), ("none", "no-rotation"), ("no-rotation", "none")] {
        let stack = Stack::permitting(permitted).await;
        let client = stack.legacy(has).await;
        let pair = stack.pair(&client).await;
        let next = stack.refresh(&client, &pair.refresh).await.pair();
        assert_ne!(next.refresh, pair.refresh, "permitted {permitted}, has {has}");
    }
}

#[tokio::test]
async fn the_refresh_token_stays_and_expires_at_its_first_expiry() {
    let (stack, client, pair) = start().await;
    for _ in 0..29 {
        refreshed(&stack, &client, &pair).await;
        stack.advance(Duration::from_hours(24));
    }
    assert!(stack.is_active(&client, &refreshed(&stack, &client, &pair).await).await);
    stack.advance(Duration::from_hours(24));
    stack.refresh(&client, &pair.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn the_same_access_token_is_returned_until_half_its_lifetime_is_over() {
    let (stack, client, pair) = start().await;
    let first = refreshed(&stack, &client, &pair).await;
    assert_ne!(first, pair.access);
    stack.advance_to_just_before(HALF);
    let response = stack.refresh(&client, &pair.refresh).await.json();
    assert_eq!(response["access_token"], first);
    assert_eq!(response["expires_in"], 1_800);
    stack.advance_by_the_last_millisecond();
    let second = refreshed(&stack, &client, &pair).await;
    assert_ne!(second, first);
    // Both are valid, the first until it expires.
    assert!(stack.is_active(&client, &first).await && stack.is_active(&client, &second).await);
    stack.advance(HALF);
    stack.is_inactive(&client, &first).await;
    assert!(stack.is_active(&client, &second).await);
}

#[tokio::test]
async fn a_fleet_that_refreshes_at_once_gets_one_access_token() {
    let (stack, client, pair) = start().await;
    let stack = Arc::new(stack);
    for _ in 0..2 {
        let mut fleet = JoinSet::new();
        for _ in 0..50 {
            let (stack, client, pair) = (Arc::clone(&stack), client.clone(), pair.clone());
            fleet.spawn(async move { refreshed(&stack, &client, &pair).await });
        }
        let tokens: BTreeSet<String> = fleet.join_all().await.into_iter().collect();
        assert_eq!(tokens.len(), 1);
        assert!(stack.is_active(&client, tokens.first().unwrap()).await);
        stack.advance(HALF);
    }
}

#[tokio::test]
async fn a_revoked_or_narrower_access_token_is_not_returned_again() {
    let (stack, client, pair) = start().await;
    let first = refreshed(&stack, &client, &pair).await;
    assert_eq!(stack.revoke(&client, &first).await.status, 200);
    let second = refreshed(&stack, &client, &pair).await;
    assert_ne!(second, first);
    stack.is_inactive(&client, &first).await;
    let narrow = stack.refresh_with(&client, &pair.refresh, &[("scope", "read")]).await.json();
    assert_eq!(narrow["scope"], "read");
    assert_ne!(narrow["access_token"], second);
    let same = stack.refresh_with(&client, &pair.refresh, &[("scope", "read")]).await.json();
    assert_eq!(same["access_token"], narrow["access_token"]);
    assert_ne!(refreshed(&stack, &client, &pair).await, narrow["access_token"].as_str().unwrap());
    let more = stack.refresh_with(&client, &pair.refresh, &[("scope", "admin")]).await;
    more.is_error(400, "invalid_scope");
}

/// Returns the write of an instance whose clock shows `now`, for a request with this scope, and the access token.
fn renewal(
    stack: &Stack,
    client: &Registered,
    pair: &Pair,
    scope: Option<&str>,
    now: Timestamp,
) -> (Id, RefreshRotation, String) {
    let token = Secret::<RefreshToken>::parse(&pair.refresh).unwrap();
    let nonce = [7; 32];
    let access = token.successor_access(&nonce);
    let rotation = RefreshRotation {
        resource: None,
        proof: RefreshProof {
            token: token.digest(),
            family: token.family(),
            generation: token.generation(),
            client: client.id.parse().unwrap(),
            issuer: stack.app.config.issuer.clone().unwrap(),
        },
        scope: scope.map(|scope| scope.parse().unwrap()),
        nonce: Nonce(nonce),
        access: access.digest(),
        refresh: None,
        access_lifetime: Some(Duration::from_hours(1)),
        refresh_lifetime: Duration::from_hours(1),
        now,
        at: now,
    };
    (token.id(), rotation, access.expose().to_owned())
}

#[tokio::test]
async fn a_delayed_write_revives_no_revoked_access_token() {
    let (stack, client, pair) = start().await;
    let (grant, delayed, revived) = renewal(&stack, &client, &pair, None, stack.now());
    let deliver = async || stack.app.grants.write(grant, &delayed).await.unwrap();
    // The write is made, and the network still holds a copy of it.
    assert!(matches!(deliver().await, Outcome::Applied(_)));
    assert_eq!(stack.revoke(&client, &revived).await.status, 200);
    // Two more refreshes, within the same millisecond, remove the revoked token from the item.
    for scope in ["read", "write"] {
        assert!(matches!(deliver().await, Outcome::ConditionFailed(_)));
        assert_eq!(stack.refresh_with(&client, &pair.refresh, &[("scope", scope)]).await.status, 200);
    }
    assert!(matches!(deliver().await, Outcome::ConditionFailed(_)));
    stack.is_inactive(&client, &revived).await;
}

#[tokio::test]
async fn an_instance_whose_clock_lags_makes_another_access_token_where_one_is_due() {
    let (stack, client, pair) = start().await;
    let ahead = stack.now().after(Duration::from_secs(5));
    let (grant, renewal, first) = renewal(&stack, &client, &pair, Some("read"), ahead);
    assert!(matches!(stack.app.grants.write(grant, &renewal).await.unwrap(), Outcome::Applied(_)));
    let refresh = async |scope| {
        let response = stack.refresh_with(&client, &pair.refresh, &[("scope", scope)]).await;
        assert_eq!(response.status, 200, "{}", response.text);
        assert_eq!(response.json()["scope"], scope);
        response.json()["access_token"].as_str().unwrap().to_owned()
    };
    assert_eq!(refresh("read").await, first);
    let second = refresh("write").await;
    assert!(stack.is_active(&client, &first).await && stack.is_active(&client, &second).await);
    assert_eq!(refresh("write").await, second);
    assert_eq!(stack.revoke(&client, &second).await.status, 200);
    let third = refresh("write").await;
    assert_ne!(third, second);
    stack.is_inactive(&client, &second).await;
    assert!(stack.is_active(&client, &third).await);
    let more = stack.refresh_with(&client, &pair.refresh, &[("scope", "admin")]).await;
    more.is_error(400, "invalid_scope");
}

#[tokio::test]
async fn another_client_and_a_forged_token_get_no_tokens_and_end_no_grant() {
    let (stack, client, pair) = start().await;
    let other = stack.legacy("no-rotation").await;
    stack.refresh(&other, &pair.refresh).await.is_error(400, "invalid_grant");
    let another = stack.pair(&other).await;
    for forged in altered(&pair.refresh, &another.refresh) {
        stack.refresh(&client, &forged).await.is_error(400, "invalid_grant");
    }
    refreshed(&stack, &client, &pair).await;
}

#[tokio::test]
async fn revoking_the_refresh_token_ends_everything() {
    let (stack, client, pair) = start().await;
    let token = refreshed(&stack, &client, &pair).await;
    assert_eq!(stack.revoke(&client, &pair.refresh).await.status, 200);
    stack.is_inactive(&client, &token).await;
    stack.refresh(&client, &pair.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_client_that_gains_or_loses_the_switch_keeps_its_grants() {
    let stack = Stack::permitting("no-rotation").await;
    let client = stack.legacy("none").await;
    let pair = stack.pair(&client).await;
    let rotated = stack.refresh(&client, &pair.refresh).await.pair();
    let switch = async |switches: &str| {
        let kept = stack.stored_client(&client).await;
        let amended = Registration { compat: switches.parse().unwrap(), ..Registration::of(&kept) }
            .update(&kept)
            .unwrap();
        stack.app.clients.update(&kept, &amended).await.unwrap();
    };
    switch("no-rotation").await;
    // A retry of the last rotation still gets its pair; from then on the successor stays.
    assert_eq!(stack.refresh(&client, &pair.refresh).await.pair(), rotated);
    let access = refreshed(&stack, &client, &rotated).await;
    assert_eq!(refreshed(&stack, &client, &rotated).await, access);
    switch("none").await;
    let next = stack.refresh(&client, &rotated.refresh).await.pair();
    assert!(stack.is_active(&client, &next.access).await);
    assert_eq!(stack.refresh(&client, &rotated.refresh).await.pair(), next);
}

#[tokio::test]
async fn a_public_client_cannot_have_the_switch() {
    let registration = Registration {
        public: true,
        auth_methods: Vec::new(),
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
        ..legacy("no-rotation")
    };
    let refused = registration.accept("someone".parse().unwrap(), Timestamp::from_millis(1));
    assert!(matches!(refused, Err(InvalidRegistration::PublicWithoutRotation)));
}
