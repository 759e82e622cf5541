//! Authorization server metadata (RFC 8414), and whether it is true.

use serde_json::Value;
use shared::{clients::Registration, oauth::AuthMethod};
use strum::VariantArray as _;

use crate::harness::{AuthorizationRequest, Response, Stack, machine};

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

async fn metadata(stack: &Stack) -> Response {
    stack.request("GET", WELL_KNOWN).send().await
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_document_names_its_issuer_and_every_endpoint() {
    let stack = Stack::start().await;
    let response = metadata(&stack).await;
    assert_eq!(response.status, 200);
    let document = response.json();
    assert_eq!(document["issuer"], stack.url, "the same string as in the URL of the document");
    for (member, path) in [
        ("token_endpoint", "/oauth/token"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("introspection_endpoint", "/oauth/introspect"),
    ] {
        assert_eq!(document[member], format!("{}{path}", stack.url));
    }
}

#[tokio::test]
async fn no_member_is_empty_or_null() {
    let stack = Stack::start().await;
    for (member, value) in metadata(&stack).await.json().as_object().unwrap() {
        let empty = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
        assert!(!empty, "{member}");
    }
}

#[tokio::test]
async fn a_deployment_without_an_issuer_of_its_own_has_the_gateways_name() {
    let stack = Stack::configured(|config| config.issuer = None).await;
    let evil = stack.request("GET", WELL_KNOWN).header("x-forwarded-host", "evil.example").send().await;
    // The local server's gateway has the domain name `localhost`, as API Gateway has its own.
    assert_eq!(evil.json()["issuer"], "https://localhost");
}

#[tokio::test]
async fn every_grant_that_is_advertised_works_and_no_other() {
    let stack = Stack::start().await;
    let document = metadata(&stack).await.json();
    let advertised = ["authorization_code", "client_credentials", "refresh_token"];
    assert_eq!(words(&document["grant_types_supported"]), advertised);
    assert_eq!(words(&document["response_types_supported"]), ["code"]);
    assert_eq!(words(&document["response_modes_supported"]), ["query", "fragment", "form_post"]);
    assert_eq!(words(&document["code_challenge_methods_supported"]), ["S256"]);
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    stack.token(&stack.machine().await).await;
    let web = stack.web().await;
    let pair = stack.pair(&web).await;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
    assert_eq!(stack.post_as("/oauth/token", &web, &refresh).await.status, 200);
    for grant_type in ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code"] {
        let form = [("grant_type", grant_type), ("code", "x"), ("refresh_token", "x")];
        let response = stack.post("/oauth/token").basic(&web).form(&form).send().await;
        response.is_error(400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn every_response_type_mode_and_challenge_method_that_is_advertised_works_and_no_other() {
    let stack = Stack::start().await;
    let document = metadata(&stack).await.json();
    assert_eq!(document["authorization_endpoint"], format!("{}/oauth/authorize", stack.url));
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&stack.public().await));
    for (parameter, member, values) in [
        ("response_type", "response_types_supported", &["code", "token", "code token", "id_token"][..]),
        ("response_mode", "response_modes_supported", &["query", "form_post", "fragment", "web_message"][..]),
        ("code_challenge_method", "code_challenge_methods_supported", &["S256", "plain"][..]),
    ] {
        let advertised = words(&document[member]);
        assert!(advertised.iter().all(|word| values.contains(word)), "{advertised:?}");
        for value in values {
            let is_supported = browser.authorize(&request.with(parameter, value)).await.status == 200;
            assert_eq!(is_supported, advertised.contains(value), "{parameter}={value}");
        }
    }
}

#[tokio::test]
async fn every_authentication_method_that_is_advertised_works_and_no_other() {
    let stack = Stack::start().await;
    let document = metadata(&stack).await.json();
    let public = stack.public().await;
    for (endpoint, path, form) in [
        ("token", "/oauth/token", ("grant_type", "client_credentials")),
        ("revocation", "/oauth/revoke", ("token", "garbage")),
        ("introspection", "/oauth/introspect", ("token", "garbage")),
    ] {
        let advertised = words(&document[format!("{endpoint}_endpoint_auth_methods_supported")]);
        for method in AuthMethod::VARIANTS {
            let only = Registration { auth_methods: vec![*method], ..machine() };
            let call = stack.post(path);
            let response = match method {
                AuthMethod::ClientSecretBasic => call.basic(&stack.register(only).await).form(&[form]),
                AuthMethod::ClientSecretPost => call.post(&stack.register(only).await, &[form]),
                AuthMethod::None => call.form(&[form, ("client_id", &public.id)]),
            };
            // At the token endpoint a public client authenticates, and then may not use this grant type.
            let works = response.send().await.status != 401;
            assert_eq!(works, advertised.contains(&method.into_str()), "{method} at {path}");
        }
        assert!(
            advertised
                .iter()
                .all(|word| AuthMethod::VARIANTS.iter().any(|method| method.into_str() == *word))
        );
    }
}

#[tokio::test]
async fn the_document_may_be_cached_and_read_with_get_only() {
    let stack = Stack::start().await;
    let response = metadata(&stack).await;
    assert_eq!(response.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(response.header("pragma"), None);
    for method in ["POST", "PUT", "DELETE"] {
        let response = stack.request(method, WELL_KNOWN).send().await;
        response.is_error(405, "invalid_request");
        assert_eq!(response.header("allow"), Some("GET"));
    }
    assert_eq!(stack.request("GET", &format!("{WELL_KNOWN}/tenant")).send().await.status, 404);
}

#[tokio::test]
async fn the_document_reads_no_table() {
    let stack = Stack::start().await;
    metadata(&stack).await;
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn head_is_served_like_get_where_get_changes_nothing() {
    let stack = Stack::start().await;
    assert_eq!(stack.request("HEAD", WELL_KNOWN).send().await.status, 200);
    for path in ["/oauth/authorize", "/login"] {
        assert_eq!(stack.request("HEAD", path).send().await.status, 405, "{path}");
    }
}
