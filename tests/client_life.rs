//! The life of a client that registered itself: it ends unless users consent to it.

use std::time::Duration;

use shared::{
    clients::{Client, SelfRegistration, life},
    grants::{LONGEST_GRANT, Selection},
    secret::{AuthorizationCode, Secret},
    status::Status,
    time::Timestamp,
};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, HtmlForm, Redirect, Registered, Response, Stack, chaos::Chaos, tool,
};

const NOTES: &str = "https://api.example.com/mcp";
const ALLOW: [(&str, &str); 1] = [("decision", "allow")];
const DAY: Duration = Duration::from_hours(24);

/// Returns a Jeton with an open resource, and a client that registered itself just now.
async fn with_tool() -> (Stack, Registered, AuthorizationRequest) {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let client = stack.self_registered(tool()).await;
    let request = AuthorizationRequest::by(&client);
    (stack, client, request)
}

/// Signs ada in again: a session is shorter than a client's life.
async fn sign_in(browser: &Browser<'_>) {
    browser.try_to_sign_in("/login", "ada", crate::harness::PASSWORD).await;
}

/// Returns the ends of the client's record and of its status.
async fn ends(stack: &Stack, client: &Registered) -> (Option<Timestamp>, Option<Timestamp>) {
    let (client, status) = stack.app.clients.read(&client.id.parse().unwrap()).await.unwrap().unwrap();
    (client.expires_at, status.expires_at)
}

/// Asserts the page of a client that is not known: no sign-in, no cookie.
#[track_caller]
fn is_unknown(response: &Response) {
    response.is_page(400);
    assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
    assert!(response.text.contains("<h1>Unknown application</h1>"), "{}", response.text);
}

/// Asserts that [`is_unknown`] holds in every browser, however the request is sent.
async fn is_unknown_everywhere(stack: &Stack, browser: &Browser<'_>, request: &AuthorizationRequest) {
    for browser in [&stack.browser(), browser] {
        for request in [request.clone(), request.with("prompt", "none"), request.with("prompt", "login")] {
            is_unknown(&browser.authorize(&request).await);
        }
        let by_post = browser.post("/oauth/authorize", &request.parameters()).await;
        assert_eq!(by_post.headers("set-cookie"), Vec::<&str>::new());
        let next = Redirect::of(&by_post).location;
        is_unknown(&browser.get(&next).await);
        is_unknown(&browser.post(&request.url(), &ALLOW).await);
    }
}

#[tokio::test]
async fn an_unused_client_is_unknown_after_thirty_days_to_the_millisecond() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    stack.advance_to_just_before(30 * DAY);
    sign_in(&browser).await;
    let form = browser.consent_form(&request).await;
    stack.advance_by_the_last_millisecond();
    is_unknown_everywhere(&stack, &browser, &request).await;
    is_unknown(&browser.submit(&form, &ALLOW).await);
    let page = stack.browser().authorize(&request).await;
    let advice = "add it again. If that does not help, ask the administrators of this service.";
    assert!(page.text.contains(advice), "{}", page.text);
    assert_eq!(stack.grants().await, 0);
    stack.redeem(&client, "x").await.is_invalid_client();
}

#[tokio::test]
async fn a_cached_client_ends_at_the_same_moment() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    stack.resource(NOTES).await;
    let request = AuthorizationRequest::by(&stack.self_registered(tool()).await);
    stack.advance_to_just_before(30 * DAY);
    let browser = stack.signed_in().await;
    browser.consent_form(&request).await;
    stack.advance_by_the_last_millisecond();
    is_unknown(&browser.authorize(&request).await);
}

#[tokio::test]
async fn every_unknown_client_gets_the_same_page_without_cookies_or_sign_in() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    for id in ["nobody", "d-0123456789abcdefghij", "d-", "client#x", "", &"x".repeat(100)] {
        is_unknown_everywhere(&stack, &browser, &request.with("client_id", id)).await;
    }
    let page = browser.authorize(&request.with("client_id", "nobody")).await;
    assert!(!page.text.contains("add it again"), "no other application registers itself: {}", page.text);
    stack.disable(&client).await;
    is_unknown_everywhere(&stack, &browser, &request).await;
    stack.enable(&client).await;
    browser.consent_form(&request).await;
    stack.delete(&client).await;
    is_unknown_everywhere(&stack, &browser, &request).await;
    // The endpoint has no other methods.
    let head = stack.request("HEAD", &request.url()).send().await;
    assert_eq!((head.status, head.headers("set-cookie")), (405, Vec::new()));
}

#[tokio::test]
async fn a_consent_lets_the_client_live_for_a_year() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    stack.advance(29 * DAY);
    sign_in(&browser).await;
    // No other step prolongs its life.
    let form = browser.consent_form(&request).await;
    browser.submit(&form, &[("decision", "deny")]).await;
    browser.redirected(&request.with("prompt", "none")).await.is_error(&stack, "consent_required");
    let end = stack.now().after(DAY);
    assert_eq!(ends(&stack, &client).await, (Some(end), Some(end)));
    browser.consent(&request).await.code();
    let end = stack.now().after(365 * DAY);
    assert_eq!(ends(&stack, &client).await, (Some(end), Some(end)));
    // DynamoDB may delete both items then, and not before.
    let ttl = format!("N(\"{}\")", end.seconds() + 1);
    assert_eq!(stack.stored().await.matches(&ttl).count(), 2);
    stack.advance_to_just_before(365 * DAY);
    sign_in(&browser).await;
    browser.consent_form(&request).await;
    stack.advance_by_the_last_millisecond();
    is_unknown_everywhere(&stack, &browser, &request).await;
}

#[tokio::test]
async fn a_client_with_half_a_year_left_is_not_renewed_and_no_grant_outlives_its_client() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    browser.consent(&request).await.code();
    let first = stack.now().after(life::USED);
    stack.advance(life::USED.saturating_sub(life::RENEWED_BELOW));
    sign_in(&browser).await;
    let form = browser.consent_form(&request).await;
    stack.dynamodb.forget();
    let code = Redirect::of(&browser.submit(&form, &ALLOW).await).code().to_owned();
    assert_eq!(ends(&stack, &client).await, (Some(first), Some(first)));
    let writes = stack.dynamodb.seen().into_iter().filter(|seen| seen.operation == "UpdateItem");
    let of_clients = writes.filter(|seen| seen.request["TableName"].as_str().unwrap().ends_with("clients"));
    assert_eq!(of_clients.count(), 0);
    let id = Secret::<AuthorizationCode>::parse(&code).unwrap().id();
    stack.redeem(&client, &code).await.pair();
    let grant = stack.app.grants.find(id).await.unwrap().unwrap();
    assert!(grant.expires_at.unwrap() <= first);
    assert!(stack.now().after(LONGEST_GRANT) < first);
    // A millisecond later it is.
    stack.advance(Duration::from_millis(1));
    browser.consent(&request).await.code();
    let second = stack.now().after(life::USED);
    assert_eq!(ends(&stack, &client).await, (Some(second), Some(second)));
}

#[tokio::test]
async fn a_client_without_an_end_is_never_renewed() {
    let stack = Stack::start().await;
    let (browser, web) = (stack.signed_in().await, stack.web().await);
    browser.consent(&AuthorizationRequest::by(&web)).await.code();
    assert_eq!(ends(&stack, &web).await, (None, None));
    let updates = stack.dynamodb.seen().into_iter().filter(|seen| {
        seen.operation == "UpdateItem" && seen.request["TableName"].as_str().unwrap().ends_with("clients")
    });
    assert_eq!(updates.count(), 0);
}

#[tokio::test]
async fn a_renewal_that_was_interrupted_stores_no_grant_and_the_next_consent_repairs_it() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    let (unused, used) = (stack.now().after(life::UNUSED), stack.now().after(life::USED));
    let form = browser.consent_form(&request).await;
    for (fault, record, status) in [
        (Fault::ThrottleStatuses, unused, unused),
        // The status was written, its record was not.
        (Fault::ThrottleClients, unused, used),
    ] {
        stack.dynamodb.fail(fault);
        let response = browser.submit(&form, &ALLOW).await;
        Redirect::of(&response).is_error(&stack, "temporarily_unavailable");
        stack.dynamodb.fail(Fault::None);
        assert_eq!(ends(&stack, &client).await, (Some(record), Some(status)), "{fault:?}");
        assert_eq!((stack.grants().await, stack.audited("consented").len()), (0, 0));
    }
    // The same form, at the same moment; and another one later.
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
    assert_eq!(ends(&stack, &client).await, (Some(used), Some(used)));
    assert_eq!(stack.grants().await, 1);
}

#[tokio::test]
async fn a_consent_that_no_other_follows_leaves_the_earlier_end() {
    let (stack, _, request) = with_tool().await;
    let browser = stack.signed_in().await;
    stack.dynamodb.fail(Fault::ThrottleClients);
    let form = browser.consent_form(&request).await;
    browser.submit(&form, &ALLOW).await;
    stack.dynamodb.fail(Fault::None);
    stack.advance(30 * DAY);
    is_unknown_everywhere(&stack, &browser, &request).await;
}

#[tokio::test]
async fn a_lost_response_to_a_renewal_changes_nothing() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&request).await;
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
    let end = stack.now().after(life::USED);
    assert_eq!(ends(&stack, &client).await, (Some(end), Some(end)));
}

#[tokio::test]
async fn a_delayed_renewal_shortens_no_life() {
    let (stack, client, request) = with_tool().await;
    let read: Client = stack.stored_client(&client).await;
    stack.signed_in().await.consent(&request).await.code();
    let end = stack.now().after(life::USED);
    // A consent whose function saw the client before, and whose clock is behind.
    let earlier = Timestamp::from_millis(end.millis() - 5);
    stack.app.clients.renew(&read, earlier).await.unwrap();
    assert_eq!(ends(&stack, &client).await, (Some(end), Some(end)));
}

#[tokio::test]
async fn a_consent_enables_no_disabled_client_and_restores_no_deleted_one() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for delete in [false, true] {
        let name = Some(format!("Tool {delete}"));
        let client = stack.self_registered(SelfRegistration { name, ..tool() }).await;
        let form = browser.consent_form(&AuthorizationRequest::by(&client)).await;
        // Another function's cache has the client still.
        let id = client.id.parse().unwrap();
        if delete {
            stack.delete(&client).await;
        } else {
            stack.disable(&client).await;
        }
        let code = Redirect::of(&browser.submit(&form, &ALLOW).await).code().to_owned();
        let status: Option<Status> = stack.app.clients.table().get(&Status::key(&id)).await.unwrap();
        let status = status.unwrap();
        assert_eq!((status.disabled, status.deleted), (true, delete));
        assert_eq!((status.expires_at, status.ttl), (None, None), "a disabled status has no end");
        let record: Option<Client> = stack.app.clients.table().get(&Client::key(&id)).await.unwrap();
        let end = stack.now().after(life::UNUSED);
        assert_eq!(record.map(|record| record.expires_at), (!delete).then_some(Some(end)));
        assert_ne!(stack.redeem(&client, &code).await.status, 200);
        stack.advance(Duration::from_mins(5));
        is_unknown(&browser.authorize(&AuthorizationRequest::by(&client)).await);
    }
}

#[tokio::test]
async fn a_client_that_was_disabled_and_enabled_is_renewed_like_any_other() {
    let (stack, client, request) = with_tool().await;
    let browser = stack.signed_in().await;
    stack.disable(&client).await;
    stack.enable(&client).await;
    stack.advance(Duration::from_millis(1));
    browser.consent(&request).await.code();
    let end = stack.now().after(life::USED);
    assert_eq!(ends(&stack, &client).await, (Some(end), Some(end)));
}

/// Sends the form of a consent page to the functions at `url`.
async fn submit_to(url: &str, browser: &Browser<'_>, form: &HtmlForm) -> Response {
    let fields = ["csrf", "page", "allow:read"].map(|name| (name, form.get(name).unwrap()));
    let call = crate::harness::Call::new(reqwest_client().post(format!("{url}{}", form.action)));
    let cookie = format!("jeton-session={}", browser.cookie("jeton-session").unwrap());
    call.header("cookie", &cookie).form(&[&fields[..], &ALLOW].concat()).send().await
}

fn reqwest_client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

#[tokio::test]
async fn whatever_fails_a_stored_grant_has_a_client_that_lives_on() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    let chaos = Chaos::start(&stack, 12, 30).await;
    let mut codes = 0;
    for nth in 0..40 {
        let name = Some(format!("Tool {nth}"));
        let client = stack.self_registered(SelfRegistration { name, ..tool() }).await;
        let id = client.id.parse().unwrap();
        let form = browser.consent_form(&AuthorizationRequest::by(&client)).await;
        let unused = stack.now().after(life::UNUSED);
        for _ in 0..2 {
            let response = submit_to(&chaos.url, &browser, &form).await;
            let used = stack.now().after(life::USED);
            let (record, status) = ends(&stack, &client).await;
            assert!([unused, used].contains(&record.unwrap()) && record <= status, "{record:?} {status:?}");
            let of_client = Selection::Clients(std::slice::from_ref(&id));
            let grants = stack.app.grants.page(of_client, None).await.unwrap().ids.len();
            assert!(grants == 0 || record == Some(used), "a grant without a renewed client");
            if response.header("location").is_some_and(|location| location.contains("code=")) {
                assert_eq!((record, grants), (Some(used), 1));
                codes += 1;
            }
        }
        // Once nothing fails, the same form works.
        Redirect::of(&browser.submit(&form, &ALLOW).await).code();
        assert_eq!(ends(&stack, &client).await.0, Some(stack.now().after(life::USED)));
    }
    assert!((5..80).contains(&codes), "{codes} of 80 went through: {:?}", chaos.counts());
}
