//! The authorizer of an HTTP API (payload format 2.0).

use std::time::Duration;

use authorizer::Error;
use serde_json::{Value, json};
use shared::{
    endpoint::App,
    log::{Level, Log},
};

use crate::harness::{Fault, Stack};

/// Returns the event of a request to `route`.
fn event(route: &str, headers: &Value) -> Value {
    let (method, path) = route.split_once(' ').unwrap_or(("GET", "/any/path"));
    let (method, path) = (method.replace("ANY", "GET"), path.replace("{id}", "17"));
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:api123/$default/GET/orders/17",
        "identitySource": ["x"],
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "domainName": "api123.execute-api.eu-central-1.amazonaws.com",
            "http": { "method": method, "path": path },
            "requestId": "JKJaX07iIoAMEPZg=",
            "routeKey": route,
            "stage": "$default",
        },
    })
}

async fn authorizer_response(app: &App, event: &Value) -> Result<Value, Error> {
    Ok(serde_json::to_value(authorizer::handle(app, &event.to_string()).await?).unwrap())
}

impl Stack {
    async fn passes(&self, route: &str, token: &str) -> bool {
        let event = event(route, &json!({ "authorization": format!("Bearer {token}") }));
        authorizer_response(&self.app, &event).await.unwrap()["isAuthorized"].as_bool().unwrap()
    }
}

async fn listing(routes: &str) -> Stack {
    Stack::configured(|config| config.route_scopes = routes.parse().unwrap()).await
}

#[tokio::test]
async fn a_caller_passes_and_the_api_gets_the_caller() {
    let stack = listing("GET /orders/{id}=read").await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    let event = event("GET /orders/{id}", &json!({ "authorization": format!("Bearer {token}") }));
    let jti = stack.introspect(&machine, &token).await["jti"].clone();
    let context =
        json!({ "sub": machine.id, "client_id": machine.id, "scope": "read write", "token_id": jti });
    assert_eq!(
        authorizer_response(&stack.app, &event).await,
        Ok(json!({ "isAuthorized": true, "context": context }))
    );
}

#[tokio::test]
async fn a_route_requires_its_configured_scope_and_an_unlisted_route_is_refused() {
    let stack =
        listing("GET /orders=read; POST /orders=admin; ANY /any=write; GET /open=; $default=read").await;
    let token = stack.token(&stack.machine().await).await;
    for (route, passes) in [
        ("GET /orders", true),
        ("POST /orders", false),
        ("PUT /orders", false),
        ("ANY /orders", false),
        ("GET /any", true),
        ("ANY /any", true),
        ("GET /open", true),
        ("$default", true),
        ("GET /", false),
        ("*", false),
        ("", false),
    ] {
        assert_eq!(stack.passes(route, &token).await, passes, "{route}");
    }
    let nothing = Stack::start().await;
    let token = nothing.token(&nothing.machine().await).await;
    assert!(!nothing.passes("GET /orders", &token).await && !nothing.passes("$default", &token).await);
    let by_default = listing("*=read; GET /orders=admin").await;
    let token = by_default.token(&by_default.machine().await).await;
    assert!(by_default.passes("GET /else", &token).await && !by_default.passes("GET /orders", &token).await);
}

#[tokio::test]
async fn a_refusal_reveals_nothing_about_the_caller() {
    let stack = listing("GET /open=").await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    let refused = Ok(json!({ "isAuthorized": false, "context": {} }));
    let headers = [
        json!({}),
        json!({ "authorization": "" }),
        json!({ "authorization": "Bearer garbage" }),
        json!({ "authorization": format!("Basic {token}") }),
        json!({ "authorization": format!("Bearer {token},Bearer {token}") }),
        json!({ "authorization": format!("Bearer {token}"), "Authorization": format!("Bearer {token}") }),
        json!({ "x-authorization": format!("Bearer {token}") }),
    ];
    for headers in headers {
        assert_eq!(
            authorizer_response(&stack.app, &event("GET /open", &headers)).await,
            refused,
            "{headers}"
        );
    }
    assert!(stack.passes("GET /open", &token).await);
    stack.revoke(&machine, &token).await;
    assert!(!stack.passes("GET /open", &token).await);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused_and_without_an_issuer_there_is_an_error() {
    let stack = listing("GET /open=").await;
    let token = stack.token(&stack.machine().await).await;
    let authorization = json!({ "authorization": format!("Bearer {token}") });
    let elsewhere = |issuer: Option<&str>| {
        let mut config = stack.app.config.clone();
        config.issuer = issuer.map(|issuer| issuer.parse().unwrap());
        let log = Log::new(Level::Error, std::io::sink());
        App::new(config, stack.app.grants.table().client(), stack.app.clock.clone(), log)
    };
    let other = elsewhere(Some("https://other.example.com"));
    let response = authorizer_response(&other, &event("GET /open", &authorization)).await;
    assert_eq!(response, Ok(json!({ "isAuthorized": false, "context": {} })));
    let without_issuer = elsewhere(None);
    assert_eq!(
        authorizer_response(&without_issuer, &event("GET /open", &authorization)).await,
        Err(Error::Unavailable)
    );
    assert!(stack.passes("GET /open", &token).await);
}

#[tokio::test]
async fn an_outage_is_an_error_and_never_a_refusal() {
    let patient = listing("GET /open=").await;
    let stack = patient.as_impatient_as_in_lambda().await;
    let token = stack.token(&stack.machine().await).await;
    let event = event("GET /open", &json!({ "authorization": format!("Bearer {token}") }));
    for fault in [Fault::Throttle, Fault::Hang] {
        stack.dynamodb.fail(fault);
        // Both reads of a call fit into the function's 10 s; the first that fails, after 3.5 s at most, ends it.
        let response =
            tokio::time::timeout(Duration::from_millis(6_900), authorizer_response(&stack.app, &event)).await;
        assert_eq!(response.expect("a response in time"), Err(Error::Unavailable), "{fault:?}");
    }
    stack.dynamodb.fail(Fault::None);
    assert!(stack.passes("GET /open", &token).await);
}

#[tokio::test]
async fn a_use_that_cannot_be_recorded_delays_a_call_by_two_seconds_at_most() {
    let stack = Stack::configured(|config| {
        config.route_scopes = "GET /open=".parse().unwrap();
        config.account.personal_scopes = "read".parse().unwrap();
    })
    .await;
    let token = stack.signed_in().await.personal_token("x", "7").await;
    stack.dynamodb.forget();
    stack.dynamodb.fail(Fault::HangUses);
    // Two seconds, and what a busy machine adds. In a test, one attempt of this write would take ten.
    let response = tokio::time::timeout(Duration::from_secs(6), stack.passes("GET /open", &token)).await;
    assert!(response.expect("a response in time"));
    stack.dynamodb.fail(Fault::None);
    stack.dynamodb.forget();
    assert!(stack.passes("GET /open", &token).await);
    let cost = stack.dynamodb.cost();
    assert!(
        cost.iter().any(|(operation, _)| operation == "UpdateItem"),
        "the next use is recorded: {cost:?}"
    );
}

#[tokio::test]
async fn a_malformed_event_is_an_error() {
    let stack = listing("*=").await;
    let events = ["", "{}", "[]", "null", r#"{"version":"2.0"}"#, r#"{"type":"TOKEN"}"#, "\u{0}"];
    for event in events {
        let response = authorizer::handle(&stack.app, event).await;
        assert_eq!(response, Err(Error::MalformedEvent), "{event}");
    }
    let refused = stack.audited("refused");
    assert!(refused.iter().all(|line| line["reason"] == "The event is not an authorizer's."), "{refused:?}");
    assert_eq!(refused.len(), events.len());
}

#[tokio::test]
async fn a_cached_status_saves_a_read_and_delays_no_revocation() {
    let stack = Stack::configured(|config| {
        config.route_scopes = "GET /open=".parse().unwrap();
        config.status_cache = Duration::from_mins(5);
    })
    .await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    assert!(stack.passes("GET /open", &token).await);
    stack.dynamodb.forget();
    assert!(stack.passes("GET /open", &token).await);
    assert_eq!(stack.dynamodb.cost(), [("GetItem".to_owned(), 1.0)]);
    stack.disable(&machine).await;
    assert!(stack.passes("GET /open", &token).await, "it is remembered for five minutes");
    stack.enable(&machine).await;
    stack.revoke(&machine, &token).await;
    assert!(!stack.passes("GET /open", &token).await);
}
