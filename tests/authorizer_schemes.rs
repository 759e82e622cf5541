//! The authorizer's schemes beside `Bearer`, each a switch of the deployment, through the sample API.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    clients::Registration,
    oauth::{AuthMethod, GrantType},
    status::Role,
};

use crate::harness::{
    Call, Fault, PASSWORD, Registered, Response, Stack, altered, code_flow::CALLBACK, machine,
};

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
async fn a_request_with_invalid_credentials_is_not_a_guest() {
    let stack = Stack::protecting(ALL).await;
    let client = stack.register(either()).await;
    let (token, other) = (stack.token(&client).await, stack.token(&client).await);
    let (ada, eve) = (stack.create_user("ada").await, stack.create_user("eve").await);
    stack.app.users.disable(eve.sub, stack.now()).await.unwrap();
    stack.revoke(&client, &other).await;
    let pairs =
        [("ada", "wrong password"), (&eve.name, PASSWORD), ("nobody", PASSWORD), ("", ""), ("ada", "")];
    for (name, password) in pairs {
        is_refused(&stack.as_user(name, password).send().await, name);
    }
    let long = "x".repeat(2_000);
    is_refused(&stack.as_user("ada", &long).send().await, "a password longer than a user may have");
    is_refused(&stack.as_user(&long, PASSWORD).send().await, "a name longer than a user may have");
    is_refused(&stack.as_user("ada", &"x".repeat(5_000)).send().await, "too long to be looked at");
    for header in [
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Basic YWRh",
        "Basic /w==",
        "Digest x",
        "Token",
        "Token x",
        "TempToken ,",
    ] {
        is_refused(&stack.shown(header).send().await, header);
    }
    for shown in altered(&token, &other).iter().chain([&other, &client.secret, &long]) {
        // Space around a header is not a part of it.
        for scheme in ["Token", "TempToken", "Bearer"].iter().filter(|_| shown.trim() != token) {
            is_refused(&stack.shown(&format!("{scheme} {shown}")).send().await, scheme);
        }
        let query: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("access_token", shown).finish();
        is_refused(&stack.with_query(&query).send().await, shown);
    }
    for query in ["client_id=ada", "client_secret=x", "client_id=%zz", "access_token=%FF", "access_token=%00"]
    {
        is_refused(&stack.with_query(query).send().await, query);
    }
    assert_eq!(stack.as_user(&ada.name, PASSWORD).send().await.status, 200);
}

#[tokio::test]
async fn two_kinds_of_credentials_at_once_are_refused_even_if_both_are_valid() {
    let stack = Stack::protecting(ALL).await;
    let client = stack.register(either()).await;
    let token = stack.token(&client).await;
    let (in_query, id_and_secret) = (format!("access_token={token}"), pair(&client));
    for (query, header) in [
        (in_query.as_str(), Some(format!("Bearer {token}"))),
        (&id_and_secret, Some(format!("Token {token}"))),
        (&in_query, Some("Basic YWRhOmE=".to_owned())),
        (&in_query, Some(String::new())),
        (&format!("{in_query}&{in_query}"), None),
        (&format!("{in_query}&access_token="), None),
        (&format!("{in_query}&{id_and_secret}"), None),
        (&format!("{in_query}&client_id={}", client.id), None),
        (&format!("{id_and_secret}&client_id={}", client.id), None),
    ] {
        let call = stack.with_query(query);
        let call = match &header {
            Some(header) => call.header("authorization", header),
            None => call,
        };
        is_refused(&call.send().await, &format!("{query} {header:?}"));
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

#[tokio::test]
async fn password_attempts_are_rate_limited_like_at_the_login_page_and_refused_with_401() {
    let stack = Stack::protecting("basic-user").await;
    stack.create_user("ada").await;
    stack.create_user("eve").await;
    let limit = stack.app.config.rate_limit.per_account;
    for _ in 0..limit + 2 {
        assert_eq!(stack.as_user("eve", PASSWORD).send().await.status, 200, "who is right is not counted");
    }
    for name in ["ada", "nobody"] {
        for _ in 0..limit {
            // A forged address is not counted instead.
            let call = stack.as_user(name, "wrong password").header("x-forwarded-for", "192.0.2.1");
            is_refused(&call.send().await, name);
        }
        // A gateway cannot answer 429.
        is_refused(&stack.as_user(name, PASSWORD).send().await, name);
    }
    assert_eq!(stack.audited("sign_in_failed").len(), 2 * usize::try_from(limit).unwrap());
    assert_eq!(stack.audited("sign_in_throttled").len(), 2);
    assert_eq!(stack.as_user("eve", PASSWORD).send().await.status, 200);
    // The login page has counters of its own.
    assert_eq!(stack.browser().try_to_sign_in("/login", "ada", PASSWORD).await.status, 303);
    stack.advance(stack.app.config.rate_limit.window);
    assert_eq!(stack.as_user("ada", PASSWORD).send().await.status, 200);
    assert!(!stack.logged().contains(PASSWORD) && !stack.stored().await.contains(PASSWORD));
}

#[tokio::test]
async fn a_secret_is_never_verified_as_a_password_nor_a_password_as_a_secret() {
    let stack = Stack::protecting("basic-user").await;
    let client = stack.register(either()).await;
    stack.create_user("ada").await;
    is_refused(&stack.api().basic(&client).send().await, "a client");
    is_refused(&stack.as_user("ada", &client.secret).send().await, "a secret");
    is_refused(&stack.as_user("ada", "jts_").send().await, "what starts like one");
    assert_eq!(stack.audited("sign_in_failed"), [] as [Value; 0]);
    let stack = Stack::protecting("basic-client").await;
    stack.create_user("ada").await;
    is_refused(&stack.as_user("ada", PASSWORD).send().await, "a user");
    assert_eq!(stack.audited("sign_in_failed"), [] as [Value; 0]);
}

#[tokio::test]
async fn an_outage_is_neither_401_nor_a_pass() {
    let stack = Stack::protecting(ALL).await;
    let client = stack.register(either()).await;
    let token = stack.token(&client).await;
    stack.create_user("ada").await;
    let calls = || {
        [
            stack.shown(&format!("Token {token}")),
            stack.with_query(&format!("access_token={token}")),
            stack.as_user("ada", PASSWORD),
            stack.api().basic(&client),
            stack.with_query(&pair(&client)),
        ]
    };
    stack.dynamodb.fail(Fault::Throttle);
    for call in calls() {
        let response = call.send().await;
        assert_eq!((response.status, response.header("www-authenticate")), (503, None));
    }
    assert_eq!(stack.api().send().await.status, 200, "a guest is no user in the table");
    stack.dynamodb.fail(Fault::None);
    for call in calls() {
        assert_eq!(call.send().await.status, 200);
    }
    assert_eq!(stack.audited("sign_in_failed"), [] as [Value; 0]);
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

fn encoded(name: &str, password: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(format!("{name}:{password}"))
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
