//! RFC 9728 §5.1: the challenge of an authorizer that protects a resource, and what fits into its response.

use serde_json::{Value, json};
use shared::{clients::Registration, oauth::Scope};

use crate::harness::{Stack, machine};

const MCP: &str = "https://api.example.com/mcp";

/// Returns a deployment whose authorizer protects `uri`.
async fn protecting(uri: &str, routes: &str) -> Stack {
    let stack = Stack::configured(|config| {
        config.route_scopes = routes.parse().unwrap();
        config.resource = Some(uri.parse().unwrap());
    })
    .await;
    stack.resource_with(uri, |resource| resource.scope = "admin read write".parse().unwrap()).await;
    stack
}

async fn token_for(stack: &Stack, uri: &str, scope: &str) -> String {
    let registered = scope.split(' ').map(str::to_owned).collect();
    let client = stack.register(Registration { scope: registered, ..machine() }).await;
    let response = stack.request_token(&client, &[("resource", uri), ("scope", scope)]).await;
    response.json()["access_token"].as_str().unwrap().to_owned()
}

/// Returns the response to a request for `path` at a REST API.
async fn response(stack: &Stack, method: &str, path: &str, token: &str) -> Value {
    let event = json!({
        "type": "TOKEN",
        "methodArn": format!("arn:aws:execute-api:eu-central-1:123456789012:api1/prod/{method}{path}"),
        "authorizationToken": format!("Bearer {token}"),
    });
    serde_json::to_value(authorizer::handle(&stack.app, &event.to_string()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_challenge_names_the_metadata_and_all_scope_that_the_next_token_needs() {
    let stack = protecting(MCP, "GET /mcp=read; POST /mcp=write; DELETE /mcp=admin write").await;
    let token = token_for(&stack, MCP, "read").await;
    let metadata = "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/mcp\"";
    for (method, path, scope) in [
        ("POST", "/mcp", ", scope=\"read write\""),
        ("DELETE", "/mcp", ", scope=\"admin read write\""),
        ("GET", "/unlisted", ""),
        ("GET", "/*", ""),
    ] {
        let response = response(&stack, method, path, &token).await;
        assert_eq!(response["policyDocument"]["Statement"][0]["Effect"], "Deny");
        let challenge = format!("Bearer realm=\"Jeton\", error=\"insufficient_scope\"{scope}, {metadata}");
        assert_eq!(response["context"]["challenge"], challenge, "{method} {path}");
        assert_eq!(response["context"]["aud"], MCP);
    }
    let passed = response(&stack, "GET", "/mcp", &token).await;
    assert_eq!(passed["context"].get("challenge"), None);
}

#[tokio::test]
async fn without_a_resource_the_challenge_is_as_before() {
    let stack = Stack::configured(|config| config.route_scopes = "POST /mcp=write".parse().unwrap()).await;
    let scope = vec!["read".to_owned()];
    let token = stack.token(&stack.register(Registration { scope, ..machine() }).await).await;
    let challenge = "Bearer realm=\"Jeton\", error=\"insufficient_scope\", scope=\"write\"";
    let response = response(&stack, "POST", "/mcp", &token).await;
    assert_eq!(response["context"]["challenge"], challenge);
    assert_eq!(response["context"].get("aud"), None);
}

#[tokio::test]
async fn the_largest_response_with_a_resource_is_not_larger_than_the_gateway_allows() {
    let lines: Vec<String> =
        (1..100).map(|nth| format!("ANY /a-rather-long-name-of-a-collection-{nth}=")).collect();
    let routes = format!("{}; ANY /files/{{path+}}=", lines.join(";"));
    let uri = format!("https://api.example.com/{}", "a".repeat(104));
    assert_eq!(uri.len(), 128);
    let stack = protecting(&uri, &routes).await;
    let token = token_for(&stack, &uri, "admin read write").await;
    // The path of the request itself counts, too.
    let long = format!("/files/{}", "x".repeat(1_500));
    for path in ["/a-rather-long-name-of-a-collection-99", &long] {
        let mut response = response(&stack, "GET", path, &token).await;
        assert_eq!(response["policyDocument"]["Statement"][0]["Effect"], "Allow");
        // As if all values of the context were the longest.
        let context = response["context"].as_object_mut().unwrap();
        context.insert("scope".to_owned(), "s".repeat(Scope::MOST_BYTES + Scope::MOST_VALUES - 1).into());
        context.insert("username".to_owned(), "u".repeat(64).into());
        let size = response.to_string().len();
        assert!(size < 8_192, "{size}");
    }
}
