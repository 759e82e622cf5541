//! Sessions: how long they last, and how they end.

use std::time::Duration;

use shared::secret::{self, Secret};

use crate::harness::{AuthorizationRequest, Browser, Fault, HtmlForm, PASSWORD, Redirect, Stack};

const SESSION: &str = "jeton-session";
/// The button that signs out of every browser.
const EVERYWHERE: [(&str, &str); 1] = [("where", "everywhere")];

/// Returns whether an authorization request leads to the login page.
async fn is_signed_out(browser: &Browser<'_>, request: &AuthorizationRequest) -> bool {
    browser.authorize(request).await.header("location").is_some_and(|to| to.starts_with("/login?"))
}

#[tokio::test]
async fn signing_out_ends_the_session_in_every_browser_that_has_it() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let stolen = browser.clone();
    let page = browser.sign_out().await;
    page.is_page(200);
    let cleared = [format!("{SESSION}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")];
    assert_eq!(page.headers("set-cookie"), cleared);
    assert!(stolen.redirected(&request).await.location.starts_with("/login?"));
    assert_eq!(stack.audited("signed_out").len(), 1);
    stack.request("GET", "/logout").send().await.is_error(405, "invalid_request");
}

#[tokio::test]
async fn another_site_cannot_sign_users_out() {
    let stack = Stack::start().await;
    let (browser, other) = (stack.signed_in().await, stack.browser());
    other.sign_in(&stack.create_user("eve").await).await;
    let form = HtmlForm::of(&browser.get("/login").await, "/logout");
    let foreign = HtmlForm::of(&other.get("/login").await, "/logout");
    for edited in
        [form.without("csrf"), form.with("csrf", ""), form.with("csrf", foreign.get("csrf").unwrap())]
    {
        let response = browser.submit(&edited, &[]).await;
        response.is_page(403);
        assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
    }
    // A browser sends no cookie with another site's form (SameSite), but would accept one from the response.
    let response = stack.post("/logout").form(&[]).send().await;
    assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
    assert!(browser.get("/login").await.text.contains("You are signed in"));
}

#[tokio::test]
async fn a_session_is_over_after_twelve_hours_to_the_millisecond_however_much_it_is_used() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    for _ in 0..11 {
        stack.advance(Duration::from_hours(1));
        browser.consent_form(&request).await;
    }
    stack.advance_to_just_before(Duration::from_hours(1));
    let form = browser.consent_form(&request).await;
    stack.advance_by_the_last_millisecond();
    let response = browser.submit(&form, &[("decision", "allow")]).await;
    assert!(Redirect::of(&response).location.starts_with("/login?"));
    assert!(browser.redirected(&request).await.location.starts_with("/login?"));
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_user_who_is_disabled_deleted_or_signed_out_everywhere_is_signed_in_nowhere() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.web().await);
    for (nth, what) in ["disabled", "deleted", "ended"].into_iter().enumerate() {
        let (browser, user) = (stack.browser(), stack.create_user(what).await);
        browser.sign_in(&user).await;
        let form = browser.consent_form(&request).await;
        match nth {
            0 => stack.app.users.disable(user.sub, stack.now()).await.unwrap(),
            1 => stack.app.users.delete(user.sub).await.unwrap(),
            _ => stack.app.users.end_everything(user.sub, stack.now()).await.unwrap(),
        }
        let response = browser.submit(&form, &[("decision", "allow")]).await;
        assert!(Redirect::of(&response).location.starts_with("/login?"), "{what}");
        assert!(browser.redirected(&request).await.location.starts_with("/login?"), "{what}");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_session_that_is_not_used_is_over_after_two_hours_to_the_millisecond() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    for _ in 0..3 {
        stack.advance_to_just_before(Duration::from_hours(2));
        browser.consent_form(&request).await;
    }
    let form = browser.consent_form(&request).await;
    stack.advance_to_just_before(Duration::from_hours(2));
    stack.advance_by_the_last_millisecond();
    let response = browser.submit(&form, &[("decision", "allow")]).await;
    assert!(Redirect::of(&response).location.starts_with("/login?"));
    assert!(!browser.get("/login").await.text.contains("You are signed in"));
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn the_use_of_a_session_is_recorded_once_a_minute_for_its_holder_alone() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let stranger = stack.browser();
    // The session's id is not secret and opens nothing.
    let id = Secret::<secret::Session>::parse(&browser.cookie(SESSION).unwrap()).unwrap().id();
    stranger.set_cookie(SESSION, Secret::<secret::Session>::new(id, &secret::random()).expose());
    stack.dynamodb.forget();
    let writes = || stack.dynamodb.seen().iter().filter(|seen| seen.operation == "UpdateItem").count();
    browser.consent_form(&request).await;
    stack.advance_to_just_before(Duration::from_mins(1));
    browser.consent_form(&request).await;
    assert_eq!(writes(), 0);
    stack.advance_by_the_last_millisecond();
    assert!(is_signed_out(&stranger, &request).await);
    assert_eq!(writes(), 0, "a GET without the session's secret writes nothing");
    browser.consent_form(&request).await;
    browser.consent_form(&request).await;
    assert_eq!(writes(), 1);
}

#[tokio::test]
async fn how_long_a_session_lasts_is_configuration() {
    let stack = Stack::configured(|config| {
        config.session.absolute = Duration::from_mins(30);
        config.session.idle = Duration::from_mins(10);
    })
    .await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    for _ in 0..3 {
        browser.consent_form(&request).await;
        stack.advance_to_just_before(Duration::from_mins(10));
    }
    browser.consent_form(&request).await;
    stack.advance(Duration::from_millis(3));
    assert!(is_signed_out(&browser, &request).await);
    let idle = stack.browser();
    idle.sign_in(&stack.create_user("idle").await).await;
    stack.advance(Duration::from_mins(10));
    assert!(is_signed_out(&idle, &request).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_and_no_grant() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, stack.create_user("ada").await);
    let (request, eve) = (AuthorizationRequest::by(&web), stack.browser());
    eve.sign_in(&stack.create_user("eve").await).await;
    let browsers = [stack.browser(), stack.browser(), stack.browser()];
    for browser in &browsers {
        browser.sign_in(&ada).await;
    }
    let [here, there, _] = &browsers;
    let form = there.consent_form(&request).await;
    let tokens = stack.redeem(&web, here.consent(&request).await.code()).await.json();
    stack.advance(Duration::from_millis(1));
    let page = here.get("/login").await;
    here.submit(&HtmlForm::of(&page, "/logout"), &EVERYWHERE).await.is_page(200);
    for browser in &browsers {
        assert!(is_signed_out(browser, &request).await);
    }
    assert!(
        Redirect::of(&there.submit(&form, &[("decision", "allow")]).await).location.starts_with("/login?")
    );
    assert!(!is_signed_out(&eve, &request).await);
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(stack.introspect(&web, access).await["active"], true);
    assert_eq!(stack.audited("signed_out").last().unwrap()["everywhere"], true);
    stack.advance(Duration::from_millis(1));
    there.sign_in(&ada).await;
    assert!(!is_signed_out(there, &request).await);
}

#[tokio::test]
async fn cached_statuses_keep_no_user_signed_in() {
    let stack = Stack::configured(|config| config.status_cache = Duration::from_mins(5)).await;
    let (ada, request) = (stack.create_user("ada").await, AuthorizationRequest::by(&stack.web().await));
    let (here, there) = (stack.browser(), stack.browser());
    for browser in [&here, &there] {
        browser.sign_in(&ada).await;
        browser.consent_form(&request).await;
    }
    stack.advance(Duration::from_millis(1));
    let page = here.get("/login").await;
    here.submit(&HtmlForm::of(&page, "/logout"), &EVERYWHERE).await.is_page(200);
    assert!(is_signed_out(&there, &request).await);
    stack.advance(Duration::from_millis(1));
    there.sign_in(&ada).await;
    there.consent_form(&request).await;
    stack.app.users.disable(ada.sub, stack.now()).await.unwrap();
    assert!(is_signed_out(&there, &request).await);
    there.try_to_sign_in("/login", "ada", PASSWORD).await.is_page(400);
}

#[tokio::test]
async fn only_a_form_of_the_session_signs_out_everywhere() {
    let stack = Stack::start().await;
    let (browser, eve) = (stack.signed_in().await, stack.browser());
    eve.sign_in(&stack.create_user("eve").await).await;
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
    let request = AuthorizationRequest::by(&stack.web().await);
    other.sign_in(&stack.create_user("grace").await).await;
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.submit(&form, &EVERYWHERE).await.is_page(503);
    stack.dynamodb.fail(Fault::None);
    browser.submit(&form, &EVERYWHERE).await.is_page(200);
    assert!(is_signed_out(&browser, &request).await);
}
