//! Dynamic client registration (RFC 7591): what a client sends, what it gets, and what it may then do.

use serde_json::{Value, json};
use shared::{clients::Lifetimes, oauth::GrantType};

use crate::harness::{AuthorizationRequest, REGISTER, Registered, Stack, public_metadata};

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn without_registration_there_is_no_endpoint_and_no_metadata_of_it() {
    let stack = Stack::start().await;
    for method in ["POST", "GET", "OPTIONS"] {
        let call = stack.request(method, REGISTER).body("application/json", public_metadata("x").to_string());
        let response = call.send().await;
        assert_eq!(
            (response.status, &response.json()),
            (404, &json!({ "message": "Not Found" })),
            "{method}"
        );
    }
    assert_eq!(stack.dynamodb.cost(), []);
    assert_eq!(stack.request("GET", WELL_KNOWN).send().await.json()["registration_endpoint"], Value::Null);
}

#[tokio::test]
async fn the_server_metadata_name_the_endpoint_and_nothing_else_changes() {
    let (off, open) = (Stack::start().await, Stack::with_registration().await);
    let document = async |stack: &Stack| stack.request("GET", WELL_KNOWN).send().await;
    let (before, response) = (document(&off).await, document(&open).await);
    let mut with = response.json();
    let endpoint = with.as_object_mut().unwrap().remove("registration_endpoint");
    assert_eq!(endpoint, Some(json!(format!("{}{REGISTER}", open.url))));
    let before: Value = serde_json::from_str(&before.text.replace(&off.url, &open.url)).unwrap();
    assert_eq!(with, before);
    assert_eq!(open.request("GET", "/.well-known/openid-configuration").send().await.status, 404);
}

#[tokio::test]
async fn the_smallest_request_gets_the_defaults() {
    let stack = Stack::with_registration().await;
    let response = stack.registration(&json!({ "redirect_uris": ["https://a.example/cb"] })).send().await;
    assert_eq!(response.status, 201);
    response.is_not_stored();
    let mut information = response.json();
    let members = information.as_object_mut().unwrap();
    let id = members.remove("client_id").unwrap();
    let secret = members.remove("client_secret").unwrap();
    assert!(id.as_str().unwrap().starts_with("d-") && id.as_str().unwrap().len() == 22, "{id}");
    assert!(secret.as_str().unwrap().starts_with("jts_"), "a secret");
    assert_eq!(
        information,
        json!({
            "client_id_issued_at": stack.now().seconds(),
            "client_secret_expires_at": 0,
            "client_name": "a.example",
            "redirect_uris": ["https://a.example/cb"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
        })
    );
    let stored = stack.stored().await;
    assert!(!stored.contains(secret.as_str().unwrap()) && !stack.logged().contains(secret.as_str().unwrap()));
}

#[tokio::test]
async fn a_public_client_gets_no_secret() {
    let stack = Stack::with_registration().await;
    let information = stack.self_register(&public_metadata("Notes")).await;
    assert_eq!(information["token_endpoint_auth_method"], "none");
    assert_eq!(information["client_name"], "Notes");
    for member in ["client_secret", "client_secret_expires_at", "registration_access_token", "scope"] {
        assert_eq!(information.get(member), None, "{member}");
    }
}

/// What clients send, as a run of them, their source or server authors tell.
const REGISTRATIONS: &str = include_str!("clients/mcp/registrations.json");

#[tokio::test]
async fn clients_register_with_the_metadata_that_they_send() {
    let stack = Stack::with_registration().await;
    let registrations: Vec<Value> = serde_json::from_str(REGISTRATIONS).unwrap();
    assert!(registrations.len() > 10);
    for registration in registrations {
        let (client, metadata) = (&registration["client"], &registration["body"]);
        let information = stack.self_register(metadata).await;
        assert_eq!(information["redirect_uris"], registration["redirect_uris_kept"], "{client}");
        assert_eq!(information["client_name"], metadata["client_name"], "{client}");
        assert_eq!(information["grant_types"], json!(["authorization_code", "refresh_token"]), "{client}");
        assert_eq!(information.get("scope"), None, "{client}");
        let method = metadata.get("token_endpoint_auth_method").cloned();
        let method = method.unwrap_or(json!("client_secret_basic"));
        assert_eq!(information["token_endpoint_auth_method"], method, "{client}");
        assert_eq!(information.get("client_secret").is_none(), method == "none", "{client}");
    }
}

#[tokio::test]
async fn a_client_that_registers_itself_has_no_privilege_whatever_it_asks_for() {
    let stack = Stack::with_registration().await;
    let asked = json!({
        "client_name": "Notes",
        "redirect_uris": ["https://a.example/cb"],
        "grant_types": ["client_credentials", "password", "implicit", "authorization_code"],
        "scope": "read write admin",
        "first_party": true, "resource_server": true, "pkce_optional": true, "compat": ["implicit", "ttl"],
        "resources": ["https://api.example.com"], "serves": ["https://api.example.com"], "owner": "x",
        "default_scope": "read", "lifetimes": { "access_token": 1 }, "expires_at": 9_999_999_999_999_u64,
        "client_id": "mine", "client_secret": "mine", "client_id_issued_at": 1,
    });
    let information = stack.self_register(&asked).await;
    assert_ne!((&information["client_id"], &information["client_secret"]), (&json!("mine"), &json!("mine")));
    let client = stack.stored_client(&Registered::of(&information)).await;
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert!(client.scope.is_empty() && client.default_scope.is_empty() && client.compat.is_empty());
    assert!(client.resources.is_empty() && client.serves.is_empty() && client.owner.is_none());
    assert!(!client.first_party && !client.resource_server && !client.pkce_optional);
    assert!(client.is_self_registered() && !client.may_skip_pkce());
    assert_eq!(client.lifetimes, Lifetimes::default());
    assert_eq!(client.expires_at, Some(stack.now().after(std::time::Duration::from_hours(30 * 24))));
    let machine = Registered::of(&information);
    stack.request_token(&machine, &[]).await.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn a_client_without_a_named_method_may_send_its_secret_either_way() {
    let stack = Stack::with_registration().await;
    let metadata = |method: Option<&str>| json!({ "redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": method });
    for (method, basic, post) in [
        (None, true, true),
        (Some("client_secret_basic"), true, false),
        (Some("client_secret_post"), false, true),
    ] {
        let information = stack.self_register(&metadata(method)).await;
        assert_eq!(information["token_endpoint_auth_method"], method.unwrap_or("client_secret_basic"));
        let client = Registered::of(&information);
        let form = [("token", "garbage")];
        let by_basic = stack.post("/oauth/revoke").basic(&client).form(&form).send().await;
        let by_post = stack.post("/oauth/revoke").post(&client, &form).send().await;
        assert_eq!((by_basic.status == 200, by_post.status == 200), (basic, post), "{method:?}");
    }
    for method in ["private_key_jwt", "client_secret_jwt", "tls_client_auth", "Basic", "NONE"] {
        let response = stack.registration(&metadata(Some(method))).send().await;
        response.is_error(400, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn a_self_registered_client_may_be_authorized_and_its_registration_is_audited() {
    let stack = Stack::with_registration().await;
    let client = Registered::of(&stack.self_register(&public_metadata("Notes")).await);
    // The client is known: without a session, the browser is sent to the login page.
    let request = AuthorizationRequest::by(&client);
    let login = stack.browser().redirected(&request).await;
    assert!(login.location.starts_with("/login"), "{}", login.location);
    stack.self_register(&public_metadata("Notes")).await;
    let audited = stack.audited("registered");
    let repeated: Vec<_> = audited.iter().map(|line| (&line["client"], &line["repeated"])).collect();
    let id = json!(client.id);
    assert_eq!(repeated, [(&id, &json!(false)), (&id, &json!(true))]);
    assert!(audited.iter().all(|line| line["Registered"] == 1 && line["path"] == REGISTER));
}
