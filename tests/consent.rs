//! Agreeing and declining: whose decision it is, and what it is about (RFC 6749 §10.2, §10.12, §10.14).

use std::time::Duration;

use shared::{
    client::{Client, GrantType, Registration},
    description::Description,
    language::Language,
};

use crate::harness::{Asking, Browser, HtmlForm, Redirect, Stack};

const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

#[tokio::test]
async fn the_page_says_who_asks_whom_for_what_how_long_and_where_it_leads() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let page = browser.authorize(&Asking::by(&stack.web().await).with("scope", "write read")).await;
    page.is_page(200);
    for said in [
        "<strong>web</strong>",
        "Registered by <strong>the administrators of this service</strong>",
        "<dd>ada</dd>",
        "<span>read</span>",
        "<span>write</span>",
        "<dd>90 days; less if it is not used for 30 days</dd>",
        "<dd>app.example.com</dd>",
        "If you deny, web gets no access",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    // An application names itself; a page says so, and nothing more happens.
    let evil = stack.register(Registration {
        name: "<img onerror=alert(1)>\" 'x".to_owned(),
        redirect_uris: vec!["com.evil.app://bank.example/cb".to_owned()],
        scope: vec!["read'<x>".to_owned()],
        ..Registration::default()
    });
    let page = browser.authorize(&Asking::by(&evil.await).without("scope")).await;
    page.is_page(200);
    assert!(!page.text.contains("<x>") && !page.text.contains("onerror=alert(1)>"), "{}", page.text);
    assert!(!page.text.contains("bank.example"), "what follows a scheme of their own is no host");
    assert!(page.text.contains("com.evil.app"));
}

/// What the page says about a client of the deployment's administrators that differs like this.
async fn page_of(stack: &Stack, browser: &Browser<'_>, change: impl FnOnce(&mut Client)) -> String {
    let registration = Registration {
        name: "app".to_owned(),
        public: true,
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
        scope: vec!["read".to_owned()],
        ..Registration::default()
    };
    let client = stack.register_changed(registration, change).await;
    let page = browser.authorize(&Asking::by(&client)).await;
    page.is_page(200);
    page.text
}

#[tokio::test]
async fn the_page_says_whose_application_it_is() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let (olga, gone) = (stack.somebody("<olga>").await, stack.somebody("gone").await);
    stack.app.users.delete(gone.sub).await.unwrap();
    let page = page_of(&stack, &browser, |client| client.owner = Some(olga.sub)).await;
    assert!(page.contains("Made by <strong>&#60;olga&#62;</strong>"), "{page}");
    let page = page_of(&stack, &browser, |client| client.owner = Some(gone.sub)).await;
    assert!(page.contains("Made by <strong>a user whose account was deleted</strong>"), "{page}");
    let page = page_of(&stack, &browser, |client| client.first_party = true).await;
    assert!(page.contains("Made by <strong>this service</strong>"), "{page}");
}

#[tokio::test]
async fn the_page_says_how_long_it_lasts_in_the_words_that_people_use() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let page = page_of(&stack, &browser, |client| client.lifetimes.refresh_token = 5_400).await;
    assert!(page.contains("<dd>90 days; less if it is not used for 90 minutes</dd>"), "{page}");
    let page = page_of(&stack, &browser, |client| client.lifetimes.refresh_token = 90 * 86_400).await;
    assert!(page.contains("<dd>90 days</dd>"), "{page}");
    let page =
        page_of(&stack, &browser, |client| client.grant_types = vec![GrantType::AuthorizationCode]).await;
    assert!(page.contains("<dd>1 hour</dd>"), "{page}");
}

#[tokio::test]
async fn the_page_says_what_a_scope_means_with_one_request_for_all_of_it() {
    let stack = Stack::configured(|config| config.languages = "en,fr".parse().unwrap()).await;
    let describe = async |value, language, text| {
        let description = Description::new(value, language, text).unwrap();
        stack.app.descriptions.describe(&description).await.unwrap();
    };
    describe("read", Language::English, "See <b>your</b> photos").await;
    describe("read", Language::French, "Voir vos photos").await;
    let (asking, browser) = (Asking::by(&stack.web().await), stack.signed_in().await);
    let asking = asking.with("scope", "read write").with("prompt", "consent");
    browser.asked(&asking).await;
    stack.dynamodb.forget();
    let page = browser.authorize(&asking).await;
    page.is_page(200);
    assert!(
        page.text.contains("<span>See &#60;b&#62;your&#60;/b&#62; photos <code>read</code></span>"),
        "{}",
        page.text
    );
    assert!(page.text.contains("<span>write</span>"), "{}", page.text);
    // The client, the session, the person's status, and this.
    assert_eq!(stack.dynamodb.seen().len(), 4);
    let page = browser.authorize(&asking.with("ui_locales", "fr")).await;
    assert!(page.text.contains("<span>Voir vos photos <code>read</code></span>"), "{}", page.text);
    assert!(page.text.contains("inutilisation pendant 30\u{a0}jours"), "{}", page.text);
}

#[tokio::test]
async fn a_page_that_is_no_longer_good_leads_to_one_that_is() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    let page = browser.submit(&browser.asked(&asking).await.with("csrf", "0"), &ALLOW).await;
    page.is_page(403);
    let link = format!("href=\"{}\"", asking.url().replace('&', "&#38;"));
    assert!(page.text.contains(&link), "{}", page.text);
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_consent_form_is_good_in_its_session_and_for_its_request_only() {
    let stack = Stack::start().await;
    let (web, public) = (stack.web().await, stack.public().await);
    let (browser, eve) = (stack.signed_in().await, stack.browser());
    eve.sign_in(&stack.somebody("eve").await).await;
    let asking = Asking::by(&web);
    let (form, foreign) = (browser.asked(&asking).await, eve.asked(&asking).await);
    let with_more = browser.asked(&asking.with("scope", "read write")).await;
    let other_client = browser.asked(&Asking::by(&public)).await;
    let logout = HtmlForm::of(&browser.authorize(&asking).await, "/logout");
    let of = |form: &HtmlForm, name: &str| form.get(name).unwrap().to_owned();
    for edited in [
        form.without("csrf"),
        form.with("csrf", ""),
        form.with("csrf", "0"),
        form.with("csrf", &of(&foreign, "csrf")),
        form.with("csrf", &of(&logout, "csrf")),
        form.with("csrf", &of(&with_more, "csrf")),
        form.without("page"),
        form.with("page", &of(&foreign, "page")),
        form.with("page", &of(&with_more, "page")),
        form.with("page", "9999999999999.0000000000000000000000"),
        foreign.clone(),
        form.to(&with_more.action),
        form.to(&other_client.action),
        form.to(&format!("{}&hello=world", form.action)),
        form.to(&form.action.replace("state=xyz", "state=abc")),
        form.to(&asking.with("redirect_uri", "https://app.example.com/oauth/callback").url()),
    ] {
        browser.submit(&edited, &ALLOW).await.is_page(403);
        browser.submit(&edited, &[("decision", "deny")]).await.is_page(403);
    }
    eve.submit(&form, &ALLOW).await.is_page(403);
    assert_eq!((stack.grants().await, stack.kept_of_kind("k").await), (0, 0));
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
}

#[tokio::test]
async fn what_is_added_to_the_form_changes_nothing_about_the_request() {
    let stack = Stack::start().await;
    let (web, public) = (stack.web().await, stack.public().await);
    let browser = stack.signed_in().await;
    let form = browser.asked(&Asking::by(&web)).await;
    let added = [
        ("decision", "allow"),
        ("client_id", public.id.as_str()),
        ("redirect_uri", "https://evil.example/"),
        ("scope", "read write"),
        ("allow:write", "yes"),
        ("allow:admin", "yes"),
        ("state", "evil"),
        ("response_mode", "form_post"),
        ("code_challenge", "A"),
    ];
    let redirect = Redirect::of(&browser.submit(&form, &added).await);
    assert_eq!(
        (redirect.to.as_str(), redirect.get("state")),
        ("https://app.example.com/oauth/callback", Some("xyz"))
    );
    assert_eq!(stack.redeem(&web, redirect.code()).await.json()["scope"], "read");
    // Parameters that are repeated, or a body that is no form, are no decision.
    browser.submit(&form, &[("decision", "deny"), ("decision", "allow")]).await.is_page(400);
}

#[tokio::test]
async fn declining_sends_access_denied_and_keeps_nothing() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for client in [stack.web().await, stack.public().await] {
        let form = browser.asked(&Asking::by(&client)).await;
        for decision in ["deny", "Allow", "yes"] {
            let answer = browser.submit(&form, &[("decision", decision)]).await;
            Redirect::of(&answer).is_error(&stack, "access_denied");
        }
    }
    assert_eq!((stack.grants().await, stack.kept_of_kind("k").await), (0, 0));
    assert_eq!(stack.audited("declined").len(), 6);
}

#[tokio::test]
async fn a_value_that_is_not_ticked_is_not_granted_and_the_client_is_told() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    let form = browser.asked(&Asking::by(&web).with("scope", "read write")).await;
    let redirect = Redirect::of(&browser.submit(&form.without("allow:write"), &ALLOW).await);
    let tokens = stack.redeem(&web, redirect.code()).await.json();
    assert_eq!(tokens["scope"], "read");
    let told = stack.introspect(&web, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(told["scope"], "read");
    let none = form.without("allow:write").without("allow:read");
    let answer = browser.submit(&none, &ALLOW).await;
    Redirect::of(&answer).is_error(&stack, "access_denied");
}

#[tokio::test]
async fn the_same_decision_sent_twice_is_the_same_redirect_and_one_grant() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    let asking = Asking::by(&web).with("prompt", "consent");
    let form = browser.asked(&asking).await;
    let (one, two) = tokio::join!(browser.submit(&form, &ALLOW), browser.submit(&form, &ALLOW));
    let (one, two) = (Redirect::of(&one), Redirect::of(&two));
    assert_eq!(one, two);
    stack.advance(Duration::from_millis(1));
    let audited = stack.audited("consented").len();
    assert_eq!(Redirect::of(&browser.submit(&form, &ALLOW).await), one);
    assert_eq!(stack.audited("consented").len(), audited, "it was decided once");
    assert_eq!(stack.grants().await, 1);
    assert_eq!(stack.redeem(&web, one.code()).await.status, 200);
    // Two tabs are two decisions.
    let (left, right) = (browser.asked(&asking).await, browser.asked(&asking).await);
    let left = Redirect::of(&browser.submit(&left, &ALLOW).await);
    let right = Redirect::of(&browser.submit(&right, &ALLOW).await);
    assert!(left.code() != right.code() && left.code() != one.code());
    for tab in [left, right] {
        assert_eq!(stack.redeem(&web, tab.code()).await.status, 200);
    }
    assert_eq!(stack.grants().await, 3);
}

#[tokio::test]
async fn a_page_is_good_for_a_quarter_of_an_hour() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let form = browser.asked(&Asking::by(&stack.public().await)).await;
    stack.advance_to_just_before(Duration::from_mins(15));
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
    stack.advance_by_the_last_millisecond();
    browser.submit(&form, &ALLOW).await.is_page(403);
}

#[tokio::test]
async fn a_decision_after_signing_out_or_as_somebody_else_counts_for_nothing() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.signed_in().await, Asking::by(&stack.web().await));
    let form = browser.asked(&asking).await;
    browser.sign_out().await;
    let answer = browser.submit(&form, &ALLOW).await;
    assert!(Redirect::of(&answer).location.starts_with("/login?"));
    browser.sign_in(&stack.somebody("eve").await).await;
    browser.submit(&form, &ALLOW).await.is_page(403);
    assert_eq!(stack.grants().await, 0);
}
