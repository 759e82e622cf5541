//! Rotation of client secrets, and disabled and deleted clients, with and without caches.

use std::time::Duration;

use crate::harness::Stack;

const MINUTE: Duration = Duration::from_mins(1);

async fn caching() -> Stack {
    Stack::configured(|config| config.client_cache = MINUTE).await
}

#[tokio::test]
async fn both_secrets_work_until_the_overlap_ends() {
    let stack = Stack::start().await;
    let old = stack.machine().await;
    let new = stack.rotate_secret(&old, MINUTE).await;
    stack.token(&old).await;
    stack.token(&new).await;
    stack.advance_to_just_before(MINUTE);
    stack.token(&old).await;
    stack.advance_by_the_last_millisecond();
    stack.request_token(&old, &[]).await.is_invalid_client();
    stack.token(&new).await;
}

#[tokio::test]
async fn without_overlap_the_old_secret_ends_at_once() {
    let stack = Stack::start().await;
    let old = stack.machine().await;
    let new = stack.rotate_secret(&old, Duration::ZERO).await;
    stack.request_token(&old, &[]).await.is_invalid_client();
    stack.token(&new).await;
}

#[tokio::test]
async fn a_second_rotation_ends_the_oldest_secret_at_once() {
    let stack = Stack::start().await;
    let first = stack.machine().await;
    let second = stack.rotate_secret(&first, MINUTE).await;
    let third = stack.rotate_secret(&second, MINUTE).await;
    stack.request_token(&first, &[]).await.is_invalid_client();
    stack.token(&second).await;
    stack.token(&third).await;
}

#[tokio::test]
async fn tokens_issued_for_an_old_secret_stay_valid() {
    let stack = Stack::start().await;
    let old = stack.machine().await;
    let token = stack.token(&old).await;
    let new = stack.rotate_secret(&old, Duration::ZERO).await;
    assert_eq!(stack.introspect(&new, &token).await["active"], true);
}

#[tokio::test]
async fn a_new_secret_works_at_once_though_the_client_is_cached() {
    let stack = caching().await;
    let old = stack.machine().await;
    stack.token(&old).await;
    let new = stack.rotate_secret(&old, Duration::ZERO).await;
    stack.token(&new).await;
    // The read for the new secret has also replaced the cached client.
    stack.request_token(&old, &[]).await.is_invalid_client();
}

#[tokio::test]
async fn a_cached_secret_ends_with_its_overlap_not_with_the_cache() {
    let stack = Stack::configured(|config| config.client_cache = 5 * MINUTE).await;
    let old = stack.machine().await;
    stack.rotate_secret(&old, MINUTE).await;
    stack.token(&old).await;
    stack.advance(MINUTE);
    stack.request_token(&old, &[]).await.is_invalid_client();
}

#[tokio::test]
async fn a_replaced_secret_is_cached_no_longer_than_the_deployment_allows() {
    let stack = caching().await;
    let old = stack.machine().await;
    stack.token(&old).await;
    stack.rotate_secret(&old, Duration::ZERO).await;
    stack.advance_to_just_before(MINUTE);
    stack.token(&old).await;
    stack.advance_by_the_last_millisecond();
    stack.request_token(&old, &[]).await.is_invalid_client();
}

#[tokio::test]
async fn a_disabled_client_gets_no_tokens_and_its_old_ones_stay_invalid_after_it_is_enabled() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    stack.disable(&machine).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    stack.revoke(&machine, &token).await.is_invalid_client();
    stack.is_inactive(&rs, &token).await;
    stack.enable(&machine).await;
    stack.is_inactive(&rs, &token).await;
    stack.advance(Duration::from_millis(1));
    let token = stack.token(&machine).await;
    assert!(stack.is_active(&rs, &token).await);
}

#[tokio::test]
async fn a_deleted_client_gets_no_tokens_and_its_old_ones_are_invalid() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    stack.delete(&machine).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    stack.is_inactive(&rs, &token).await;
}

#[tokio::test]
async fn tokens_of_a_disabled_client_are_inactive_at_once_though_the_client_is_cached() {
    let stack = caching().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    stack.disable(&machine).await;
    stack.is_inactive(&rs, &token).await;
    // A token that the cached client still gets is not valid, and the cache expires.
    let late = stack.token(&machine).await;
    stack.is_inactive(&rs, &late).await;
    stack.advance(MINUTE);
    stack.request_token(&machine, &[]).await.is_invalid_client();
}

#[tokio::test]
async fn only_clients_in_good_standing_are_cached() {
    let stack = caching().await;
    let machine = stack.machine().await;
    stack.disable(&machine).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    stack.enable(&machine).await;
    stack.token(&machine).await;
}

#[tokio::test]
async fn a_cached_status_delays_disabling_by_its_age_and_does_not_delay_a_revocation() {
    let stack = Stack::configured(|config| config.status_cache = MINUTE).await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let (token, other) = (stack.token(&machine).await, stack.token(&machine).await);
    for known in [&token, &other] {
        assert_eq!(stack.introspect(&rs, known).await["active"], true);
    }
    assert_eq!(stack.revoke(&machine, &other).await.status, 200);
    stack.is_inactive(&rs, &other).await;
    stack.disable(&machine).await;
    stack.advance_to_just_before(MINUTE);
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
    stack.advance_by_the_last_millisecond();
    stack.is_inactive(&rs, &token).await;
}
