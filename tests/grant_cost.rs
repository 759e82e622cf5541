//! The cost of redemptions and refreshes with the largest possible grant.

use std::time::Duration;

use shared::{
    clients::{Lifetimes, Registration},
    oauth::{ResourceUri, Scope},
    status::Role,
};

use crate::harness::{
    Stack,
    code_flow::{CALLBACK, Request, VERIFIER},
};

/// Returns a scope with the most values and the most bytes.
fn largest_scope() -> Vec<String> {
    let each = Scope::MOST_BYTES / Scope::MOST_VALUES;
    let longer = Scope::MOST_BYTES % Scope::MOST_VALUES;
    let value = |nth: usize| format!("{}{nth:02}", "s".repeat(each - 2 + usize::from(nth < longer)));
    let scope: Vec<_> = (0..Scope::MOST_VALUES).map(value).collect();
    assert_eq!(scope.concat().len(), Scope::MOST_BYTES);
    scope
}

/// Returns the size of each attribute in bytes, as DynamoDB counts it: name and value.
fn sizes(item: &shared::dynamodb::Item) -> Vec<(String, usize)> {
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

/// Prints and returns the size of the grant.
#[expect(clippy::print_stdout, reason = "printed with --nocapture")]
async fn size(stack: &Stack, when: &str) -> usize {
    let items = stack.app.grants.table().all().await.unwrap();
    let item = items.iter().find(|item| shared::dynamodb::kind(item) == Some("g")).unwrap();
    let sizes = sizes(item);
    let total = sizes.iter().map(|(_, bytes)| bytes).sum();
    println!("{when}: {total} bytes, {sizes:?}");
    total
}

/// A grant and its refreshes.
struct Life {
    scope: Vec<String>,
    /// The number of scope values that each refresh requests.
    requested: usize,
    resource: Option<ResourceUri>,
}

impl Life {
    /// Returns a life with the largest scope.
    fn largest(requested: usize) -> Self {
        Self { scope: largest_scope(), requested, resource: None }
    }
}

/// Asserts that every operation on the grant is one request of at most `units` write units. Returns the most bytes that
/// the grant had.
async fn costs_at_most(units: f64, life: Life) -> usize {
    let (costs, bytes) = cost_of_a_life(life).await;
    let (reads, costs): (Vec<_>, Vec<_>) =
        costs.into_iter().partition(|(operation, _)| operation == "BatchGetItem");
    // Redemptions, refreshes and retries read the statuses of the client, the user and the client's owner.
    assert!(reads.len() == 8 && reads.iter().all(|(_, units)| *units <= 3.0), "{reads:?}");
    assert!(costs.iter().all(|(operation, cost)| operation == "UpdateItem" && *cost <= units), "{costs:?}");
    assert_eq!(
        costs.iter().filter(|(_, units)| *units > 0.0).count(),
        7,
        "all but the retries write: {costs:?}"
    );
    bytes
}

#[tokio::test]
async fn every_operation_on_the_largest_grant_is_one_request_and_one_write_unit() {
    costs_at_most(1.0, Life::largest(0)).await;
    costs_at_most(1.0, Life::largest(6)).await;
}

#[tokio::test]
async fn a_large_scope_that_every_refresh_narrows_costs_a_second_write_unit_and_no_third() {
    costs_at_most(2.0, Life::largest(Scope::MOST_VALUES)).await;
}

#[tokio::test]
async fn an_ordinary_grant_for_a_resource_costs_one_write_unit() {
    let scope = ["notes:read", "notes:write", "offline_access"].map(str::to_owned).to_vec();
    let uri = "https://notes-api.example.com/tenant/mcp";
    assert_eq!(uri.len(), 40);
    for requested in [0, scope.len()] {
        let resource = Some(uri.parse().unwrap());
        let bytes = costs_at_most(1.0, Life { scope: scope.clone(), requested, resource }).await;
        assert!(bytes <= 820, "{bytes}");
    }
}

#[tokio::test]
async fn the_largest_grant_for_the_longest_resource_costs_a_second_write_unit_only_if_refreshes_request_scope()
 {
    let uri = format!("https://api.example.com/{}", "a".repeat(104));
    assert_eq!(uri.len(), ResourceUri::MOST_BYTES);
    for (requested, units) in [(0, 1.0), (Scope::MOST_VALUES, 2.0)] {
        let life = Life { resource: Some(uri.parse().unwrap()), ..Life::largest(requested) };
        let bytes = costs_at_most(units, life).await;
        assert_eq!(bytes > 1_024, units > 1.0, "{bytes}");
    }
}

/// Returns the cost of every operation on the grant, from its code to its end, and the most bytes that it had.
#[expect(clippy::print_stdout, reason = "printed with --nocapture")]
async fn cost_of_a_life(Life { scope, requested, resource }: Life) -> (Vec<(String, f64)>, usize) {
    let stack = Stack::configured(|config| {
        config.client_cache = Duration::from_mins(5);
        // The client has an owner, whose status every request reads.
        config.status_cache = Duration::from_mins(5);
        let label = "a".repeat(60);
        config.issuer = Some(format!("https://{label}.{}.example", &label[..23]).parse().unwrap());
        assert_eq!(config.issuer.as_ref().unwrap().as_str().len(), 100);
    })
    .await;
    let (user, owner) = (stack.user("alice").await, stack.user("olga").await);
    stack.app.users.grant_role(owner, &Role::developer()).await.unwrap();
    let registration = Registration {
        name: "largest".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: scope.clone(),
        lifetimes: Lifetimes { access_token: 86_400, ..Lifetimes::default() },
        ..Registration::default()
    };
    let client = stack.register_changed(registration, |client| client.owner = Some(owner)).await;
    let all = scope.join(" ");
    let requested_scope = scope[..requested].join(" ");
    let parameters = [("scope", requested_scope.as_str())];
    let resource = resource.as_ref().map(ResourceUri::as_str);
    let request = Request { scope: &all, resource, redirect_uri: (CALLBACK, true), ..Request::default() };
    stack.refresh(&client, "garbage").await.is_error(400, "invalid_grant"); // The client is cached now.
    let code = stack.issue_code(&client, user, request).await;
    stack.dynamodb.forget();
    let (mut costs, mut most_bytes) = (Vec::new(), 0);
    let mut count = async |what: &str| {
        let cost = stack.dynamodb.cost();
        println!("{requested} values requested, {what}: {cost:?}");
        let writes = cost.iter().filter(|(operation, _)| operation != "BatchGetItem").count();
        assert_eq!(writes, 1, "{what}: one write request");
        costs.extend(cost);
        most_bytes = size(&stack, what).await.max(most_bytes);
        stack.dynamodb.forget();
    };
    let form = [("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)];
    let mut pair = stack.redeem_with(&client, &code, &form).await.pair();
    count("redeemed").await;
    for _ in 0..3 {
        let next = stack.refresh_with(&client, &pair.refresh, &parameters).await.pair();
        count("refreshed").await;
        assert_eq!(stack.refresh(&client, &pair.refresh).await.pair(), next);
        count("retried").await;
        pair = next;
    }
    assert_eq!(stack.revoke(&client, &pair.access).await.status, 200);
    count("access token revoked").await;
    pair = stack.refresh_with(&client, &pair.refresh, &parameters).await.pair();
    count("refreshed after that").await;
    assert_eq!(stack.revoke(&client, &pair.refresh).await.status, 200);
    count("revoked").await;
    (costs, most_bytes)
}
