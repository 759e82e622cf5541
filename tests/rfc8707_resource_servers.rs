//! RFC 8707 §2: a token for one resource is good for no other, at introspection (RFC 7662) and at the authorizer.

use authorizer::Error;
use serde_json::{Value, json};
use shared::{clients::Registration, resources::Resource};

use crate::harness::{PASSWORD, Policy, Registered, Stack, machine, tool};

const A: &str = "https://a.example.com/mcp";
const B: &str = "https://b.example.com/mcp";
const ROUTES: &str = "GET /notes=read; POST /notes=write; GET /health=";

/// Returns a token of `client` itself for `resource`, or for none.
async fn token_for(stack: &Stack, client: &Registered, resource: &str) -> String {
    let response = stack.request_token(client, &[("resource", resource)]).await;
    response.json()["access_token"].as_str().unwrap().to_owned()
}

/// Returns a resource server that serves `resources`.
async fn serving(stack: &Stack, resources: &[&Resource]) -> Registered {
    let serves = resources.iter().map(|resource| resource.uri.clone()).collect();
    let name = "rs".to_owned();
    stack.register(Registration { resource_server: true, serves, name, ..Registration::default() }).await
}

/// Returns a deployment without a resource, and its siblings whose authorizers protect [`A`] and [`B`].
async fn apis() -> (Stack, Stack, Stack) {
    let stack = Stack::configured(|config| {
        config.route_scopes = ROUTES.parse().unwrap();
        config.compat = "guest,basic-user,basic-client".parse().unwrap();
        config.basic_scope = "read".parse().unwrap();
        config.guest_scope = "read".parse().unwrap();
        config.account.personal_scopes = "read".parse().unwrap();
    })
    .await;
    stack.resource(A).await;
    stack.resource(B).await;
    let a = stack.sibling(|config| config.resource = Some(A.parse().unwrap())).await;
    let b = stack.sibling(|config| config.resource = Some(B.parse().unwrap())).await;
    (stack, a, b)
}

fn arn(api: &str, method: &str, path: &str) -> String {
    format!("arn:aws:execute-api:eu-central-1:123456789012:{api}/prod/{method}{path}")
}

/// Returns the response of an authorizer of type `TOKEN` to `GET /notes` at a REST API.
async fn at_rest_api(stack: &Stack, api: &str, token: &str) -> Result<Value, Error> {
    let method = arn(api, "GET", "/notes");
    let event = json!({
        "type": "TOKEN", "methodArn": method, "authorizationToken": format!("Bearer {token}"),
    });
    Ok(serde_json::to_value(authorizer::handle(&stack.app, &event.to_string()).await?).unwrap())
}

/// Returns the response to `GET /notes` at an HTTP API.
async fn at_http_api(stack: &Stack, authorization: Option<&str>) -> Value {
    let headers = authorization.map_or_else(|| json!({}), |value| json!({ "authorization": value }));
    let event = json!({
        "version": "2.0",
        "routeKey": "GET /notes",
        "rawPath": "/notes",
        "headers": headers,
        "requestContext": {
            "domainName": "api1.execute-api.eu-central-1.amazonaws.com",
            "http": { "method": "GET", "path": "/notes", "sourceIp": "192.0.2.1" },
            "stage": "$default",
        },
    });
    serde_json::to_value(authorizer::handle(&stack.app, &event.to_string()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn introspection_names_the_audience_of_access_and_refresh_tokens() {
    let stack = Stack::start().await;
    let (a, rs) = (stack.resource(A).await, stack.resource_server().await);
    // The client may authenticate to introspect its own tokens.
    let web = stack.web().await;
    let pair = stack.pair_at(&web, &a).await;
    for (asker, token) in [(&rs, &pair.access), (&web, &pair.access), (&web, &pair.refresh)] {
        assert_eq!(stack.introspect(asker, token).await["aud"], A);
    }
    let plain = stack.pair(&web).await;
    for token in [&plain.access, &plain.refresh] {
        assert_eq!(stack.introspect(&web, token).await.get("aud"), None, "left out, not null");
    }
}

#[tokio::test]
async fn a_resource_server_sees_only_tokens_for_the_resources_that_it_serves() {
    let stack = Stack::with_accounts().await;
    let (a, b) = (stack.resource(A).await, stack.resource(B).await);
    let (of_a, of_both) = (serving(&stack, &[&a]).await, serving(&stack, &[&a, &b]).await);
    let of_all = stack.resource_server().await;
    let machine = stack.machine().await;
    let (for_a, for_b) = (token_for(&stack, &machine, A).await, token_for(&stack, &machine, B).await);
    let for_none = token_for(&stack, &machine, "").await;
    let personal = stack.signed_in_user("ada").await.1.personal_token("x", "7").await;
    let by_user = stack.pair_at(&stack.self_registered(tool()).await, &b).await.access;
    for (asker, sees) in [
        (&of_a, [true, false, false, false, false]),
        (&of_both, [true, true, false, false, true]),
        (&of_all, [true, true, true, true, true]),
        (&machine, [true, true, true, false, false]),
    ] {
        for (token, sees) in [&for_a, &for_b, &for_none, &personal, &by_user].into_iter().zip(sees) {
            if sees {
                assert!(stack.is_active(asker, token).await);
            } else {
                stack.is_inactive(asker, token).await;
            }
        }
    }
}

#[tokio::test]
async fn a_resource_server_sees_its_own_tokens_whatever_it_serves() {
    let stack = Stack::start().await;
    let a = stack.resource(A).await;
    let registration = Registration { resource_server: true, serves: vec![a.uri], ..machine() };
    let rs = stack.register(registration).await;
    stack.resource(B).await;
    for resource in [A, B, ""] {
        let token = token_for(&stack, &rs, resource).await;
        assert!(stack.is_active(&rs, &token).await, "{resource}");
    }
}

#[tokio::test]
async fn an_authorizer_accepts_tokens_for_its_own_resource_only() {
    let (stack, a, b) = apis().await;
    let machine = stack.machine().await;
    let tokens = [
        token_for(&stack, &machine, A).await,
        token_for(&stack, &machine, B).await,
        token_for(&stack, &machine, "").await,
    ];
    for (authorizer, resource, own) in [(&a, Some(A), 0), (&b, Some(B), 1), (&stack, None, 2)] {
        for (nth, token) in tokens.iter().enumerate() {
            let at_http = at_http_api(authorizer, Some(&format!("Bearer {token}"))).await;
            let at_rest = at_rest_api(authorizer, "api1", token).await;
            if nth == own {
                assert_eq!(at_http["isAuthorized"], true);
                for context in [&at_http["context"], &at_rest.unwrap()["context"]] {
                    assert_eq!(context.get("aud").and_then(Value::as_str), resource);
                }
            } else {
                assert_eq!(at_http, json!({ "isAuthorized": false, "context": {} }));
                assert_eq!(at_rest, Err(Error::Unauthorized));
            }
        }
    }
    let refused = stack.audited("refused");
    assert_eq!(refused.len(), 12);
    assert!(refused.iter().all(|record| record["error"] == "invalid_token"), "{refused:?}");
}

#[tokio::test]
async fn credentials_that_are_no_access_token_are_for_no_resource() {
    let (stack, a, _) = apis().await;
    stack.create_user("basic").await;
    let machine = stack.machine().await;
    let personal = stack.signed_in_user("ada").await.1.personal_token("x", "7").await;
    let basic = |credentials: &str| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        format!("Basic {}", STANDARD.encode(credentials))
    };
    for authorization in [
        None,
        Some(format!("Bearer {personal}")),
        Some(basic(&format!("basic:{PASSWORD}"))),
        Some(basic(&format!("{}:{}", machine.id, machine.secret))),
    ] {
        let authorization = authorization.as_deref();
        assert_eq!(at_http_api(&stack, authorization).await["isAuthorized"], true);
        let refused = json!({ "isAuthorized": false, "context": {} });
        assert_eq!(at_http_api(&a, authorization).await, refused, "{authorization:?}");
    }
    // A list of resources binds a client with its secret, too.
    stack.amend(&machine, |registration| registration.resources = vec![A.parse().unwrap()]).await;
    let secret = basic(&format!("{}:{}", machine.id, machine.secret));
    assert_eq!(at_http_api(&stack, Some(&secret)).await["isAuthorized"], false);
}

#[tokio::test]
async fn a_policy_of_one_api_opens_nothing_of_anothers() {
    let (stack, a, b) = apis().await;
    let machine = stack.machine().await;
    let (for_a, for_b) = (token_for(&stack, &machine, A).await, token_for(&stack, &machine, B).await);
    for (own, other, api, other_api, token) in
        [(&a, &b, "api1", "api2", &for_a), (&b, &a, "api2", "api1", &for_b)]
    {
        assert_eq!(at_rest_api(other, other_api, token).await, Err(Error::Unauthorized));
        let response = at_rest_api(own, api, token).await.unwrap();
        let policy: Policy = serde_json::from_value(response["policyDocument"].clone()).unwrap();
        for (method, path) in [("GET", "/notes"), ("POST", "/notes"), ("GET", "/health")] {
            assert!(policy.opens(&arn(api, method, path)), "{method} {path}");
            assert!(!policy.opens(&arn(other_api, method, path)), "{method} {path}");
        }
    }
}
