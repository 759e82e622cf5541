//! `jeton token inspect` and `revoke` take every kind of token that a user or a client may have lost.

use std::time::Duration;

use shared::secret::{Browser, ClientSecret, Id, Lineage, RefreshToken, Secret, Visit, random};

use crate::harness::{
    Stack, altered,
    person::{Pair, Request},
};

async fn inspected(stack: &Stack, token: &str) -> serde_json::Value {
    stack.jeton(&["token", "inspect"], token).await.json()
}

async fn is_invalid_grant(stack: &Stack, client: &crate::harness::Registered, refresh: &str) -> bool {
    stack.refresh(client, refresh).await.json()["error"] == "invalid_grant"
}

#[tokio::test]
async fn a_refresh_token_takes_its_whole_grant_along() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let Pair { access, refresh } = stack.pair(&web).await;
    assert_eq!(inspected(&stack, &refresh).await["active"], true);
    let revoked = stack.jeton(&["token", "revoke", &refresh], "").await;
    assert_eq!(revoked.json()["revoked"], true);
    assert!(!revoked.stdout.contains(&refresh[26..70]) && !revoked.stderr.contains(&refresh[26..70]));
    stack.is_inactive(&web, &access).await;
    assert!(is_invalid_grant(&stack, &web, &refresh).await);
    let told = inspected(&stack, &refresh).await;
    assert_eq!((&told["active"], &told["grant"]["state"]), (&false.into(), &"ended".into()));
    assert!(told["reason"].as_str().unwrap().starts_with("ended by an administrator"), "{told}");
    stack.jeton(&["token", "revoke"], &refresh).await.failed(3, "does not work any more");
}

#[tokio::test]
async fn a_spent_refresh_token_does_so_too_and_a_forged_one_ends_nothing() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let spent = stack.pair(&web).await.refresh;
    let Pair { access, refresh } = stack.refresh(&web, &spent).await.pair();
    let told = inspected(&stack, &spent).await;
    assert_eq!(told["active"], false);
    assert!(told["reason"].as_str().unwrap().contains("spent"), "{told}");

    let id = Secret::<RefreshToken>::parse(&spent).unwrap().id();
    let forged = Secret::of_lineage(id, &random(), &Lineage::first(random()));
    assert_eq!(inspected(&stack, forged.expose()).await["reason"], "unknown");
    stack.jeton(&["token", "revoke"], forged.expose()).await.failed(3, "does not work any more");
    let other = stack.pair(&web).await.refresh;
    // White space around it is what pipes add.
    for text in altered(&refresh, &other).into_iter().filter(|text| text.trim() != refresh) {
        let ran = stack.jeton(&["token", "revoke"], &text).await;
        assert!([2, 3].contains(&ran.code) && ran.stdout.is_empty(), "{ran:?}");
    }
    assert!(stack.is_active(&web, &access).await);

    stack.jeton(&["token", "revoke"], &spent).await.json();
    assert!(is_invalid_grant(&stack, &web, &refresh).await);
    stack.is_inactive(&web, &access).await;
}

#[tokio::test]
async fn a_code_cannot_be_redeemed_once_it_is_revoked_and_what_it_was_redeemed_for_ends_with_it() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, stack.somebody("ada").await);
    let code = stack.agree(&web, ada.sub, Request::default()).await;
    assert_eq!(inspected(&stack, &code).await["active"], true);
    assert_eq!(stack.jeton(&["token", "revoke"], &code).await.json()["revoked"], true);
    assert_eq!(stack.redeem(&web, &code).await.json()["error"], "invalid_grant");
    stack.jeton(&["token", "revoke"], &code).await.failed(3, "does not work any more");

    let late = stack.agree(&web, ada.sub, Request::default()).await;
    stack.advance(Duration::from_mins(2));
    assert_eq!(inspected(&stack, &late).await["reason"], "expired");

    let code = stack.agree(&web, ada.sub, Request::default()).await;
    let Pair { access, refresh } = stack.redeem(&web, &code).await.pair();
    assert!(inspected(&stack, &code).await["reason"].as_str().unwrap().contains("redeemed"));
    stack.jeton(&["token", "revoke", &code], "").await.json();
    stack.is_inactive(&web, &access).await;
    assert!(is_invalid_grant(&stack, &web, &refresh).await);
}

#[tokio::test]
async fn a_session_ends_by_its_cookie() {
    let stack = Stack::start().await;
    let (browser, other) = (stack.signed_in().await, stack.browser());
    other.sign_in(&stack.somebody("eve").await).await;
    let session = browser.cookie("jeton-session").unwrap();
    stack.jeton(&["token", "inspect"], &session).await.failed(2, "is a session");
    assert_eq!(stack.jeton(&["token", "revoke"], &session).await.json()["revoked"], true);
    assert!(!browser.get("/login").await.text.contains("You are signed in"));
    assert!(other.get("/login").await.text.contains("You are signed in"));
    stack.jeton(&["token", "revoke"], &session).await.failed(3, "no such session");
}

#[tokio::test]
async fn what_is_no_token_is_said_to_be_none_and_what_to_do_instead() {
    let stack = Stack::start().await;
    let secret = Secret::<ClientSecret>::new(Id::random(), &random());
    let browser = Secret::<Browser>::new(Id::random(), &random());
    let visit = Secret::<Visit>::new(Id::random(), &random());
    for verb in ["inspect", "revoke"] {
        for (text, told) in [
            (secret.expose(), "rotate-secret"),
            (browser.expose(), "revoke-all --user"),
            (visit.expose(), "ends by itself"),
            ("", "nothing was given"),
            ("garbage", "neither a token nor"),
        ] {
            let ran = stack.jeton(&["token", verb], text).await;
            ran.failed(2, told);
            assert!(text.len() < 26 || !ran.stderr.contains(&text[26..70]), "{ran:?}");
        }
    }
}
