//! The scope that a request requires, however its path is spelled: a path that a backend may read as that of a stricter
//! route requires that route's scope.

use serde_json::{Value, json};
use shared::clients::Registration;

use crate::harness::{Stack, machine};

const GENERATED: &str = "api123.execute-api.eu-central-1.amazonaws.com";

/// Returns the event of an HTTP API for a request to `route`.
fn http(route: &str, method: &str, path: &str, token: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "authorization": format!("Bearer {token}") },
        "requestContext": {
            "domainName": GENERATED,
            "http": { "method": method, "path": path, "sourceIp": "203.0.113.7" },
            "requestId": "JKJaX07iIoAMEPZg=",
            "routeKey": route,
            "stage": "$default",
        },
    })
}

/// Returns the event at another stage and domain name.
fn http_at(stage: &str, domain: &str, mut event: Value) -> Value {
    event["requestContext"]["stage"] = json!(stage);
    event["requestContext"]["domainName"] = json!(domain);
    event
}

/// Returns the event of a REST API for an authorizer of type `REQUEST`.
fn rest(resource: &str, method: &str, path: &str, token: &str) -> Value {
    json!({
        "type": "REQUEST",
        "methodArn": format!("arn:aws:execute-api:eu-central-1:123456789012:api123/prod/{method}{path}"),
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": { "Authorization": format!("Bearer {token}") },
        "requestContext": { "requestId": "x", "stage": "prod" },
    })
}

/// Returns the event of a REST API for an authorizer of type `TOKEN`.
fn token_only(method: &str, path: &str, token: &str) -> Value {
    json!({
        "type": "TOKEN",
        "methodArn": format!("arn:aws:execute-api:eu-central-1:123456789012:api123/prod/{method}{path}"),
        "authorizationToken": format!("Bearer {token}"),
    })
}

impl Stack {
    /// Returns whether the request passes.
    async fn lets_pass(&self, event: &Value) -> bool {
        let response = authorizer::handle(&self.app, &event.to_string()).await.unwrap();
        let response = serde_json::to_value(response).unwrap();
        response["isAuthorized"]
            .as_bool()
            .unwrap_or_else(|| response["policyDocument"]["Statement"][0]["Effect"] == "Allow")
    }
}

/// Starts a deployment with these routes, and returns a token for each scope.
async fn listing<const N: usize>(routes: &str, scopes: [&str; N]) -> (Stack, [String; N]) {
    let stack = Stack::configured(|config| config.route_scopes = routes.parse().unwrap()).await;
    let mut tokens = Vec::new();
    for scope in scopes {
        let scope = scope.split(' ').map(str::to_owned).collect();
        let client = stack.register(Registration { scope, ..machine() }).await;
        tokens.push(stack.token(&client).await);
    }
    (stack, tokens.try_into().unwrap())
}

#[tokio::test]
async fn a_wide_route_of_the_gateway_does_not_open_a_route_that_is_listed_more_strictly() {
    let (stack, [read, both]) = listing("POST /orders=write; *=read", ["read", "read write"]).await;
    for route in ["ANY /orders", "ANY /{proxy+}", "POST /{proxy+}", "$default"] {
        assert!(!stack.lets_pass(&http(route, "POST", "/orders", &read)).await, "{route}");
        assert!(stack.lets_pass(&http(route, "POST", "/orders", &both)).await, "{route}");
        if !route.starts_with("POST") {
            assert!(stack.lets_pass(&http(route, "GET", "/orders", &read)).await, "{route}");
        }
    }
    let (stack, [read, both]) = listing(
        "GET /a/{x}=read; GET /a/secret=admin; ANY /{rest+}=read; $default=read",
        ["read", "read admin"],
    )
    .await;
    for route in ["GET /a/{x}", "ANY /{rest+}", "$default"] {
        assert!(!stack.lets_pass(&http(route, "GET", "/a/secret", &read)).await, "{route}");
        assert!(stack.lets_pass(&http(route, "GET", "/a/secret", &both)).await, "{route}");
        assert!(stack.lets_pass(&http(route, "GET", "/a/open", &read)).await, "{route}");
    }
    // An unknown method, or not the route's.
    for method in ["post", "PROPFIND", "POST"] {
        assert!(!stack.lets_pass(&http("GET /a/{x}", method, "/a/open", &both)).await, "{method}");
    }
    assert!(!stack.lets_pass(&http("$default", "post", "/a/open", &both)).await);
    // Not the route's path.
    assert!(!stack.lets_pass(&http("GET /a/{x}", "GET", "/b", &both)).await);
}

/// Spellings that some backend reads as `/admin/users`.
const SPELLINGS: [&str; 23] = [
    "/admin/users/",
    "//admin/users",
    "/admin//users",
    "/ADMIN/Users",
    "/%61dmin/users",
    "/%2561dmin/users",
    "/admin%2Fusers",
    "/admin%2fusers",
    "/admin\\users",
    "/admin%5Cusers",
    "/./admin/users",
    "/admin/./users",
    "/x/../admin/users",
    "/x/%2e%2E/admin/users",
    "/admin;v=1/users",
    "/admin/users%00",
    "/admin/users//..",
    "/admin/users/;x/..",
    "/x/a%2Fb/../../admin/users",
    "/x/a\\b/../../admin/users",
    "/admin/users%3Fx",
    "/admin/users%253Fx",
    "/admin/users%23x",
];

#[tokio::test]
async fn another_spelling_of_a_path_requires_the_scope_of_the_listed_path() {
    let list = "GET /admin/users=admin; GET /x/{y}=read; GET /{rest+}=read; *=read";
    let (stack, [read, both]) = listing(list, ["read", "read admin"]).await;
    for path in SPELLINGS {
        for event in [
            http("$default", "GET", path, &read),
            http("GET /{rest+}", "GET", path, &read),
            http("ANY /{proxy+}", "GET", path, &read),
            rest("/{rest+}", "GET", path, &read),
            token_only("GET", path, &read),
        ] {
            assert!(!stack.lets_pass(&event).await, "{event}");
        }
    }
    assert!(stack.lets_pass(&http("GET /{rest+}", "GET", "/ADMIN/Users", &both)).await);
    for path in ["/x/a", "/x/a%20b", "/x/%C3%A9", "/x/a.b", "/other/a/b", "/x/100%25"] {
        let route = if path.starts_with("/x/") { "/x/{y}" } else { "/{rest+}" };
        assert!(stack.lets_pass(&http(&format!("GET {route}"), "GET", path, &read)).await, "{path}");
        assert!(stack.lets_pass(&rest(route, "GET", path, &read)).await, "{path}");
        assert!(stack.lets_pass(&token_only("GET", path, &read)).await, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_leaves_its_route_is_refused() {
    let (stack, [read]) = listing("GET /files/{path+}=read; GET /orders/{id}=read", ["read"]).await;
    for (route, path) in [
        ("GET /files/{path+}", "/files/../secret"),
        ("GET /files/{path+}", "/files/%2e%2e/secret"),
        ("GET /files/{path+}", "/files/a/..%2f..%2fsecret"),
        // Backends read this path differently.
        ("GET /files/{path+}", "/files/a/../b"),
        ("GET /orders/{id}", "/orders/17%2Frefunds"),
        ("GET /orders/{id}", "/orders/.."),
        ("GET /orders/{id}", "/orders/%252e%252e%252fsecret"),
    ] {
        assert!(!stack.lets_pass(&http(route, "GET", path, &read)).await, "{path}");
    }
    assert!(stack.lets_pass(&http("GET /files/{path+}", "GET", "/files/a/b", &read)).await);
}

#[tokio::test]
async fn the_stage_and_a_mapping_before_the_path_hide_no_route() {
    let list = "POST /orders=write; ANY /{rest+}=read; *=read";
    let (stack, [read, both]) = listing(list, ["read", "read write"]).await;
    for (stage, domain, prefix) in [
        ("prod", GENERATED, "/prod"),
        ("$default", "api.example.com", "/v1"),
        ("prod", "api.example.com", "/v1/eu"),
    ] {
        for route in ["ANY /orders", "ANY /{rest+}", "$default"] {
            let path = format!("{prefix}/orders");
            let event = |token: &str| {
                let mut event = http_at(stage, domain, http(route, "POST", &path, token));
                if route.contains("rest") {
                    event["pathParameters"] = json!({ "rest": "orders" });
                }
                event
            };
            assert!(!stack.lets_pass(&event(&read)).await, "{route} {path}");
            assert!(stack.lets_pass(&event(&both)).await, "{route} {path}");
        }
    }
    // The parameter of a greedy route tells where the path begins.
    let mut event = http_at("$default", "api.example.com", http("ANY /{rest+}", "POST", "/x/orders", &read));
    event["pathParameters"] = json!({ "rest": "x/orders" });
    assert!(stack.lets_pass(&event).await);
    event["pathParameters"] = json!({ "rest": "orders" });
    assert!(!stack.lets_pass(&event).await, "behind a mapping");
    let mut event =
        http_at("$default", "api.example.com", http("ANY /{rest+}", "POST", "/v1/%2Forders", &read));
    event["pathParameters"] = json!({ "rest": "/orders" });
    assert!(!stack.lets_pass(&event).await, "a parameter that was decoded");
    // The gateway's own domain name has no mappings.
    assert!(stack.lets_pass(&http("$default", "POST", "/x/orders", &read)).await);
}

#[tokio::test]
async fn an_authorizer_of_type_token_uses_no_default() {
    let (stack, [read]) = listing("GET /orders=read; *=read", ["read"]).await;
    assert!(stack.lets_pass(&token_only("GET", "/orders", &read)).await);
    for path in ["/else", "/", "/orders/1", "/orders//"] {
        assert!(!stack.lets_pass(&token_only("GET", path, &read)).await, "{path}");
        assert!(path == "/orders//" || stack.lets_pass(&rest(path, "GET", path, &read)).await, "{path}");
    }
}

#[tokio::test]
async fn the_path_of_a_rest_api_requires_its_scope_like_the_arn() {
    let (stack, [read, both]) = listing("GET /admin=admin; *=read", ["read", "read admin"]).await;
    // Behind a base path mapping, with another spelling in the ARN.
    for (arn, path) in
        [("/admin", "/v1/admin"), ("/x", "/v1/admin"), ("/%61dmin", "/admin"), ("/x", "/admin/")]
    {
        let event = |token: &str| {
            let mut event = rest("/{proxy+}", "GET", arn, token);
            event["path"] = json!(path);
            event
        };
        assert!(!stack.lets_pass(&event(&read)).await, "{arn} {path}");
    }
    let mut event = rest("/admin", "GET", "/admin", &both);
    event["path"] = json!("/v1/admin");
    assert!(stack.lets_pass(&event).await);
}
