//! RFC 8707 and RFC 6749 §6: refreshes after the registration of the client or of the resource has changed.

use std::time::Duration;

use shared::{
    clients::Registration,
    oauth::Scope,
    resources::{Registry, Resource},
};

use crate::harness::{Fault, Registered, Response, Stack, tool};

const MCP: &str = "https://api.example.com/mcp";
/// The reason in the log of a refresh whose client lost the grant's resource.
const LOST: &str = "the client may no longer have tokens for the grant's resource";

/// Returns the reason of the last refused request in the log.
fn reason_of_last(stack: &Stack) -> String {
    stack.audited("refused").last().unwrap()["reason"].as_str().unwrap().to_owned()
}

/// Refreshes, in a request that names [`MCP`] or no resource.
async fn refresh(stack: &Stack, client: &Registered, token: &str, named: bool) -> Response {
    let parameters = [("resource", MCP)];
    stack.refresh_with(client, token, if named { &parameters } else { &[] }).await
}

/// Changes the registry.
async fn change(stack: &Stack, change: impl FnOnce(&Registry) -> Registry) {
    let registry = stack.app.resources.read().await.unwrap();
    stack.app.resources.replace(&registry, &change(&registry)).await.unwrap();
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_self_registered_client_keeps_what_the_resource_lists() {
    for named in [true, false] {
        let stack = Stack::start().await;
        let (tool, mcp) = (stack.self_registered(tool()).await, stack.resource(MCP).await);
        let first = stack.pair_at(&tool, &mcp).await;
        let response = refresh(&stack, &tool, &first.refresh, named).await;
        assert_eq!(response.json()["scope"], "read write");
        // The resource lists less: the grant loses the rest for good, and its older tokens, too.
        let less = Resource { scope: scope("read"), ..mcp.clone() };
        change(&stack, |registry| registry.updated(less).unwrap()).await;
        let third = refresh(&stack, &tool, &response.pair().refresh, named).await;
        assert_eq!(third.json()["scope"], "read");
        change(&stack, |registry| registry.updated(mcp.clone()).unwrap()).await;
        let fourth = refresh(&stack, &tool, &third.pair().refresh, named).await;
        assert_eq!(fourth.json()["scope"], "read");
    }
}

#[tokio::test]
async fn a_self_registered_client_that_asks_for_lost_scope_gets_the_rest() {
    let stack = Stack::start().await;
    let (tool, mcp) = (stack.self_registered(tool()).await, stack.resource(MCP).await);
    let first = stack.pair_at(&tool, &mcp).await;
    change(&stack, |registry| registry.updated(Resource { scope: scope("read"), ..mcp }).unwrap()).await;
    let form = [("resource", MCP), ("scope", "read write")];
    let response = stack.refresh_with(&tool, &first.refresh, &form).await;
    assert_eq!(response.json()["scope"], "read");
    let again = stack.refresh_with(&tool, &response.pair().refresh, &form).await;
    again.is_error(400, "invalid_scope");
}

#[tokio::test]
async fn a_self_registered_client_loses_a_resource_that_is_deleted_or_closed() {
    for named in [true, false] {
        for deleted in [true, false] {
            let stack = Stack::start().await;
            let (tool, mcp) = (stack.self_registered(tool()).await, stack.resource(MCP).await);
            let first = stack.pair_at(&tool, &mcp).await;
            let closed = Resource { open: false, ..mcp.clone() };
            change(&stack, |registry| {
                let changed = if deleted { registry.without(&mcp.uri) } else { registry.updated(closed) };
                changed.unwrap()
            })
            .await;
            let refused = refresh(&stack, &tool, &first.refresh, named).await;
            refused.is_error(400, "invalid_grant");
            let reason = match (named, deleted) {
                (false, _) => LOST,
                (true, true) => "the resource is not registered",
                (true, false) => "the resource is not open to self-registered clients",
            };
            assert_eq!(reason_of_last(&stack), reason);
            // Nothing has ended: an administrator who made a mistake can put it right.
            assert_eq!(stack.audited("revoked").len() + stack.audited("reused").len(), 0);
            change(&stack, |registry| {
                let changed = if deleted { registry.with(mcp) } else { registry.updated(mcp) };
                changed.unwrap()
            })
            .await;
            let response = refresh(&stack, &tool, &first.refresh, named).await;
            assert_eq!(response.json()["scope"], "read write", "named {named}, deleted {deleted}");
        }
    }
}

#[tokio::test]
async fn an_administrators_client_loses_a_resource_that_it_is_no_longer_registered_for() {
    for named in [true, false] {
        let stack = Stack::start().await;
        let (web, mcp) = (stack.web().await, stack.resource(MCP).await);
        let other = stack.resource("https://other.example/").await;
        stack.amend(&web, |registration| registration.resources = vec![mcp.uri.clone()]).await;
        let first = stack.pair_at(&web, &mcp).await;
        let second = refresh(&stack, &web, &first.refresh, named).await.pair();
        stack.amend(&web, |registration| registration.resources = vec![other.uri.clone()]).await;
        refresh(&stack, &web, &second.refresh, named).await.is_error(400, "invalid_grant");
        let reason = if named { "the client is not registered for the resource" } else { LOST };
        assert_eq!(reason_of_last(&stack), reason);
        assert!(stack.is_active(&web, &second.access).await, "the grant lives");
        stack.amend(&web, |registration| registration.resources.push(mcp.uri.clone())).await;
        assert_eq!(refresh(&stack, &web, &second.refresh, named).await.status, 200);
    }
}

#[tokio::test]
async fn a_grant_for_no_resource_is_lost_to_a_client_that_has_a_list_by_now() {
    let (stack, plain) = (Stack::start().await, Stack::refresh);
    let (web, mcp) = (stack.web().await, stack.resource(MCP).await);
    let pair = stack.pair(&web).await;
    stack.amend(&web, |registration| registration.resources = vec![mcp.uri.clone()]).await;
    plain(&stack, &web, &pair.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(reason_of_last(&stack), LOST);
    refresh(&stack, &web, &pair.refresh, true).await.is_error(400, "invalid_grant");
    assert_eq!(stack.audited("revoked").len() + stack.audited("reused").len(), 0);
    // The grant lives: a retry gets the tokens when the client may have any again.
    stack.amend(&web, |registration| registration.resources.clear()).await;
    let next = plain(&stack, &web, &pair.refresh).await.pair();
    assert_eq!(plain(&stack, &web, &next.refresh).await.status, 200);
}

#[tokio::test]
async fn an_administrators_client_keeps_what_it_is_registered_for() {
    let stack = Stack::start().await;
    let (web, mcp) = (stack.web().await, stack.resource(MCP).await);
    let first = stack.pair_at(&web, &mcp).await;
    stack.delete_resource(&mcp).await;
    // A request that does not name the resource does not read the registry.
    let second = stack.refresh(&web, &first.refresh).await;
    assert_eq!(second.json()["scope"], "read write");
    stack
        .amend(&web, |registration| {
            (registration.scope, registration.default_scope) = (vec!["read".to_owned()], Vec::new());
        })
        .await;
    assert_eq!(stack.refresh(&web, &second.pair().refresh).await.json()["scope"], "read");
}

#[tokio::test]
async fn a_cached_registry_takes_nothing_away_that_was_added_since() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    let (tool, mcp) = (stack.self_registered(tool()).await, stack.resource(MCP).await);
    let narrow = Resource { scope: scope("read"), open: false, ..mcp.clone() };
    change(&stack, |registry| registry.updated(narrow).unwrap()).await;
    stack.app.resources.registry(stack.now()).await.unwrap(); // The registry is cached now.
    change(&stack, |registry| registry.updated(mcp.clone()).unwrap()).await;
    let first = stack.pair_at(&tool, &mcp).await;
    let second = stack.refresh(&tool, &first.refresh).await;
    assert_eq!(second.json()["scope"], "read write");
    // The same for the list of an administrator's client.
    let web = stack.web().await;
    let other = "https://other.example/".parse().unwrap();
    stack.amend(&web, |registration: &mut Registration| registration.resources = vec![other]).await;
    stack.refresh(&web, "garbage").await.is_error(400, "invalid_grant"); // The client is cached now.
    stack.amend(&web, |registration| registration.resources.push(mcp.uri.clone())).await;
    let first = stack.pair_at(&web, &mcp).await;
    assert_eq!(stack.refresh(&web, &first.refresh).await.json()["scope"], "read write");
}

#[tokio::test]
async fn an_outage_after_the_rotation_costs_a_self_registered_client_nothing() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    let (tool, mcp) = (stack.self_registered(tool()).await, stack.resource(MCP).await);
    let first = stack.pair_at(&tool, &mcp).await;
    stack.dynamodb.fail(Fault::ThrottleResources);
    let second = stack.refresh(&tool, &first.refresh).await;
    assert_eq!(second.json()["scope"], "read write");
}
