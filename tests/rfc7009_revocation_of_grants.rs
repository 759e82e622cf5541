//! RFC 7009 §2.1: with a refresh token its whole grant ends; with an access token, only that one.

use std::time::Duration;

use crate::harness::{Registered, Stack, altered, person::Pair};

async fn granted() -> (Stack, Registered, Registered, Pair) {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let pair = stack.pair(&web).await;
    (stack, web, rs, pair)
}

#[tokio::test]
async fn a_refresh_token_takes_its_whole_grant_along_and_no_other() {
    let (stack, web, rs, first) = granted().await;
    let other = stack.pair(&web).await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    let answer = stack.revoke(&web, &second.refresh).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    answer.is_not_stored();
    for pair in [&first, &second] {
        stack.is_inactive(&rs, &pair.access).await;
        stack.is_inactive(&web, &pair.refresh).await;
        stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    }
    assert!(stack.is_active(&rs, &other.access).await);
    let revoked = stack.audited("revoked");
    assert_eq!((revoked.len(), &revoked[0]["client"]), (1, &web.id.clone().into()));
    assert!(revoked[0]["token"].is_null(), "all of it: {}", revoked[0]);
    assert_eq!(stack.revoke(&web, &second.refresh).await.essence(), answer.essence());
    assert_eq!(stack.audited("revoked").len(), 1, "the second time there was nothing to revoke");
}

#[tokio::test]
async fn any_refresh_token_that_was_once_genuine_will_do() {
    let (stack, web, rs, first) = granted().await;
    let mut newest = first.clone();
    for _ in 0..3 {
        newest = stack.refresh(&web, &newest.refresh).await.pair();
        stack.advance(Duration::from_mins(2));
    }
    assert_eq!(stack.revoke(&web, &first.refresh).await.status, 200);
    stack.is_inactive(&rs, &newest.access).await;
    stack.refresh(&web, &newest.refresh).await.is_error(400, "invalid_grant");
    assert!(stack.audited("reused").is_empty(), "giving back is no theft");
}

#[tokio::test]
async fn the_current_and_the_previous_access_token_are_revoked_each_by_itself() {
    let (stack, web, rs, first) = granted().await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    assert_eq!(stack.revoke(&web, &first.access).await.status, 200);
    stack.is_inactive(&rs, &first.access).await;
    assert!(stack.is_active(&rs, &second.access).await);
    let third = stack.refresh(&web, &second.refresh).await.pair();
    assert_eq!(stack.revoke(&web, &third.access).await.status, 200);
    stack.is_inactive(&rs, &third.access).await;
    assert!(stack.is_active(&rs, &second.access).await && stack.is_active(&web, &third.refresh).await);
    assert_eq!(stack.audited("revoked").len(), 2);
}

#[tokio::test]
async fn nobody_else_may_and_the_grant_lives_on() {
    let (stack, web, rs, pair) = granted().await;
    let (web2, public) = (stack.web().await, stack.public().await);
    for stranger in [&web2, &public, &rs] {
        let form = [("token", pair.refresh.as_str())];
        stack.ask("/oauth/revoke", stranger, &form).await.is_error(400, "invalid_grant");
    }
    stack.revoke(&web.with_wrong_secret(), &pair.refresh).await.is_invalid_client();
    let nameless = stack.post("/oauth/revoke").form(&[("token", &pair.refresh)]).send().await;
    nameless.is_invalid_client();
    assert!(stack.is_active(&rs, &pair.access).await && stack.audited("revoked").is_empty());
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test]
async fn a_hint_that_is_wrong_or_unheard_of_changes_nothing() {
    let (stack, web, ..) = granted().await;
    for hint in ["access_token", "refresh_token", "foo", ""] {
        let pair = stack.pair(&web).await;
        let form = [("token", pair.refresh.as_str()), ("token_type_hint", hint)];
        assert_eq!(stack.ask("/oauth/revoke", &web, &form).await.status, 200, "{hint}");
        stack.is_inactive(&web, &pair.access).await;
    }
}

#[tokio::test]
async fn a_public_client_revokes_by_its_name() {
    let stack = Stack::start().await;
    let (public, rs) = (stack.public().await, stack.resource_server().await);
    let pair = stack.pair(&public).await;
    assert_eq!(stack.ask("/oauth/revoke", &public, &[("token", &pair.refresh)]).await.status, 200);
    stack.is_inactive(&rs, &pair.access).await;
    stack.refresh(&public, &pair.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_forged_refresh_token_ends_nothing() {
    let (stack, web, rs, pair) = granted().await;
    let other = stack.pair(&web).await;
    let id = shared::secret::Secret::<shared::secret::AccessToken>::parse(&pair.access).unwrap().id();
    let made =
        shared::secret::Secret::of_lineage(id, &[9; 32], &shared::secret::Lineage::first([9; 16].into()))
            .expose()
            .to_owned();
    for token in altered(&pair.refresh, &other.refresh).into_iter().chain([made]) {
        assert_eq!(stack.revoke(&web, &token).await.status, 200, "{token}");
    }
    assert!(stack.is_active(&rs, &pair.access).await && stack.is_active(&web, &pair.refresh).await);
    assert!(stack.audited("revoked").is_empty());
}

#[tokio::test]
async fn a_disabled_client_revokes_nothing() {
    let (stack, web, rs, pair) = granted().await;
    stack.disable(&web).await;
    stack.revoke(&web, &pair.refresh).await.is_invalid_client();
    stack.is_inactive(&rs, &pair.access).await;
    let id = shared::secret::Secret::<shared::secret::AccessToken>::parse(&pair.access).unwrap().id();
    assert_eq!(stack.app.grants.find(id).await.unwrap().unwrap().end, None);
}
