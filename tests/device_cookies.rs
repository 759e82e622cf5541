//! Device cookies: guesses at an account do not lock out the browsers that its user has signed in with before.

use std::{sync::Arc, time::Duration};

use shared::{
    secret::{self, Secret},
    status::Ending,
    users::{Password, password},
};

use crate::harness::{Browser, Guesser, PASSWORD, Stack, TestUser, altered};

const COOKIE: &str = "jeton-device";
const WRONG: &str = "a wrong password";
const ATTACKER: &str = "198.51.100.9";

/// Returns a stack whose limits are three attempts per account and per address.
async fn strict() -> Arc<Stack> {
    let stack = Stack::configured(|config| {
        (config.rate_limit.per_account, config.rate_limit.per_address) = (3, 3);
    });
    Arc::new(stack.await)
}

/// Returns ada, and a browser with her device cookie.
async fn ada_at_home(stack: &Stack) -> (TestUser, Browser<'_>) {
    let (ada, browser) = (stack.create_user("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    (ada, browser)
}

/// Guesses at `name` until the limits are reached, also that of `127.0.0.1`, the address of every browser in these
/// tests.
async fn exhaust(stack: &Arc<Stack>, name: &str) {
    let guesser = Guesser::stranger(stack).await;
    for address in [ATTACKER, "127.0.0.1"] {
        guesser.guess(address, name, 4).await;
    }
    assert_eq!(guesser.attempt(ATTACKER, name, PASSWORD).await.status, 429);
    assert_eq!(guesser.attempt("127.0.0.1", name, PASSWORD).await.status, 429);
}

/// Returns the status of an attempt to sign in.
async fn sign_in(browser: &Browser<'_>, name: &str, password: &str) -> u16 {
    browser.try_to_sign_in("/login", name, password).await.status
}

#[tokio::test]
async fn a_user_signs_in_though_their_account_and_address_are_at_their_limits() {
    let stack = strict().await;
    let (_, browser) = ada_at_home(&stack).await;
    browser.sign_out().await;
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&stack.browser(), "ada", PASSWORD).await, 429);
    for _ in 0..5 {
        assert_eq!(sign_in(&browser, "ADA", PASSWORD).await, 303);
    }
    // The device cookie has its own limit, and its failures are charged to no other counter.
    for expected in [400, 400, 400, 429] {
        assert_eq!(sign_in(&browser, "ada", WRONG).await, expected);
    }
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429);
    assert_eq!(stack.audited("sign_in_throttled").last().unwrap()["by"], "device");
    stack.advance(Duration::from_mins(15));
    for expected in [400, 400, 400, 429] {
        assert_eq!(sign_in(&browser, "ada", WRONG).await, expected);
    }
    assert_eq!(sign_in(&stack.browser(), "ada", PASSWORD).await, 303);
}

#[tokio::test]
async fn a_device_cookie_counts_for_its_users_account_alone() {
    let stack = strict().await;
    let (_, browser) = ada_at_home(&stack).await;
    let eve = stack.create_user("eve").await;
    for expected in [400, 400, 400, 429] {
        assert_eq!(sign_in(&browser, "eve", WRONG).await, expected);
    }
    assert_eq!(sign_in(&browser, "nobody", WRONG).await, 429, "the address is charged");
    let elsewhere = Guesser::with(&stack, &browser).await;
    assert_eq!(elsewhere.attempt(ATTACKER, "eve", PASSWORD).await.status, 429, "so is the account");
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 303);
    // The browser belongs to the user who signed in last.
    stack.advance(Duration::from_mins(15));
    browser.sign_in(&eve).await;
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429);
    assert_eq!(sign_in(&browser, "eve", PASSWORD).await, 303);
}

#[tokio::test]
async fn the_latest_device_cookie_alone_is_valid_for_180_days() {
    let stack = strict().await;
    let (ada, browser) = ada_at_home(&stack).await;
    let copy = browser.clone();
    browser.sign_in(&ada).await;
    assert_ne!(browser.cookie(COOKIE), copy.cookie(COOKIE));
    assert_eq!(stack.count_of_kind("b").await, 1, "the device cookie was renewed, not added");
    stack.advance_to_just_before(Duration::from_hours(180 * 24));
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&copy, "ada", PASSWORD).await, 429, "a copy from before is invalid");
    let old = browser.clone();
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 303);
    stack.advance(Duration::from_hours(24));
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&old, "ada", PASSWORD).await, 429);
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 303, "every sign-in renews it");
    stack.advance(Duration::from_hours(180 * 24));
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429);
}

#[tokio::test]
async fn two_tabs_that_sign_in_at_once_leave_a_valid_device_cookie() {
    let stack = strict().await;
    let (_, one) = ada_at_home(&stack).await;
    let other = one.clone();
    let statuses = tokio::join!(sign_in(&one, "ada", PASSWORD), sign_in(&other, "ada", PASSWORD));
    assert_eq!(statuses, (303, 303));
    exhaust(&stack, "ada").await;
    for tab in [one, other] {
        assert_eq!(sign_in(&tab, "ada", PASSWORD).await, 303);
    }
}

#[tokio::test]
async fn an_end_to_everything_invalidates_device_cookies() {
    for end in ["disabled", "ended", "deleted"] {
        let stack = strict().await;
        let (ada, browser) = ada_at_home(&stack).await;
        match end {
            "disabled" => stack.app.users.disable(ada.sub, stack.now()).await.unwrap(),
            "ended" => stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap(),
            _ => stack.app.users.delete(ada.sub).await.unwrap(),
        }
        exhaust(&stack, "ada").await;
        if end == "deleted" {
            stack.create_user("ada").await;
        }
        assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429, "{end}");
    }
}

#[tokio::test]
async fn another_password_invalidates_device_cookies() {
    let stack = strict().await;
    let (ada, browser) = ada_at_home(&stack).await;
    let new = "another horse, another battery";
    // What `jeton user set-password` does.
    let (user, _) = stack.app.users.read(ada.sub).await.unwrap().unwrap();
    let hash = password::hash_async(Password::new(new.to_owned()).unwrap()).await;
    stack.app.users.set_password(&user, &hash, Ending::Everything, stack.now()).await.unwrap();
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", new).await, 429);
    stack.advance(Duration::from_mins(15));
    assert_eq!(sign_in(&browser, "ada", new).await, 303);
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", new).await, 303);
}

#[tokio::test]
async fn a_forged_or_malformed_device_cookie_is_ignored() {
    let stack = strict().await;
    let (_, browser) = ada_at_home(&stack).await;
    let (right, stranger) = (browser.cookie(COOKIE).unwrap(), stack.browser());
    let eve = stack.browser();
    eve.sign_in(&stack.create_user("eve").await).await;
    let session = browser.cookie("jeton-session").unwrap();
    exhaust(&stack, "ada").await;
    let malformed = [String::new(), "x".into(), session.clone(), session.replacen("jtn", "jtb", 1)];
    stack.dynamodb.forget();
    for value in malformed.into_iter().chain(altered(&right, &eve.cookie(COOKIE).unwrap())) {
        if value.contains('\n') {
            continue;
        }
        stranger.set_cookie(COOKIE, &value);
        assert_eq!(sign_in(&stranger, "ada", PASSWORD).await, 429, "{value}");
    }
    let reads = stack.dynamodb.seen().into_iter().filter(|seen| seen.operation == "GetItem").count();
    assert_eq!(reads, 0, "a malformed cookie is not looked up");
    // Well-formed cookies with a forged secret, under the ids of Ada's and of Eve's.
    for (id, key) in [(&right, &[7; 32]), (&right, &[0; 32]), (&eve.cookie(COOKIE).unwrap(), &[7; 32])] {
        let id = Secret::<secret::DeviceCookie>::parse(id).unwrap().id();
        let forged = Secret::<secret::DeviceCookie>::new(id, key);
        stranger.set_cookie(COOKIE, forged.expose());
        assert_eq!(sign_in(&stranger, "ada", PASSWORD).await, 429);
    }
    stranger.set_cookie(COOKIE, &right);
    assert_eq!(
        sign_in(&stranger, "ada", PASSWORD).await,
        303,
        "the cookie gives its own counter to any browser, and no more"
    );
}

#[tokio::test]
async fn a_failed_sign_in_sets_and_stores_no_device_cookie() {
    let stack = strict().await;
    let browser = stack.browser();
    stack.create_user("ada").await;
    for (name, password) in [("ada", WRONG), ("nobody", PASSWORD)] {
        assert_eq!(sign_in(&browser, name, password).await, 400);
    }
    assert_eq!((browser.cookie(COOKIE), stack.count_of_kind("b").await), (None, 0));
}
