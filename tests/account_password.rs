//! Changing the password: what proves the user, what ends, and what goes on.

use std::{sync::Arc, time::Duration};

use shared::pages::Section;

use crate::harness::{
    AuthorizationRequest, Browser, Fault, Guesser, HtmlForm, PASSWORD, Stack, account::TOKENS,
};

const NEW: &str = "another long password";
const WRONG: &str = "a wrong password";

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get(Section::SESSIONS).await.status == 200
}

/// Returns the status of a sign-in as ada from a browser without cookies.
async fn sign_in(stack: &Stack, password: &str) -> u16 {
    stack.browser().try_to_sign_in("/login", "ada", password).await.status
}

#[tokio::test]
async fn a_new_password_ends_everything_but_this_browser() {
    let stack = Stack::with_accounts().await;
    let ((ada, here), web, rs) =
        (stack.signed_in_user("ada").await, stack.web().await, stack.resource_server().await);
    let (there, eve) = (stack.browser(), stack.browser());
    there.sign_in(&ada).await;
    eve.sign_in(&stack.create_user("eve").await).await;
    let access =
        stack.redeem(&web, here.consent(&AuthorizationRequest::by(&web)).await.code()).await.pair().access;
    let personal = here.personal_token("robot", "never").await;
    let before = ["jeton-session", "jeton-device"].map(|name| here.cookie(name).unwrap());
    let stolen = here.clone();
    stack.advance(Duration::from_secs(1));
    let page = here.change_password(PASSWORD, NEW, true).await;
    page.is_page(200);
    assert!(page.text.contains("All applications have lost their access"), "{}", page.text);
    for browser in [&there, &stolen] {
        assert!(!is_signed_in(browser).await);
    }
    assert!(is_signed_in(&here).await && is_signed_in(&eve).await);
    for token in [&access, &personal] {
        stack.is_inactive(&rs, token).await;
    }
    let after = ["jeton-session", "jeton-device"].map(|name| here.cookie(name).unwrap());
    assert!(before.iter().zip(&after).all(|(before, after)| before != after));
    // The consent has ended, too.
    here.consent_form(&AuthorizationRequest::by(&web)).await;
    assert_eq!((sign_in(&stack, PASSWORD).await, sign_in(&stack, NEW).await), (400, 303));
    let changes: Vec<_> =
        stack.audited("user_changed").into_iter().map(|line| line["change"].clone()).collect();
    assert_eq!(changes, ["password_changed"]);
    let everywhere = [stack.stored().await, stack.logged()].concat();
    assert!(!everywhere.contains(NEW) && !everywhere.contains(PASSWORD));
}

#[tokio::test]
async fn a_developer_is_told_that_credentials_still_work() {
    let stack = Stack::with_accounts().await;
    let told = |page: &str| {
        page.contains("Delete those that you do not recognize") && page.contains(Section::CREDENTIALS)
    };
    let (_, developer) = stack.developer("dora").await;
    let (_, user) = stack.signed_in_user("ada").await;
    let credentials = developer.credentials("job").await;
    stack.advance(Duration::from_secs(1));
    assert!(told(&developer.change_password(PASSWORD, NEW, true).await.text));
    assert!(!told(&user.change_password(PASSWORD, NEW, true).await.text));
    stack.advance(Duration::from_secs(1));
    stack.token(&credentials).await;
}

#[tokio::test]
async fn without_the_box_only_sessions_end() {
    let stack = Stack::with_accounts().await;
    let ((ada, here), web, rs) =
        (stack.signed_in_user("ada").await, stack.web().await, stack.resource_server().await);
    let there = stack.browser();
    there.sign_in(&ada).await;
    let access =
        stack.redeem(&web, here.consent(&AuthorizationRequest::by(&web)).await.code()).await.pair().access;
    let personal = here.personal_token("robot", "never").await;
    let link = stack.app.users.create_reset_link(ada.sub, stack.now()).await.unwrap();
    let page = here.change_password(PASSWORD, NEW, false).await;
    page.is_page(200);
    assert!(page.text.contains("keep their access"), "{}", page.text);
    assert!(is_signed_in(&here).await && !is_signed_in(&there).await);
    for token in [&access, &personal] {
        assert!(stack.is_active(&rs, token).await);
    }
    here.redirected(&AuthorizationRequest::by(&web)).await.code();
    let old_link = stack.app.users.find_reset_link(&link, stack.now()).await.unwrap();
    assert!(old_link.is_none(), "a new password ends an outstanding reset link");
}

#[tokio::test]
async fn the_form_fits_password_managers_and_its_box_is_checked() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let page = browser.get(Section::PASSWORD).await;
    page.is_page(200);
    for part in [
        "autocomplete=\"username\" readonly value=\"ada\"",
        "name=\"current\" type=\"password\" autocomplete=\"current-password\"",
        "name=\"new\" type=\"password\" autocomplete=\"new-password\" minlength=\"8\" maxlength=\"1024\"",
        "<a href=\"/account/password\" aria-current=\"page\">Password</a>",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains(TOKENS), "a deployment without personal tokens");
    assert_eq!(HtmlForm::of(&page, Section::PASSWORD).get("everything"), Some("yes"));
    // A rejected form keeps the choice, and no password.
    let page = browser.change_password(WRONG, NEW, false).await;
    assert_eq!(HtmlForm::of(&page, Section::PASSWORD).get("everything"), None);
    assert!(!page.text.contains(NEW) && !page.text.contains(WRONG));
}

#[tokio::test]
async fn a_password_that_is_wrong_too_short_or_too_long_changes_nothing() {
    let stack = Stack::configured(|config| config.languages = "en,fr".parse().unwrap()).await;
    let browser = stack.signed_in().await;
    let long = "x".repeat(1_025);
    for (current, new, text) in [
        (WRONG, NEW, "The current password is wrong."),
        ("", NEW, "The current password is wrong."),
        (NEW, NEW, "The current password is wrong."),
        (PASSWORD, "seven77", "The new password is too short. At least 8 characters."),
        (PASSWORD, "", "The new password is too short."),
        (PASSWORD, &long, "The new password is too long."),
    ] {
        let page = browser.change_password(current, new, true).await;
        page.is_page(400);
        assert!(
            page.text.contains(text) && page.text.contains("Your password was not changed"),
            "{}",
            page.text
        );
        assert_eq!(page.headers("set-cookie"), Vec::<&str>::new());
    }
    assert!(is_signed_in(&browser).await);
    assert_eq!(sign_in(&stack, PASSWORD).await, 303);
    assert_eq!(stack.audited("sign_in_failed").len(), 3);
    assert_eq!(stack.audited("user_changed").len(), 0);
    let french = browser.speaking("fr").change_password(WRONG, NEW, true).await;
    assert!(french.text.contains("Le mot de passe actuel est incorrect."), "{}", french.text);
}

#[tokio::test]
async fn a_session_lets_no_one_guess_more_often_than_at_the_login_page() {
    let limited =
        Stack::configured(|config| (config.rate_limit.per_account, config.rate_limit.per_address) = (3, 9));
    let stack = Arc::new(limited.await);
    let (ada, browser) = stack.signed_in_user("ada").await;
    // With the device cookie of the user, a counter of its own; without, that of the account.
    let thief = stack.browser();
    thief.set_cookie("jeton-session", &browser.cookie("jeton-session").unwrap());
    for guesser in [&browser, &thief] {
        for _ in 0..3 {
            guesser.change_password(WRONG, NEW, true).await.is_page(400);
        }
        let page = guesser.change_password(PASSWORD, NEW, true).await;
        page.is_page(429);
        assert_eq!(page.header("retry-after"), Some("900"));
        assert!(page.text.contains("Too many attempts. Please try again in 15 minutes."), "{}", page.text);
    }
    // It is one counter with the login page.
    assert_eq!(Guesser::stranger(&stack).await.attempt("198.51.100.9", "ada", PASSWORD).await.status, 429);
    stack.advance(Duration::from_mins(15));
    browser.change_password(PASSWORD, NEW, true).await.is_page(200);
    stack.advance(Duration::from_millis(1));
    assert_eq!(stack.browser().try_to_sign_in("/login", &ada.name, NEW).await.status, 303);
}

#[tokio::test]
async fn a_form_works_once_and_for_its_session_alone() {
    let stack = Stack::start().await;
    let ((_, ada), (_, eve)) = (stack.signed_in_user("ada").await, stack.signed_in_user("eve").await);
    let form = HtmlForm::of(&ada.get(Section::PASSWORD).await, Section::PASSWORD);
    let foreign = HtmlForm::of(&eve.get(Section::PASSWORD).await, Section::PASSWORD);
    let fields = [("current", PASSWORD), ("new", NEW)];
    for edited in
        [form.without("csrf"), form.with("csrf", "00"), form.with("csrf", foreign.get("csrf").unwrap())]
    {
        ada.submit(&edited, &fields).await.is_page(403);
    }
    ada.submit(&form, &fields).await.is_page(200);
    // Sent again: the form was of the session that has ended.
    ada.submit(&form, &[("current", NEW), ("new", PASSWORD)]).await.is_page(403);
    assert_eq!((sign_in(&stack, PASSWORD).await, sign_in(&stack, NEW).await), (400, 303));
    ada.submit(&form.with("new", NEW), &fields).await.is_page(400);
    ada.post(Section::PASSWORD, &[]).await.is_page(403);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let form = HtmlForm::of(&browser.get(Section::PASSWORD).await, Section::PASSWORD);
    let (one, two) = (browser.clone(), browser.clone());
    let (first, second) = ("a first new password", "a second new password");
    let [fields, others] = [first, second].map(|new| [("current", PASSWORD), ("new", new)]);
    let (one, two) = tokio::join!(one.submit(&form, &fields), two.submit(&form, &others));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses.contains(&200), "{statuses:?}");
    // The other request finds another hash before it verifies the password (400) or before it writes (409), or finds that
    // its session has ended (303).
    assert!(statuses.iter().all(|status| [200, 303, 400, 409].contains(status)), "{statuses:?}");
    let signed_in = [sign_in(&stack, first).await, sign_in(&stack, second).await];
    assert_eq!(signed_in.iter().filter(|status| **status == 303).count(), 1);
    assert_eq!(stack.audited("user_changed").len(), 1);
}

#[tokio::test]
async fn an_outage_changes_nothing() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let page = browser.get(Section::PASSWORD).await;
    let form = HtmlForm::of(&page, Section::PASSWORD);
    let fields = [("current", PASSWORD), ("new", NEW)];
    for fault in [Fault::Throttle, Fault::ThrottleWrites] {
        stack.dynamodb.fail(fault);
        browser.submit(&form, &fields).await.is_page(503);
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!(sign_in(&stack, PASSWORD).await, 303);
    // The response to the transaction gets lost, and its retry finds its own hash.
    stack.dynamodb.fail(Fault::LoseFirstTransaction);
    browser.submit(&form, &fields).await.is_page(200);
    stack.dynamodb.fail(Fault::None);
    assert_eq!((sign_in(&stack, PASSWORD).await, sign_in(&stack, NEW).await), (400, 303));
}
