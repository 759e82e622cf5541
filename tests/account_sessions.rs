//! The page of a user's sessions: which browsers it lists, and how each ends.

use std::time::Duration;

use shared::{
    pages::Section,
    secret::{self, Secret},
};

use crate::harness::{Browser, Fault, HtmlForm, PASSWORD, Response, Stack, TestUser};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

/// Returns a browser with this `User-Agent` that `user` has signed in with.
async fn signed_in<'a>(stack: &'a Stack, user: &TestUser, user_agent: &str) -> Browser<'a> {
    let browser = stack.browser().called(user_agent);
    browser.sign_in(user).await;
    browser
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get(Section::SESSIONS).await.status == 200
}

fn id(browser: &Browser<'_>) -> String {
    Secret::<secret::Session>::parse(&browser.cookie("jeton-session").unwrap()).unwrap().id().to_string()
}

/// Returns the text of each row: its cells, without tags.
fn rows(page: &Response) -> Vec<String> {
    let rows = page.text.split("<tr>").skip(2).map(|row| row.split("</tr>").next().unwrap());
    let without_tags = |row: &str| {
        let texts = row.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ")
    };
    rows.map(without_tags).collect()
}

#[tokio::test]
async fn each_browser_is_listed_with_its_name_and_its_times() {
    let stack = Stack::configured(|config| config.languages = "en,fr".parse().unwrap()).await;
    let ada = stack.create_user("ada").await;
    let phone = signed_in(&stack, &ada, SAFARI).await;
    signed_in(&stack, &ada, "curl/8.5.0").await;
    stack.advance(Duration::from_mins(90));
    let laptop = signed_in(&stack, &ada, FIREFOX).await;
    signed_in(&stack, &stack.create_user("eve").await, FIREFOX).await;
    assert!(is_signed_in(&phone).await);
    stack.advance(Duration::from_mins(5));
    let page = laptop.get(Section::SESSIONS).await;
    page.is_page(200);
    assert_eq!(
        rows(&page),
        [
            "Firefox on Linux | (this browser) | 5 minutes ago | just now",
            "Safari on iPhone | 95 minutes ago | 5 minutes ago | End session",
            "Unknown browser | 95 minutes ago | 95 minutes ago | End session",
        ]
    );
    let french = rows(&laptop.speaking("fr").get(Section::SESSIONS).await);
    assert_eq!(
        french[..2],
        [
            "Firefox sur Linux | (ce navigateur) | il y a 5\u{a0}minutes | à l’instant".to_owned(),
            "Safari sur iPhone | il y a 95\u{a0}minutes | il y a 5\u{a0}minutes | Mettre fin à la session"
                .to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_buttons_of_two_sessions_with_one_kind_of_browser_have_names_of_their_own() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    signed_in(&stack, &ada, FIREFOX).await;
    stack.advance(Duration::from_mins(5));
    signed_in(&stack, &ada, FIREFOX).await;
    stack.advance(Duration::from_mins(5));
    let page = signed_in(&stack, &ada, FIREFOX).await.get(Section::SESSIONS).await;
    let names = page.text.split("aria-label=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "End session: Firefox on Linux, Signed in 5 minutes ago",
            "End session: Firefox on Linux, Signed in 10 minutes ago"
        ]
    );
}

#[tokio::test]
async fn a_hostile_user_agent_is_neither_stored_nor_shown() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let hostile = format!("<script>alert(1)</script> Firefox/1 {}", "x".repeat(4_000));
    let browser = signed_in(&stack, &ada, &hostile).await;
    let page = browser.get(Section::SESSIONS).await;
    assert_eq!(rows(&page), ["Firefox | (this browser) | just now | just now"]);
    assert!(!page.text.contains("alert") && !stack.stored().await.contains("alert"));
}

#[tokio::test]
async fn a_session_that_is_ended_signs_in_no_browser() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let (here, there) = (signed_in(&stack, &ada, FIREFOX).await, signed_in(&stack, &ada, SAFARI).await);
    let other = signed_in(&stack, &ada, SAFARI).await;
    let form = HtmlForm::with_field(&here.get(Section::SESSIONS).await, "end", &id(&there));
    let logout = HtmlForm::of(&there.get("/login").await, "/logout");
    let response = here.submit(&form, &[]).await;
    assert_eq!((response.status, response.header("location")), (303, Some(Section::SESSIONS)));
    for page in ["/account", Section::SESSIONS, Section::PASSWORD] {
        assert_eq!(there.get(page).await.header("location"), Some("/login?to=account"));
    }
    assert!(is_signed_in(&here).await && is_signed_in(&other).await);
    assert_eq!(rows(&here.get(Section::SESSIONS).await).len(), 2);
    // Sent again, it finds nothing to end, and prolongs nothing.
    stack.advance(Duration::from_secs(1));
    assert_eq!(here.submit(&form, &[]).await.status, 303);
    assert!(!is_signed_in(&there).await);
    assert_eq!(stack.audited("session_ended").len(), 1);
    let line = &stack.audited("session_ended")[0];
    assert_eq!((&line["session"], &line["user"]), (&id_value(&form), &ada.sub.to_string().into()));
    there.submit(&logout, &[]).await.is_page(200);
    assert_eq!(stack.audited("signed_out").len(), 0, "the session had ended");
}

fn id_value(form: &HtmlForm) -> serde_json::Value {
    form.get("end").unwrap().into()
}

#[tokio::test]
async fn a_session_is_ended_for_its_own_user_only() {
    let stack = Stack::start().await;
    let (ada, eve) = (stack.create_user("ada").await, stack.create_user("eve").await);
    let browser = signed_in(&stack, &ada, FIREFOX).await;
    let (sessions, session) = (&stack.app.sessions, id(&browser).parse().unwrap());
    for (user, session) in [(eve.sub, session), (ada.sub, ada.sub)] {
        assert!(!sessions.end_of(user, session, stack.now()).await.unwrap());
    }
    assert!(is_signed_in(&browser).await);
    assert!(sessions.end_of(ada.sub, session, stack.now()).await.unwrap());
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn this_browser_is_ended_by_signing_out() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let (here, there) = (signed_in(&stack, &ada, FIREFOX).await, signed_in(&stack, &ada, SAFARI).await);
    let page = here.get(Section::SESSIONS).await;
    assert_eq!(HtmlForm::all(&page, Section::SESSIONS).len(), 1);
    here.submit(&HtmlForm::of(&page, "/logout"), &[]).await.is_page(200);
    assert!(!is_signed_in(&here).await && is_signed_in(&there).await);
    assert_eq!(rows(&there.get(Section::SESSIONS).await).len(), 1);
}

#[tokio::test]
async fn ended_sessions_are_not_listed() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    // Signed out, not used for two hours, older than twelve hours, and ended everywhere.
    signed_in(&stack, &ada, SAFARI).await.sign_out().await;
    let used = signed_in(&stack, &ada, SAFARI).await;
    signed_in(&stack, &ada, SAFARI).await;
    for _ in 0..11 {
        stack.advance(Duration::from_hours(1));
        assert!(is_signed_in(&used).await);
    }
    let here = signed_in(&stack, &ada, FIREFOX).await;
    assert_eq!(rows(&here.get(Section::SESSIONS).await).len(), 2);
    stack.advance(Duration::from_hours(1));
    assert_eq!(rows(&here.get(Section::SESSIONS).await).len(), 1);
    let there = signed_in(&stack, &ada, SAFARI).await;
    stack.app.users.sign_out_everywhere(ada.sub, stack.now()).await.unwrap();
    stack.advance(Duration::from_millis(1));
    here.sign_in(&ada).await;
    assert_eq!(rows(&here.get(Section::SESSIONS).await).len(), 1);
    assert!(!is_signed_in(&there).await);
}

#[tokio::test]
async fn an_outage_ends_no_session_and_says_so() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let (here, there) = (signed_in(&stack, &ada, FIREFOX).await, signed_in(&stack, &ada, SAFARI).await);
    let form = HtmlForm::of(&here.get(Section::SESSIONS).await, Section::SESSIONS);
    for fault in [Fault::Throttle, Fault::ThrottleWrites] {
        stack.dynamodb.fail(fault);
        here.submit(&form, &[]).await.is_page(503);
    }
    stack.dynamodb.fail(Fault::None);
    assert!(is_signed_in(&there).await);
    here.submit(&form, &[]).await;
    assert!(!is_signed_in(&there).await);
    assert_eq!(there.try_to_sign_in("/login", "ada", PASSWORD).await.status, 303);
}
