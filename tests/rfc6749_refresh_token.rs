//! RFC 6749 §6 and RFC 9700 §4.14.2: refresh with refresh token rotation and reuse detection.

use std::time::Duration;

use shared::{
    clients::{Lifetimes, Registration},
    secret::{AccessToken, Lineage, RefreshToken, Secret},
};

use crate::harness::{
    Registered, Stack, altered,
    code_flow::{CALLBACK, Pair},
};

const MS: Duration = Duration::from_millis(1);
pub const GRACE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

pub async fn granted() -> (Stack, Registered, Registered, Pair) {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let pair = stack.pair(&web).await;
    (stack, web, rs, pair)
}

/// Returns `duration` without its last millisecond.
const fn last_moment_of(duration: Duration) -> Duration {
    duration.saturating_sub(MS)
}

/// Returns the number of write requests since the proxy's counters were reset.
pub fn writes(stack: &Stack) -> usize {
    stack.dynamodb.seen().iter().filter(|seen| ["UpdateItem", "PutItem"].contains(&&*seen.operation)).count()
}

/// Asserts that all tokens of a grant are invalid.
async fn is_dead(stack: &Stack, client: &Registered, rs: &Registered, pair: &Pair) {
    stack.is_inactive(rs, &pair.access).await;
    stack.is_inactive(client, &pair.refresh).await;
    stack.refresh(client, &pair.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_another_pair() {
    let (stack, web, rs, first) = granted().await;
    let response = stack.refresh(&web, &first.refresh).await;
    response.is_not_stored();
    let (json, second) = (response.json(), response.pair());
    assert!(first.access != second.access && first.refresh != second.refresh);
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &3_600.into()));
    assert_eq!((&json["scope"], json.as_object().unwrap().len()), (&"read write".into(), 5));
    assert!(stack.is_active(&rs, &second.access).await && stack.is_active(&web, &second.refresh).await);
    let refreshed = stack.audited("refreshed");
    assert_eq!((refreshed.len(), &refreshed[0]["client"]), (1, &web.id.into()));
}

#[tokio::test]
async fn a_public_clients_token_rotates_too() {
    let stack = Stack::start().await;
    let public = stack.public().await;
    let first = stack.pair(&public).await;
    let second = stack.refresh(&public, &first.refresh).await.pair();
    assert_ne!(first.refresh, second.refresh);
    stack.advance(GRACE);
    stack.refresh(&public, &first.refresh).await.is_error(400, "invalid_grant");
    stack.refresh(&public, &second.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_retry_within_the_window_gets_the_same_pair_and_writes_nothing() {
    let (stack, web, rs, first) = granted().await;
    let response = stack.refresh_with(&web, &first.refresh, &[("scope", "read")]).await;
    let second = response.pair();
    stack.dynamodb.forget();
    for (after, left) in [(Duration::ZERO, 3_600), (GRACE / 2, 3_570), (last_moment_of(GRACE / 2), 3_540)] {
        stack.advance(after);
        // The scope of a retry is ignored: it gets the first response again.
        for scope in [None, Some(("scope", "write")), Some(("scope", "read admin"))] {
            let again = stack.refresh_with(&web, &first.refresh, scope.as_slice()).await;
            let json = again.json();
            assert_eq!((again.pair(), &json["scope"]), (second.clone(), &"read".into()));
            assert_eq!(json["expires_in"], left);
        }
    }
    // The condition of each write failed; a request for too much scope only reads.
    assert_eq!(writes(&stack), 6);
    assert!(stack.is_active(&rs, &second.access).await);
    stack.refresh(&web, &second.refresh).await.pair();
}

#[tokio::test]
async fn a_spent_token_after_the_window_ends_the_grant() {
    let (stack, web, rs, first) = granted().await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.advance(GRACE);
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &web, &rs, &first).await;
    is_dead(&stack, &web, &rs, &second).await;
    let reused = stack.audited("reused");
    assert_eq!((reused.len(), &reused[0]["client"]), (1, &web.id.into()));
}

#[tokio::test]
async fn an_older_token_ends_nothing_within_the_window_and_the_grant_after_it() {
    let (stack, web, rs, first) = granted().await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    let third = stack.refresh(&web, &second.refresh).await.pair();
    stack.advance(last_moment_of(GRACE));
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    assert!(stack.is_active(&rs, &third.access).await && stack.audited("reused").is_empty());
    assert_eq!(stack.refresh(&web, &second.refresh).await.pair(), third);
    stack.advance(MS);
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &web, &rs, &third).await;
}

#[tokio::test]
async fn a_thief_who_rotates_within_every_window_is_found_when_the_victim_returns() {
    let (stack, web, rs, victims) = granted().await;
    let mut thiefs = victims.clone();
    // An hour, in steps that are shorter than the window.
    for _ in 0..72 {
        thiefs = stack.refresh(&web, &thiefs.refresh).await.pair();
        stack.advance(Duration::from_secs(50));
    }
    thiefs = stack.refresh(&web, &thiefs.refresh).await.pair();
    assert!(stack.audited("reused").is_empty());
    stack.refresh(&web, &victims.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &web, &rs, &thiefs).await;
    let reused = stack.audited("reused");
    assert_eq!((reused.len(), &reused[0]["client"]), (1, &web.id.into()));
    // The alarm RefreshTokenReused counts this metric.
    assert_eq!(reused[0]["Reused"], 1);
    assert_eq!(reused[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "Reused");
}

#[tokio::test]
async fn a_second_rotation_opens_no_window_for_the_first() {
    let (stack, web, rs, victims) = granted().await;
    let thiefs = stack.refresh(&web, &victims.refresh).await.pair();
    stack.advance(GRACE);
    let thiefs = stack.refresh(&web, &thiefs.refresh).await.pair();
    stack.refresh(&web, &victims.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &web, &rs, &thiefs).await;
    assert_eq!(stack.audited("reused").len(), 1);
}

#[tokio::test]
async fn a_token_of_three_rotations_ago_ends_the_grant_at_once() {
    let (stack, web, rs, first) = granted().await;
    let mut pair = first.clone();
    for _ in 0..3 {
        pair = stack.refresh(&web, &pair.refresh).await.pair();
    }
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &web, &rs, &pair).await;
    assert_eq!(stack.audited("reused").len(), 1);
}

#[tokio::test]
async fn a_revoked_access_token_does_not_hide_when_its_refresh_token_was_spent() {
    let (stack, web, rs, first) = granted().await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    let third = stack.refresh(&web, &second.refresh).await.pair();
    assert_eq!(stack.revoke(&web, &second.access).await.status, 200);
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    assert!(stack.is_active(&rs, &third.access).await, "the request may be delayed");
    stack.advance(GRACE);
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &web, &rs, &third).await;
}

#[tokio::test]
async fn another_generation_of_a_genuine_token_is_unknown_and_ends_nothing() {
    let (stack, web, rs, pair) = granted().await;
    let second = stack.refresh(&web, &pair.refresh).await.pair();
    let genuine = Secret::<RefreshToken>::parse(&pair.refresh).unwrap();
    // The holder of a token can make up others of its family: later ones, and another one of the same generation.
    for generation in [1, 2, u64::MAX] {
        let lineage = Lineage { generation, ..genuine.lineage() };
        let forged = Secret::of_lineage(genuine.id(), &[9; 32], &lineage).expose().to_owned();
        assert_eq!(Secret::<RefreshToken>::parse(&forged).unwrap().family(), genuine.family());
        stack.refresh(&web, &forged).await.is_error(400, "invalid_grant");
    }
    assert!(stack.is_active(&rs, &second.access).await && stack.audited("reused").is_empty());
}

#[tokio::test]
async fn a_client_without_a_window_gets_no_retry() {
    let stack = Stack::start().await;
    let client = stack
        .register(Registration {
            name: "strict".to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            scope: vec!["read".to_owned(), "write".to_owned()],
            lifetimes: Lifetimes { refresh_grace: 0, ..Lifetimes::default() },
            ..Registration::default()
        })
        .await;
    let first = stack.pair(&client).await;
    let second = stack.refresh(&client, &first.refresh).await.pair();
    stack.refresh(&client, &first.refresh).await.is_error(400, "invalid_grant");
    is_dead(&stack, &client, &client, &second).await;
}

#[tokio::test]
async fn the_previous_access_token_is_valid_until_it_expires_and_an_older_one_is_not() {
    let (stack, web, rs, first) = granted().await;
    stack.advance(Duration::from_mins(30));
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.advance(last_moment_of(Duration::from_mins(30)));
    assert!(stack.is_active(&rs, &first.access).await);
    stack.advance(MS);
    stack.is_inactive(&rs, &first.access).await;
    let third = stack.refresh(&web, &second.refresh).await.pair();
    let fourth = stack.refresh(&web, &third.refresh).await.pair();
    stack.is_inactive(&rs, &second.access).await;
    assert!(stack.is_active(&rs, &third.access).await && stack.is_active(&rs, &fourth.access).await);
}

#[tokio::test]
async fn a_token_expires_after_thirty_days_without_use_and_use_prolongs_it() {
    let (stack, web, rs, first) = granted().await;
    stack.advance(last_moment_of(30 * DAY));
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.advance(last_moment_of(30 * DAY));
    let third = stack.refresh(&web, &second.refresh).await.pair();
    stack.advance(MS);
    assert!(stack.is_active(&web, &third.refresh).await);
    stack.advance(last_moment_of(30 * DAY));
    is_dead(&stack, &web, &rs, &third).await;
    assert!(stack.audited("reused").is_empty(), "an expired token is not a stolen one");
}

#[tokio::test]
async fn everything_expires_ninety_days_after_the_redemption() {
    let (stack, web, rs, mut pair) = granted().await;
    let began = stack.now();
    for _ in 0..4 {
        stack.advance(20 * DAY);
        pair = stack.refresh(&web, &pair.refresh).await.pair();
    }
    let introspection = stack.introspect(&web, &pair.refresh).await;
    assert_eq!(
        introspection["exp"],
        began.after(90 * DAY).seconds(),
        "the grant's end comes before the token's own"
    );
    stack.advance((10 * DAY).saturating_sub(Duration::from_mins(10)));
    let last = stack.refresh(&web, &pair.refresh).await;
    assert_eq!(last.json()["expires_in"], 600, "the grant's end comes before the access token's own, too");
    assert_eq!(stack.introspect(&rs, &last.pair().access).await["exp"], began.after(90 * DAY).seconds());
    stack.advance(last_moment_of(Duration::from_mins(10)));
    assert!(stack.is_active(&rs, &last.pair().access).await);
    stack.advance(MS);
    is_dead(&stack, &web, &rs, &last.pair()).await;
}

#[tokio::test]
async fn another_client_or_a_failed_authentication_neither_rotates_nor_ends() {
    let (stack, web, _, first) = granted().await;
    let (web2, public) = (stack.web().await, stack.public().await);
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.advance(GRACE * 2);
    for token in [&first.refresh, &second.refresh] {
        for other in [&web2, &public] {
            stack.refresh(other, token).await.is_error(400, "invalid_grant");
        }
        stack.refresh(&web.with_wrong_secret(), token).await.is_invalid_client();
        stack.refresh(&web.with_secret(""), token).await.is_invalid_client();
    }
    assert!(stack.audited("reused").is_empty());
    stack.refresh(&web, &second.refresh).await.pair();
}

#[tokio::test]
async fn a_forged_token_changes_nothing() {
    let (stack, web, rs, pair) = granted().await;
    let other = stack.pair(&web).await;
    stack.refresh(&web, &pair.refresh).await.pair();
    stack.advance(GRACE * 2);
    let mut forged = altered(&pair.refresh, &other.refresh);
    // Tokens that can be made from an access token, or from the grant's id alone: the right id, another family.
    let id = Secret::<AccessToken>::parse(&pair.access).unwrap().id();
    let made_up = Secret::of_lineage(id, &[9; 32], &Lineage::first([9; 16].into()));
    forged.extend([made_up.expose().to_owned(), pair.access.replace("jta", "jtr")]);
    for token in forged {
        stack.refresh(&web, &token).await.is_error(400, "invalid_grant");
    }
    assert!(stack.is_active(&rs, &pair.access).await && stack.audited("reused").is_empty());
}

#[tokio::test]
async fn other_secrets_are_not_refresh_tokens_and_a_refresh_token_is_no_other_secret() {
    let (stack, web, rs, pair) = granted().await;
    for other in [&pair.access, &web.secret, "garbage", &pair.refresh.replace("jtr", "jta")] {
        stack.refresh(&web, other).await.is_error(400, "invalid_grant");
    }
    stack.refresh(&web, "").await.is_error(400, "invalid_request");
    stack
        .post_as("/oauth/token", &web, &[("grant_type", "refresh_token")])
        .await
        .is_error(400, "invalid_request");
    stack.redeem(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    stack.request_token(&web.with_secret(&pair.refresh), &[]).await.is_invalid_client();
    stack.is_inactive(&rs, &pair.refresh).await;
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test]
async fn a_grant_works_on_after_its_access_token_was_revoked() {
    let (stack, web, rs, first) = granted().await;
    assert_eq!(stack.revoke(&web, &first.access).await.status, 200);
    stack.is_inactive(&rs, &first.access).await;
    let second = stack.refresh(&web, &first.refresh).await.pair();
    assert!(stack.is_active(&rs, &second.access).await);
    stack.is_inactive(&rs, &first.access).await;
    // The access token of the last response is revoked: a retry cannot return it again.
    assert_eq!(stack.revoke(&web, &second.access).await.status, 200);
    stack.refresh(&web, &first.refresh).await.is_error(400, "invalid_grant");
    stack.refresh(&web, &second.refresh).await.pair();
}
