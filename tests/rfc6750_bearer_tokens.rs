//! RFC 6750: bearer tokens, through the sample API, which the authorizer protects.

use std::time::Duration;

use shared::clients::Registration;

use crate::harness::{Fault, Registered, Response, Stack, altered, code_flow::Request, machine};

const API: &str = "/api/notes";
const CHALLENGE: &str = "Bearer realm=\"Jeton\"";
const INVALID: &str = "Bearer realm=\"Jeton\", error=\"invalid_token\"";

impl Stack {
    async fn call(&self, method: &str, authorization: &str) -> Response {
        self.request(method, API).header("authorization", authorization).send().await
    }

    async fn read_with(&self, token: &str) -> Response {
        self.call("GET", &format!("Bearer {token}")).await
    }
}

#[track_caller]
fn is_refused(response: &Response, status: u16, challenge: &str) {
    assert_eq!(
        (response.status, response.header("www-authenticate")),
        (status, Some(challenge)),
        "{}",
        response.text
    );
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

async fn prepared() -> (Stack, Registered, String) {
    let stack = Stack::with_sample_api().await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    (stack, machine, token)
}

#[tokio::test]
async fn a_token_opens_the_routes_of_its_scope_and_the_api_gets_the_caller() {
    let (stack, machine, token) = prepared().await;
    let jti = stack.introspect(&machine, &token).await["jti"].clone();
    for (method, status) in [("GET", 200), ("POST", 201)] {
        let response = stack.call(method, &format!("Bearer {token}")).await;
        assert_eq!(response.status, status);
        let you = serde_json::json!({
            "sub": machine.id, "client_id": machine.id, "scope": "read write", "token_id": jti,
        });
        assert_eq!(response.json()["you"], you);
    }
}

#[tokio::test]
async fn an_api_gets_the_user() {
    let (stack, ..) = prepared().await;
    let (web, user) = (stack.web().await, stack.user("alice").await);
    let code = stack.issue_code(&web, user, Request { scope: "read", ..Request::default() }).await;
    let pair = stack.redeem(&web, &code).await.pair();
    let you = &stack.read_with(&pair.access).await.json()["you"];
    assert_eq!((&you["username"], &you["client_id"]), (&"alice".into(), &web.id.clone().into()));
    assert_eq!((&you["sub"], &you["scope"]), (&user.to_string().into(), &"read".into()));
    // Refresh tokens and codes open nothing.
    for other in [&pair.refresh, &code, &web.secret] {
        is_refused(&stack.read_with(other).await, 401, INVALID);
    }
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let (stack, _, token) = prepared().await;
    for scheme in ["bEaReR", "bearer", "BEARER", "Bearer  "] {
        assert_eq!(stack.call("GET", &format!("{scheme} {token}")).await.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn a_token_in_the_query_or_the_body_is_ignored() {
    let (stack, _, token) = prepared().await;
    let query = format!("{API}?access_token={token}");
    is_refused(&stack.request("GET", &query).send().await, 401, CHALLENGE);
    let form = [("access_token", token.as_str())];
    is_refused(&stack.post(API).form(&form).send().await, 401, CHALLENGE);
    let json = format!(r#"{{"access_token":"{token}"}}"#);
    is_refused(&stack.post(API).body("application/json", json).send().await, 401, CHALLENGE);
}

#[tokio::test]
async fn a_request_without_credentials_gets_a_challenge_without_an_error() {
    let (stack, ..) = prepared().await;
    for method in ["GET", "POST"] {
        is_refused(&stack.request(method, API).send().await, 401, CHALLENGE);
    }
}

#[tokio::test]
async fn two_tokens_at_once_are_refused() {
    let (stack, machine, token) = prepared().await;
    let other = stack.token(&machine).await;
    for (one, two) in [(&token, &token), (&token, &other)] {
        let header = |token: &str| format!("Bearer {token}");
        let call = stack.request("GET", API).header("authorization", &header(one));
        is_refused(&call.header("authorization", &header(two)).send().await, 401, INVALID);
        is_refused(&stack.call("GET", &format!("Bearer {one}, Bearer {two}")).await, 401, INVALID);
    }
}

#[tokio::test]
async fn a_malformed_header_is_refused() {
    let (stack, machine, token) = prepared().await;
    let basic = format!("Basic {token}");
    for header in
        ["Bearer", "Bearer ", "Bearer a b", "Bearer ,", "", " ", ",", "Bearer\t", "é", &token, &basic]
    {
        let response = stack.call("GET", header).await;
        is_refused(&response, 401, INVALID);
    }
    let glued = [format!("Bearer{token}"), format!("Bearer {token} x"), format!("Bearer \"{token}\"")];
    for header in glued.iter().chain(&altered(&token, &stack.token(&machine).await)) {
        let header = header.replace('\n', "");
        if header.trim_end() != token {
            is_refused(&stack.call("GET", &header).await, 401, INVALID);
        }
    }
    stack.dynamodb.forget();
    is_refused(&stack.read_with("garbage").await, 401, INVALID);
    assert_eq!(stack.dynamodb.cost(), [], "garbage is refused without request for it");
}

#[tokio::test]
async fn an_expired_revoked_or_unknown_token_is_invalid() {
    let (stack, machine, token) = prepared().await;
    let elsewhere = Stack::start().await;
    let foreign = elsewhere.token(&elsewhere.machine().await).await;
    let other = stack.token(&machine).await;
    for useless in altered(&token, &other).iter().filter(|text| !text.contains('\n') && text.trim() != token)
    {
        is_refused(&stack.read_with(useless).await, 401, INVALID);
    }
    is_refused(&stack.read_with(&foreign).await, 401, INVALID);
    stack.revoke(&machine, &other).await;
    is_refused(&stack.read_with(&other).await, 401, INVALID);
    stack.advance_to_just_before(Duration::from_hours(1));
    assert_eq!(stack.read_with(&token).await.status, 200);
    stack.advance_by_the_last_millisecond();
    is_refused(&stack.read_with(&token).await, 401, INVALID);
}

#[tokio::test]
async fn too_little_scope_gets_a_challenge_with_the_required_scope() {
    let stack = Stack::with_sample_api().await;
    let token = |scope: &'static [&'static str]| {
        let stack = &stack;
        async move {
            let scope = scope.iter().map(|&value| value.to_owned()).collect();
            let registered = stack.register(Registration { scope, ..machine() }).await;
            format!("Bearer {}", stack.token(&registered).await)
        }
    };
    let needs = |scope| format!("{CHALLENGE}, error=\"insufficient_scope\", scope=\"{scope}\"");
    let reader = token(&["read"]).await;
    assert_eq!(stack.call("GET", &reader).await.status, 200);
    is_refused(&stack.call("POST", &reader).await, 403, &needs("write"));
    let writer = token(&["write"]).await;
    assert_eq!(stack.call("POST", &writer).await.status, 201);
    is_refused(&stack.call("GET", &writer).await, 403, &needs("read"));
    for other in [token(&["Read", "reads"]).await, token(&[]).await] {
        is_refused(&stack.call("GET", &other).await, 403, &needs("read"));
    }
}

#[tokio::test]
async fn a_token_stops_working_with_its_client_or_user_at_the_next_call() {
    let (stack, machine, token) = prepared().await;
    stack.disable(&machine).await;
    is_refused(&stack.read_with(&token).await, 401, INVALID);
    stack.enable(&machine).await;
    is_refused(&stack.read_with(&token).await, 401, INVALID);
    stack.advance(Duration::from_millis(1));
    let token = stack.token(&machine).await;
    assert_eq!(stack.read_with(&token).await.status, 200);
    stack.app.clients.end_everything(&machine.id.parse().unwrap(), stack.now()).await.unwrap();
    is_refused(&stack.read_with(&token).await, 401, INVALID);

    let web = stack.web().await;
    let user = stack.create_user("alice").await;
    let issued = stack.authorized(&web, user.sub).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stack.read_with(&issued).await.status, 200);
    stack.app.users.disable(user.sub, stack.now()).await.unwrap();
    is_refused(&stack.read_with(&issued).await, 401, INVALID);
    stack.app.users.enable(user.sub).await.unwrap();
    is_refused(&stack.read_with(&issued).await, 401, INVALID);
    stack.advance(Duration::from_millis(1));
    let issued = stack.authorized(&web, user.sub).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stack.read_with(&issued).await.status, 200);
    stack.delete(&web).await;
    is_refused(&stack.read_with(&issued).await, 401, INVALID);
}

#[tokio::test]
async fn an_outage_is_not_an_invalid_token() {
    let (stack, _, token) = prepared().await;
    for fault in [Fault::Throttle, Fault::Refuse, Fault::Denied, Fault::AlwaysLeftOver] {
        stack.dynamodb.fail(fault);
        let response = stack.read_with(&token).await;
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{fault:?}");
        assert_eq!(response.header("www-authenticate"), None);
        is_refused(&stack.read_with("garbage").await, 401, INVALID);
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.read_with(&token).await.status, 200);
    }
    assert_eq!(stack.audited("unavailable").len(), 4);
}

#[tokio::test]
async fn a_refusal_is_logged_once_with_its_reason_and_without_the_token() {
    let (stack, owner, token) = prepared().await;
    let reader = stack.register(Registration { scope: vec!["read".to_owned()], ..machine() }).await;
    let weak = stack.token(&reader).await;
    stack.revoke(&owner, &token).await;
    stack.read_with(&token).await;
    stack.call("POST", &format!("Bearer {weak}")).await;
    let refused = stack.audited("refused");
    let logged_fields = |line: usize| {
        let text = |name: &str| refused[line][name].as_str().unwrap_or_default().to_owned();
        [text("path"), text("error"), text("reason"), text("client")]
    };
    assert_eq!(logged_fields(0), ["GET /api/notes", "invalid_token", "the token is unknown", ""]);
    let reason = "the route needs the scope write";
    assert_eq!(logged_fields(1), ["POST /api/notes", "insufficient_scope", reason, &reader.id]);
    assert!(refused.iter().all(|line| line["request_id"].is_string()) && refused.len() == 2);
    assert!(!stack.logged().contains(&token) && !stack.logged().contains(&weak));
}

#[tokio::test]
async fn a_call_costs_two_reads_and_one_with_cached_statuses() {
    let (stack, _, token) = prepared().await;
    stack.dynamodb.forget();
    stack.read_with(&token).await;
    let units = |expected: &[(&str, f64)]| -> Vec<(String, f64)> {
        expected.iter().map(|(operation, units)| ((*operation).to_owned(), *units)).collect()
    };
    assert_eq!(stack.dynamodb.cost(), units(&[("GetItem", 1.0), ("BatchGetItem", 1.0)]));
}

#[tokio::test]
async fn a_page_of_any_origin_may_call_the_sample_api() {
    let (stack, _, token) = prepared().await;
    let preflight = stack.request("OPTIONS", API).header("origin", "https://spa.example.com");
    let preflight = preflight.header("access-control-request-method", "POST");
    let response = preflight.header("access-control-request-headers", "authorization").send().await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (204, Some("*")));
    assert_eq!(response.header("access-control-allow-methods"), Some("GET, POST"));
    assert!(response.header("access-control-allow-headers").unwrap().contains("Authorization"));
    let called = stack.read_with(&token).await;
    assert_eq!((called.status, called.header("access-control-allow-origin")), (200, Some("*")));
    assert!(called.header("access-control-expose-headers").unwrap().contains("WWW-Authenticate"));
    assert_eq!(called.header("cache-control"), Some("private, no-store"));
}

#[tokio::test]
async fn without_the_demo_there_is_no_sample_api() {
    let stack = Stack::start().await;
    let token = stack.token(&stack.machine().await).await;
    assert_eq!(stack.read_with(&token).await.status, 404);
}
