//! What all pages have in common: the headers that protect them, brand, languages, and whose login page it is.

use std::time::Duration;

use shared::{client::Registration, config::Config};

use crate::harness::{Answer, Asking, Browser, Fault, HtmlForm, PASSWORD, Redirect, Stack};

const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

/// The configuration of a deployment behind a domain of its own, whose pages speak two languages.
fn deployed(config: &mut Config) {
    config.issuer = Some("https://auth.example.com".parse().unwrap());
    config.languages = "en,fr".parse().unwrap();
}

/// Every page and every error that a person can be shown, with its status; and a redirect.
async fn every_page(stack: &Stack, browser: &Browser<'_>) -> Vec<(u16, Answer)> {
    let (asking, ada) = (Asking::by(&stack.web().await), stack.somebody("ada").await);
    let login = browser.get(&format!("/login?{}", asking.query())).await;
    let form = HtmlForm::of(&login, "/login");
    let typed = [("username", "ada"), ("password", "not the password")];
    let mut pages = vec![(200, login), (400, browser.submit(&form, &typed).await)];
    pages.push((403, browser.submit(&form.without("csrf"), &typed).await));
    pages.push((400, browser.post("/login", &[("username", "a"), ("username", "b")]).await));
    pages.push((400, browser.authorize(&asking.with("client_id", "nobody")).await));
    pages.push((400, browser.authorize(&asking.with("redirect_uri", "https://evil.example")).await));
    pages.push((400, browser.authorize(&asking.with("x", &"x".repeat(4_000))).await));
    browser.sign_in(&ada).await;
    let consent = browser.authorize(&asking).await;
    let form = HtmlForm::of(&consent, "/oauth/authorize");
    pages.push((200, consent));
    pages.push((403, browser.submit(&form.with("csrf", "0"), &ALLOW).await));
    pages.push((303, browser.submit(&form, &ALLOW).await));
    let by_form = asking.with("response_mode", "form_post").with("prompt", "consent");
    pages.push((200, browser.submit(&browser.asked(&by_form).await, &ALLOW).await));
    let signed_in = browser.get("/login").await;
    let form = HtmlForm::of(&signed_in, "/logout");
    pages.push((200, signed_in));
    stack.dynamodb.fail(Fault::Throttle);
    pages.push((503, browser.authorize(&asking).await));
    pages.push((503, browser.submit(&form, &[]).await));
    stack.dynamodb.fail(Fault::None);
    pages.push((403, browser.submit(&form.without("csrf"), &[]).await));
    pages.push((200, browser.submit(&form, &[]).await));
    pages.push((405, stack.request("GET", "/logout").send().await));
    pages.push((405, stack.request("PUT", "/login").send().await));
    pages.push((405, stack.request("DELETE", "/oauth/authorize").send().await));
    pages
}

#[tokio::test]
async fn every_page_and_every_error_has_the_headers_that_protect_it() {
    let stack = Stack::configured(deployed).await;
    for (nth, (status, answer)) in every_page(&stack, &stack.browser()).await.into_iter().enumerate() {
        assert_eq!(answer.status, status, "{nth}: {}", answer.text);
        answer.is_not_stored();
        answer.is_for_no_script();
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{nth}");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{nth}");
        match status {
            303 => drop(Redirect::of(&answer)),
            405 => answer.is_error(405, "invalid_request"),
            _ => answer.is_page_that_may_submit(status),
        }
    }
}

#[tokio::test]
async fn every_page_speaks_the_visitors_language() {
    let stack = Stack::configured(deployed).await;
    let browser = stack.browser().speaking("fr-CA, fr;q=0.9, en;q=0.5");
    for (status, answer) in every_page(&stack, &browser).await {
        if [303, 405].contains(&status) {
            continue;
        }
        assert_eq!(answer.header("content-language"), Some("fr"));
        assert!(answer.text.contains("<html lang=\"fr\">"), "{}", answer.text);
        let words =
            ["sign in", "user name", "password", "allow ", "you are", "back to", "try again", "please"];
        let text = answer.text.split("</style>").nth(1).unwrap().to_lowercase();
        let shown: String =
            text.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text).collect();
        for word in words {
            assert!(!shown.contains(word), "{word}: {shown}");
        }
    }
}

#[tokio::test]
async fn an_application_may_ask_for_a_language_and_gets_none_that_is_not_offered() {
    let stack = Stack::configured(deployed).await;
    let browser = stack.browser().speaking("en");
    for (ui_locales, language) in
        [("fr", "fr"), ("de fr-FR", "fr"), ("de", "en"), ("", "en"), ("fr\n<x>", "en")]
    {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("ui_locales", ui_locales).finish();
        let page = browser.get(&format!("/login?{query}")).await;
        page.is_page(200);
        assert_eq!(page.header("content-language"), Some(language), "{ui_locales}");
        let refused = browser.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(refused.header("content-language"), Some(language), "{ui_locales}");
    }
    let english = Stack::start().await;
    let page = english.browser().speaking("fr").get("/login?ui_locales=fr").await;
    assert_eq!(page.header("content-language"), Some("en"));
}

#[tokio::test]
async fn a_brand_is_on_every_page_and_allowed_by_its_policy() {
    const LOGO: &str = "data:image/svg+xml;base64,PHN2Zy8+";
    let stack = Stack::configured(|config| {
        config.brand.name = "Ada & <Co>".to_owned();
        config.brand.color = "#ffee00".parse().unwrap();
    })
    .await;
    let page = stack.browser().get("/login").await;
    page.is_page(200);
    assert!(page.text.contains("<title>Sign in · Ada &#38; &#60;Co&#62;</title>"), "{}", page.text);
    // Yellow text on white cannot be read; on black it can.
    assert!(
        !page.text.contains(":root { --mark: #ffee00;")
            || page.text.contains("--mark: #ffee00; --on-mark: #000000")
    );
    let plain = Stack::start().await.browser().get("/login").await;
    assert_ne!(plain.header("content-security-policy"), page.header("content-security-policy"));

    let stack = Stack::configured(|config| config.brand.logo = Some(LOGO.parse().unwrap())).await;
    let page = stack.browser().get("/login").await;
    assert!(page.text.contains(&format!("<img src=\"{LOGO}\" alt=\"Jeton\">")), "{}", page.text);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("; img-src data:; base-uri 'none'"), "{policy}");
}

#[tokio::test]
async fn the_login_page_names_the_application_only_if_its_request_would_be_answered() {
    let stack = Stack::start().await;
    let (browser, web) = (stack.browser(), stack.web().await);
    let evil = stack.register(Registration {
        name: "<b>\"'".to_owned(),
        redirect_uris: vec!["com.evil.app://bank.example/cb".to_owned()],
        ..Registration::default()
    });
    let (asking, evil) = (Asking::by(&web), Asking::by(&evil.await));
    let login = |asking: &Asking| format!("/login?{}", asking.query());
    let page = browser.get(&login(&asking)).await;
    page.is_page(200);
    for said in ["to continue to <strong>web</strong>", "app.example.com"] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    // It stays there when the password is wrong.
    let page = browser.try_to_sign_in(&login(&asking), "ada", "wrong").await;
    assert!(page.text.contains("to continue to <strong>web</strong>"), "{}", page.text);
    let page = browser.get(&login(&evil)).await;
    assert!(
        page.text.contains("&#60;b&#62;&#34;&#39;") && page.text.contains("com.evil.app"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<b>") && !page.text.contains("bank.example<"), "{}", page.text);

    let plain = async |asking: &Asking| {
        let page = browser.get(&login(asking)).await;
        page.is_page(200);
        assert!(!page.text.contains("to continue to"), "{}", page.text);
    };
    plain(&asking.with("client_id", "nobody")).await;
    plain(&asking.and("client_id", &web.id)).await;
    plain(&asking.with("redirect_uri", "https://evil.example/")).await;
    stack.dynamodb.fail(Fault::Throttle);
    plain(&asking).await;
    stack.dynamodb.fail(Fault::None);
    stack.disable(&web).await;
    plain(&asking).await;
}

#[tokio::test]
async fn who_signed_in_within_another_tab_goes_on_and_nobody_else_does() {
    let stack = Stack::start().await;
    let (browser, asking) = (stack.browser(), Asking::by(&stack.web().await));
    let (ada, _eve) = (stack.somebody("ada").await, stack.somebody("eve").await);
    let form = HtmlForm::of(&browser.get(&format!("/login?{}", asking.query())).await, "/login");
    browser.sign_in(&ada).await;
    // The form is spent, but there is nothing left to prove; what was typed for a password does not matter.
    for (name, password) in [("ada", PASSWORD), ("ADA", "wrong")] {
        let answer = browser.submit(&form, &[("username", name), ("password", password)]).await;
        assert_eq!(Redirect::of(&answer).location, asking.url());
    }
    // Whoever means to be somebody else must say so on a form that is good.
    for name in ["eve", "nobody", ""] {
        browser.submit(&form, &[("username", name), ("password", PASSWORD)]).await.is_page(403);
    }
    // Another browser has not signed in; nor did this one lately enough for the form to have been shown before.
    let typed = [("username", "ada"), ("password", PASSWORD)];
    stack.browser().submit(&form, &typed).await.is_page(403);
    stack.advance(Duration::from_hours(1) + Duration::from_millis(1));
    browser.submit(&form, &typed).await.is_page(403);
}
