//! All pages: security headers, brand, languages, and the client that the login page names.

use std::{collections::BTreeSet, time::Duration};

use shared::{
    clients::Registration,
    config::{Config, Language, SigningKeys},
};
use strum::VariantArray as _;

use crate::harness::{AuthorizationRequest, Browser, Fault, HtmlForm, PASSWORD, Redirect, Response, Stack};

const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

/// Configures a deployment with its own domain, and pages in two languages.
fn deployed(config: &mut Config) {
    config.issuer = Some("https://auth.example.com".parse().unwrap());
    config.languages = "en,fr".parse().unwrap();
    config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
}

/// Returns every page and error that a user can see, with its status; and a redirect.
async fn every_page(stack: &Stack, browser: &Browser<'_>) -> Vec<(u16, Response)> {
    let (request, ada) = (AuthorizationRequest::by(&stack.web().await), stack.create_user("ada").await);
    let login = browser.get(&format!("/login?{}", request.query())).await;
    let form = HtmlForm::of(&login, "/login");
    let typed = [("username", "ada"), ("password", "not the password")];
    let mut pages = vec![(200, login), (400, browser.submit(&form, &typed).await)];
    pages.push((403, browser.submit(&form.without("csrf"), &typed).await));
    pages.push((400, browser.post("/login", &[("username", "a"), ("username", "b")]).await));
    pages.push((400, browser.authorize(&request.with("client_id", "nobody")).await));
    pages.push((400, browser.authorize(&request.with("redirect_uri", "https://evil.example")).await));
    pages.push((400, browser.authorize(&request.with("x", &"x".repeat(4_000))).await));
    browser.sign_in(&ada).await;
    let consent = browser.authorize(&request).await;
    let form = HtmlForm::of(&consent, "/oauth/authorize");
    pages.push((200, consent));
    pages.push((403, browser.submit(&form.with("csrf", "0"), &ALLOW).await));
    pages.push((303, browser.submit(&form, &ALLOW).await));
    let by_form = request.with("response_mode", "form_post").with("prompt", "consent");
    pages.push((200, browser.submit(&browser.consent_form(&by_form).await, &ALLOW).await));
    let signed_in = browser.get("/login").await;
    let form = HtmlForm::of(&signed_in, "/logout");
    pages.push((200, signed_in));
    pages.push((200, browser.get("/oauth/logout").await));
    pages.push((400, browser.get("/oauth/logout?state=a&state=b").await));
    stack.dynamodb.fail(Fault::Throttle);
    pages.push((503, browser.authorize(&request).await));
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
    for (nth, (status, response)) in every_page(&stack, &stack.browser()).await.into_iter().enumerate() {
        assert_eq!(response.status, status, "{nth}: {}", response.text);
        response.is_not_stored();
        response.is_for_no_script();
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{nth}");
        assert_eq!(response.header("strict-transport-security"), Some("max-age=31536000"), "{nth}");
        match status {
            303 => drop(Redirect::of(&response)),
            405 => response.is_error(405, "invalid_request"),
            _ => response.is_page_that_may_submit(status),
        }
    }
}

#[tokio::test]
async fn every_page_is_in_the_users_language() {
    let stack = Stack::configured(deployed).await;
    let browser = stack.browser().speaking("fr-CA, fr;q=0.9, en;q=0.5");
    for (status, response) in every_page(&stack, &browser).await {
        if [303, 405].contains(&status) {
            continue;
        }
        assert_eq!(response.header("content-language"), Some("fr"));
        assert!(response.text.contains("<html lang=\"fr\">"), "{}", response.text);
        let words =
            ["sign in", "user name", "password", "allow ", "you are", "back to", "try again", "please"];
        let text = response.text.split("</style>").nth(1).unwrap().to_lowercase();
        let visible: String =
            text.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text).collect();
        for word in words {
            assert!(!visible.contains(word), "{word}: {visible}");
        }
    }
}

#[tokio::test]
async fn a_client_can_request_a_language_that_the_deployment_offers() {
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
    // Yellow text is illegible on white, and legible on black.
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
    let (request, evil) = (AuthorizationRequest::by(&web), AuthorizationRequest::by(&evil.await));
    let login = |request: &AuthorizationRequest| format!("/login?{}", request.query());
    let page = browser.get(&login(&request)).await;
    page.is_page(200);
    for text in ["to continue to <strong>web</strong>", "app.example.com"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // The page still names the client after a wrong password.
    let page = browser.try_to_sign_in(&login(&request), "ada", "wrong").await;
    assert!(page.text.contains("to continue to <strong>web</strong>"), "{}", page.text);
    let page = browser.get(&login(&evil)).await;
    for text in ["&#60;b&#62;&#34;&#39;", ">com.evil.app:<"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(!page.text.contains("<b>") && !page.text.contains("bank.example"), "{}", page.text);

    let plain = async |request: &AuthorizationRequest| {
        let page = browser.get(&login(request)).await;
        page.is_page(200);
        assert!(!page.text.contains("to continue to"), "{}", page.text);
    };
    plain(&request.with("client_id", "nobody")).await;
    plain(&request.and("client_id", &web.id)).await;
    plain(&request.with("redirect_uri", "https://evil.example/")).await;
    stack.dynamodb.fail(Fault::Throttle);
    plain(&request).await;
    stack.dynamodb.fail(Fault::None);
    stack.disable(&web).await;
    plain(&request).await;
}

#[tokio::test]
async fn a_user_who_signed_in_in_another_tab_continues_and_no_other_user_does() {
    let stack = Stack::start().await;
    let (browser, request) = (stack.browser(), AuthorizationRequest::by(&stack.web().await));
    let (ada, _eve) = (stack.create_user("ada").await, stack.create_user("eve").await);
    let form = HtmlForm::of(&browser.get(&format!("/login?{}", request.query())).await, "/login");
    browser.sign_in(&ada).await;
    // The form is spent, but the user is signed in already, so the password is not checked.
    for (name, password) in [("ada", PASSWORD), ("ADA", "wrong")] {
        let response = browser.submit(&form, &[("username", name), ("password", password)]).await;
        assert_eq!(Redirect::of(&response).location, request.url());
    }
    // Another user needs a valid form.
    for name in ["eve", "nobody", ""] {
        browser.submit(&form, &[("username", name), ("password", PASSWORD)]).await.is_page(403);
    }
    // Another browser is not signed in. And a sign-in older than the form's lifetime was before the form was shown.
    let typed = [("username", "ada"), ("password", PASSWORD)];
    stack.browser().submit(&form, &typed).await.is_page(403);
    stack.advance(Duration::from_hours(1) + Duration::from_millis(1));
    browser.submit(&form, &typed).await.is_page(403);
}

#[tokio::test]
async fn every_language_has_its_own_pages() {
    let tags: Vec<_> = Language::VARIANTS.iter().map(|language| language.tag()).collect();
    let stack = Stack::configured(|config| config.languages = tags.join(",").parse().unwrap()).await;
    let mut titles = BTreeSet::new();
    for tag in &tags {
        for (path, status) in [("/login", 200), ("/oauth/authorize", 400)] {
            let page = stack.browser().speaking(tag).get(path).await;
            page.is_page(status);
            assert_eq!(page.header("content-language"), Some(*tag));
            assert!(page.text.contains(&format!("<html lang=\"{tag}\">")), "{}", page.text);
            let title = page.text.split_once("<title>").unwrap().1.split_once('<').unwrap().0;
            assert!(titles.insert(title.to_owned()), "{tag} has the title {title:?} of another language");
        }
    }
}
