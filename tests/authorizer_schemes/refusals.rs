//! Credentials that are invalid, ambiguous, guessed, of another kind, or cannot be checked.

use serde_json::Value;

use super::{ALL, either, is_refused, pair};
use crate::harness::{Fault, PASSWORD, Stack, altered};

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
