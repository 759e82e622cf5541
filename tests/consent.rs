//! The consent page, and the user's decision (RFC 6749 §10.2, §10.12, §10.14).

use std::time::Duration;

use shared::{
    clients::{Client, Registration, description::Description},
    config::Language,
    oauth::GrantType,
};

use crate::harness::{AuthorizationRequest, Browser, HtmlForm, Redirect, Stack};

const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

#[tokio::test]
async fn the_page_names_the_client_user_scope_duration_and_destination() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let page =
        browser.authorize(&AuthorizationRequest::by(&stack.web().await).with("scope", "write read")).await;
    page.is_page(200);
    for text in [
        "<strong>web</strong>",
        "Registered by <strong>the administrators of this service</strong>",
        "<dd>ada</dd>",
        "<span>read</span>",
        "<span>write</span>",
        "<dd>90 days; less if it is not used for 30 days</dd>",
        "<dd>app.example.com</dd>",
        "If you deny, web gets no access",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // The client chooses its own name: the page shows it as text.
    let evil = stack.register(Registration {
        name: "<img onerror=alert(1)>\" 'x".to_owned(),
        redirect_uris: vec!["com.evil.app://bank.example/cb".to_owned()],
        scope: vec!["read'<x>".to_owned()],
        ..Registration::default()
    });
    let page = browser.authorize(&AuthorizationRequest::by(&evil.await).without("scope")).await;
    page.is_page(200);
    assert!(!page.text.contains("<x>") && !page.text.contains("onerror=alert(1)>"), "{}", page.text);
    assert!(page.text.contains("<dd>com.evil.app:</dd>"), "{}", page.text);
    assert!(!page.text.contains("bank.example"), "what it writes in the place of a host is not shown");
}

/// Returns the consent page of a public client of the administrators, with `change` applied.
async fn page_of(stack: &Stack, browser: &Browser<'_>, change: impl FnOnce(&mut Client)) -> String {
    let registration = Registration {
        name: "app".to_owned(),
        public: true,
        redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
        scope: vec!["read".to_owned()],
        ..Registration::default()
    };
    let client = stack.register_changed(registration, change).await;
    let page = browser.authorize(&AuthorizationRequest::by(&client)).await;
    page.is_page(200);
    page.text
}

#[tokio::test]
async fn the_page_names_the_owner_of_the_client() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let (olga, gone) = (stack.create_user("<olga>").await, stack.create_user("gone").await);
    stack.app.users.delete(gone.sub).await.unwrap();
    let page = page_of(&stack, &browser, |client| client.owner = Some(olga.sub)).await;
    assert!(page.contains("Made by <strong>&#60;olga&#62;</strong>"), "{page}");
    let page = page_of(&stack, &browser, |client| client.owner = Some(gone.sub)).await;
    assert!(page.contains("Made by <strong>a user whose account was deleted</strong>"), "{page}");
    let page = page_of(&stack, &browser, |client| client.first_party = true).await;
    assert!(page.contains("Made by <strong>this service</strong>"), "{page}");
}

#[tokio::test]
async fn the_page_states_the_duration_of_the_access() {
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
async fn the_page_describes_scope_values_with_one_read() {
    let stack = Stack::configured(|config| config.languages = "en,fr".parse().unwrap()).await;
    let describe = async |value, language, text| {
        let description = Description::new(value, language, text).unwrap();
        stack.app.descriptions.describe(&description).await.unwrap();
    };
    describe("read", Language::English, "See <b>your</b> photos").await;
    describe("read", Language::French, "Voir vos photos").await;
    let (request, browser) = (AuthorizationRequest::by(&stack.web().await), stack.signed_in().await);
    let request = request.with("scope", "read write").with("prompt", "consent");
    browser.consent_form(&request).await;
    stack.dynamodb.forget();
    let page = browser.authorize(&request).await;
    page.is_page(200);
    assert!(
        page.text.contains("<span>See &#60;b&#62;your&#60;/b&#62; photos <code>read</code></span>"),
        "{}",
        page.text
    );
    assert!(page.text.contains("<span>write</span>"), "{}", page.text);
    // The client, the session, the user's status, and the descriptions.
    assert_eq!(stack.dynamodb.seen().len(), 4);
    let page = browser.authorize(&request.with("ui_locales", "fr")).await;
    assert!(page.text.contains("<span>Voir vos photos <code>read</code></span>"), "{}", page.text);
    assert!(page.text.contains("inutilisation pendant 30\u{a0}jours"), "{}", page.text);
}

#[tokio::test]
async fn a_rejected_form_links_to_a_new_page() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let page = browser.submit(&browser.consent_form(&request).await.with("csrf", "0"), &ALLOW).await;
    page.is_page(403);
    let link = format!("href=\"{}\"", request.url().replace('&', "&#38;"));
    assert!(page.text.contains(&link), "{}", page.text);
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_consent_form_is_valid_in_its_session_and_for_its_request_only() {
    let stack = Stack::start().await;
    let (web, public) = (stack.web().await, stack.public().await);
    let (browser, eve) = (stack.signed_in().await, stack.browser());
    eve.sign_in(&stack.create_user("eve").await).await;
    let request = AuthorizationRequest::by(&web);
    let (form, foreign) = (browser.consent_form(&request).await, eve.consent_form(&request).await);
    let with_more = browser.consent_form(&request.with("scope", "read write")).await;
    let other_client = browser.consent_form(&AuthorizationRequest::by(&public)).await;
    let logout = HtmlForm::of(&browser.authorize(&request).await, "/logout");
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
        form.to(&request.with("redirect_uri", "https://app.example.com/oauth/callback").url()),
    ] {
        browser.submit(&edited, &ALLOW).await.is_page(403);
        browser.submit(&edited, &[("decision", "deny")]).await.is_page(403);
    }
    eve.submit(&form, &ALLOW).await.is_page(403);
    assert_eq!((stack.grants().await, stack.count_of_kind("k").await), (0, 0));
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
}

#[tokio::test]
async fn fields_added_to_the_form_change_nothing_about_the_request() {
    let stack = Stack::start().await;
    let (web, public) = (stack.web().await, stack.public().await);
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&AuthorizationRequest::by(&web)).await;
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
    // A form with a repeated parameter is not a decision.
    browser.submit(&form, &[("decision", "deny"), ("decision", "allow")]).await.is_page(400);
}

#[tokio::test]
async fn declining_sends_access_denied_and_stores_nothing() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for client in [stack.web().await, stack.public().await] {
        let form = browser.consent_form(&AuthorizationRequest::by(&client)).await;
        for decision in ["deny", "Allow", "yes"] {
            let response = browser.submit(&form, &[("decision", decision)]).await;
            Redirect::of(&response).is_error(&stack, "access_denied");
        }
    }
    assert_eq!((stack.grants().await, stack.count_of_kind("k").await), (0, 0));
    assert_eq!(stack.audited("declined").len(), 6);
}

#[tokio::test]
async fn an_unchecked_value_is_not_granted_and_the_token_response_says_so() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    let form = browser.consent_form(&AuthorizationRequest::by(&web).with("scope", "read write")).await;
    let redirect = Redirect::of(&browser.submit(&form.without("allow:write"), &ALLOW).await);
    let tokens = stack.redeem(&web, redirect.code()).await.json();
    assert_eq!(tokens["scope"], "read");
    let introspection = stack.introspect(&web, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(introspection["scope"], "read");
    let none = form.without("allow:write").without("allow:read");
    let response = browser.submit(&none, &ALLOW).await;
    Redirect::of(&response).is_error(&stack, "access_denied");
}

#[tokio::test]
async fn the_same_decision_sent_twice_is_the_same_redirect_and_one_grant() {
    let stack = Stack::start().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    let request = AuthorizationRequest::by(&web).with("prompt", "consent");
    let form = browser.consent_form(&request).await;
    let (one, two) = tokio::join!(browser.submit(&form, &ALLOW), browser.submit(&form, &ALLOW));
    let (one, two) = (Redirect::of(&one), Redirect::of(&two));
    assert_eq!(one, two);
    stack.advance(Duration::from_millis(1));
    let audited = stack.audited("consented").len();
    assert_eq!(Redirect::of(&browser.submit(&form, &ALLOW).await), one);
    assert_eq!(stack.audited("consented").len(), audited, "the decision is audited once");
    assert_eq!(stack.grants().await, 1);
    assert_eq!(stack.redeem(&web, one.code()).await.status, 200);
    // Two tabs are two decisions.
    let (left, right) = (browser.consent_form(&request).await, browser.consent_form(&request).await);
    let left = Redirect::of(&browser.submit(&left, &ALLOW).await);
    let right = Redirect::of(&browser.submit(&right, &ALLOW).await);
    assert!(left.code() != right.code() && left.code() != one.code());
    for tab in [left, right] {
        assert_eq!(stack.redeem(&web, tab.code()).await.status, 200);
    }
    assert_eq!(stack.grants().await, 3);
}

#[tokio::test]
async fn a_page_expires_after_15_minutes() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&AuthorizationRequest::by(&stack.public().await)).await;
    stack.advance_to_just_before(Duration::from_mins(15));
    Redirect::of(&browser.submit(&form, &ALLOW).await).code();
    stack.advance_by_the_last_millisecond();
    browser.submit(&form, &ALLOW).await.is_page(403);
}

#[tokio::test]
async fn a_decision_after_signing_out_or_as_another_user_is_rejected() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let form = browser.consent_form(&request).await;
    browser.sign_out().await;
    let response = browser.submit(&form, &ALLOW).await;
    assert!(Redirect::of(&response).location.starts_with("/login?"));
    browser.sign_in(&stack.create_user("eve").await).await;
    browser.submit(&form, &ALLOW).await.is_page(403);
    assert_eq!(stack.grants().await, 0);
}
