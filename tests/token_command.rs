//! `jeton token create`, `list`, `inspect` and `revoke`; the last two take every kind of token that a user or a client may
//! have lost.

use std::time::Duration;

use shared::secret::{ClientSecret, DeviceCookie, Id, Lineage, RefreshToken, Secret, Visit, random};

use crate::harness::{
    Stack, altered,
    code_flow::{Pair, Request},
};

async fn inspected(stack: &Stack, token: &str) -> serde_json::Value {
    stack.jeton(&["token", "inspect"], token).await.json()
}

async fn is_invalid_grant(stack: &Stack, client: &crate::harness::Registered, refresh: &str) -> bool {
    stack.refresh(client, refresh).await.json()["error"] == "invalid_grant"
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_the_whole_grant() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let Pair { access, refresh } = stack.pair(&web).await;
    assert_eq!(inspected(&stack, &refresh).await["active"], true);
    let revoked = stack.jeton(&["token", "revoke", &refresh], "").await;
    assert_eq!(revoked.json()["revoked"], true);
    assert!(!revoked.stdout.contains(&refresh[26..70]) && !revoked.stderr.contains(&refresh[26..70]));
    stack.is_inactive(&web, &access).await;
    assert!(is_invalid_grant(&stack, &web, &refresh).await);
    let printed = inspected(&stack, &refresh).await;
    assert_eq!((&printed["active"], &printed["grant"]["state"]), (&false.into(), &"ended".into()));
    assert!(printed["reason"].as_str().unwrap().starts_with("ended by an administrator"), "{printed}");
    stack.jeton(&["token", "revoke"], &refresh).await.failed(3, "does not work any more");
}

#[tokio::test]
async fn revoking_a_used_refresh_token_ends_the_grant_and_a_forged_one_ends_nothing() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let spent = stack.pair(&web).await.refresh;
    let Pair { access, refresh } = stack.refresh(&web, &spent).await.pair();
    let printed = inspected(&stack, &spent).await;
    assert_eq!(printed["active"], false);
    assert!(printed["reason"].as_str().unwrap().contains("spent"), "{printed}");

    let id = Secret::<RefreshToken>::parse(&spent).unwrap().id();
    let forged = Secret::of_lineage(id, &random(), &Lineage::first(random()));
    assert_eq!(inspected(&stack, forged.expose()).await["reason"], "unknown");
    stack.jeton(&["token", "revoke"], forged.expose()).await.failed(3, "does not work any more");
    let other = stack.pair(&web).await.refresh;
    // Pipes add white space.
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
async fn a_revoked_code_cannot_be_redeemed_and_its_tokens_end() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, stack.create_user("ada").await);
    let code = stack.issue_code(&web, ada.sub, Request::default()).await;
    assert_eq!(inspected(&stack, &code).await["active"], true);
    assert_eq!(stack.jeton(&["token", "revoke"], &code).await.json()["revoked"], true);
    assert_eq!(stack.redeem(&web, &code).await.json()["error"], "invalid_grant");
    stack.jeton(&["token", "revoke"], &code).await.failed(3, "does not work any more");

    let late = stack.issue_code(&web, ada.sub, Request::default()).await;
    stack.advance(Duration::from_mins(2));
    assert_eq!(inspected(&stack, &late).await["reason"], "expired");

    let code = stack.issue_code(&web, ada.sub, Request::default()).await;
    let Pair { access, refresh } = stack.redeem(&web, &code).await.pair();
    assert!(inspected(&stack, &code).await["reason"].as_str().unwrap().contains("redeemed"));
    stack.jeton(&["token", "revoke", &code], "").await.json();
    stack.is_inactive(&web, &access).await;
    assert!(is_invalid_grant(&stack, &web, &refresh).await);
}

#[tokio::test]
async fn a_session_is_revoked_by_its_cookie() {
    let stack = Stack::start().await;
    let (browser, other) = (stack.signed_in().await, stack.browser());
    other.sign_in(&stack.create_user("eve").await).await;
    let session = browser.cookie("jeton-session").unwrap();
    stack.jeton(&["token", "inspect"], &session).await.failed(2, "is a session");
    assert_eq!(stack.jeton(&["token", "revoke"], &session).await.json()["revoked"], true);
    assert!(!browser.get("/login").await.text.contains("You are signed in"));
    assert!(other.get("/login").await.text.contains("You are signed in"));
    stack.jeton(&["token", "revoke"], &session).await.failed(3, "no such session");
}

#[tokio::test]
async fn an_error_about_another_secret_says_what_to_do_instead() {
    let stack = Stack::start().await;
    let secret = Secret::<ClientSecret>::new(Id::random(), &random());
    let browser = Secret::<DeviceCookie>::new(Id::random(), &random());
    let visit = Secret::<Visit>::new(Id::random(), &random());
    for verb in ["inspect", "revoke"] {
        for (text, expected) in [
            (secret.expose(), "rotate-secret"),
            (browser.expose(), "revoke-all --user"),
            (visit.expose(), "ends by itself"),
            ("", "is empty"),
            ("garbage", "neither a token nor"),
        ] {
            let ran = stack.jeton(&["token", verb], text).await;
            ran.failed(2, expected);
            assert!(text.len() < 26 || !ran.stderr.contains(&text[26..70]), "{ran:?}");
        }
    }
}

#[tokio::test]
async fn the_command_makes_lists_inspects_and_ends_tokens() {
    let stack = Stack::with_accounts().await;
    let rs = stack.resource_server().await;
    stack.create_user("ada").await;
    let create = ["token", "create", "--user", "ADA", "--name", "robot", "--scope", "read write"];
    let lasting = [&create[..], &["--ttl", "never"]].concat();
    let made = stack.jeton(&lasting, "").await.json();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("jtp_") && made["last_used"].is_null());
    assert_eq!(stack.introspect(&rs, token).await["scope"], "read write");
    let temporary = stack.jeton(&[&create[..], &["--temporary", "--ttl", "60"]].concat(), "").await.json();
    assert!(temporary["token"].as_str().unwrap().starts_with("jtt_"));
    let month = stack.jeton(&create, "").await.json();
    assert!(month["expires_at"].is_u64() && made["expires_at"].is_null());
    let listed = stack.jeton(&["token", "list", "--user", "ada"], "").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert!(!listed.to_string().contains(token) && listed.to_string().contains("2100-01-01"));
    for named in [token, made["id"].as_str().unwrap()] {
        assert_eq!(stack.jeton(&["token", "inspect", named], "").await.json()["active"], true);
    }
    assert_eq!(stack.jeton(&["token", "revoke"], token).await.json()["revoked"], true);
    stack.is_inactive(&rs, token).await;
    stack.jeton(&["token", "revoke", token], "").await.failed(3, "does not work any more");
    let inspected = stack.jeton(&["token", "inspect", token], "").await.json();
    assert!(inspected["active"] == false && inspected["reason"].as_str().unwrap().starts_with("ended at"));
    for wrong in [
        &["--ttl", "59"][..],
        &["--ttl", "315360001"],
        &["--temporary", "--ttl", "never"],
        &["--temporary", "--ttl", "21601"],
        &["--scope", "a\"b"],
        &["--name", "a\nb"],
    ] {
        let wanted = [&create[..4], &["--name", "robot", "--scope", "read"], wrong].concat();
        let wanted =
            if wrong[0] == "--name" { [&create[..4], &["--scope", "read"], wrong].concat() } else { wanted };
        assert_eq!(stack.jeton(&wanted, "").await.code, 2, "{wrong:?}");
    }
    stack.jeton(&["token", "list", "--user", "nobody"], "").await.failed(3, "nobody");
}
