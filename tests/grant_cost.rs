//! What redeeming and refreshing cost with the largest grant there may be.

use std::time::Duration;

use shared::{
    client::{Lifetimes, Registration},
    role::Role,
    scope::Scope,
};

use crate::harness::{
    Stack,
    person::{CALLBACK, Request, VERIFIER},
};

/// A scope of the most values, which add up to the most bytes.
fn largest_scope() -> Vec<String> {
    let each = Scope::MOST_BYTES / Scope::MOST_VALUES;
    let longer = Scope::MOST_BYTES % Scope::MOST_VALUES;
    let value = |nth: usize| format!("{}{nth:02}", "s".repeat(each - 2 + usize::from(nth < longer)));
    (0..Scope::MOST_VALUES).map(value).collect()
}

/// What an item weighs, as DynamoDB counts: names and values, attribute by attribute.
fn sizes(item: &shared::table::Item) -> Vec<(String, usize)> {
    use aws_sdk_dynamodb::types::AttributeValue as Value;
    fn size(value: &Value) -> usize {
        match value {
            Value::S(text) => text.len(),
            Value::B(bytes) => bytes.as_ref().len(),
            Value::N(number) => number.len().div_ceil(2) + 1,
            Value::Ss(all) => all.iter().map(String::len).sum(),
            Value::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
            _ => 1,
        }
    }
    let mut sizes: Vec<_> =
        item.iter().map(|(name, value)| (name.clone(), name.len() + size(value))).collect();
    sizes.sort();
    sizes
}

#[expect(clippy::print_stdout, reason = "a test run that is asked tells its numbers")]
async fn print_size(stack: &Stack, when: &str) {
    for item in stack.app.grants.table().all().await.unwrap() {
        let sizes = sizes(&item);
        let total: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
        println!("{when}: {total} bytes, {sizes:?}");
    }
}

#[tokio::test]
async fn every_operation_on_the_largest_grant_is_one_request_and_one_write_unit() {
    let costs = cost_of_a_life(Scope::MOST_VALUES).await;
    let (reads, costs): (Vec<_>, Vec<_>) =
        costs.into_iter().partition(|(operation, _)| operation == "BatchGetItem");
    // Redeeming and refreshing read the statuses of the client, the user and the client's owner, a retry included.
    assert!(reads.len() == 8 && reads.iter().all(|(_, units)| *units <= 3.0), "{reads:?}");
    assert!(costs.iter().all(|(operation, units)| operation == "UpdateItem" && *units <= 1.0), "{costs:?}");
    assert_eq!(
        costs.iter().filter(|(_, units)| *units > 0.0).count(),
        7,
        "all but the retries write: {costs:?}"
    );
}

/// What the largest grant costs from its code to its end, if its refreshes each name `narrowed` values.
#[expect(clippy::print_stdout, reason = "a test run that is asked tells its numbers")]
async fn cost_of_a_life(narrowed: usize) -> Vec<(String, f64)> {
    let stack = Stack::configured(|config| {
        config.client_cache = Duration::from_mins(5);
        // The client has an owner, whose standing is asked about at every request.
        config.status_cache = Duration::from_mins(5);
        let label = "a".repeat(60);
        config.issuer = Some(format!("https://{label}.{}.example", &label[..23]).parse().unwrap());
        assert_eq!(config.issuer.as_ref().unwrap().as_str().len(), 100);
    })
    .await;
    let (person, owner) = (stack.person("alice").await, stack.person("olga").await);
    stack.app.users.grant_role(owner, &Role::developer()).await.unwrap();
    let scope = largest_scope();
    let registration = Registration {
        name: "largest".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: scope.clone(),
        lifetimes: Lifetimes { access_token: 86_400, ..Lifetimes::default() },
        ..Registration::default()
    };
    let client = stack.register_changed(registration, |client| client.owner = Some(owner)).await;
    let all = scope.join(" ");
    assert_eq!(all.len() - (Scope::MOST_VALUES - 1), Scope::MOST_BYTES);
    let named = scope[..narrowed].join(" ");
    let narrow = [("scope", named.as_str())];
    let request = Request { scope: &all, redirect_uri: (CALLBACK, true), verifier: Some(VERIFIER) };
    stack.refresh(&client, "garbage").await.is_error(400, "invalid_grant"); // The client is in memory now.
    let code = stack.agree(&client, person, request).await;
    stack.dynamodb.forget();
    let mut costs = Vec::new();
    let mut count = async |what: &str| {
        let cost = stack.dynamodb.cost();
        println!("{narrowed} values named, {what}: {cost:?}");
        let writes = cost.iter().filter(|(operation, _)| operation != "BatchGetItem").count();
        assert_eq!(writes, 1, "{what}: one request that writes");
        costs.extend(cost);
        print_size(&stack, what).await;
        stack.dynamodb.forget();
    };
    let form = [("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)];
    let mut pair = stack.redeem_with(&client, &code, &form).await.pair();
    count("redeemed").await;
    for _ in 0..3 {
        let next = stack.refresh_with(&client, &pair.refresh, &narrow).await.pair();
        count("refreshed").await;
        assert_eq!(stack.refresh(&client, &pair.refresh).await.pair(), next);
        count("retried").await;
        pair = next;
    }
    assert_eq!(stack.revoke(&client, &pair.access).await.status, 200);
    count("access token revoked").await;
    pair = stack.refresh_with(&client, &pair.refresh, &narrow).await.pair();
    count("refreshed after that").await;
    assert_eq!(stack.revoke(&client, &pair.refresh).await.status, 200);
    count("revoked").await;
    costs
}
