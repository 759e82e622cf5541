//! Signatures by KMS, and its outages: the real client of KMS before a stand-in that signs with a real key.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use shared::{
    grants::{EndReason, State},
    openid::{KeyList, Start},
    secret::{AuthorizationCode, Secret},
};

use crate::harness::{
    Registered, Stack,
    kms::{ARN, ELSEWHERE, FakeKms, Mode},
};

const THROTTLED: Mode = Mode::Refuse(StatusCode::BAD_REQUEST, "ThrottlingException");
const BROKEN: Mode = Mode::Refuse(StatusCode::INTERNAL_SERVER_ERROR, "KMSInternalException");
const DISABLED: Mode = Mode::Refuse(StatusCode::BAD_REQUEST, "DisabledException");
const DENIED: Mode = Mode::Refuse(StatusCode::BAD_REQUEST, "AccessDeniedException");

async fn prepared(arns: &str) -> (Arc<Stack>, FakeKms, Registered, String) {
    prepared_with(FakeKms::start().await, arns).await
}

/// The same for a KMS that fails in this way: the client of one that does not answer waits as long as a function does.
async fn prepared_for(mode: Mode) -> (Arc<Stack>, FakeKms, Registered, String) {
    let kms = if mode == Mode::Hang { FakeKms::of_impatient_clients().await } else { FakeKms::start().await };
    prepared_with(kms, ARN).await
}

async fn prepared_with(kms: FakeKms, arns: &str) -> (Arc<Stack>, FakeKms, Registered, String) {
    let stack = Arc::new(Stack::with_kms(&kms, arns).await);
    let client = stack.refreshing_party().await;
    let code = stack.openid_code(&client, stack.user("alice").await).await;
    (stack, kms, client, code)
}

#[tokio::test]
async fn kms_gets_a_digest_and_its_request_is_in_the_log() {
    let (stack, kms, client, code) = prepared(ARN).await;
    stack.signed_in_with(&client, &code).await;
    let seen = kms.seen();
    assert_eq!(seen.len(), 1);
    let message = STANDARD.decode(seen[0]["Message"].as_str().unwrap()).unwrap();
    assert_eq!(message.len(), 32);
    let expected = json!({
        "KeyId": ARN,
        "Message": seen[0]["Message"],
        "MessageType": "DIGEST",
        "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
    });
    assert_eq!(seen[0], expected);
    let events = stack.audited("id_token_signed");
    let kid = stack.app.signing_keys.read().await.unwrap().keys()[0].kid.clone();
    let id = Secret::<AuthorizationCode>::parse(&code).unwrap().id();
    let event = json!({
        "grant": id, "client": client.id, "kid": kid, "kms_request_id": "kms-request-1", "IdTokenSigned": 1,
    });
    for (name, value) in event.as_object().unwrap() {
        assert_eq!(&events[0][name], value, "{name}");
    }
}

#[tokio::test]
async fn without_a_signature_a_redemption_fails_and_the_same_code_is_redeemed_afterwards() {
    for (mode, reason) in [
        (THROTTLED, "KMS: ThrottlingException"),
        (BROKEN, "KMS: KMSInternalException"),
        (DISABLED, "KMS: DisabledException"),
        (DENIED, "KMS: AccessDeniedException"),
        (Mode::Hang, "KMS: timed out"),
        (Mode::Close, "KMS: no connection"),
    ] {
        let (stack, kms, client, code) = prepared_for(mode).await;
        kms.set(mode);
        #[expect(clippy::disallowed_methods, reason = "the machine's time, which KMS's client waits for")]
        let begin = Instant::now();
        stack.redeem(&client, &code).await.is_unavailable();
        assert!(begin.elapsed() < Duration::from_secs(9), "{mode:?}: {:?}", begin.elapsed());
        let events = stack.audited("unavailable");
        assert_eq!((events.len(), events[0]["reason"].as_str()), (1, Some(reason)));
        assert_eq!(stack.grant_of_code(&code).await.state, State::Code, "{mode:?}");
        assert_eq!(stack.signatures(), 0);
        kms.set(Mode::Sign);
        stack.signed_in_with(&client, &code).await;
        assert!(stack.audited("replayed").is_empty());
    }
}

#[tokio::test]
async fn a_request_that_kms_throttles_once_is_repeated() {
    let (stack, kms, client, code) = prepared(ARN).await;
    kms.set(Mode::ThrottleOnce);
    stack.signed_in_with(&client, &code).await;
    assert_eq!((kms.seen().len(), stack.signatures()), (2, 1));
}

#[tokio::test]
async fn a_key_of_another_region_signs_nothing() {
    let (stack, kms, client, code) = prepared(ELSEWHERE).await;
    stack.redeem(&client, &code).await.is_unavailable();
    assert_eq!(stack.audited("unavailable")[0]["reason"], "KMS: NotFoundException");
    assert_eq!(kms.seen()[0]["KeyId"], ELSEWHERE);
    assert_eq!(stack.grant_of_code(&code).await.state, State::Code);
}

#[tokio::test]
async fn after_kms_refuses_a_key_one_that_was_added_since_signs_at_once() {
    let (stack, _kms, client, code) = prepared(&format!("{ELSEWHERE},{ARN}")).await;
    stack.redeem(&client, &code).await.is_unavailable();
    let list = stack.app.signing_keys.read().await.unwrap();
    let mut key = list.keys()[0].clone();
    key.name = ARN.parse().unwrap();
    stack.app.signing_keys.replace(&list, &list.with(key, Start::Now, stack.now())).await.unwrap();
    stack.signed_in_with(&client, &code).await;
}

#[tokio::test]
async fn a_deployment_without_a_usable_key_signs_nothing_and_looks_again() {
    let (stack, kms, client, code) = prepared(ARN).await;
    let list = stack.app.signing_keys.read().await.unwrap();
    let revision: KeyList =
        serde_json::from_value(json!({ "pk": "keys#", "v": 1, "n": 1, "keys": [] })).unwrap();
    stack.app.signing_keys.replace(&list, &revision).await.unwrap();
    stack.redeem(&client, &code).await.is_unavailable();
    let reason = &stack.audited("unavailable")[0]["reason"];
    assert_eq!(reason, "no signing key is usable; see `jeton key list`");
    assert!(kms.seen().is_empty());
    let empty = stack.app.signing_keys.read().await.unwrap();
    stack.app.signing_keys.replace(&empty, &list).await.unwrap();
    stack.signed_in_with(&client, &code).await;
}

#[tokio::test]
async fn a_grant_that_ends_while_kms_signs_leads_to_nothing() {
    let (stack, kms, client, code) = prepared(ARN).await;
    kms.set(Mode::Hold);
    let redemption = {
        let (stack, client, code) = (Arc::clone(&stack), client.clone(), code.clone());
        tokio::spawn(async move { stack.redeem(&client, &code).await })
    };
    kms.waits().await;
    let id = Secret::<AuthorizationCode>::parse(&code).unwrap().id();
    stack.app.grants.end(id, EndReason::Administrator, stack.now()).await.unwrap();
    kms.set(Mode::Sign);
    kms.release();
    let response = redemption.await.unwrap();
    response.is_error(400, "invalid_grant");
    assert!(!response.text.contains("id_token"));
    assert_eq!(stack.signatures(), 1, "every answered request to KMS is in the log");
}

#[tokio::test]
async fn a_refresh_goes_without_a_signature_and_keeps_its_rotation() {
    for (mode, reason) in [
        (THROTTLED, "KMS: ThrottlingException"),
        (Mode::Hang, "KMS: timed out"),
        (Mode::Close, "KMS: no connection"),
    ] {
        let (stack, kms, client, code) = prepared_for(mode).await;
        let pair = stack.redeem(&client, &code).await.pair();
        kms.set(mode);
        let refreshed = stack.refresh(&client, &pair.refresh).await;
        assert_eq!((refreshed.status, refreshed.json().get("id_token")), (200, None), "{mode:?}");
        let events = stack.audited("id_token_not_signed");
        assert_eq!((events.len(), events[0]["reason"].as_str()), (1, Some(reason)));
        kms.set(Mode::Sign);
        let next = stack.refresh(&client, &refreshed.pair().refresh).await;
        stack.verified(next.json()["id_token"].as_str().unwrap()).await;
        assert!(stack.audited("reused").is_empty() && stack.audited("unavailable").is_empty());
    }
}

#[tokio::test]
async fn the_start_opens_the_connection_by_a_dry_run() {
    let kms = FakeKms::start().await;
    let client = kms.client().await;
    client.warm_up(&ARN.parse().unwrap()).await;
    let seen = kms.seen();
    assert_eq!((seen.len(), &seen[0]["DryRun"], &seen[0]["KeyId"]), (1, &json!(true), &json!(ARN)));
    kms.set(DENIED);
    client.warm_up(&ARN.parse().unwrap()).await;
    client.warm_up(&"local".parse().unwrap()).await;
    assert_eq!(kms.seen().len(), 1);
}
