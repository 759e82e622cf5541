//! The same schemes in the events of the gateways of other APIs.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{ALL, either, pair};
use crate::harness::{PASSWORD, Registered, Stack};

fn encoded(name: &str, password: &str) -> String {
    STANDARD.encode(format!("{name}:{password}"))
}

#[tokio::test]
async fn the_event_of_an_http_api_has_the_same_schemes() {
    let stack = Stack::protecting(ALL).await;
    let client = stack.register(either()).await;
    let token = stack.token(&client).await;
    stack.create_user("ada").await;
    let authorizer_response = async |query: &str, headers: Value, source_ip: &str| {
        let event = json!({
            "version": "2.0",
            "routeKey": "GET /api/notes",
            "rawPath": "/api/notes",
            "rawQueryString": query,
            "headers": headers,
            "requestContext": { "http": { "method": "GET", "sourceIp": source_ip }, "requestId": "x" },
        });
        let response = authorizer::handle(&stack.app, &event.to_string()).await.unwrap();
        serde_json::to_value(response).unwrap()["isAuthorized"].as_bool().unwrap()
    };
    let basic = |password: &str| json!({ "authorization": format!("Basic {}", encoded("ada", password)) });
    let ip = "203.0.113.7";
    assert!(authorizer_response(&format!("x=1&access%5Ftoken={token}"), json!({}), ip).await);
    assert!(authorizer_response(&pair(&client), json!({}), ip).await);
    assert!(authorizer_response("", basic(PASSWORD), ip).await);
    assert!(authorizer_response("", json!({}), ip).await, "a guest");
    assert!(!authorizer_response(&format!("access_token={token}&access_token={token}"), json!({}), ip).await);
    assert!(
        !authorizer_response(&format!("access_token={token}"), json!({ "authorization": "Bearer x" }), ip)
            .await
    );
    assert!(!authorizer_response("", basic("wrong password"), ip).await);
}

#[tokio::test]
async fn an_authorizer_without_the_address_takes_no_password() {
    let stack = Stack::protecting(ALL).await;
    let client = stack.register(either()).await;
    stack.create_user("ada").await;
    let authorizer_response = async |name: &str, password: &str| {
        let event = json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:local:000000000000:api/prod/GET/api/notes",
            "authorizationToken": format!("Basic {}", encoded(name, password)),
        });
        authorizer::handle(&stack.app, &event.to_string()).await
    };
    assert_eq!(authorizer_response("ada", PASSWORD).await, Err(authorizer::Error::Unauthorized));
    assert!(authorizer_response(&client.id, &client.secret).await.is_ok());
    assert_eq!(stack.count_of_kind("l").await, 0);
}

#[tokio::test]
async fn a_clients_secret_is_checked_against_the_table_not_the_cache() {
    let stack = Stack::configured(|config| {
        config.compat = "basic-client,query-client".parse().unwrap();
        config.client_cache = Duration::from_mins(5);
        config.route_scopes = "GET /x=read".parse().unwrap();
    })
    .await;
    let authorizer_response = async |client: &Registered, by_query: bool| {
        let basic = json!({ "authorization": format!("Basic {}", encoded(&client.id, &client.secret)) });
        let event = json!({
            "version": "2.0",
            "routeKey": "GET /x",
            "rawPath": "/x",
            "rawQueryString": if by_query { pair(client) } else { String::new() },
            "headers": if by_query { json!({}) } else { basic },
            "requestContext": {
                "domainName": "api123.execute-api.eu-central-1.amazonaws.com",
                "http": { "method": "GET", "path": "/x", "sourceIp": "203.0.113.7" },
                "requestId": "x",
                "stage": "$default",
            },
        });
        let response = authorizer::handle(&stack.app, &event.to_string()).await.unwrap();
        serde_json::to_value(response).unwrap()["isAuthorized"].as_bool().unwrap()
    };
    for by_query in [false, true] {
        let client = stack.register(either()).await;
        assert!(authorizer_response(&client, by_query).await);
        stack.disable(&client).await;
        assert!(!authorizer_response(&client, by_query).await, "disabled");
        stack.enable(&client).await;
        assert!(authorizer_response(&client, by_query).await);
        let rotated = stack.rotate_secret(&client, Duration::ZERO).await;
        assert!(!authorizer_response(&client, by_query).await, "its secret was replaced");
        assert!(authorizer_response(&rotated, by_query).await);
        stack.delete(&rotated).await;
        assert!(!authorizer_response(&rotated, by_query).await, "deleted");
    }
}

#[tokio::test]
async fn the_issuers_proxies_are_not_trusted_before_the_apis() {
    let stack = Stack::configured(|config| {
        config.compat = "basic-user".parse().unwrap();
        config.rate_limit.per_address = 5;
        config.rate_limit.trusted_proxies = 1;
        config.route_scopes = "GET /x=read".parse().unwrap();
    })
    .await;
    for nth in 0..8 {
        let event = json!({
            "version": "2.0",
            "routeKey": "GET /x",
            "rawPath": "/x",
            "headers": {
                "authorization": format!("Basic {}", encoded(&format!("somebody-{nth}"), "wrong password")),
                // A forged address, and the one that the gateway appends.
                "x-forwarded-for": format!("192.0.2.{nth}, 203.0.113.7"),
            },
            "requestContext": {
                "domainName": "api123.execute-api.eu-central-1.amazonaws.com",
                "http": { "method": "GET", "path": "/x", "sourceIp": "203.0.113.7" },
                "requestId": "x",
                "stage": "$default",
            },
        });
        authorizer::handle(&stack.app, &event.to_string()).await.unwrap();
    }
    assert_eq!((stack.audited("sign_in_failed").len(), stack.audited("sign_in_throttled").len()), (5, 3));
}
