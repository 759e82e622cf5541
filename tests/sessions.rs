//! Sessions: how long they last, and everything that ends them.

use std::time::Duration;

use shared::secret::{self, Secret};

use crate::harness::{Asking, Browser, Fault, HtmlForm, PASSWORD, Redirect, Stack};

const SESSION: &str = "jeton-session";
/// The button that signs out of every browser.
const EVERYWHERE: [(&str, &str); 1] = [("where", "everywhere")];

/// Whether `browser` would have to sign in to be asked.
async fn is_signed_out(browser: &Browser<'_>, asking: &Asking) -> bool {
    browser.authorize(asking).await.header("location").is_some_and(|to| to.starts_with("/login?"))
}

#[tokio::test]
async fn signing_out_ends_the_session_in_every_browser_that_has_it() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    let stolen = browser.clone();
    let page = browser.sign_out().await;
    page.is_page(200);
    let cleared = [format!("{SESSION}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")];
    assert_eq!(page.headers("set-cookie"), cleared);
    assert!(stolen.redirected(&asking).await.location.starts_with("/login?"));
    assert_eq!(stack.audited("signed_out").len(), 1);
    stack.request("GET", "/logout").send().await.is_error(405, "invalid_request");
}

#[tokio::test]
async fn no_other_site_signs_anybody_out() {
    let stack = Stack::start().await;
    let (browser, other) = (stack.signed_in().await, stack.browser());
    other.sign_in(&stack.somebody("eve").await).await;
    let form = HtmlForm::of(&browser.get("/login").await, "/logout");
    let foreign = HtmlForm::of(&other.get("/login").await, "/logout");
    for edited in
        [form.without("csrf"), form.with("csrf", ""), form.with("csrf", foreign.get("csrf").unwrap())]
    {
        let answer = browser.submit(&edited, &[]).await;
        answer.is_page(403);
        assert_eq!(answer.headers("set-cookie"), Vec::<&str>::new());
    }
    // A browser sends no cookie with another site's form (SameSite), but would take one from the answer.
    let answer = stack.post("/logout").form(&[]).send().await;
    assert_eq!(answer.headers("set-cookie"), Vec::<&str>::new());
    assert!(browser.get("/login").await.text.contains("You are signed in"));
}

#[tokio::test]
async fn a_session_is_over_after_twelve_hours_to_the_millisecond_however_much_it_is_used() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    for _ in 0..11 {
        stack.advance(Duration::from_hours(1));
        browser.asked(&asking).await;
    }
    stack.advance_to_just_before(Duration::from_hours(1));
    let form = browser.asked(&asking).await;
    stack.advance_by_the_last_millisecond();
    let answer = browser.submit(&form, &[("decision", "allow")]).await;
    assert!(Redirect::of(&answer).location.starts_with("/login?"));
    assert!(browser.redirected(&asking).await.location.starts_with("/login?"));
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_person_who_is_disabled_deleted_or_signed_out_everywhere_is_signed_in_nowhere() {
    let stack = Stack::start().await;
    let asking = Asking::by(&stack.web().await);
    for (nth, what) in ["disabled", "deleted", "ended"].into_iter().enumerate() {
        let (browser, person) = (stack.browser(), stack.somebody(what).await);
        browser.sign_in(&person).await;
        let form = browser.asked(&asking).await;
        match nth {
            0 => stack.app.users.disable(person.sub, stack.now()).await.unwrap(),
            1 => stack.app.users.delete(person.sub).await.unwrap(),
            _ => stack.app.users.end_everything(person.sub, stack.now()).await.unwrap(),
        }
        let answer = browser.submit(&form, &[("decision", "allow")]).await;
        assert!(Redirect::of(&answer).location.starts_with("/login?"), "{what}");
        assert!(browser.redirected(&asking).await.location.starts_with("/login?"), "{what}");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_session_that_is_not_used_is_over_after_two_hours_to_the_millisecond() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    for _ in 0..3 {
        stack.advance_to_just_before(Duration::from_hours(2));
        browser.asked(&asking).await;
    }
    let form = browser.asked(&asking).await;
    stack.advance_to_just_before(Duration::from_hours(2));
    stack.advance_by_the_last_millisecond();
    let answer = browser.submit(&form, &[("decision", "allow")]).await;
    assert!(Redirect::of(&answer).location.starts_with("/login?"));
    assert!(!browser.get("/login").await.text.contains("You are signed in"));
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn using_a_session_is_written_down_once_a_minute_and_by_nobody_else() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    let stranger = stack.browser();
    // Who has only seen the id, which is not secret, has nothing.
    let id = Secret::<secret::Session>::parse(&browser.cookie(SESSION).unwrap()).unwrap().id();
    stranger.set_cookie(SESSION, Secret::<secret::Session>::new(id, &secret::random()).expose());
    stack.dynamodb.forget();
    let writes = || stack.dynamodb.seen().iter().filter(|seen| seen.operation == "UpdateItem").count();
    browser.asked(&asking).await;
    stack.advance_to_just_before(Duration::from_mins(1));
    browser.asked(&asking).await;
    assert_eq!(writes(), 0);
    stack.advance_by_the_last_millisecond();
    assert!(is_signed_out(&stranger, &asking).await);
    assert_eq!(writes(), 0, "a GET of a stranger writes nothing");
    browser.asked(&asking).await;
    browser.asked(&asking).await;
    assert_eq!(writes(), 1);
}

#[tokio::test]
async fn how_long_a_session_lasts_is_configuration() {
    let stack = Stack::configured(|config| {
        config.session.absolute = Duration::from_mins(30);
        config.session.idle = Duration::from_mins(10);
    })
    .await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    for _ in 0..3 {
        browser.asked(&asking).await;
        stack.advance_to_just_before(Duration::from_mins(10));
    }
    browser.asked(&asking).await;
    stack.advance(Duration::from_millis(3));
    assert!(is_signed_out(&browser, &asking).await);
    let idle = stack.browser();
    idle.sign_in(&stack.somebody("idle").await).await;
    stack.advance(Duration::from_mins(10));
    assert!(is_signed_out(&idle, &asking).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_and_no_grant() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, stack.somebody("ada").await);
    let (asking, eve) = (Asking::by(&web), stack.browser());
    eve.sign_in(&stack.somebody("eve").await).await;
    let browsers = [stack.browser(), stack.browser(), stack.browser()];
    for browser in &browsers {
        browser.sign_in(&ada).await;
    }
    let [here, there, _] = &browsers;
    let form = there.asked(&asking).await;
    let tokens = stack.redeem(&web, here.consent(&asking).await.code()).await.json();
    stack.advance(Duration::from_millis(1));
    let page = here.get("/login").await;
    here.submit(&HtmlForm::of(&page, "/logout"), &EVERYWHERE).await.is_page(200);
    for browser in &browsers {
        assert!(is_signed_out(browser, &asking).await);
    }
    assert!(
        Redirect::of(&there.submit(&form, &[("decision", "allow")]).await).location.starts_with("/login?")
    );
    assert!(!is_signed_out(&eve, &asking).await);
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(stack.introspect(&web, access).await["active"], true);
    assert_eq!(stack.audited("signed_out").last().unwrap()["everywhere"], true);
    stack.advance(Duration::from_millis(1));
    there.sign_in(&ada).await;
    assert!(!is_signed_out(there, &asking).await);
}

#[tokio::test]
async fn nobody_stays_signed_in_because_statuses_are_remembered() {
    let stack = Stack::configured(|config| config.status_cache = Duration::from_mins(5)).await;
    let (ada, asking) = (stack.somebody("ada").await, Asking::by(&stack.web().await));
    let (here, there) = (stack.browser(), stack.browser());
    for browser in [&here, &there] {
        browser.sign_in(&ada).await;
        browser.asked(&asking).await;
    }
    stack.advance(Duration::from_millis(1));
    let page = here.get("/login").await;
    here.submit(&HtmlForm::of(&page, "/logout"), &EVERYWHERE).await.is_page(200);
    assert!(is_signed_out(&there, &asking).await);
    stack.advance(Duration::from_millis(1));
    there.sign_in(&ada).await;
    there.asked(&asking).await;
    stack.app.users.disable(ada.sub, stack.now()).await.unwrap();
    assert!(is_signed_out(&there, &asking).await);
    there.try_to_sign_in("/login", "ada", PASSWORD).await.is_page(400);
}

#[tokio::test]
async fn only_a_form_of_ones_own_signs_out_everywhere() {
    let stack = Stack::start().await;
    let (browser, eve) = (stack.signed_in().await, stack.browser());
    eve.sign_in(&stack.somebody("eve").await).await;
    let form = HtmlForm::of(&browser.get("/login").await, "/logout");
    let foreign = HtmlForm::of(&eve.get("/login").await, "/logout");
    for edited in [form.without("csrf"), form.with("csrf", foreign.get("csrf").unwrap())] {
        browser.submit(&edited, &EVERYWHERE).await.is_page(403);
    }
    stack.browser().submit(&form, &EVERYWHERE).await.is_page(200);
    assert_eq!(stack.audited("signed_out").len(), 0);
    assert!(browser.get("/login").await.text.contains("You are signed in"));
}

#[tokio::test]
async fn signing_out_everywhere_survives_an_outage_without_being_half_done() {
    let stack = Stack::start().await;
    let (browser, other) = (stack.signed_in().await, stack.browser());
    let form = HtmlForm::of(&browser.get("/login").await, "/logout");
    let asking = Asking::by(&stack.web().await);
    other.sign_in(&stack.somebody("grace").await).await;
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.submit(&form, &EVERYWHERE).await.is_page(503);
    stack.dynamodb.fail(Fault::None);
    browser.submit(&form, &EVERYWHERE).await.is_page(200);
    assert!(is_signed_out(&browser, &asking).await);
}
