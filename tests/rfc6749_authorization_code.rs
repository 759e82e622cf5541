//! RFC 6749 §4.1.3: redemption of an authorization code, once.

use std::time::Duration;

use shared::{clients::Registration, oauth::GrantType};

use crate::harness::{
    Registered, Stack, altered,
    chaos::Chaos,
    code_flow::{CALLBACK, Request, VERIFIER},
};

const PROOF: (&str, &str) = ("code_verifier", VERIFIER);

async fn web() -> (Stack, Registered, Registered) {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    (stack, web, rs)
}

#[tokio::test]
async fn a_code_is_redeemed_for_a_pair_of_tokens() {
    let (stack, web, rs) = web().await;
    let code = stack.code(&web).await;
    let response = stack.redeem(&web, &code).await;
    response.is_not_stored();
    let (json, pair) = (response.json(), response.pair());
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"Bearer".into(), &3_600.into()));
    assert_eq!(json["scope"], "read write");
    assert_eq!(json.as_object().unwrap().len(), 5, "{json}");
    let introspection = stack.introspect(&rs, &pair.access).await;
    assert_eq!((&introspection["active"], &introspection["username"]), (&true.into(), &"alice".into()));
    assert_eq!(
        (&introspection["client_id"], &introspection["scope"]),
        (&web.id.into(), &"read write".into())
    );
    let issued = stack.audited("issued");
    assert_eq!((issued.len(), &issued[0]["token"]), (1, &introspection["jti"]));
}

#[tokio::test]
async fn a_replayed_code_ends_its_grant_and_no_other() {
    let (stack, web, rs) = web().await;
    let user = stack.user("alice").await;
    let code = stack.issue_code(&web, user, Request::default()).await;
    let parallel = stack.issue_code(&web, user, Request::default()).await;
    let (pair, other) = (stack.redeem(&web, &code).await.pair(), stack.redeem(&web, &parallel).await.pair());
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    stack.is_inactive(&rs, &pair.access).await;
    stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    assert!(stack.is_active(&rs, &other.access).await);
    stack.refresh(&web, &other.refresh).await.pair();
    let replayed = stack.audited("replayed");
    assert_eq!((replayed.len(), &replayed[0]["client"]), (1, &web.id.clone().into()));
    // Another attempt changes nothing, and is no replay any more.
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    assert_eq!(stack.audited("replayed").len(), 1);
}

#[tokio::test]
async fn a_replay_ends_the_grant_after_refreshes() {
    let (stack, web, rs) = web().await;
    let code = stack.code(&web).await;
    let first = stack.redeem(&web, &code).await.pair();
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.advance(Duration::from_hours(24));
    let third = stack.refresh(&web, &second.refresh).await.pair();
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    stack.is_inactive(&rs, &third.access).await;
    stack.refresh(&web, &third.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_replay_without_proof_ends_nothing() {
    let (stack, web, rs) = web().await;
    let (web2, public) = (stack.web().await, stack.public().await);
    let code = stack.code(&web).await;
    let pair = stack.redeem(&web, &code).await.pair();
    let wrong = "a".repeat(43);
    stack.redeem_with(&web, &code, &[("code_verifier", &wrong)]).await.is_error(400, "invalid_grant");
    stack.redeem_with(&web, &code, &[]).await.is_error(400, "invalid_grant");
    stack.redeem_with(&web, &code, &[("redirect_uri", CALLBACK)]).await.is_error(400, "invalid_grant");
    let elsewhere = [PROOF, ("redirect_uri", "https://app.example.com/")];
    stack.redeem_with(&web, &code, &elsewhere).await.is_error(400, "invalid_grant");
    stack.redeem(&web2, &code).await.is_error(400, "invalid_grant");
    stack.redeem(&public, &code).await.is_error(400, "invalid_grant");
    stack.redeem(&web.with_wrong_secret(), &code).await.is_invalid_client();
    assert!(stack.is_active(&rs, &pair.access).await);
    assert!(stack.audited("replayed").is_empty());
    stack.refresh(&web, &pair.refresh).await.pair();
}

#[tokio::test]
async fn a_code_lives_for_a_minute() {
    let (stack, web, _) = web().await;
    let (code, late) = (stack.code(&web).await, stack.code(&web).await);
    stack.advance(Duration::from_millis(59_999));
    stack.redeem(&web, &code).await.pair();
    stack.advance(Duration::from_millis(1));
    stack.redeem(&web, &late).await.is_error(400, "invalid_grant");
    let reasons = stack.audited("refused");
    assert_eq!(reasons.last().unwrap()["reason"], "the code is expired");
}

#[tokio::test]
async fn only_its_client_can_redeem_a_code_and_attempts_of_others_do_not_spend_it() {
    let (stack, web, _) = web().await;
    let (web2, public) = (stack.web().await, stack.public().await);
    let code = stack.code(&web).await;
    for other in [&web2, &public] {
        stack.redeem(other, &code).await.is_error(400, "invalid_grant");
    }
    stack.redeem(&web.with_wrong_secret(), &code).await.is_invalid_client();
    stack.redeem(&web.with_secret(""), &code).await.is_invalid_client();
    stack.redeem(&stack.machine().await, &code).await.is_error(400, "unauthorized_client");
    stack.redeem(&web, &code).await.pair();
}

#[tokio::test]
async fn a_public_client_sends_its_client_id() {
    let stack = Stack::start().await;
    let (public, other) = (stack.public().await, stack.public().await);
    let code = stack.code(&public).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), PROOF];
    stack.post("/oauth/token").form(&form).send().await.is_invalid_client();
    stack.redeem(&other, &code).await.is_error(400, "invalid_grant");
    let pair = stack.redeem(&public, &code).await.pair();
    stack.redeem(&public, &code).await.is_error(400, "invalid_grant");
    stack.refresh(&public, &pair.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn the_redirect_uri_is_repeated_as_it_was_sent() {
    let (stack, web, _) = web().await;
    let user = stack.user("alice").await;
    let request = Request { redirect_uri: (CALLBACK, true), ..Request::default() };
    let code = stack.issue_code(&web, user, request).await;
    for changed in ["?computer_says=no", "/", "#", "%20"].map(|end| format!("{CALLBACK}{end}")) {
        let form = [PROOF, ("redirect_uri", changed.as_str())];
        stack.redeem_with(&web, &code, &form).await.is_error(400, "invalid_grant");
    }
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    stack.redeem_with(&web, &code, &[PROOF, ("redirect_uri", CALLBACK)]).await.pair();
}

#[tokio::test]
async fn a_redirect_uri_that_was_not_sent_is_still_compared_if_it_is_now() {
    let (stack, web, _) = web().await;
    let code = stack.code(&web).await;
    let other = [PROOF, ("redirect_uri", "https://app.example.com/other")];
    stack.redeem_with(&web, &code, &other).await.is_error(400, "invalid_grant");
    stack.redeem_with(&web, &code, &[PROOF, ("redirect_uri", CALLBACK)]).await.pair();
}

#[tokio::test]
async fn a_scope_at_the_exchange_changes_nothing() {
    let (stack, web, _) = web().await;
    let user = stack.user("alice").await;
    for scope in ["admin", "read write", "é"] {
        let code = stack.issue_code(&web, user, Request { scope: "read", ..Request::default() }).await;
        let response = stack.redeem_with(&web, &code, &[PROOF, ("scope", scope)]).await;
        assert_eq!((response.status, &response.json()["scope"]), (200, &"read".into()), "{scope}");
    }
    let code = stack.issue_code(&web, user, Request { scope: "", ..Request::default() }).await;
    assert!(stack.redeem(&web, &code).await.json().get("scope").is_none(), "the scope is empty");
}

#[tokio::test]
async fn other_secrets_are_not_codes_and_a_code_is_no_other_secret() {
    let (stack, web, rs) = web().await;
    let (code, spare) = (stack.code(&web).await, stack.code(&web).await);
    let pair = stack.pair(&web).await;
    for other in [&pair.access, &pair.refresh, &web.secret, "garbage", &code.replace("jtc", "jta")] {
        stack.redeem(&web, other).await.is_error(400, "invalid_grant");
    }
    for other in altered(&code, &spare) {
        stack.redeem(&web, &other).await.is_error(400, "invalid_grant");
    }
    stack.redeem(&web, "").await.is_error(400, "invalid_request");
    stack.refresh(&web, &code).await.is_error(400, "invalid_grant");
    stack.is_inactive(&rs, &code).await;
    stack.is_inactive(&web, &code).await;
    assert_eq!(stack.revoke(&web, &code).await.status, 200, "there is nothing to revoke");
    stack.redeem(&web, &code).await.pair();
    assert!(stack.is_active(&rs, &pair.access).await);
}

#[tokio::test]
async fn a_client_that_may_not_refresh_gets_no_refresh_token_and_an_hour() {
    let stack = Stack::start().await;
    let client = stack
        .register(Registration {
            name: "once".to_owned(),
            grant_types: vec![GrantType::AuthorizationCode],
            redirect_uris: vec![CALLBACK.to_owned()],
            scope: vec!["read".to_owned(), "write".to_owned()],
            ..Registration::default()
        })
        .await;
    let code = stack.code(&client).await;
    let response = stack.redeem(&client, &code).await;
    assert!(response.status == 200 && response.json().get("refresh_token").is_none(), "{}", response.text);
    let token = response.json()["access_token"].as_str().unwrap().to_owned();
    assert!(stack.is_active(&client, &token).await);
    let foreign = stack.pair(&stack.web().await).await;
    stack.refresh(&client, &foreign.refresh).await.is_error(400, "unauthorized_client");
    stack.advance(Duration::from_hours(1));
    stack.is_inactive(&client, &token).await;
}

#[tokio::test]
async fn a_client_that_was_disabled_or_deleted_redeems_nothing_and_its_tokens_are_dead() {
    let (stack, web, rs) = web().await;
    let (code, pair) = (stack.code(&web).await, stack.pair(&web).await);
    stack.disable(&web).await;
    stack.redeem(&web, &code).await.is_invalid_client();
    stack.refresh(&web, &pair.refresh).await.is_invalid_client();
    stack.is_inactive(&rs, &pair.access).await;
    stack.enable(&web).await;
    stack.is_inactive(&rs, &pair.access).await;
    // Grants made before stay invalid, whether or not they were ended.
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    stack.advance(Duration::from_millis(1));
    let pair = stack.pair(&web).await;
    assert!(stack.is_active(&rs, &pair.access).await);
    stack.delete(&web).await;
    stack.refresh(&web, &pair.refresh).await.is_invalid_client();
    stack.is_inactive(&rs, &pair.access).await;
}

#[tokio::test]
async fn a_code_that_one_instance_redeemed_is_spent_at_every_other() {
    let (stack, web, rs) = web().await;
    let other = Chaos::start(&stack, 1, 0).await;
    let code = stack.code(&web).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), PROOF];
    let pair = other.post_as("/oauth/token", &web, &form).await.pair();
    let next = stack.refresh(&web, &pair.refresh).await.pair();
    let form = [("grant_type", "refresh_token"), ("refresh_token", &pair.refresh)];
    assert_eq!(
        other.post_as("/oauth/token", &web, &form).await.pair(),
        next,
        "a retry may reach another instance"
    );
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    assert!(!stack.is_active(&rs, &next.access).await);
    let introspection = other.post_as("/oauth/introspect", &rs, &[("token", &next.access)]).await;
    assert_eq!(introspection.json()["active"], false);
}

#[tokio::test]
async fn neither_codes_nor_tokens_nor_verifiers_are_in_a_log_or_a_table() {
    let (stack, web, _) = web().await;
    let code = stack.code(&web).await;
    let first = stack.redeem(&web, &code).await.pair();
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.refresh(&web, &first.refresh).await.pair();
    stack.redeem(&web, &code).await.is_error(400, "invalid_grant");
    let (stored, logged) = (stack.stored().await, stack.logged());
    for text in [&code, &first.access, &first.refresh, &second.access, &second.refresh, &VERIFIER.to_owned()]
    {
        assert!(!stored.contains(text.as_str()) && !logged.contains(text.as_str()));
        assert!(!logged.contains(&text[26..]), "not even the secret half");
    }
}
