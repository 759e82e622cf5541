//! The limits of registrations (RFC 7591 §3): per address and in all, and what an outage leaves.

use std::time::Duration;

use serde_json::json;
use shared::config::RegistrationMode;

use crate::harness::{Fault, REGISTER, Registered, Response, Stack, public_metadata};

/// Two unrelated addresses.
const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";
const HOUR: Duration = Duration::from_hours(1);

/// Starts a deployment behind a proxy with these limits per address and in all.
async fn limited(per_address: u64, in_all: u64) -> Stack {
    Stack::configured(|config| {
        config.rate_limit.trusted_proxies = 1;
        config.registration.mode = RegistrationMode::Open;
        (config.registration.per_address, config.registration.in_all) = (per_address, in_all);
    })
    .await
}

/// Registers a new client from `address`.
async fn register(stack: &Stack, address: &str) -> Response {
    let metadata = json!({ "redirect_uris": ["https://a.example/cb"] });
    stack.registration(&metadata).header("x-forwarded-for", address).send().await
}

fn is_limited(response: &Response, retry_after: &str) {
    response.is_error(429, "invalid_request");
    assert_eq!(response.header("retry-after"), Some(retry_after));
}

#[tokio::test]
async fn of_201_registrations_from_one_address_the_last_is_refused_until_the_hour_is_over() {
    let stack = Stack::with_registration().await;
    for _ in 0..200 {
        stack.self_register(&public_metadata("Notes")).await;
    }
    let response = stack.registration(&public_metadata("Notes")).send().await;
    // The clock began half a second into an hour.
    is_limited(&response, "3600");
    assert_eq!(stack.count_of_self_registered().await, (1, 1));
    let refused = stack.audited("refused");
    assert_eq!(refused.len(), 1);
    assert!(refused[0]["reason"].as_str().unwrap().contains("address"), "{refused:?}");
    stack.advance(HOUR.saturating_sub(Duration::from_millis(501)));
    is_limited(&stack.registration(&public_metadata("Notes")).send().await, "1");
    stack.advance_by_the_last_millisecond();
    stack.self_register(&public_metadata("Notes")).await;
}

#[tokio::test]
async fn an_address_at_its_limit_uses_up_nothing_of_the_total() {
    let stack = limited(2, 3).await;
    for status in [201, 201, 429, 429, 429] {
        assert_eq!(register(&stack, HOME).await.status, status);
    }
    assert_eq!(register(&stack, ELSEWHERE).await.status, 201);
    is_limited(&register(&stack, "192.0.2.1").await, "3600");
    stack.advance(HOUR);
    assert_eq!(register(&stack, HOME).await.status, 201);
    let reasons = stack.audited("refused");
    assert!(reasons[3]["reason"].as_str().unwrap().contains("total"), "{reasons:?}");
}

/// Registers the public client `name` from `address`.
async fn register_public(stack: &Stack, name: &str, address: &str) -> Response {
    stack.registration(&public_metadata(name)).header("x-forwarded-for", address).send().await
}

#[tokio::test]
async fn a_program_that_is_registered_already_does_not_suffer_from_a_full_total() {
    let stack = limited(6, 4).await;
    let deleted = Registered::of(&stack.self_register(&public_metadata("Notes")).await);
    stack.delete(&deleted).await;
    let known = stack.self_register(&public_metadata("Notes")).await;
    let fill = async || while register(&stack, HOME).await.status != 429 {};
    fill().await;
    let stored = stack.app.clients.table().all().await.unwrap().len();
    stack.dynamodb.forget();
    let again = register_public(&stack, "Notes", ELSEWHERE).await;
    assert_eq!((again.status, again.json()), (201, known.clone()));
    let cost: Vec<_> = stack.dynamodb.cost().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(cost, ["UpdateItem", "UpdateItem", "BatchGetItem"]);
    assert_eq!(stack.audited("registered").last().unwrap()["repeated"], true);
    // A new program, and one with a secret, must wait.
    is_limited(&register_public(&stack, "Tasks", ELSEWHERE).await, "3600");
    is_limited(&register(&stack, ELSEWHERE).await, "3600");
    // The limit of its address holds for it, too.
    for status in [201, 201, 201, 429] {
        assert_eq!(register_public(&stack, "Notes", ELSEWHERE).await.status, status);
    }
    assert_eq!(stack.app.clients.table().all().await.unwrap().len(), stored);
    let notes = Registered::of(&known);
    stack.disable(&notes).await;
    is_limited(&register_public(&stack, "Notes", "192.0.2.1").await, "3600");
    stack.enable(&notes).await;
    // It must be renewed, which is a write.
    stack.advance(Duration::from_hours(20 * 24));
    fill().await;
    is_limited(&register_public(&stack, "Notes", ELSEWHERE).await, "3600");
    stack.delete(&notes).await;
    is_limited(&register_public(&stack, "Notes", ELSEWHERE).await, "3600");
}

#[tokio::test]
async fn an_ipv6_network_registers_as_one_address() {
    let stack = limited(1, 100).await;
    for (address, status) in [
        ("2001:db8:1:2::1", 201),
        ("2001:db8:1:2:ffff::7", 429),
        ("2001:db8:1:3::1", 201),
        ("::ffff:203.0.113.7", 201),
        ("203.0.113.7", 429),
    ] {
        assert_eq!(register(&stack, address).await.status, status, "{address}");
    }
    // A caller that invents entries is still the one that the proxy saw.
    let response = register(&stack, "192.0.2.77, 203.0.113.7").await;
    assert_eq!(response.status, 429);
}

#[tokio::test]
async fn of_many_simultaneous_registrations_only_as_many_as_the_limit_are_made() {
    let stack = limited(6, 9).await;
    let all = (0..20).map(|n| register(&stack, if n % 2 == 0 { HOME } else { ELSEWHERE }));
    let statuses: Vec<_> =
        futures_util::future::join_all(all).await.into_iter().map(|response| response.status).collect();
    let made = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!((made, statuses.iter().filter(|status| **status == 429).count()), (9, 11), "{statuses:?}");
    assert_eq!(stack.count_of_self_registered().await, (9, 9));
}

#[tokio::test]
async fn counters_of_registrations_expire_and_reveal_no_address() {
    let stack = limited(10, 10).await;
    register(&stack, HOME).await;
    let items = stack.app.grants.table().all().await.unwrap();
    let end = (stack.now().seconds() / 3_600 + 1) * 3_600;
    let mut keys: Vec<_> = items.iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    keys.sort();
    assert!(keys[0].starts_with("l#r#i#") && keys[0].ends_with(&format!("#{end}")), "{keys:?}");
    assert_eq!(keys[1..], [format!("l#r#t#all#{end}")]);
    for item in &items {
        assert_eq!(item["ttl"].as_n().unwrap(), &(end + 1).to_string());
        assert!(!format!("{item:?}").contains(HOME));
    }
}

#[tokio::test]
async fn a_registration_costs_two_counters_and_one_transaction() {
    let stack = Stack::with_registration().await;
    let cost = async |name: &str| {
        stack.dynamodb.forget();
        stack.self_register(&public_metadata(name)).await;
        // DynamoDB Local counts the writes of a transaction once; AWS and the embedded engine count them twice.
        let is_single = |operation: &str, units: f64| operation == "TransactWriteItems" && units < 3.0;
        let cost = stack.dynamodb.cost().into_iter();
        cost.map(
            |(operation, units)| {
                if is_single(&operation, units) { (operation, units * 2.0) } else { (operation, units) }
            },
        )
        .collect::<Vec<_>>()
    };
    let as_text = |cost: &[(&str, f64)]| -> Vec<_> {
        cost.iter().map(|(operation, units)| ((*operation).to_owned(), *units)).collect()
    };
    let new = [("UpdateItem", 1.0), ("UpdateItem", 1.0), ("TransactWriteItems", 4.0)];
    assert_eq!(cost("Notes").await, as_text(&new));
    // The refused transaction does not tell its units.
    let repeated =
        [("UpdateItem", 1.0), ("UpdateItem", 1.0), ("TransactWriteItems", 0.0), ("BatchGetItem", 2.0)];
    assert_eq!(cost("Notes").await, as_text(&repeated));
    stack.advance(Duration::from_hours(20 * 24));
    let renewed = [repeated.as_slice(), &[("TransactWriteItems", 4.0)]].concat();
    assert_eq!(cost("Notes").await, as_text(&renewed));
}

#[tokio::test]
async fn an_outage_is_a_503_and_nothing_is_half_written() {
    for fault in [Fault::Refuse, Fault::Throttle, Fault::Broken, Fault::Denied, Fault::ThrottleStatuses] {
        let stack = Stack::with_registration().await;
        stack.dynamodb.fail(fault);
        stack.registration(&public_metadata("Notes")).send().await.is_unavailable();
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.count_of_self_registered().await, (0, 0), "{fault:?}");
        assert!(stack.audited("registered").is_empty() && stack.audited("unavailable").len() == 1);
        stack.self_register(&public_metadata("Notes")).await;
        assert_eq!(stack.count_of_self_registered().await, (1, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_database_that_never_answers_fails_a_registration_in_time() {
    let patient = Stack::with_registration().await;
    let stack = patient.as_impatient_as_in_lambda().await;
    stack.dynamodb.fail(Fault::Hang);
    let call = stack.registration(&public_metadata("Notes")).send();
    // One operation takes at most 3.5 s with all its attempts; two would take 7 s.
    tokio::time::timeout(Duration::from_millis(6_900), call).await.expect("in time").is_unavailable();
}

#[tokio::test]
async fn any_origin_may_register_a_client() {
    let stack = Stack::with_registration().await;
    let call = stack.registration(&public_metadata("Notes")).header("origin", "https://inspector.example");
    let response = call.send().await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (201, Some("*")));
    let preflight = stack.request("OPTIONS", REGISTER).header("origin", "https://inspector.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(
        preflight.header("access-control-allow-headers"),
        Some("Authorization, Content-Type, MCP-Protocol-Version")
    );
}
