//! Passwords with API calls and token requests: guesses do not lock out known callers, many right passwords at once are
//! not rate-limited, and an outage is not charged.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use shared::{
    clients::Registration,
    config::Config,
    status::Ending,
    users::{Password, password},
};
use tokio::task::JoinSet;

use crate::harness::{Fault, Guesser, PASSWORD, Registered, Stack, legacy, machine};

const WRONG: &str = "a wrong password";
const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";
const WINDOW: Duration = Duration::from_mins(15);
/// Longer than the password cache remembers a password.
const A_WHILE: Duration = Duration::from_mins(2);

/// Returns a deployment that accepts passwords at every channel.
async fn everywhere(change: impl FnOnce(&mut Config)) -> Arc<Stack> {
    let stack = Stack::configured(|config| {
        config.compat = "password,basic-user,user-expire".parse().unwrap();
        config.route_scopes = "GET /x=read".parse().unwrap();
        config.basic_scope = "read".parse().unwrap();
        config.account.personal_scopes = "read".parse().unwrap();
        change(config);
    });
    Arc::new(stack.await)
}

impl Stack {
    /// Returns whether an API call from `address` with this name and password is authorized.
    async fn calls(&self, address: &str, name: &str, password: &str) -> bool {
        use base64::{Engine, engine::general_purpose::STANDARD};

        let event = json!({
            "version": "2.0",
            "routeKey": "GET /x",
            "rawPath": "/x",
            "headers": { "authorization": format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))) },
            "requestContext": {
                "domainName": "api123.execute-api.eu-central-1.amazonaws.com",
                "http": { "method": "GET", "path": "/x", "sourceIp": address },
                "requestId": "x",
                "stage": "$default",
            },
        });
        let response =
            jeton::local::run_as("authorizer", authorizer::handle(&self.app, &event.to_string())).await;
        serde_json::to_value(response.unwrap()).unwrap()["isAuthorized"].as_bool().unwrap()
    }

    /// Returns the status of a token request with this name and password.
    async fn requests_token(&self, client: &Registered, name: &str, password: &str) -> u16 {
        let form = [("grant_type", "password"), ("username", name), ("password", password)];
        self.post("/oauth/token").basic(client).form(&form).send().await.status
    }

    /// Returns the number of wrong passwords that reached the hash.
    fn failed(&self) -> usize {
        self.audited("sign_in_failed").len()
    }
}

/// Guesses at `name` by API calls from `address` until the limit is reached.
async fn exhaust_calls(stack: &Stack, address: &str, name: &str) {
    let before = stack.audited("sign_in_throttled").len();
    while stack.audited("sign_in_throttled").len() == before {
        assert!(!stack.calls(address, name, WRONG).await);
    }
}

#[tokio::test]
async fn guesses_at_one_channel_lock_no_other() {
    let stack = everywhere(|config| config.rate_limit.per_address = 12).await;
    let client = stack.legacy("password").await;
    stack.create_user("ada").await;
    let guesser = Guesser::stranger(&stack).await;
    exhaust_calls(&stack, HOME, "ada").await;
    exhaust_calls(&stack, HOME, "nobody").await;
    assert!(!stack.calls(ELSEWHERE, "ada", PASSWORD).await);
    assert_eq!(stack.requests_token(&client, "ada", PASSWORD).await, 200);
    assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
    stack.advance(WINDOW);
    assert_eq!(guesser.guess(HOME, "ada", 11).await.last(), Some(&429));
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    stack.advance(WINDOW);
    for _ in 0..10 {
        assert_eq!(stack.requests_token(&client, "ada", WRONG).await, 400);
    }
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn an_attacker_who_goes_on_guessing_does_not_lock_out_a_known_caller() {
    let stack = everywhere(|_| ()).await;
    stack.create_user("ada").await;
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    for _ in 0..3 {
        stack.advance(WINDOW);
        exhaust_calls(&stack, ELSEWHERE, "ada").await;
        assert!(!stack.calls("192.0.2.1", "ada", PASSWORD).await, "another address is not a known caller");
        for _ in 0..20 {
            assert!(stack.calls(HOME, "ADA", PASSWORD).await);
        }
    }
    // However long the guessing goes on, if the caller comes back within 30 days.
    stack.advance(Duration::from_hours(29 * 24));
    exhaust_calls(&stack, ELSEWHERE, "ada").await;
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    stack.advance(Duration::from_hours(29 * 24));
    exhaust_calls(&stack, ELSEWHERE, "ada").await;
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    stack.advance(Duration::from_hours(30 * 24));
    exhaust_calls(&stack, ELSEWHERE, "ada").await;
    assert!(!stack.calls(HOME, "ada", PASSWORD).await);
}

#[tokio::test]
async fn a_known_caller_has_ten_guesses_more_at_its_own_account_alone() {
    let stack = everywhere(|_| ()).await;
    let ada = stack.create_user("ada").await;
    stack.create_user("eve").await;
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    stack.advance(WINDOW);
    exhaust_calls(&stack, ELSEWHERE, "ada").await;
    assert_eq!(stack.failed(), 10);
    exhaust_calls(&stack, HOME, "ada").await;
    assert_eq!(stack.failed(), 20);
    assert!(!stack.calls(HOME, "ada", PASSWORD).await, "the known caller's limit is reached, too");
    exhaust_calls(&stack, HOME, "eve").await;
    assert_eq!(stack.failed(), 30, "at another account it is not known");
    // The end of everything of Ada's makes every caller unknown.
    stack.advance(WINDOW);
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap();
    stack.advance(A_WHILE);
    exhaust_calls(&stack, ELSEWHERE, "ada").await;
    assert!(!stack.calls(HOME, "ada", PASSWORD).await);
}

#[tokio::test]
async fn an_attacker_at_one_client_does_not_lock_out_a_user_of_another() {
    let stack = everywhere(|_| ()).await;
    let (hers, other) = (stack.legacy("password").await, stack.legacy("password").await);
    let native = Registration { public: true, auth_methods: Vec::new(), ..legacy("password") };
    let native = stack.register(native).await;
    stack.create_user("ada").await;
    assert_eq!(stack.requests_token(&hers, "ada", PASSWORD).await, 200);
    stack.advance(WINDOW);
    for _ in 0..10 {
        assert_eq!(stack.requests_token(&other, "ada", WRONG).await, 400);
    }
    assert_eq!(stack.requests_token(&other, "ada", PASSWORD).await, 429);
    assert_eq!(stack.requests_token(&hers, "ada", PASSWORD).await, 200);
    let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    let named = [&form[..], &[("client_id", native.id.as_str())]].concat();
    stack.advance(A_WHILE);
    stack.post("/oauth/token").form(&named).send().await.is_error(429, "invalid_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thirty_right_passwords_at_once_none_is_refused() {
    let stack = everywhere(|_| ()).await;
    stack.create_user("ada").await;
    let calls = (0..30).map(|_| {
        let stack = Arc::clone(&stack);
        async move { stack.calls(HOME, "ada", PASSWORD).await }
    });
    assert_eq!(calls.collect::<JoinSet<_>>().join_all().await, [true; 30]);
    assert!(stack.audited("sign_in_throttled").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixteen_sign_ins_at_once_none_is_refused() {
    let stack = everywhere(|_| ()).await;
    stack.create_user("ada").await;
    let guesser = Guesser::stranger(&stack).await;
    let attempts = (0..16).map(|_| {
        let guesser = guesser.clone();
        async move { guesser.attempt(HOME, "ada", PASSWORD).await.status }
    });
    assert_eq!(attempts.collect::<JoinSet<_>>().join_all().await, [303; 16]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_among_many_right_ones_at_once_are_counted_to_the_last() {
    let stack = everywhere(|_| ()).await;
    stack.create_user("ada").await;
    let calls = (0..60).map(|nth| {
        let stack = Arc::clone(&stack);
        let password = if nth % 2 == 0 { PASSWORD.to_owned() } else { format!("guess number {nth}") };
        async move { stack.calls(&format!("192.0.2.{nth}"), "ada", &password).await }
    });
    calls.collect::<JoinSet<_>>().join_all().await;
    assert!(stack.failed() <= 10, "{}", stack.failed());
    exhaust_calls(&stack, ELSEWHERE, "ada").await;
    assert_eq!(stack.failed(), 10);
}

#[tokio::test]
async fn a_cached_password_costs_no_hash_and_no_write() {
    let stack = everywhere(|_| ()).await;
    stack.create_user("ada").await;
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    stack.dynamodb.forget();
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    let operations: Vec<_> = stack.dynamodb.cost().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["GetItem", "GetItem", "BatchGetItem"]);
    stack.advance(A_WHILE);
    stack.dynamodb.forget();
    assert!(stack.calls(HOME, "ada", PASSWORD).await);
    assert!(stack.dynamodb.cost().iter().any(|(operation, _)| operation == "UpdateItem"), "forgotten");
}

#[tokio::test]
async fn a_cached_password_ends_with_the_password_and_the_users_standing() {
    let stack = everywhere(|_| ()).await;
    let (ada, eve) = (stack.create_user("ada").await, stack.create_user("eve").await);
    for name in ["ada", "eve"] {
        assert!(stack.calls(HOME, name, PASSWORD).await);
        assert!(!stack.calls(HOME, name, WRONG).await);
    }
    let new = "another horse, another battery";
    let (user, _) = stack.app.users.read(ada.sub).await.unwrap().unwrap();
    let hash = password::hash_async(Password::new(new.to_owned()).unwrap()).await;
    stack.app.users.set_password(&user, &hash, Ending::Everything, stack.now()).await.unwrap();
    assert!(!stack.calls(HOME, "ada", PASSWORD).await);
    assert!(stack.calls(HOME, "ada", new).await);
    stack.app.users.disable(eve.sub, stack.now()).await.unwrap();
    assert!(!stack.calls(HOME, "eve", PASSWORD).await);
    stack.app.users.delete(ada.sub).await.unwrap();
    stack.create_user("ada").await;
    assert!(!stack.calls(HOME, "ada", new).await);
}

#[tokio::test]
async fn an_outage_after_the_reservation_is_not_charged() {
    let stack = everywhere(|config| config.rate_limit.per_address = 12).await;
    let client = stack.legacy("password").await;
    stack.token(&stack.register(machine()).await).await;
    stack.create_user("ada").await;
    let guesser = Guesser::stranger(&stack).await;
    stack.dynamodb.fail(Fault::ThrottleUsers);
    for _ in 0..13 {
        assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 503);
        assert_eq!(stack.requests_token(&client, "ada", PASSWORD).await, 503);
        let expire = stack.request("DELETE", "/user/expire").raw_basic(&format!("ada:{PASSWORD}"));
        assert_eq!(expire.send().await.status, 503);
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
    assert_eq!(stack.requests_token(&client, "ada", PASSWORD).await, 200);
    let expire = stack.request("DELETE", "/user/expire").raw_basic(&format!("ada:{PASSWORD}"));
    assert_eq!(expire.send().await.status, 204);
    assert_eq!(stack.failed(), 0);
}
