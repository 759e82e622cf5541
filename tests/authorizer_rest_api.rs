//! The authorizer of a REST API: a policy may be cached, and must open nothing that the scope does not allow.

use authorizer::Error;
use serde_json::{Value, json};
use shared::clients::Registration;

use crate::harness::{Fault, Policy, Stack, machine};

const STAGE: &str = "arn:aws:execute-api:eu-central-1:123456789012:api123/prod";

/// Routes that IAM's `*` would confuse, each with a matching path and its scope.
const ROUTES: [(&str, &str, &str, &str); 10] = [
    ("GET", "/orders", "/orders", "read"),
    ("POST", "/orders", "/orders", "write"),
    ("GET", "/orders/export", "/orders/export", "admin"),
    ("GET", "/orders/{id}", "/orders/17", "read"),
    ("DELETE", "/orders/{id}", "/orders/17", "write"),
    ("GET", "/orders/{id}/refunds", "/orders/17/refunds", "admin"),
    ("GET", "/orders/{id}/lines/{line}", "/orders/17/lines/3", "read"),
    ("GET", "/files/{path+}", "/files/a/b/c", "read"),
    ("GET", "/files/secret", "/files/secret", "admin"),
    ("GET", "/", "/", "read"),
];
/// Requests that the configuration does not list.
const UNLISTED: [(&str, &str); 4] =
    [("PUT", "/orders/17"), ("GET", "/orders/17/audit"), ("GET", "/admin"), ("PATCH", "/orders")];

fn arn(method: &str, path: &str) -> String {
    format!("{STAGE}/{method}{path}")
}

/// Returns the event for an authorizer of type `REQUEST`.
fn request(method: &str, resource: &str, path: &str, token: &str) -> Value {
    let authorization = format!("Bearer {token}");
    json!({
        "type": "REQUEST",
        "methodArn": arn(method, path),
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": { "Authorization": authorization, "Host": "api.example.com" },
        "multiValueHeaders": { "Authorization": [authorization], "Host": ["api.example.com"] },
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": { "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "stage": "prod" },
    })
}

/// Returns the event for an authorizer of type `TOKEN`.
fn token_only(method: &str, path: &str, authorization: &str) -> Value {
    json!({ "type": "TOKEN", "methodArn": arn(method, path), "authorizationToken": authorization })
}

impl Stack {
    async fn authorizer_response(&self, event: &Value) -> Result<Value, Error> {
        Ok(serde_json::to_value(authorizer::handle(&self.app, &event.to_string()).await?).unwrap())
    }

    async fn policy(&self, event: &Value) -> Policy {
        serde_json::from_value(self.authorizer_response(event).await.unwrap()["policyDocument"].clone())
            .unwrap()
    }

    async fn token_for(&self, scope: &str) -> String {
        let scope = scope.split_whitespace().map(str::to_owned).collect();
        let registered = self.register(Registration { scope, ..machine() }).await;
        self.token(&registered).await
    }
}

async fn listing(routes: &str) -> Stack {
    Stack::configured(|config| config.route_scopes = routes.parse().unwrap()).await
}

async fn shop() -> Stack {
    let lines = ROUTES.map(|(method, route, _, scope)| format!("{method} {route}={scope}"));
    listing(&lines.join("; ")).await
}

#[tokio::test]
async fn a_policy_allows_the_request_and_every_address_that_the_scope_opens() {
    let stack = shop().await;
    let token = stack.token_for("read").await;
    let response =
        stack.authorizer_response(&request("GET", "/orders/{id}", "/orders/17", &token)).await.unwrap();
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": [arn("GET", "/orders/17"), arn("GET", "/orders"), arn("GET", "/")],
        }],
    });
    assert_eq!(response["policyDocument"], document);
    assert_eq!(response["principalId"], response["context"]["sub"]);
    assert!(response["context"].as_object().unwrap().values().all(Value::is_string), "{response}");
    assert_eq!(response["context"].get("error"), None);
}

#[tokio::test]
async fn a_cached_policy_of_one_route_opens_no_other_route() {
    let stack = shop().await;
    for held in ["read", "write", "admin", "read write", "none"] {
        let token = stack.token_for(held).await;
        let has = |needed: &str| held.split(' ').any(|value| value == needed);
        for (method, resource, path, needed) in ROUTES {
            let by_request = stack.policy(&request(method, resource, path, &token)).await;
            let by_token = stack.policy(&token_only(method, path, &format!("Bearer {token}"))).await;
            for policy in [by_request, by_token] {
                assert_eq!(policy.opens(&arn(method, path)), has(needed), "{held}: {method} {path}");
                for (method, _, path, needed) in ROUTES {
                    assert!(has(needed) || !policy.opens(&arn(method, path)), "{held}: {method} {path}");
                }
                for (method, path) in UNLISTED {
                    assert!(!policy.opens(&arn(method, path)), "{held}: {method} {path}");
                }
                // Neither another stage nor another API.
                assert!(!policy.opens(&arn("GET", "/orders").replace("/prod/", "/beta/")));
                assert!(!policy.opens(&arn("GET", "/orders").replace("api123", "api124")));
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_iam_does_not_take_literally_opens_nothing() {
    let stack = listing("GET /{any}=read; GET /orders/{id}=read; GET /files/{path+}=read; *=read").await;
    let token = stack.token_for("read").await;
    for (resource, path) in [
        ("/orders/{id}", "/orders/*"),
        ("/orders/{id}", "/orders/1?"),
        ("/orders/{id}", "/orders/${aws:username}"),
        ("/{any}", "/*"),
        ("/files/{path+}", "/files/*/*"),
    ] {
        for event in
            [request("GET", resource, path, &token), token_only("GET", path, &format!("Bearer {token}"))]
        {
            let policy = stack.policy(&event).await;
            for (method, path) in
                [("GET", path), ("GET", "/orders/17"), ("GET", "/files/a"), ("GET", "/admin")]
            {
                assert!(!policy.opens(&arn(method, path)), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_leads_to_another_route_than_the_gateways_opens_nothing() {
    let stack = shop().await;
    let token = stack.token_for("read").await;
    // As if the gateway had decoded `/orders/17%2Frefunds` in the ARN.
    for (resource, path) in [
        ("/orders/{id}", "/orders/17/refunds"),
        ("/orders/{id}", "/orders/export"),
        ("/orders/{id}", "/orders/"),
        ("/orders/{id}", "/admin"),
        ("/files/{path+}", "/files/secret"),
        ("/orders", "/orders/17"),
    ] {
        let policy = stack.policy(&request("GET", resource, path, &token)).await;
        assert!(!policy.opens(&arn("GET", path)), "{resource} {path}");
    }
    let mut event = request("GET", "/orders/{id}", "/orders/17", &token);
    event["methodArn"] = json!(arn("DELETE", "/orders/17"));
    assert!(!stack.policy(&event).await.opens(&arn("DELETE", "/orders/17")));
}

#[tokio::test]
async fn too_little_scope_is_a_denial_with_the_required_scope() {
    let stack = shop().await;
    let token = stack.token_for("read").await;
    let response = stack.authorizer_response(&request("POST", "/orders", "/orders", &token)).await.unwrap();
    let first = &response["policyDocument"]["Statement"][0];
    assert_eq!((&first["Effect"], &first["Resource"]), (&json!("Deny"), &json!([arn("POST", "/orders")])));
    assert_eq!(response["context"]["error"], "insufficient_scope");
    let challenge = "Bearer realm=\"Jeton\", error=\"insufficient_scope\", scope=\"write\"";
    assert_eq!(response["context"]["challenge"], challenge);
    // A cached denial opens nothing: its challenge would reach the calls that it allows.
    assert_eq!(response["policyDocument"]["Statement"].as_array().unwrap().len(), 1);
    assert!(response["context"]["sub"].is_string());
}

#[tokio::test]
async fn a_route_that_is_not_listed_is_denied_unless_the_list_has_a_default() {
    let strict = shop().await;
    let token = strict.token_for("read").await;
    for (method, path) in UNLISTED {
        let policy = strict.policy(&request(method, path, path, &token)).await;
        assert!(!policy.opens(&arn(method, path)), "{method} {path}");
    }
    let open = listing("GET /orders=admin; *=read").await;
    let token = open.token_for("read").await;
    let policy = open.policy(&request("GET", "/else/{id}", "/else/1", &token)).await;
    assert!(policy.opens(&arn("GET", "/else/1")));
    for other in ["/orders", "/else/2", "/else"] {
        assert!(!policy.opens(&arn("GET", other)), "{other}");
    }
    // An authorizer of type TOKEN cannot tell an unlisted path from another spelling of a listed one.
    let by_token = open.policy(&token_only("GET", "/else/1", &format!("bearer {token}"))).await;
    assert!(!by_token.opens(&arn("GET", "/else/1")));
}

#[tokio::test]
async fn invalid_credentials_are_the_error_that_the_gateway_answers_with_401() {
    let stack = shop().await;
    let token = stack.token_for("read").await;
    let refused = Err(Error::Unauthorized);
    assert_eq!(Error::Unauthorized.to_string(), "Unauthorized");
    assert_eq!(stack.authorizer_response(&request("GET", "/orders", "/orders", "garbage")).await, refused);
    for authorization in ["", "Bearer", "Bearer x", &token, &format!("Basic {token}")] {
        assert_eq!(stack.authorizer_response(&token_only("GET", "/orders", authorization)).await, refused);
    }
    let mut none = request("GET", "/orders", "/orders", &token);
    none["headers"] = Value::Null;
    none["multiValueHeaders"] = Value::Null;
    assert_eq!(stack.authorizer_response(&none).await, refused);
    // The map of single values has one of the two.
    let mut twice = request("GET", "/orders", "/orders", &token);
    let header = format!("Bearer {token}");
    twice["multiValueHeaders"]["Authorization"] = json!([header, header]);
    assert_eq!(stack.authorizer_response(&twice).await, refused);
    let mut spelled_twice = request("GET", "/orders", "/orders", &token);
    spelled_twice["multiValueHeaders"]["authorization"] = json!([header]);
    assert_eq!(stack.authorizer_response(&spelled_twice).await, refused);
}

#[tokio::test]
async fn an_outage_is_another_error() {
    let stack = shop().await;
    let token = stack.token_for("read").await;
    stack.dynamodb.fail(Fault::Throttle);
    let response = stack.authorizer_response(&request("GET", "/orders", "/orders", &token)).await;
    assert_eq!(response, Err(Error::Unavailable));
    assert_ne!(Error::Unavailable.to_string(), "Unauthorized");
}

#[tokio::test]
async fn a_policy_is_never_larger_than_the_gateway_allows() {
    let lines: Vec<String> =
        (0..100).map(|nth| format!("ANY /a-rather-long-name-of-a-collection-{nth}=read")).collect();
    let stack = listing(&lines.join(";")).await;
    let token = stack.token_for("read").await;
    let path = "/a-rather-long-name-of-a-collection-99";
    let response = stack.authorizer_response(&request("GET", path, path, &token)).await.unwrap();
    let size = response["policyDocument"].to_string().len();
    assert!((6_000..8_192).contains(&size), "{size}");
    assert!(stack.policy(&request("GET", path, path, &token)).await.opens(&arn("GET", path)));
}

#[tokio::test]
async fn a_cached_challenge_reaches_no_call_that_passes() {
    let stack = shop().await;
    for held in ["read", "write", "admin", "none"] {
        let token = stack.token_for(held).await;
        for (method, resource, path, _) in ROUTES {
            let events = [
                request(method, resource, path, &token),
                token_only(method, path, &format!("Bearer {token}")),
            ];
            for event in events {
                let response = stack.authorizer_response(&event).await.unwrap();
                let statements = response["policyDocument"]["Statement"].as_array().unwrap();
                let effects: Vec<_> = statements.iter().map(|statement| &statement["Effect"]).collect();
                let refused = effects == ["Deny"];
                assert!(refused || effects == ["Allow"], "{response}");
                for expected in ["challenge", "error"] {
                    assert_eq!(response["context"].get(expected).is_some(), refused, "{response}");
                }
                if refused {
                    assert_eq!(statements[0]["Resource"], json!([arn(method, path)]));
                }
            }
        }
    }
}
