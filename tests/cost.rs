//! The cost of each operation in requests and capacity units, counted by the proxy before DynamoDB.

use std::time::Duration;

use shared::{clients::Registration, oauth::Scope, resources::Registry};

use crate::harness::{
    Stack,
    code_flow::{Request, VERIFIER},
    machine, tool,
};

async fn caching() -> Stack {
    Stack::configured(|config| {
        config.client_cache = Duration::from_mins(5);
        // The longest possible issuer, which is part of every grant.
        let label = "a".repeat(60);
        config.issuer = Some(format!("https://{label}.{}.example", &label[..23]).parse().unwrap());
        assert_eq!(config.issuer.as_ref().unwrap().as_str().len(), 100);
    })
    .await
}

/// Returns the requests and their cost since the last call.
fn cost(stack: &Stack) -> Vec<(String, f64)> {
    let cost = stack.dynamodb.cost();
    stack.dynamodb.forget();
    cost
}

fn costs(expected: &[(&str, f64)]) -> Vec<(String, f64)> {
    expected.iter().map(|(operation, units)| ((*operation).to_owned(), *units)).collect()
}

#[tokio::test]
async fn with_a_cached_client_every_operation_has_the_cost_of_the_design() {
    let stack = caching().await;
    let machine = stack.machine().await;
    stack.token(&machine).await;
    cost(&stack);
    let token = stack.token(&machine).await;
    assert_eq!(cost(&stack), costs(&[("PutItem", 1.0)]));
    stack.introspect(&machine, &token).await;
    assert_eq!(cost(&stack), costs(&[("GetItem", 1.0), ("BatchGetItem", 1.0)]));
    stack.revoke(&machine, &token).await;
    assert_eq!(cost(&stack), costs(&[("UpdateItem", 1.0)]));
}

#[tokio::test]
async fn redeeming_and_refreshing_cost_one_write_and_one_read_of_the_statuses() {
    let stack = caching().await;
    let web = stack.web().await;
    let code = stack.code(&web).await;
    stack.refresh(&web, "garbage").await.is_error(400, "invalid_grant"); // The client is cached now.
    let expected = costs(&[("UpdateItem", 1.0), ("BatchGetItem", 2.0)]);
    cost(&stack);
    let pair = stack.redeem(&web, &code).await.pair();
    assert_eq!(cost(&stack), expected);
    let next = stack.refresh(&web, &pair.refresh).await.pair();
    assert_eq!(cost(&stack), expected);
    // The condition of a retry's write fails. A refused write is billed like a write.
    stack.refresh(&web, &pair.refresh).await.pair();
    assert_eq!(cost(&stack).last(), expected.last());
    // A token that is not valid causes no read.
    stack.advance(Duration::from_mins(2));
    stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
    assert!(cost(&stack).iter().all(|(operation, _)| operation == "UpdateItem"));
    stack.refresh(&web, &next.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_client_that_is_not_cached_costs_one_batch_read() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    cost(&stack);
    let token = stack.token(&machine).await;
    assert_eq!(cost(&stack), costs(&[("BatchGetItem", 2.0), ("PutItem", 1.0)]));
    stack.revoke(&machine, &token).await;
    assert_eq!(cost(&stack), costs(&[("BatchGetItem", 2.0), ("UpdateItem", 1.0)]));
}

#[tokio::test]
async fn a_cached_status_saves_introspection_its_batch_read() {
    let stack = Stack::configured(|config| {
        config.client_cache = Duration::from_mins(5);
        config.status_cache = Duration::from_mins(5);
    })
    .await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    stack.introspect(&machine, &token).await;
    cost(&stack);
    stack.introspect(&machine, &token).await;
    assert_eq!(cost(&stack), costs(&[("GetItem", 1.0)]));
}

#[tokio::test]
async fn the_largest_grant_still_costs_one_write_unit() {
    let stack = caching().await;
    // 20 values of 224 bytes together.
    let scope: Vec<String> =
        (0..20).map(|n| format!("{n:0>width$}", width = if n < 4 { 12 } else { 11 })).collect();
    assert_eq!(scope.iter().map(String::len).sum::<usize>(), 224);
    let machine = stack.register(Registration { scope, ..machine() }).await;
    stack.token(&machine).await;
    cost(&stack);
    let token = stack.token(&machine).await;
    assert_eq!(cost(&stack), costs(&[("PutItem", 1.0)]));
    stack.revoke(&machine, &token).await;
    assert_eq!(cost(&stack), costs(&[("UpdateItem", 1.0)]));
}

#[tokio::test]
async fn a_wrong_secret_costs_at_most_one_read_and_a_malformed_id_none() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    cost(&stack);
    stack.request_token(&machine.with_wrong_secret(), &[]).await.is_invalid_client();
    assert_eq!(cost(&stack), costs(&[("BatchGetItem", 2.0)]));
    let misnamed = crate::harness::Registered { id: "not a client id".to_owned(), ..machine };
    stack.request_token(&misnamed, &[]).await.is_invalid_client();
    assert_eq!(cost(&stack), []);
}

#[tokio::test]
async fn every_read_is_consistent_and_every_write_conditional() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    stack.dynamodb.forget();
    let token = stack.token(&machine).await;
    stack.introspect(&rs, &token).await;
    stack.revoke(&machine, &token).await;
    stack.rotate_secret(&machine, Duration::ZERO).await;
    stack.disable(&machine).await;
    let seen = stack.dynamodb.seen();
    for one in &seen {
        let request = &one.request;
        match one.operation.as_str() {
            "GetItem" => assert_eq!(request["ConsistentRead"], true),
            "BatchGetItem" => {
                let tables = request["RequestItems"].as_object().unwrap();
                assert!(tables.values().all(|table| table["ConsistentRead"] == true), "{request}");
            }
            "PutItem" => assert_eq!(request["ConditionExpression"], "attribute_not_exists(#pk)"),
            "UpdateItem" => {
                let condition = request["ConditionExpression"].as_str().unwrap();
                assert!(
                    condition.starts_with("attribute_exists(#pk)"),
                    "an update never creates: {condition}"
                );
            }
            other => panic!("{other} is not expected here"),
        }
    }
    assert!(seen.len() >= 8, "{seen:?}");
}

#[tokio::test]
async fn a_request_that_names_a_resource_reads_the_registry_once_and_not_while_it_is_cached() {
    const MCP: &str = "https://api.example.com/mcp";

    let registry = ("GetItem", 1.0);
    let named = [("resource", MCP)];
    for cached in [true, false] {
        let stack = Stack::configured(|config| {
            config.client_cache = if cached { Duration::from_mins(5) } else { Duration::ZERO };
        })
        .await;
        let resource = stack.resource(MCP).await;
        let (machine, web) = (stack.machine().await, stack.web().await);
        let tool = stack.self_registered(tool()).await;
        for client in [&machine, &web, &tool] {
            stack.refresh_with(client, "jtr", &named).await;
        }
        stack.request_token(&machine, &named).await;
        // What a request without a resource costs, and the registry.
        let with_registry = |expected: &[(&str, f64)]| {
            let client = [("BatchGetItem", 2.0), registry].into_iter().filter(|_| !cached);
            costs(&client.chain(expected.iter().copied()).collect::<Vec<_>>())
        };
        cost(&stack);
        stack.request_token(&machine, &named).await;
        assert_eq!(cost(&stack), with_registry(&[("PutItem", 1.0)]));
        for client in [&web, &tool] {
            let user = stack.user("alice").await;
            let code = stack
                .issue_code(
                    client,
                    user,
                    Request { resource: Some(resource.uri.as_str()), ..Request::default() },
                )
                .await;
            cost(&stack);
            let form = [("code_verifier", VERIFIER), named[0]];
            let pair = stack.redeem_with(client, &code, &form).await.pair();
            let expected = [("UpdateItem", 1.0), ("BatchGetItem", 2.0)];
            assert_eq!(cost(&stack), with_registry(&expected));
            let next = stack.refresh_with(client, &pair.refresh, &named).await.pair();
            assert_eq!(cost(&stack), with_registry(&expected));
            // The registry decides what a self-registered client may have, whether or not the request names the resource.
            stack.refresh(client, &next.refresh).await.pair();
            let read = cost(&stack).iter().filter(|(operation, _)| operation == "GetItem").count();
            assert_eq!(read, usize::from(client.id == tool.id && !cached), "cached {cached}");
        }
    }
}

#[tokio::test]
async fn unknown_resources_read_the_registry_at_most_once_a_second() {
    let stack = caching().await;
    let machine = stack.machine().await;
    let refused = async |name: &str| {
        let response = stack.request_token(&machine, &[("resource", name)]).await;
        response.is_error(400, "invalid_target");
        cost(&stack)
    };
    stack.token(&machine).await; // The client is cached now.
    cost(&stack);
    let read = costs(&[("GetItem", 1.0)]);
    assert_eq!(refused("https://1.example/").await, read);
    assert_eq!(refused("https://2.example/").await, []);
    stack.advance_to_just_before(Duration::from_secs(1));
    assert_eq!(refused("https://3.example/").await, []);
    stack.advance_by_the_last_millisecond();
    assert_eq!(refused("https://4.example/").await, read);
    assert_eq!(refused("https://4.example/").await, []);
}

#[tokio::test]
async fn the_largest_registry_costs_sixteen_read_units() {
    let stack = Stack::start().await;
    let wide = |nth: usize| format!("{}{nth:02}", "s".repeat(9));
    for nth in 0..Registry::MOST {
        let uri = format!("https://{nth:02}.example.com/{}", "a".repeat(105));
        stack
            .resource_with(&uri, |resource| {
                resource.name = "\u{1F600}".repeat(100);
                resource.scope =
                    Scope::of((0..20).map(wide).collect::<Vec<_>>().iter().map(String::as_str)).unwrap();
                resource.default_scope = resource.scope.clone();
            })
            .await;
    }
    let machine = stack.machine().await;
    cost(&stack);
    let response = stack.request_token(&machine, &[("resource", "https://99.example/")]).await;
    response.is_error(400, "invalid_target");
    assert_eq!(cost(&stack), costs(&[("BatchGetItem", 2.0), ("GetItem", 16.0)]));
}
