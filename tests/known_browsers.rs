//! A browser that a person has signed in with before: whoever guesses at their account does not keep them out.

use std::{sync::Arc, time::Duration};

use shared::{
    secret::{self, Secret},
    user::{Password, password},
};

use crate::harness::{Browser, Guesser, PASSWORD, Person, Stack, altered};

const COOKIE: &str = "jeton-browser";
const WRONG: &str = "a wrong password";
const ATTACKER: &str = "198.51.100.9";

/// A stack that takes three attempts from anybody.
async fn strict() -> Arc<Stack> {
    let stack = Stack::configured(|config| {
        (config.throttling.per_account, config.throttling.per_address) = (3, 3);
    });
    Arc::new(stack.await)
}

/// Ada, and a browser that she has signed in with.
async fn ada_at_home(stack: &Stack) -> (Person, Browser<'_>) {
    let (ada, browser) = (stack.somebody("ada").await, stack.browser());
    browser.sign_in(&ada).await;
    (ada, browser)
}

/// Guesses at `name` until nothing is looked at any more, from `127.0.0.1`, too: where every browser of these tests is.
async fn exhaust(stack: &Arc<Stack>, name: &str) {
    let guesser = Guesser::stranger(stack).await;
    for address in [ATTACKER, "127.0.0.1"] {
        guesser.guess(address, name, 4).await;
    }
    assert_eq!(guesser.attempt(ATTACKER, name, PASSWORD).await.status, 429);
    assert_eq!(guesser.attempt("127.0.0.1", name, PASSWORD).await.status, 429);
}

/// The status of trying to sign in.
async fn sign_in(browser: &Browser<'_>, name: &str, password: &str) -> u16 {
    browser.try_to_sign_in("/login", name, password).await.status
}

#[tokio::test]
async fn a_person_gets_in_though_their_account_and_their_address_are_exhausted() {
    let stack = strict().await;
    let (_, browser) = ada_at_home(&stack).await;
    browser.sign_out().await;
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&stack.browser(), "ada", PASSWORD).await, 429);
    for _ in 0..5 {
        assert_eq!(sign_in(&browser, "ADA", PASSWORD).await, 303);
    }
    // It has a limit, too; and what it was charged is nobody else's loss.
    for expected in [400, 400, 400, 429] {
        assert_eq!(sign_in(&browser, "ada", WRONG).await, expected);
    }
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429);
    assert_eq!(stack.audited("sign_in_throttled").last().unwrap()["by"], "browser");
    stack.advance(Duration::from_mins(15));
    for expected in [400, 400, 400, 429] {
        assert_eq!(sign_in(&browser, "ada", WRONG).await, expected);
    }
    assert_eq!(sign_in(&stack.browser(), "ada", PASSWORD).await, 303);
}

#[tokio::test]
async fn a_known_browser_is_a_stranger_to_every_other_account() {
    let stack = strict().await;
    let (_, browser) = ada_at_home(&stack).await;
    let eve = stack.somebody("eve").await;
    for expected in [400, 400, 400, 429] {
        assert_eq!(sign_in(&browser, "eve", WRONG).await, expected);
    }
    assert_eq!(sign_in(&browser, "nobody", WRONG).await, 429, "the address is charged");
    let elsewhere = Guesser::with(&stack, &browser).await;
    assert_eq!(elsewhere.attempt(ATTACKER, "eve", PASSWORD).await.status, 429, "so is the account");
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 303);
    // Whoever signs in makes the browser theirs.
    stack.advance(Duration::from_mins(15));
    browser.sign_in(&eve).await;
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429);
    assert_eq!(sign_in(&browser, "eve", PASSWORD).await, 303);
}

#[tokio::test]
async fn a_browser_is_known_by_its_latest_cookie_for_a_hundred_and_eighty_days() {
    let stack = strict().await;
    let (ada, browser) = ada_at_home(&stack).await;
    let copy = browser.clone();
    browser.sign_in(&ada).await;
    assert_ne!(browser.cookie(COOKIE), copy.cookie(COOKIE));
    assert_eq!(stack.kept_of_kind("b").await, 1, "it is the same browser");
    stack.advance_to_just_before(Duration::from_hours(180 * 24));
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&copy, "ada", PASSWORD).await, 429, "a copy from before is worth nothing");
    let forgotten = browser.clone();
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 303);
    stack.advance(Duration::from_hours(24));
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&forgotten, "ada", PASSWORD).await, 429);
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 303, "every login renews it");
    stack.advance(Duration::from_hours(180 * 24));
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429);
}

#[tokio::test]
async fn two_tabs_that_sign_in_at_once_leave_a_known_browser() {
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
async fn an_end_to_everything_makes_every_browser_a_stranger() {
    for what in ["disabled", "ended", "deleted"] {
        let stack = strict().await;
        let (ada, browser) = ada_at_home(&stack).await;
        match what {
            "disabled" => stack.app.users.disable(ada.sub, stack.now()).await.unwrap(),
            "ended" => stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap(),
            _ => stack.app.users.delete(ada.sub).await.unwrap(),
        }
        exhaust(&stack, "ada").await;
        if what == "deleted" {
            stack.somebody("ada").await;
        }
        assert_eq!(sign_in(&browser, "ada", PASSWORD).await, 429, "{what}");
    }
}

#[tokio::test]
async fn another_password_makes_every_browser_a_stranger() {
    let stack = strict().await;
    let (ada, browser) = ada_at_home(&stack).await;
    let new = "another horse, another battery";
    // What `jeton user set-password` does.
    let (user, _) = stack.app.users.read(ada.sub).await.unwrap().unwrap();
    let hash = password::hash_async(Password::new(new.to_owned()).unwrap()).await;
    stack.app.users.set_password(&user, &hash, stack.now()).await.unwrap();
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", new).await, 429);
    stack.advance(Duration::from_mins(15));
    assert_eq!(sign_in(&browser, "ada", new).await, 303);
    exhaust(&stack, "ada").await;
    assert_eq!(sign_in(&browser, "ada", new).await, 303);
}

#[tokio::test]
async fn a_cookie_that_is_forged_or_garbage_is_none() {
    let stack = strict().await;
    let (_, browser) = ada_at_home(&stack).await;
    let (right, stranger) = (browser.cookie(COOKIE).unwrap(), stack.browser());
    let eve = stack.browser();
    eve.sign_in(&stack.somebody("eve").await).await;
    let session = browser.cookie("jeton-session").unwrap();
    exhaust(&stack, "ada").await;
    let garbage = [String::new(), "x".into(), session.clone(), session.replacen("jtn", "jtb", 1)];
    stack.dynamodb.forget();
    for value in garbage.into_iter().chain(altered(&right, &eve.cookie(COOKIE).unwrap())) {
        if value.contains('\n') {
            continue;
        }
        stranger.set_cookie(COOKIE, &value);
        assert_eq!(sign_in(&stranger, "ada", PASSWORD).await, 429, "{value}");
    }
    let reads = stack.dynamodb.seen().into_iter().filter(|seen| seen.operation == "GetItem").count();
    assert_eq!(reads, 0, "what is not well-formed is not looked up");
    // Well-formed, with the name of Ada's browser and the secret of Eve's; and one that nobody was given.
    for (id, key) in [(&right, &[7; 32]), (&right, &[0; 32]), (&eve.cookie(COOKIE).unwrap(), &[7; 32])] {
        let id = Secret::<secret::Browser>::parse(id).unwrap().id();
        let forged = Secret::<secret::Browser>::new(id, key);
        stranger.set_cookie(COOKIE, forged.expose());
        assert_eq!(sign_in(&stranger, "ada", PASSWORD).await, 429);
    }
    stranger.set_cookie(COOKIE, &right);
    assert_eq!(
        sign_in(&stranger, "ada", PASSWORD).await,
        303,
        "whoever has the cookie has the counter, and no more"
    );
}

#[tokio::test]
async fn nothing_is_set_or_kept_for_whoever_did_not_sign_in() {
    let stack = strict().await;
    let browser = stack.browser();
    stack.somebody("ada").await;
    for (name, password) in [("ada", WRONG), ("nobody", PASSWORD)] {
        assert_eq!(sign_in(&browser, name, password).await, 400);
    }
    assert_eq!((browser.cookie(COOKIE), stack.kept_of_kind("b").await), (None, 0));
}
