//! Observability: one id leads from a response or a page to its line in the log; and no caller can make new metrics.
//! `observability/refusals.rs` tells the reasons of refusals apart.

mod refusals;

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use jeton::local::ROUTES;
use lambda_http::Context;
use serde_json::{Value, json};
use shared::endpoint::lambda;

use crate::harness::{AuthorizationRequest, Fault, HtmlForm, PASSWORD, Response, Stack, code_flow::VERIFIER};

/// Returns the log's lines with the id of `response`.
fn lines_of(stack: &Stack, response: &Response) -> Vec<Value> {
    let id = response.header("x-request-id").unwrap();
    let lines = stack.logged();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["request_id"] == id).collect()
}

#[tokio::test]
async fn an_error_page_shows_the_id_of_its_response_and_of_its_line_in_the_log() {
    let stack = Stack::with_openid().await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.web().await));
    let consent = browser.consent_form(&request).await;
    let mut pages = vec![
        (400, browser.authorize(&request.with("client_id", "nobody")).await),
        (400, browser.authorize(&request.with("redirect_uri", "https://evil.example")).await),
        (400, browser.authorize(&request.with("x", &"x".repeat(4_096))).await),
        (403, browser.submit(&consent.with("csrf", "0"), &[("decision", "allow")]).await),
        (403, browser.post("/logout", &[]).await),
        (400, browser.get("/oauth/logout?state=a&state=b").await),
        (404, browser.get("/account/tokens").await),
        (403, browser.get("/account/credentials").await),
        (400, browser.get("/reset-password?token=x").await),
    ];
    stack.dynamodb.fail(Fault::Throttle);
    pages.push((503, browser.authorize(&request).await));
    pages.push((503, browser.get("/account").await));
    stack.dynamodb.fail(Fault::None);
    for (nth, (status, page)) in pages.iter().enumerate() {
        page.is_page(*status);
        let id = page.header("x-request-id").unwrap();
        let shown = format!("<code>{id}</code>");
        assert_eq!(page.text.matches(&shown).count(), 1, "{nth}: {}", page.text);
        let lines = lines_of(&stack, page);
        assert_eq!(lines.len(), 1, "{nth}: {lines:?}");
        let failed = if *status == 503 { "unavailable" } else { "refused" };
        assert_eq!(lines[0]["audit"], failed, "{nth}: {lines:?}");
        // The page has the id, and not the reason.
        assert!(!page.text.contains(lines[0]["reason"].as_str().unwrap()), "{nth}: {}", page.text);
    }
    let ids: BTreeSet<_> = pages.iter().map(|(_, page)| page.header("x-request-id").unwrap()).collect();
    assert_eq!(ids.len(), pages.len(), "each request has an id of its own");
}

/// The function at `path` gets an event with these members, and those that every event has.
async fn invoked(stack: &Stack, path: &str, route_key: Option<&str>, request_id: &str) -> Value {
    let mut event = json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "client_id=nobody",
        "headers": {},
        "requestContext": {
            "domainName": "localhost",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" },
            "requestId": request_id,
            "stage": "$default",
        },
        "isBase64Encoded": false,
    });
    if let Some(key) = route_key {
        event["routeKey"] = json!(key);
        event["requestContext"]["routeKey"] = json!(key);
    }
    let (_, authorize) = ROUTES.iter().find(|(path, _)| *path == "/oauth/authorize").unwrap();
    let app = Arc::clone(&stack.app);
    let response = lambda::invoke(app, *authorize, &event.to_string(), Context::default()).await.unwrap();
    serde_json::to_value(response).unwrap()
}

#[tokio::test]
async fn the_id_is_that_of_the_gateway_and_of_its_access_log() {
    let stack = Stack::start().await;
    let id = "JKJaXmPLvHcESHA=";
    let response = invoked(&stack, "/oauth/authorize", Some("ANY /oauth/authorize"), id).await;
    assert_eq!((&response["statusCode"], &response["headers"]["x-request-id"]), (&json!(400), &json!(id)));
    assert!(response["body"].as_str().unwrap().contains(&format!("<code>{id}</code>")), "{response}");
    assert_eq!(stack.audited("refused")[0]["request_id"], id);
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let access_log = r#""gateway_request_id":"$context.requestId""#;
    assert!(fs::read_to_string(template).unwrap().contains(access_log), "{access_log}");
}

#[tokio::test]
async fn an_event_that_is_no_request_gets_an_error_with_the_headers_of_every_response() {
    let stack = Stack::start().await;
    // A path begins with a slash.
    let response = invoked(&stack, "oauth/authorize", None, "JKJaXmPLvHcESHA=").await;
    assert_eq!(response["statusCode"], 400, "{response}");
    assert!(response["body"].as_str().unwrap().contains(r#""error":"invalid_request""#), "{response}");
    for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
        assert_eq!(response["headers"][name], value, "{response}");
    }
    assert_eq!(stack.audited("refused").len(), 1);
}

#[tokio::test]
async fn every_line_of_a_sign_in_and_a_grant_has_its_request_and_its_route() {
    let stack = Stack::start().await;
    let (web, browser, ada) = (stack.web().await, stack.browser(), stack.create_user("ada").await);
    browser.try_to_sign_in("/login", "ada", "not the password").await;
    browser.try_to_sign_in("/login", &ada.name, PASSWORD).await;
    let redirect = browser.consent(&AuthorizationRequest::by(&web)).await;
    let pair = stack.redeem_with(&web, redirect.code(), &[("code_verifier", VERIFIER)]).await.pair();
    let pair = stack.refresh(&web, &pair.refresh).await.pair();
    stack.revoke(&web, &pair.refresh).await;
    browser.sign_out().await;
    let lines = stack.logged();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["audit"].as_str().unwrap()).collect();
    let expected =
        ["sign_in_failed", "signed_in", "consented", "issued", "refreshed", "revoked", "signed_out"];
    assert_eq!(events, expected);
    let ids: BTreeSet<_> = lines.iter().map(|line| line["request_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), lines.len(), "one line for each of these requests");
    for line in &lines {
        assert!(ROUTES.iter().any(|(path, _)| line["path"] == *path), "{line}");
    }
}

/// Asserts what CloudWatch needs to count each line, and that a caller chose no dimension.
fn has_bounded_metrics(stack: &Stack) -> BTreeSet<(String, String)> {
    let routes = ROUTES.iter().map(|(path, _)| (*path).to_owned());
    let paths: BTreeSet<String> = routes.chain(["$default", "GET /api/notes"].map(str::to_owned)).collect();
    let mut metrics = BTreeSet::new();
    for line in stack.logged().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = &line["_aws"]["CloudWatchMetrics"][0];
        for name in of["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
            let value = line[name.as_str().unwrap()].as_str().unwrap_or_default();
            assert!(!value.is_empty() && value.len() < 64, "{name}: {line}");
            if name == "path" {
                assert!(paths.contains(value), "{line}");
                metrics.insert((value.to_owned(), line["error"].as_str().unwrap_or_default().to_owned()));
            }
        }
        assert_eq!(line[of["Metrics"][0]["Name"].as_str().unwrap()], 1, "{line}");
    }
    metrics
}

#[tokio::test]
async fn no_caller_can_make_new_metrics() {
    let stack = Stack::with_everything().await;
    for nth in 0..20 {
        let (path, error) = (format!("/org{nth}/app/users/u{nth}/revoketoken"), format!("error{nth}"));
        stack.request("PUT", &format!("{path}?token={error}")).send().await;
        stack.request("GET", &format!("/oauth/authorize?client_id=c{nth}&error={error}")).send().await;
        stack.post("/oauth/token").form(&[("grant_type", &error), ("client_id", &error)]).send().await;
        stack.request("GET", &format!("/oauth/userinfo?x={error}")).send().await;
        stack.request(&format!("VERB{nth}"), "/oauth/revoke").send().await;
        let header = format!("Bearer {error}");
        stack.request("GET", &format!("/api/notes?x={nth}")).header("authorization", &header).send().await;
        // Behind a gateway without routes of its own, or none at all.
        invoked(&stack, &format!("/{error}"), Some("$default"), "id").await;
        invoked(&stack, &format!("/{error}"), None, "id").await;
        invoked(&stack, &error, None, "id").await;
    }
    let metrics = has_bounded_metrics(&stack);
    let expected = [
        ("$default", "invalid_request"),
        ("/oauth/authorize", "invalid_request"),
        ("/oauth/revoke", "invalid_request"),
        ("/oauth/token", "invalid_client"),
        ("/oauth/userinfo", "invalid_token"),
        ("/{org}/{app}/users/{user}/revoketoken", "invalid_request"),
        ("GET /api/notes", "invalid_token"),
    ];
    let expected = expected.map(|(path, error)| (path.to_owned(), error.to_owned()));
    assert_eq!(metrics, BTreeSet::from(expected));
}

#[tokio::test]
async fn a_login_form_that_was_refused_is_found_by_the_id_of_the_response() {
    let stack = Stack::start().await;
    let browser = stack.browser();
    let form = HtmlForm::of(&browser.get("/login").await, "/login");
    let response =
        browser.submit(&form.without("csrf"), &[("username", "ada"), ("password", PASSWORD)]).await;
    let lines = lines_of(&stack, &response);
    assert_eq!((lines.len(), &lines[0]["error"]), (1, &json!("access_denied")));
}
