//! The authorizer's schemes beside `Bearer`, each a switch of the deployment, through the sample API.

mod events;
mod refusals;

use serde_json::json;
use shared::{
    clients::Registration,
    oauth::{AuthMethod, GrantType},
    status::Role,
};

use crate::harness::{Call, PASSWORD, Registered, Response, Stack, code_flow::CALLBACK, machine};

const API: &str = "/api/notes";
/// Every switch of the authorizer.
const ALL: &str = "token-scheme,temp-token-scheme,basic-user,basic-client,query-token,query-client,guest";

impl Stack {
    fn api(&self) -> Call {
        self.request("GET", API)
    }

    fn shown(&self, authorization: &str) -> Call {
        self.api().header("authorization", authorization)
    }

    fn with_query(&self, query: &str) -> Call {
        self.request("GET", &format!("{API}?{query}"))
    }

    fn as_user(&self, name: &str, password: &str) -> Call {
        self.api().raw_basic(&format!("{name}:{password}"))
    }
}

/// Returns the fixture `machine`, with both authentication methods.
fn either() -> Registration {
    let auth_methods = vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
    Registration { auth_methods, ..machine() }
}

fn pair(client: &Registered) -> String {
    format!("client_id={}&client_secret={}", client.id, client.secret)
}

#[track_caller]
fn is_refused(response: &Response, what: &str) {
    assert_eq!(response.status, 401, "{what}: {}", response.text);
    assert!(response.header("www-authenticate").unwrap().starts_with("Bearer realm=\"Jeton\""), "{what}");
}

/// Returns a call for every kind of credentials and scheme, with the switch that permits it.
async fn calls(stack: &Stack) -> Vec<(Option<&'static str>, String, Call)> {
    let client = stack.register(either()).await;
    let access = stack.token(&client).await;
    let (ada, browser) = stack.signed_in_user("ada").await;
    let api = browser.personal_token("api", "7").await;
    let temporary = browser.personal_token("temporary", "temporary").await;
    let mut calls = Vec::new();
    for (scheme, switch, takes) in [
        ("Token", "token-scheme", [true, true, false]),
        ("TempToken", "temp-token-scheme", [false, false, true]),
    ] {
        for (token, takes) in [&access, &api, &temporary].into_iter().zip(takes) {
            let what = format!("{scheme} {}", &token[..3]);
            calls.push((takes.then_some(switch), what, stack.shown(&format!("{scheme} {token}"))));
        }
    }
    for token in [&access, &api, &temporary] {
        let what = format!("?access_token={}", &token[..3]);
        calls.push((Some("query-token"), what, stack.with_query(&format!("access_token={token}"))));
    }
    calls.push((Some("basic-user"), "name and password".into(), stack.as_user(&ada.name, PASSWORD)));
    calls.push((Some("basic-client"), "id and secret".into(), stack.api().basic(&client)));
    calls.push((Some("query-client"), "?client_id=".into(), stack.with_query(&pair(&client))));
    calls.push((Some("guest"), "nothing".into(), stack.api()));
    calls
}

#[tokio::test]
async fn each_switch_opens_its_own_scheme_and_no_other() {
    for on in ALL.split(',').chain(["none"]) {
        let stack = Stack::protecting(on).await;
        for (switch, what, call) in calls(&stack).await {
            let response = call.send().await;
            // Without the switch, the query belongs to the API: the caller is a guest.
            let is_guest = on == "guest" && (what.starts_with('?') || what == "nothing");
            if switch == Some(on) || is_guest {
                assert_eq!(response.status, 200, "{on}: {what}");
                assert_eq!(response.json()["you"].get("sub").is_none(), is_guest, "{on}: {what}");
            } else {
                is_refused(&response, &format!("{on}: {what}"));
            }
        }
    }
}

#[tokio::test]
async fn bearer_takes_every_kind_of_token_whatever_the_switches() {
    for on in ["none", ALL] {
        let stack = Stack::protecting(on).await;
        let browser = stack.signed_in_user("ada").await.1;
        let access = stack.token(&stack.machine().await).await;
        let (api, temporary) =
            (browser.personal_token("x", "7").await, browser.personal_token("y", "temporary").await);
        for token in [access, api, temporary] {
            assert_eq!(stack.shown(&format!("bearer {token}")).send().await.status, 200, "{on}");
        }
    }
}

#[tokio::test]
async fn schemes_are_case_insensitive() {
    let stack = Stack::protecting(ALL).await;
    let token = stack.token(&stack.machine().await).await;
    for scheme in ["token", "TOKEN", "ToKeN  "] {
        assert_eq!(stack.shown(&format!("{scheme} {token}")).send().await.status, 200, "{scheme}");
    }
    let temporary = stack.signed_in_user("ada").await.1.personal_token("x", "temporary").await;
    assert_eq!(stack.shown(&format!("temptoken {temporary}")).send().await.status, 200);
    assert_eq!(stack.shown("bAsIc YWRhOmNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=").send().await.status, 200);
}

#[tokio::test]
async fn the_api_gets_the_caller_without_a_token() {
    let stack = Stack::protecting(ALL).await;
    let ada = stack.create_user("ada").await;
    let you = async |call: Call| call.send().await.json()["you"].clone();
    let expected = json!({ "sub": ada.sub, "username": "ada", "scope": "read write" });
    assert_eq!(you(stack.as_user("ADA", PASSWORD)).await, expected);
    let client = stack.register(either()).await;
    let expected = json!({ "sub": client.id, "client_id": client.id, "scope": "read write" });
    assert_eq!(you(stack.api().basic(&client)).await, expected);
    assert_eq!(you(stack.with_query(&pair(&client))).await, expected);
    assert_eq!(you(stack.api()).await, json!({ "scope": "read" }));
}

#[tokio::test]
async fn a_call_without_a_token_has_the_configured_scope_only() {
    let stack = Stack::protecting(ALL).await;
    let write = || stack.request("POST", API);
    stack.create_user("ada").await;
    let little = Registration { default_scope: vec!["read".to_owned()], ..either() };
    let client = stack.register(little).await;
    assert_eq!(write().raw_basic(&format!("ada:{PASSWORD}")).send().await.status, 201);
    for call in [write(), write().basic(&client)] {
        let response = call.send().await;
        let challenge = "Bearer realm=\"Jeton\", error=\"insufficient_scope\", scope=\"write\"";
        assert_eq!((response.status, response.header("www-authenticate")), (403, Some(challenge)));
    }
}

#[tokio::test]
async fn a_client_with_its_secret_has_the_scope_of_its_tokens() {
    let stack = Stack::protecting(ALL).await;
    let web = Registration {
        grant_types: vec![GrantType::AuthorizationCode],
        redirect_uris: vec![CALLBACK.to_owned()],
        ..either()
    };
    let web = stack.register(web).await;
    let by_basic =
        stack.register(Registration { auth_methods: vec![AuthMethod::ClientSecretBasic], ..machine() });
    let by_post =
        stack.register(Registration { auth_methods: vec![AuthMethod::ClientSecretPost], ..machine() });
    let (by_basic, by_post) = (by_basic.await, by_post.await);
    for (client, basic, query) in [(&web, 401, 401), (&by_basic, 200, 401), (&by_post, 401, 200)] {
        assert_eq!(stack.api().basic(client).send().await.status, basic);
        assert_eq!(stack.with_query(&pair(client)).send().await.status, query);
    }
}

#[tokio::test]
async fn the_secret_of_a_disabled_or_deleted_client_is_refused() {
    let stack = Stack::protecting(ALL).await;
    let client = stack.register(either()).await;
    let status = async |client: &Registered| {
        let (basic, query) = (stack.api().basic(client), stack.with_query(&pair(client)));
        [basic.send().await.status, query.send().await.status]
    };
    assert_eq!(status(&client).await, [200, 200]);
    assert_eq!(status(&client.with_wrong_secret()).await, [401, 401]);
    assert_eq!(
        status(&Registered { id: "nobody".to_owned(), ..client.with_secret(&client.secret) }).await,
        [401, 401]
    );
    stack.disable(&client).await;
    assert_eq!(status(&client).await, [401, 401]);
    stack.enable(&client).await;
    assert_eq!(status(&client).await, [200, 200]);
    stack.delete(&client).await;
    assert_eq!(status(&client).await, [401, 401]);
}

#[tokio::test]
async fn a_developers_credentials_stop_with_their_role() {
    let stack = Stack::protecting("basic-client").await;
    let (olga, browser) = stack.developer("olga").await;
    let client = browser.credentials("x").await;
    assert_eq!(stack.api().basic(&client).send().await.status, 200);
    stack.app.users.remove_role(olga.sub, &Role::developer()).await.unwrap();
    is_refused(&stack.api().basic(&client).send().await, "the role is lost");
    stack.app.users.grant_role(olga.sub, &Role::developer()).await.unwrap();
    assert_eq!(stack.api().basic(&client).send().await.status, 200);
}

#[tokio::test]
async fn a_route_that_accepts_any_token_refuses_a_guest() {
    let stack = Stack::configured(|config| {
        config.compat = "guest".parse().unwrap();
        config.guest_scope = "read".parse().unwrap();
        config.route_scopes = "GET /me=; GET /news=read".parse().unwrap();
    })
    .await;
    for (path, passes) in [("/news", true), ("/me", false)] {
        let event = json!({
            "version": "2.0",
            "routeKey": format!("GET {path}"),
            "rawPath": path,
            "headers": {},
            "requestContext": { "http": { "method": "GET", "sourceIp": "203.0.113.7" }, "requestId": "x" },
        });
        let response = authorizer::handle(&stack.app, &event.to_string()).await.unwrap();
        assert_eq!(serde_json::to_value(response).unwrap()["isAuthorized"], passes, "{path}");
    }
}

#[tokio::test]
async fn without_a_switch_the_query_belongs_to_the_api() {
    let stack = Stack::protecting("none").await;
    let token = stack.token(&stack.machine().await).await;
    let call = stack.with_query("access_token=x&access_token=y&client_id=z");
    assert_eq!(call.header("authorization", &format!("Bearer {token}")).send().await.status, 200);
}

#[tokio::test]
async fn the_response_to_a_token_in_the_query_is_private() {
    let stack = Stack::protecting("query-token").await;
    let token = stack.token(&stack.machine().await).await;
    let response = stack.with_query(&format!("access_token={token}")).send().await;
    assert!(response.header("cache-control").unwrap().contains("private"));
}
