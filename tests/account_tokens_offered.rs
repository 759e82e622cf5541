//! Personal tokens after a change of the scope that a deployment offers for them.

use std::sync::Arc;

use jeton::local::ROUTES;
use lambda_http::Context;
use serde_json::json;
use shared::{
    endpoint::{
        App,
        bearer::{BearerError, BearerToken},
        lambda,
    },
    log::{Level, Log},
    oauth::Scope,
    time::Clock,
};

use crate::harness::{
    HtmlForm, Stack,
    account::{TOKENS, shown},
};

/// Returns an app over the same tables that offers `scope` for personal tokens.
fn reconfigured(stack: &Stack, scope: &str) -> App {
    let mut config = stack.app.config.clone();
    config.account.personal_scopes = if scope.is_empty() { Scope::default() } else { scope.parse().unwrap() };
    let (client, now) = (stack.app.grants.table().client(), stack.now());
    App::new(config, client, Clock::from_fn(move || now), Log::new(Level::Debug, std::io::sink()))
}

#[tokio::test]
async fn a_token_is_good_for_no_more_than_users_may_give_today() {
    let stack = Stack::with_accounts().await;
    let (_, browser) = stack.signed_in_user("ada").await;
    let form = HtmlForm::to_make(&browser.get(TOKENS).await).with("name", "x").with("allow:read", "yes");
    let token = shown(&browser.submit(&form.with("allow:write", "yes"), &[]).await, 0);
    let token = BearerToken::parse(&token).unwrap();
    for (scope, left) in [
        ("read write", Some("read write")),
        ("read", Some("read")),
        ("write admin", Some("write")),
        ("admin", None),
        ("", None),
    ] {
        let app = reconfigured(&stack, scope);
        let scopes = match token.describe(&app, stack.now()).await {
            Ok(active) => Some(active.scope.to_string()),
            Err(BearerError::NotOffered) => None,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(scopes.as_deref(), left, "{scope}");
    }
}

#[tokio::test]
async fn tokens_are_listed_and_ended_where_none_can_be_made_any_more() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.signed_in_user("ada").await;
    browser.personal_token("laptop", "never").await;
    let session = format!("jeton-session={}", browser.cookie("jeton-session").unwrap());
    let app = Arc::new(reconfigured(&stack, ""));
    let request = async |path: &str, form: Option<&str>| {
        let event = json!({
            "version": "2.0", "routeKey": format!("ANY {path}"), "rawPath": path, "rawQueryString": "",
            "cookies": [session],
            "headers": { "content-type": "application/x-www-form-urlencoded", "host": "x" },
            "requestContext": {
                "domainName": "localhost", "requestId": "inside", "stage": "$default",
                "http": {
                    "method": if form.is_some() { "POST" } else { "GET" },
                    "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                },
            },
            "body": form.unwrap_or_default(), "isBase64Encoded": false,
        });
        let (_, account) = ROUTES.iter().find(|(route, _)| *route == path).unwrap();
        let response =
            lambda::invoke(Arc::clone(&app), *account, &event.to_string(), Context::default()).await;
        let response = serde_json::to_value(response.unwrap()).unwrap();
        (response["statusCode"].as_u64().unwrap(), response["body"].as_str().unwrap_or_default().to_owned())
    };
    let (status, page) = request("/account", None).await;
    assert!(status == 200 && page.contains("href=\"/account/tokens\""), "{page}");
    let (status, page) = request(TOKENS, None).await;
    assert!(status == 200 && page.contains("<strong>laptop</strong>"), "{page}");
    assert!(!page.contains("name=\"page\""), "there is no form for another: {page}");
    let field = |name: &str| {
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let end = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("csrf", field("csrf")), ("end", field("end"))])
        .finish();
    assert_eq!(request(TOKENS, Some(&end)).await.0, 303);
    assert!(stack.app.personal_tokens.of_user(ada.sub, stack.now()).await.unwrap().is_empty());
    // Without tokens the page does not exist, as in a deployment that never offered them.
    assert_eq!(request(TOKENS, None).await.0, 404);
    assert!(!request("/account", None).await.1.contains(TOKENS));
    // An old form creates nothing.
    assert_eq!(request(TOKENS, Some("name=x&allow%3Aread=yes&lasts=7")).await.0, 404);
}
