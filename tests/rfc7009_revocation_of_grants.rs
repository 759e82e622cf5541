//! RFC 7009 §2.1: revocation of a refresh token ends its whole grant, and that of an access token only that token.

use std::time::Duration;

use crate::harness::{Registered, Stack, altered, code_flow::Pair};

async fn granted() -> (Stack, Registered, Registered, Pair) {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let pair = stack.pair(&web).await;
    (stack, web, rs, pair)
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_whole_grant_and_no_other() {
    let (stack, web, rs, first) = granted().await;
    let other = stack.pair(&web).await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    let response = stack.revoke(&web, &second.refresh).await;
    assert_eq!((response.status, response.text.as_str()), (200, "{}"));
    response.is_not_stored();
    for pair in [&first, &second] {
        stack.is_inactive(&rs, &pair.access).await;
        stack.is_inactive(&web, &pair.refresh).await;
        stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    }
    assert!(stack.is_active(&rs, &other.access).await);
    let revoked = stack.audited("revoked");
    assert_eq!((revoked.len(), &revoked[0]["client"]), (1, &web.id.clone().into()));
    assert_eq!(revoked[0]["reason"], "revoked");
    assert!(revoked[0]["token"].is_null(), "the whole grant: {}", revoked[0]);
    assert_eq!(stack.revoke(&web, &second.refresh).await.essence(), response.essence());
    assert_eq!(stack.audited("revoked").len(), 1, "the second time there was nothing to revoke");
}

#[tokio::test]
async fn any_spent_refresh_token_of_the_grant_can_revoke_it() {
    let (stack, web, rs, first) = granted().await;
    let mut newest = first.clone();
    for _ in 0..3 {
        newest = stack.refresh(&web, &newest.refresh).await.pair();
        stack.advance(Duration::from_mins(2));
    }
    assert_eq!(stack.revoke(&web, &first.refresh).await.status, 200);
    stack.is_inactive(&rs, &newest.access).await;
    stack.refresh(&web, &newest.refresh).await.is_error(400, "invalid_grant");
    assert!(stack.audited("reused").is_empty(), "a revocation is no theft");
}

#[tokio::test]
async fn the_current_and_the_previous_access_token_are_revoked_separately() {
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
async fn another_client_cannot_revoke_the_grant() {
    let (stack, web, rs, pair) = granted().await;
    let (web2, public) = (stack.web().await, stack.public().await);
    for client in [&web2, &public, &rs] {
        let form = [("token", pair.refresh.as_str())];
        stack.post_as("/oauth/revoke", client, &form).await.is_error(400, "invalid_grant");
    }
    stack.revoke(&web.with_wrong_secret(), &pair.refresh).await.is_invalid_client();
    let anonymous = stack.post("/oauth/revoke").form(&[("token", &pair.refresh)]).send().await;
    anonymous.is_invalid_client();
    assert!(stack.is_active(&rs, &pair.access).await && stack.audited("revoked").is_empty());
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test]
async fn a_wrong_or_unknown_hint_changes_nothing() {
    let (stack, web, ..) = granted().await;
    for hint in ["access_token", "refresh_token", "foo", ""] {
        let pair = stack.pair(&web).await;
        let form = [("token", pair.refresh.as_str()), ("token_type_hint", hint)];
        assert_eq!(stack.post_as("/oauth/revoke", &web, &form).await.status, 200, "{hint}");
        stack.is_inactive(&web, &pair.access).await;
    }
}

#[tokio::test]
async fn a_public_client_revokes_with_its_client_id() {
    let stack = Stack::start().await;
    let (public, rs) = (stack.public().await, stack.resource_server().await);
    let pair = stack.pair(&public).await;
    assert_eq!(stack.post_as("/oauth/revoke", &public, &[("token", &pair.refresh)]).await.status, 200);
    stack.is_inactive(&rs, &pair.access).await;
    stack.refresh(&public, &pair.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_forged_refresh_token_ends_nothing() {
    let (stack, web, rs, pair) = granted().await;
    let other = stack.pair(&web).await;
    let id = shared::secret::Secret::<shared::secret::AccessToken>::parse(&pair.access).unwrap().id();
    let made_up =
        shared::secret::Secret::of_lineage(id, &[9; 32], &shared::secret::Lineage::first([9; 16].into()))
            .expose()
            .to_owned();
    for token in altered(&pair.refresh, &other.refresh).into_iter().chain([made_up]) {
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
