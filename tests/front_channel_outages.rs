//! DynamoDB is throttled or down: the client receives an error if the request has a client, else the user sees a page.

use crate::harness::{AuthorizationRequest, Fault, HtmlForm, PASSWORD, Redirect, Stack};

const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

#[tokio::test]
async fn an_outage_during_a_decision_is_reported_to_the_client_and_the_same_form_works_afterwards() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    for (nth, request) in [AuthorizationRequest::by(&web), AuthorizationRequest::by(&stack.public().await)]
        .into_iter()
        .enumerate()
    {
        let form = browser.consent_form(&request).await;
        stack.dynamodb.fail(Fault::ThrottleWrites);
        let response = browser.submit(&form, &ALLOW).await;
        Redirect::of(&response).is_error(&stack, "temporarily_unavailable");
        // Declining writes to no table.
        let declined = browser.submit(&form, &[("decision", "deny")]).await;
        Redirect::of(&declined).is_error(&stack, "access_denied");
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.grants().await, nth, "no grant is stored");
        Redirect::of(&browser.submit(&form, &ALLOW).await).code();
    }
    // The same without a consent page.
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.redirected(&AuthorizationRequest::by(&web)).await.is_error(&stack, "temporarily_unavailable");
    stack.dynamodb.fail(Fault::None);
    browser.redirected(&AuthorizationRequest::by(&web)).await.code();
    assert_eq!(stack.audited("unavailable").len(), 3);
}

#[tokio::test]
async fn an_outage_on_a_page_is_a_503_with_retry_after() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let (stranger, ada) = (stack.browser(), stack.create_user("eve").await);
    let form = browser.consent_form(&request).await;
    let login = HtmlForm::of(&stranger.get("/login").await, "/login");
    let logout = HtmlForm::of(&browser.get("/login").await, "/logout");
    let typed = [("username", ada.name.as_str()), ("password", PASSWORD)];
    for fault in [Fault::Throttle, Fault::Refuse, Fault::Broken, Fault::Denied] {
        stack.dynamodb.fail(fault);
        let responses = tokio::join!(
            browser.authorize(&request),
            stranger.authorize(&request),
            browser.submit(&form, &ALLOW),
            stranger.submit(&login, &typed),
            browser.get("/login"),
            browser.submit(&logout, &[]),
        );
        for response in <[_; 6]>::from(responses) {
            response.is_unavailable_page();
            assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
            assert!(
                !response.text.contains("Dynamo") && !response.text.contains("test-"),
                "{}",
                response.text
            );
        }
        // The login page reads no table.
        stranger.clone().get(&format!("/login?{}", request.query())).await.is_page(200);
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!((stack.grants().await, stack.count_of_kind("s").await), (0, 1));
    assert_eq!(stranger.submit(&login, &typed).await.status, 303);
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
}

#[tokio::test]
async fn a_session_that_cannot_be_written_is_a_503_and_no_user_is_signed_in() {
    let stack = Stack::start().await;
    let (browser, ada) = (stack.browser(), stack.create_user("ada").await);
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.try_to_sign_in("/login", &ada.name, PASSWORD).await.is_unavailable_page();
    assert_eq!(browser.cookie("jeton-session"), None);
    stack.dynamodb.fail(Fault::None);
    browser.sign_in(&ada).await;
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.sign_out().await.is_unavailable_page();
    assert!(browser.get("/login").await.text.contains("You are signed in"), "the user is still signed in");
}

#[tokio::test]
async fn a_user_whose_status_cannot_be_read_gets_an_error_page() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.web().await);
    let browser = stack.signed_in().await;
    stack.dynamodb.fail(Fault::AlwaysLeftOver);
    browser.authorize(&request).await.is_unavailable_page();
    stack.dynamodb.fail(Fault::LeftOver);
    browser.consent_form(&request).await;
}

#[tokio::test]
async fn a_decision_and_a_login_whose_response_was_lost_happen_once() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.browser());
    let ada = stack.create_user("ada").await;
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    browser.sign_in(&ada).await;
    let form = browser.consent_form(&AuthorizationRequest::by(&web)).await;
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    let redirect = Redirect::of(&browser.submit(&form, &ALLOW).await);
    assert_eq!((stack.count_of_kind("s").await, stack.grants().await), (1, 1));
    assert_eq!(stack.redeem(&web, redirect.code()).await.status, 200);
}
