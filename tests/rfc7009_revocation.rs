//! RFC 7009: revocation by the client.

use std::time::Duration;

use shared::{
    secret::Id,
    users::personal::{Kind, Presented},
};

use crate::harness::Stack;

#[tokio::test]
async fn a_revoked_token_is_invalid_at_once_and_others_stay_valid() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let (token, other) = (stack.token(&machine).await, stack.token(&machine).await);
    let response = stack.revoke(&machine, &token).await;
    assert_eq!((response.status, response.text.as_str()), (200, "{}"));
    response.is_not_stored();
    stack.is_inactive(&rs, &token).await;
    stack.is_inactive(&machine, &token).await;
    assert_eq!(stack.introspect(&rs, &other).await["active"], true);
}

#[tokio::test]
async fn an_unknown_malformed_revoked_or_expired_token_gets_the_response_of_a_valid_one() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let (revoked, expired) = (stack.token(&machine).await, stack.token(&machine).await);
    let live = stack.revoke(&machine, &revoked).await;
    let unknown = Stack::start().await;
    let unknown = unknown.token(&unknown.machine().await).await;
    stack.advance(Duration::from_hours(1));
    for token in ["garbage", "é", &"a".repeat(10_000), &machine.secret, &unknown, &revoked, &expired] {
        let response = stack.revoke(&machine, token).await;
        assert_eq!(response.essence(), live.essence(), "{token}");
    }
}

#[tokio::test]
async fn only_its_client_may_revoke_a_token() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.machine().await);
    let (rs, public) = (stack.resource_server().await, stack.public().await);
    let token = stack.token(&machine).await;
    for client in [&other, &rs] {
        stack.revoke(client, &token).await.is_error(400, "invalid_grant");
    }
    let form = [("token", token.as_str()), ("client_id", &public.id)];
    stack.post("/oauth/revoke").form(&form).send().await.is_error(400, "invalid_grant");
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
    assert!(stack.audited("revoked").is_empty());
    let refused = stack.audited("refused");
    assert_eq!((refused.len(), &refused[0]["client"]), (3, &other.id.into()));
}

#[tokio::test]
async fn a_request_that_fails_to_authenticate_revokes_nothing() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    let form = [("token", token.as_str())];
    stack.post("/oauth/revoke").form(&form).send().await.is_invalid_client();
    let named = [("token", token.as_str()), ("client_id", &machine.id)];
    stack.post("/oauth/revoke").form(&named).send().await.is_invalid_client();
    stack.revoke(&machine.with_wrong_secret(), &token).await.is_invalid_client();
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
}

#[tokio::test]
async fn a_wrong_or_unknown_hint_changes_nothing() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for hint in ["access_token", "refresh_token", "foo", ""] {
        let token = stack.token(&machine).await;
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        let response = stack.post("/oauth/revoke").basic(&machine).form(&form).send().await;
        assert_eq!(response.status, 200, "{hint}");
        stack.is_inactive(&machine, &token).await;
    }
}

#[tokio::test]
async fn a_public_client_revokes_with_its_client_id_and_a_request_without_one_is_refused() {
    let stack = Stack::start().await;
    let public = stack.public().await;
    let form = [("token", "garbage"), ("client_id", public.id.as_str())];
    assert_eq!(stack.post("/oauth/revoke").form(&form).send().await.status, 200);
    stack.post("/oauth/revoke").form(&form[..1]).send().await.is_invalid_client();
    let unknown = [("token", "garbage"), ("client_id", "nobody")];
    stack.post("/oauth/revoke").form(&unknown).send().await.is_invalid_client();
}

#[tokio::test]
async fn an_altered_token_revokes_nothing() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    let secret_of_another = stack.token(&machine).await;
    for altered in crate::harness::altered(&token, &secret_of_another) {
        assert_eq!(stack.revoke(&machine, &altered).await.status, 200, "{altered}");
    }
    assert_eq!(stack.introspect(&machine, &token).await["active"], true);
    assert_eq!(stack.introspect(&machine, &secret_of_another).await["active"], true);
    assert!(stack.audited("revoked").is_empty());
}

#[tokio::test]
async fn a_revocation_leaves_its_event_and_the_item_that_proves_it() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    let jti = stack.introspect(&machine, &token).await["jti"].clone();
    stack.revoke(&machine, &token).await;
    stack.revoke(&machine, &token).await;
    let revoked = stack.audited("revoked");
    assert_eq!(revoked.len(), 1, "the second time there was nothing to revoke");
    assert_eq!((&revoked[0]["client"], &revoked[0]["token"]), (&machine.id.into(), &jti));
    assert_eq!(revoked[0]["reason"], "revoked");
    assert_eq!(stack.grants().await, 1, "nothing is deleted before it expires");
}

#[tokio::test]
async fn a_client_cannot_revoke_a_personal_token() {
    let stack = Stack::with_accounts().await;
    let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let (machine, public) = (stack.machine().await, stack.public().await);
    for lasts in ["7", "temporary"] {
        let token = browser.personal_token("x", lasts).await;
        for client in [&machine, &rs] {
            // RFC 7009 §2.2.1.
            stack.revoke(client, &token).await.is_error(400, "unsupported_token_type");
        }
        let form = [("token", token.as_str()), ("client_id", &public.id)];
        stack.post("/oauth/revoke").form(&form).send().await.is_error(400, "unsupported_token_type");
        assert_eq!(stack.introspect(&rs, &token).await["active"], true);
        // The response does not tell whether there is such a token, and nothing at all to a request that is not
        // authenticated.
        let unknown = Presented::new(Kind::Api, Id::random(), &[7; 32]);
        stack.revoke(&machine, unknown.expose()).await.is_error(400, "unsupported_token_type");
        stack.revoke(&machine.with_wrong_secret(), &token).await.is_invalid_client();
    }
}
