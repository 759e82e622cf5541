//! Discovery of the OpenID provider (OpenID Connect Discovery 1.0), and its JWK Set (RFC 7517).

use std::time::Duration;

use serde_json::{Value, json};
use shared::{config::RegistrationMode, oauth::Switch, openid::Start};

use crate::harness::{Fault, Response, Stack};

const CONFIGURATION: &str = "/.well-known/openid-configuration";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const KEYS: &str = "/.well-known/jwks.json";

impl Stack {
    async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await
    }
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let stack = Stack::with_openid().await;
    let response = stack.get(CONFIGURATION).await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    let url = |path: &str| format!("{}{path}", stack.url);
    assert_eq!(
        response.json(),
        json!({
            "issuer": stack.url,
            "authorization_endpoint": url("/oauth/authorize"),
            "token_endpoint": url("/oauth/token"),
            "revocation_endpoint": url("/oauth/revoke"),
            "introspection_endpoint": url("/oauth/introspect"),
            "userinfo_endpoint": url("/oauth/userinfo"),
            "end_session_endpoint": url("/oauth/logout"),
            "jwks_uri": url("/.well-known/jwks.json"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["openid", "profile", "email", "groups"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "given_name",
                "family_name", "middle_name", "nickname", "email", "profile", "picture", "website", "gender",
                "birthdate", "zoneinfo", "locale", "preferred_username", "updated_at", "email_verified", "groups",
            ],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        })
    );
}

/// The module of the conformance suite that reads the keys: each has an id, none has a private part.
#[tokio::test]
async fn the_keys_are_public_rsa_keys_with_ids() {
    let stack = Stack::with_openid().await;
    let response = stack.get(KEYS).await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    let set = response.json();
    let [key] = set["keys"].as_array().unwrap().as_slice() else { panic!("{set}") };
    let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    let listed = stack.app.signing_keys.read().await.unwrap();
    let expected = &listed.keys()[0];
    assert_eq!((&key["kty"], &key["use"], &key["alg"]), (&json!("RSA"), &json!("sig"), &json!("RS256")));
    assert_eq!(
        (&key["kid"], &key["n"], &key["e"]),
        (&json!(expected.kid), &json!(expected.n), &json!("AQAB"))
    );
    // 2,048 bits, without the padding of base64.
    assert_eq!(key["n"].as_str().unwrap().len(), 342);
}

#[tokio::test]
async fn it_is_the_document_of_rfc_8414_with_more_members() {
    let stack = Stack::configured(|config| {
        config.signing_keys = "local".parse().unwrap();
        config.registration.mode = RegistrationMode::Open;
        config.compat = [Switch::Implicit, Switch::Password].into_iter().collect();
    })
    .await;
    let (metadata, configuration) = (stack.get(METADATA).await.json(), stack.get(CONFIGURATION).await.json());
    assert_eq!(metadata["registration_endpoint"], format!("{}/oauth/register", stack.url));
    for (member, value) in metadata.as_object().unwrap() {
        assert_eq!(&configuration[member], value, "{member}");
    }
    for (member, value) in configuration.as_object().unwrap() {
        let empty = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{member}");
    }
    assert_eq!(configuration.as_object().unwrap().len(), metadata.as_object().unwrap().len() + 11);
}

#[tokio::test]
async fn the_issuer_has_the_same_bytes_in_both_documents_and_no_slash_at_its_end() {
    let stack = Stack::with_openid().await;
    let issuers = [METADATA, CONFIGURATION].map(async |path| stack.get(path).await.text);
    for text in issuers {
        assert!(text.await.contains(&format!(r#""issuer":"{}","#, stack.url)));
    }
    // The document is where Discovery §4 says: the path is appended to the issuer.
    assert!(!stack.url.ends_with('/'));
}

#[tokio::test]
async fn the_configuration_reads_no_table_and_the_keys_one_item_in_five_minutes() {
    let stack = Stack::with_openid().await;
    stack.get(CONFIGURATION).await;
    assert_eq!(stack.dynamodb.cost(), []);
    stack.get(KEYS).await;
    stack.advance(Duration::from_secs(299));
    stack.get(KEYS).await;
    let reads = || stack.dynamodb.seen().iter().map(|seen| seen.operation.clone()).collect::<Vec<_>>();
    assert_eq!(reads(), ["GetItem"]);
    stack.advance(Duration::from_secs(1));
    stack.get(KEYS).await;
    assert_eq!(reads(), ["GetItem", "GetItem"]);
}

#[tokio::test]
async fn both_may_be_cached_and_read_by_any_origin_with_get_and_head_only() {
    let stack = Stack::with_openid().await;
    for path in [CONFIGURATION, KEYS] {
        let response = stack.get(path).await;
        assert_eq!(response.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(response.header("pragma"), None);
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        let head = stack.request("HEAD", path).send().await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        for method in ["POST", "PUT", "DELETE"] {
            let response = stack.request(method, path).send().await;
            response.is_error(405, "invalid_request");
            assert_eq!(response.header("allow"), Some("GET"));
        }
        assert_eq!(stack.get(&format!("{path}/")).await.status, 404);
        assert_eq!(stack.get(&format!("/tenant{path}")).await.status, 404);
    }
}

#[tokio::test]
async fn the_host_of_the_request_has_no_effect() {
    let stack = Stack::with_openid().await;
    for path in [CONFIGURATION, KEYS] {
        let spoofed = stack.request("GET", path).header("x-forwarded-host", "evil.example").send().await;
        assert_eq!((spoofed.status, spoofed.json()), (200, stack.get(path).await.json()));
    }
}

#[tokio::test]
async fn without_openid_connect_there_is_neither_and_nothing_is_read() {
    let stack = Stack::start().await;
    for path in [CONFIGURATION, KEYS] {
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            assert_eq!(stack.request(method, path).send().await.status, 404, "{method} {path}");
        }
        assert_eq!(stack.get(path).await.json(), json!({ "message": "Not Found" }));
    }
    let metadata = stack.get(METADATA).await;
    for member in ["jwks_uri", "userinfo_endpoint", "end_session_endpoint", "scopes_supported"] {
        assert_eq!(metadata.json()[member], Value::Null, "{member}");
    }
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn an_outage_is_503_and_the_remembered_keys_outlast_it() {
    let stack = Stack::with_openid().await;
    let known = stack.get(KEYS).await;
    stack.dynamodb.fail(Fault::Throttle);
    assert_eq!(stack.get(KEYS).await.json(), known.json());
    stack.advance(Duration::from_mins(5));
    let response = stack.get(KEYS).await;
    response.is_error(503, "temporarily_unavailable");
    assert!(response.header("retry-after").is_some());
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(stack.get(CONFIGURATION).await.status, 200, "it needs no table");
    stack.dynamodb.fail(Fault::None);
    assert_eq!(stack.get(KEYS).await.json(), known.json());
}

#[tokio::test]
async fn no_cache_stores_a_set_without_a_key_that_signs() {
    let stack = Stack::with_openid().await;
    let list = stack.app.signing_keys.read().await.unwrap();
    let none = list.without(&list.keys()[0].kid, stack.now());
    stack.app.signing_keys.replace(&list, &none).await.unwrap();
    for _ in 0..2 {
        let response = stack.get(KEYS).await;
        assert_eq!((response.status, response.json()), (200, json!({ "keys": [] })));
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    stack.list_key(list.keys()[0].clone(), Start::AfterPublication).await;
    let response = stack.get(KEYS).await;
    assert_eq!(response.json()["keys"][0]["kid"], list.keys()[0].kid, "the first key is there at once");
    assert_eq!(response.header("cache-control"), Some("public, max-age=300"));
}
