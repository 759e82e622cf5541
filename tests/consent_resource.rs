//! Consent to a request for a resource (RFC 8707): what the page names, and what a decision counts for.

use crate::harness::{AuthorizationRequest, HtmlForm, Redirect, Stack};

const NOTES: &str = "https://api.example.com/mcp";
const ALLOW: [(&str, &str); 1] = [("decision", "allow")];

/// Returns a request of a new client for `resource`.
async fn requesting(stack: &Stack, resource: &str) -> AuthorizationRequest {
    let web = stack.web().await;
    AuthorizationRequest::by(&web).with("scope", "read write").with("resource", resource)
}

#[tokio::test]
async fn a_remembered_consent_is_for_its_resource_alone() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    stack.resource("https://other.example.com").await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    let other = request.with("resource", "https://other.example.com");
    browser.consent(&request).await.code();
    let silent = browser.redirected(&request.with("resource", "https://api.example.com/mcp/")).await;
    assert_eq!(stack.grant_of(&silent).await.resource.unwrap().as_str(), NOTES);
    browser.consent_form(&other).await;
    browser.consent_form(&request.without("resource")).await;
    // The last consent is remembered.
    browser.consent(&request.without("resource")).await.code();
    browser.redirected(&request.without("resource")).await.code();
    browser.consent_form(&request).await;
    browser.consent(&other).await.code();
    browser.redirected(&other).await.code();
    browser.consent_form(&request.without("resource")).await;
}

#[tokio::test]
async fn a_resource_that_is_deleted_while_the_user_decides_is_granted_no_more() {
    let stack = Stack::start().await;
    let notes = stack.resource(NOTES).await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    let form = browser.consent_form(&request).await;
    stack.delete_resource(&notes).await;
    Redirect::of(&browser.submit(&form, &ALLOW).await).is_error(&stack, "invalid_target");
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_decision_is_for_the_resource_that_the_page_named() {
    let stack = Stack::start().await;
    let notes = stack.resource(NOTES).await;
    stack.resource("https://other.example.com").await;
    let browser = stack.signed_in().await;
    let request = requesting(&stack, "https://api.example.com").await;
    let form = browser.consent_form(&request).await;
    let other = form.to(&form.action.replace("api.example.com", "other.example.com"));
    assert_ne!(other.action, form.action);
    browser.submit(&other, &ALLOW).await.is_page(403);
    // The same request means another resource now.
    stack.delete_resource(&notes).await;
    stack.resource("https://api.example.com/other").await;
    browser.submit(&form, &ALLOW).await.is_page(403);
    assert_eq!(stack.grants().await, 0);
    browser.consent(&request).await.code();
}

#[tokio::test]
async fn the_consent_page_names_the_resource_and_its_host() {
    let stack = Stack::configured(|config| config.languages = "en,fr".parse().unwrap()).await;
    stack.resource_with("https://api.example.com:8443/mcp", |notes| notes.name = "<b>Notes".to_owned()).await;
    let browser = stack.signed_in().await;
    let request = requesting(&stack, "https://api.example.com:8443/mcp").await;
    let page = browser.authorize(&request).await;
    page.is_page(200);
    let legend = "<legend>At <strong>&#60;b&#62;Notes</strong> (api.example.com:8443), the application asks for:</legend>";
    assert!(page.text.contains(legend), "{}", page.text);
    let page = browser.authorize(&request.with("ui_locales", "fr")).await;
    let legend =
        "Sur <strong>&#60;b&#62;Notes</strong> (api.example.com:8443), l’application demande\u{202f}:";
    assert!(page.text.contains(legend), "{}", page.text);
    // An administrator registered the client.
    assert!(page.text.contains("Enregistrée par"), "{}", page.text);
    // Without a resource the page is as it is without resources.
    let page = browser.authorize(&request.without("resource")).await;
    assert!(page.text.contains("<legend>The application asks for:</legend>"), "{}", page.text);
}

#[tokio::test]
async fn the_consent_page_names_a_resource_without_scope() {
    let stack = Stack::start().await;
    stack
        .resource_with(NOTES, |notes| {
            (notes.scope, notes.default_scope) = Default::default();
        })
        .await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    let page = browser.authorize(&request).await;
    let text = "The application asks for access to <strong>Notes</strong> (api.example.com).";
    assert!(page.text.contains(text), "{}", page.text);
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let redirect = Redirect::of(&browser.submit(&form, &ALLOW).await);
    let grant = stack.grant_of(&redirect).await;
    assert_eq!((grant.resource.unwrap().as_str(), grant.scope.to_string()), (NOTES, String::new()));
}
