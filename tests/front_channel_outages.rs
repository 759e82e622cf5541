//! DynamoDB refuses or throttles while a person is at it: a page where there is nobody else to tell, an error for the
//! client where there is.

use crate::harness::{Asking, Fault, HtmlForm, PASSWORD, Redirect, Stack};

const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

#[tokio::test]
async fn an_outage_during_approval_is_told_to_the_client_and_the_same_form_works_afterwards() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    for (nth, asking) in [Asking::by(&web), Asking::by(&stack.public().await)].into_iter().enumerate() {
        let form = browser.asked(&asking).await;
        stack.dynamodb.fail(Fault::ThrottleWrites);
        let answer = browser.submit(&form, &ALLOW).await;
        Redirect::of(&answer).is_error(&stack, "temporarily_unavailable");
        // Whoever declines needs no table to be written.
        let declined = browser.submit(&form, &[("decision", "deny")]).await;
        Redirect::of(&declined).is_error(&stack, "access_denied");
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.grants().await, nth, "nothing is half done");
        Redirect::of(&browser.submit(&form, &ALLOW).await).code();
    }
    // The same without a question.
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.redirected(&Asking::by(&web)).await.is_error(&stack, "temporarily_unavailable");
    stack.dynamodb.fail(Fault::None);
    browser.redirected(&Asking::by(&web)).await.code();
    assert_eq!(stack.audited("unavailable").len(), 3);
}

#[tokio::test]
async fn an_outage_on_a_page_is_a_503_that_says_when_to_come_back() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    let (stranger, ada) = (stack.browser(), stack.somebody("eve").await);
    let form = browser.asked(&asking).await;
    let login = HtmlForm::of(&stranger.get("/login").await, "/login");
    let logout = HtmlForm::of(&browser.get("/login").await, "/logout");
    let typed = [("username", ada.name.as_str()), ("password", PASSWORD)];
    for fault in [Fault::Throttle, Fault::Refuse, Fault::Broken, Fault::Denied] {
        stack.dynamodb.fail(fault);
        let answers = tokio::join!(
            browser.authorize(&asking),
            stranger.authorize(&asking),
            browser.submit(&form, &ALLOW),
            stranger.submit(&login, &typed),
            browser.get("/login"),
            browser.submit(&logout, &[]),
        );
        for answer in <[_; 6]>::from(answers) {
            answer.is_unavailable_page();
            assert_eq!(answer.headers("set-cookie"), Vec::<&str>::new());
            assert!(!answer.text.contains("Dynamo") && !answer.text.contains("test-"), "{}", answer.text);
        }
        // What needs no table works on.
        stranger.clone().get(&format!("/login?{}", asking.query())).await.is_page(200);
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!((stack.grants().await, stack.kept_of_kind("s").await), (0, 1));
    assert_eq!(stranger.submit(&login, &typed).await.status, 303);
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
}

#[tokio::test]
async fn a_session_that_cannot_be_written_is_a_503_and_nobody_is_signed_in() {
    let stack = Stack::start().await;
    let (browser, ada) = (stack.browser(), stack.somebody("ada").await);
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.try_to_sign_in("/login", &ada.name, PASSWORD).await.is_unavailable_page();
    assert_eq!(browser.cookie("jeton-session"), None);
    stack.dynamodb.fail(Fault::None);
    browser.sign_in(&ada).await;
    stack.dynamodb.fail(Fault::ThrottleWrites);
    browser.sign_out().await.is_unavailable_page();
    assert!(browser.get("/login").await.text.contains("You are signed in"), "nobody is told otherwise");
}

#[tokio::test]
async fn a_person_whose_status_cannot_be_read_is_not_taken_for_anybody() {
    let stack = Stack::start().await;
    let asking = Asking::by(&stack.web().await);
    let browser = stack.signed_in().await;
    stack.dynamodb.fail(Fault::AlwaysLeftOver);
    browser.authorize(&asking).await.is_unavailable_page();
    stack.dynamodb.fail(Fault::LeftOver);
    browser.asked(&asking).await;
}

#[tokio::test]
async fn a_decision_and_a_login_whose_answer_got_lost_are_made_once() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.browser());
    let ada = stack.somebody("ada").await;
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    browser.sign_in(&ada).await;
    let form = browser.asked(&Asking::by(&web)).await;
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    let redirect = Redirect::of(&browser.submit(&form, &ALLOW).await);
    assert_eq!((stack.kept_of_kind("s").await, stack.grants().await), (1, 1));
    assert_eq!(stack.redeem(&web, redirect.code()).await.status, 200);
}
