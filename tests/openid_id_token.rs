//! The ID token (OpenID Connect Core §2), and who gets one.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    clients::{Lifetimes, Registration},
    config::SigningKeys,
    oauth::{GrantType, Switches},
};

use crate::harness::{
    AuthorizationRequest, PASSWORD, Redirect, Registered, Stack,
    code_flow::{Request, VERIFIER},
    machine,
    openid::{NONCE, SCOPE, relying_party},
};

/// The names of an ID token's claims.
fn names(claims: &Value) -> Vec<&str> {
    claims.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn redeemed(stack: &Stack, client: &Registered, scope: &str) -> Value {
    let user = stack.user("alice").await;
    let code = stack.issue_code(client, user, Request { scope, ..Request::default() }).await;
    let response = stack.redeem(client, &code).await;
    assert_eq!(response.status, 200, "{}", response.text);
    response.json()
}

async fn permitting(switches: &str) -> Stack {
    let switches: Switches = switches.parse().unwrap();
    Stack::configured(|config| {
        config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
        config.compat = switches;
    })
    .await
}

#[tokio::test]
async fn an_id_token_has_this_header_and_this_payload() {
    let stack = Stack::with_openid().await;
    let client = stack.relying_party().await;
    let user = stack.user("alice").await;
    stack.record_claims(user, "Alice Liddell", "alice@example.com").await;
    let code = stack.openid_code(&client, user).await;
    stack.advance(Duration::from_secs(7));
    let response = stack.redeem(&client, &code).await;
    let json = response.json();
    let id_token = stack.verified(json["id_token"].as_str().unwrap()).await;
    let kid = stack.app.signing_keys.read().await.unwrap().keys()[0].kid.clone();
    assert_eq!(id_token.header, format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"JWT"}}"#));
    let at_hash = id_token.claims()["at_hash"].clone();
    let (issuer, client_id) = (stack.app.config.issuer.clone().unwrap(), &client.id);
    let expected = format!(
        r#"{{"iss":"{}","sub":"{user}","aud":"{client_id}","exp":4102448407,"iat":4102444807,"auth_time":4102444800,"nonce":"{NONCE}","at_hash":{at_hash},"email":"alice@example.com","email_verified":true,"name":"Alice Liddell","preferred_username":"alice"}}"#,
        issuer.as_str()
    );
    assert_eq!(id_token.payload, expected);
    assert!(
        response
            .text
            .ends_with(&format!(r#","scope":"email openid profile","id_token":{}}}"#, json["id_token"]))
    );
    assert!(json["id_token"].as_str().unwrap().len() <= 1_800);
}

/// §3.1.3.6
#[tokio::test]
async fn at_hash_is_the_left_half_of_the_access_tokens_digest() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    let stack = Stack::with_openid().await;
    let client = stack.relying_party().await;
    let json = redeemed(&stack, &client, "openid").await;
    let id_token = stack.verified(json["id_token"].as_str().unwrap()).await;
    let digest =
        ring::digest::digest(&ring::digest::SHA256, json["access_token"].as_str().unwrap().as_bytes());
    assert_eq!(id_token.claims()["at_hash"], URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]));
}

#[tokio::test]
async fn the_granted_scope_decides_which_claims_it_has() {
    let stack = Stack::with_openid().await;
    let client = stack.relying_party().await;
    for (nth, (scope, more)) in [
        ("openid", &[][..]),
        ("openid profile", &["name", "preferred_username"]),
        ("openid email", &["email", "email_verified"]),
        ("openid groups", &["groups"]),
        ("openid read", &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let user = stack.user(&format!("user{nth}")).await;
        stack.record_claims(user, "Alice Liddell", "alice@example.com").await;
        let code = stack.issue_code(&client, user, Request { scope, ..Request::default() }).await;
        let claims = stack.signed_in_with(&client, &code).await.claims();
        let mut expected = [&["at_hash", "aud", "auth_time", "exp", "iat", "iss", "sub"], more].concat();
        expected.sort_unstable();
        assert_eq!(names(&claims), expected, "{scope}");
    }
    let user = stack.create_user("nobody").await;
    stack.app.users.grant_role(user.sub, &"editors".parse().unwrap()).await.unwrap();
    let scope = "openid profile email groups";
    let code = stack.issue_code(&client, user.sub, Request { scope, ..Request::default() }).await;
    let claims = stack.signed_in_with(&client, &code).await.claims();
    assert_eq!(
        (&claims["groups"], claims.get("email"), claims.get("name")),
        (&json!(["editors"]), None, None)
    );
}

#[tokio::test]
async fn its_issuer_is_that_of_the_authorization_response_and_of_introspection() {
    let stack = Stack::with_openid().await;
    let client = stack.relying_party().await;
    let browser = stack.browser();
    browser.sign_in(&stack.create_user("alice").await).await;
    let redirect = browser.consent(&AuthorizationRequest::by(&client).with("scope", SCOPE)).await;
    let response = stack.redeem(&client, redirect.code()).await.json();
    let id_token = stack.verified(response["id_token"].as_str().unwrap()).await;
    let introspected = stack.introspect(&client, response["access_token"].as_str().unwrap()).await;
    let issuer = json!(stack.app.config.issuer.as_ref().unwrap().as_str());
    assert_eq!(id_token.claims()["iss"], issuer);
    assert_eq!(introspected["iss"], issuer);
    assert_eq!(redirect.get("iss").map(Value::from), Some(issuer));
    assert_eq!(id_token.claims()["sub"], introspected["sub"]);
}

#[tokio::test]
async fn it_expires_with_its_access_token_and_after_24_hours_at_most() {
    let stack = permitting("ttl").await;
    let client = stack
        .register(Registration {
            grant_types: vec![GrantType::AuthorizationCode],
            compat: "ttl".parse().unwrap(),
            lifetimes: Lifetimes { longest_access_token: Some(0), ..Lifetimes::default() },
            ..relying_party()
        })
        .await;
    for (nth, (ttl, seconds)) in
        [("60000", 60), ("90500", 91), ("86400000", 86_400), ("172800000", 86_400), ("0", 86_400)]
            .into_iter()
            .enumerate()
    {
        let user = stack.user(&format!("user{nth}")).await;
        let code = stack.issue_code(&client, user, Request { scope: "openid", ..Request::default() }).await;
        let response = stack.redeem_with(&client, &code, &[("code_verifier", VERIFIER), ("ttl", ttl)]).await;
        let id_token = stack.verified(response.json()["id_token"].as_str().unwrap()).await.claims();
        let lifetime = id_token["exp"].as_u64().unwrap() - id_token["iat"].as_u64().unwrap();
        assert_eq!(lifetime, seconds, "{ttl}");
    }
}

#[tokio::test]
async fn a_request_without_openid_and_a_client_that_is_not_registered_for_it_get_none() {
    let stack = Stack::with_openid().await;
    let (client, web) = (stack.relying_party().await, stack.web().await);
    assert_eq!(redeemed(&stack, &client, "read").await.get("id_token"), None);
    // The grant is older than the client's registration.
    assert_eq!(redeemed(&stack, &web, "openid read").await.get("id_token"), None);
    assert_eq!(stack.signatures(), 0);
}

#[tokio::test]
async fn only_an_authorization_code_leads_to_one() {
    let stack = permitting("password,implicit").await;
    let scope = vec!["openid".to_owned(), "profile".to_owned()];
    let machine = stack.register(Registration { scope: scope.clone(), ..machine() }).await;
    let response = stack.request_token(&machine, &[("scope", "openid")]).await;
    assert_eq!((response.json()["scope"].as_str(), response.json().get("id_token")), (Some("openid"), None));
    let legacy = stack.register(Registration { scope, ..crate::harness::legacy("password,implicit") }).await;
    let user = stack.create_user("alice").await;
    let form = [
        ("grant_type", "password"),
        ("username", &user.name),
        ("password", PASSWORD),
        ("scope", "openid profile"),
    ];
    let response = stack.post("/oauth/token").basic(&legacy).form(&form).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.json().get("id_token"), None);
    let refreshed = stack.refresh(&legacy, &response.pair().refresh).await;
    assert_eq!((refreshed.status, refreshed.json().get("id_token")), (200, None));
    let browser = stack.browser();
    browser.sign_in(&user).await;
    let request = AuthorizationRequest::by(&legacy).without_pkce().with("response_type", "token");
    let redirect: Redirect = browser.consent(&request.with("scope", "openid")).await;
    assert!(redirect.get("access_token").is_some() && redirect.get("id_token").is_none());
    assert_eq!(stack.signatures(), 0);
}

/// §3.1.2.1
#[tokio::test]
async fn without_openid_connect_openid_is_a_scope_value_like_any_other() {
    let stack = Stack::start().await;
    let client = stack.relying_party().await;
    let response = redeemed(&stack, &client, "openid profile").await;
    assert_eq!((response["scope"].as_str(), response.get("id_token")), (Some("openid profile"), None));
    assert!(stack.signatures() == 0 && !stack.logged().contains("id_token"));
}
