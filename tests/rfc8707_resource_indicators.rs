//! RFC 8707: resource indicators at the token endpoint.

use std::time::Duration;

use shared::{clients::Registration, resources::Resource};

use crate::harness::{
    Fault, PASSWORD, Registered, Response, Stack, code_flow::VERIFIER, legacy, machine, tool,
};

const MCP: &str = "https://api.example.com/mcp";
const OTHER: &str = "https://other.example.com/";
const GRACE: Duration = Duration::from_mins(1);

/// A deployment with the resources [`MCP`] and [`OTHER`], and a client.
async fn started() -> (Stack, Registered, Resource) {
    let stack = Stack::start().await;
    let web = stack.web().await;
    stack.resource(OTHER).await;
    let mcp = stack.resource(MCP).await;
    (stack, web, mcp)
}

/// Redeems `code` in a request that names `resource`.
async fn redeem(stack: &Stack, client: &Registered, code: &str, resource: &str) -> Response {
    stack.redeem_with(client, code, &[("code_verifier", VERIFIER), ("resource", resource)]).await
}

async fn refresh(stack: &Stack, client: &Registered, token: &str, resource: &str) -> Response {
    stack.refresh_with(client, token, &[("resource", resource)]).await
}

#[tokio::test]
async fn a_client_may_spell_a_resource_as_users_copy_it() {
    let (stack, web, mcp) = started().await;
    for spelled in [
        MCP,
        "https://api.example.com/mcp/",
        "https://api.example.com/mcp?utm_source=x",
        "HTTPS://API.example.com:443/mcp/?a=b",
        // The only resource of its origin.
        "https://api.example.com",
        "https://api.example.com/?utm_source=x",
    ] {
        let code = stack.code_at(&web, &mcp).await;
        let pair = redeem(&stack, &web, &code, spelled).await.pair();
        assert_eq!(stack.introspect(&web, &pair.access).await["aud"], MCP, "{spelled}");
        let next = refresh(&stack, &web, &pair.refresh, spelled).await.pair();
        assert_eq!(stack.introspect(&web, &next.access).await["aud"], MCP, "{spelled}");
        assert_eq!(stack.introspect(&web, &next.refresh).await["aud"], MCP, "{spelled}");
    }
}

#[tokio::test]
async fn a_request_without_a_resource_or_with_an_empty_one_is_about_the_grants() {
    let (stack, web, mcp) = started().await;
    let code = stack.code_at(&web, &mcp).await;
    stack.dynamodb.forget();
    let first = redeem(&stack, &web, &code, "").await.pair();
    let second = stack.refresh(&web, &first.refresh).await.pair();
    assert_eq!(stack.introspect(&web, &second.access).await["aud"], MCP);
    assert!(stack.dynamodb.seen().iter().all(|seen| !seen.request.to_string().contains("\"resources\"")));
}

#[tokio::test]
async fn another_resource_at_the_exchange_is_invalid_target_and_spends_nothing() {
    let (stack, web, mcp) = started().await;
    let code = stack.code_at(&web, &mcp).await;
    for other in [
        OTHER,
        "https://api.example.com/mcp2",
        "https://api.example.com:8443/mcp",
        "http://api.example.com/mcp",
        "https://api.example.com/MCP",
        "https://api.example.com/mcp#fragment",
        "https://api.example.com/mcp#",
        "/mcp",
        "mcp",
        "urn:example:mcp",
        "https://",
        "*",
    ] {
        redeem(&stack, &web, &code, other).await.is_error(400, "invalid_target");
    }
    assert_eq!(stack.audited("refused").len(), 12);
    assert_eq!(redeem(&stack, &web, &code, MCP).await.status, 200);
    // A grant for no resource is for none that a request names.
    let plain = stack.code(&web).await;
    redeem(&stack, &web, &plain, MCP).await.is_error(400, "invalid_target");
    let pair = redeem(&stack, &web, &plain, "").await.pair();
    assert_eq!(stack.introspect(&web, &pair.access).await.get("aud"), None);
    refresh(&stack, &web, &pair.refresh, MCP).await.is_error(400, "invalid_grant");
    assert!(stack.is_active(&web, &pair.refresh).await);
}

#[tokio::test]
async fn several_resources_are_invalid_target_and_any_other_repetition_is_not() {
    let (stack, web, mcp) = started().await;
    let code = stack.code_at(&web, &mcp).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)];
    let (a, b) = (("resource", MCP), ("resource", OTHER));
    for more in [&[a, b][..], &[a, a], &[b, ("scope", "read"), a]] {
        let response = stack.post_as("/oauth/token", &web, &[&form[..], more].concat()).await;
        response.is_error(400, "invalid_target");
    }
    let twice = [&form[..], &[a, ("code", &code)]].concat();
    stack.post_as("/oauth/token", &web, &twice).await.is_error(400, "invalid_request");
    // The parameters of another endpoint are none of its own.
    let revocation = [("token", "garbage"), a, b];
    assert_eq!(stack.post_as("/oauth/revoke", &web, &revocation).await.status, 200);
    let one = [&form[..], &[a, ("resource", "")]].concat();
    let pair = stack.post_as("/oauth/token", &web, &one).await.pair();
    stack.refresh_with(&web, &pair.refresh, &[a, b]).await.is_error(400, "invalid_target");
    assert!(stack.is_active(&web, &pair.refresh).await);
}

#[tokio::test]
async fn the_right_resource_proves_nothing() {
    let (stack, web, mcp) = started().await;
    let other_client = stack.web().await;
    let code = stack.code_at(&web, &mcp).await;
    for resource in [MCP, OTHER] {
        redeem(&stack, &other_client, &code, resource).await.is_error(400, "invalid_grant");
        let form = [("resource", resource), ("code_verifier", &"v".repeat(43))];
        stack.redeem_with(&web, &code, &form).await.is_error(400, "invalid_grant");
    }
    let pair = redeem(&stack, &web, &code, MCP).await.pair();
    refresh(&stack, &other_client, &pair.refresh, MCP).await.is_error(400, "invalid_grant");
    assert!(stack.is_active(&web, &pair.refresh).await);
    let expired = stack.code_at(&web, &mcp).await;
    stack.advance(Duration::from_mins(1));
    for resource in [MCP, OTHER] {
        redeem(&stack, &web, &expired, resource).await.is_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_proven_replay_ends_the_grant_whatever_resource_it_names() {
    let (stack, web, mcp) = started().await;
    for resource in [MCP, OTHER, ""] {
        let code = stack.code_at(&web, &mcp).await;
        let pair = redeem(&stack, &web, &code, MCP).await.pair();
        let unproven = [("resource", resource), ("code_verifier", &"v".repeat(43))];
        stack.redeem_with(&web, &code, &unproven).await.is_error(400, "invalid_grant");
        assert!(stack.is_active(&web, &pair.access).await);
        redeem(&stack, &web, &code, resource).await.is_error(400, "invalid_grant");
        stack.is_inactive(&web, &pair.access).await;
        refresh(&stack, &web, &pair.refresh, MCP).await.is_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn of_redemptions_at_once_one_succeeds_and_none_that_names_another_resource() {
    let (stack, web, mcp) = started().await;
    for _ in 0..5 {
        let code = stack.code_at(&web, &mcp).await;
        let attempt = |resource| redeem(&stack, &web, &code, resource);
        let responses = tokio::join!(attempt(OTHER), attempt(MCP), attempt("https://unknown.example/"));
        assert_eq!((responses.0.status, responses.1.status, responses.2.status), (400, 200, 400));
    }
}

#[tokio::test]
async fn a_refresh_for_another_resource_is_invalid_grant_and_the_grant_lives() {
    let (stack, web, mcp) = started().await;
    let pair = stack.pair_at(&web, &mcp).await;
    for other in [OTHER, "https://unknown.example/", "https://api.example.com/mcp#x", "mcp"] {
        refresh(&stack, &web, &pair.refresh, other).await.is_error(400, "invalid_grant");
        assert!(stack.is_active(&web, &pair.access).await && stack.is_active(&web, &pair.refresh).await);
    }
    assert_eq!(stack.audited("revoked").len() + stack.audited("reused").len(), 0);
    let next = refresh(&stack, &web, &pair.refresh, MCP).await.pair();
    // The resource moves: the client signs in again, at the new address.
    stack.delete_resource(&mcp).await;
    let moved = stack.resource("https://api.example.com/v2/mcp").await;
    for named in [MCP, moved.uri.as_str(), "https://api.example.com"] {
        refresh(&stack, &web, &next.refresh, named).await.is_error(400, "invalid_grant");
        assert!(stack.is_active(&web, &next.access).await && stack.is_active(&web, &next.refresh).await);
    }
}

#[tokio::test]
async fn a_spent_refresh_token_gets_no_tokens_for_another_resource() {
    let (stack, web, mcp) = started().await;
    let first = stack.pair_at(&web, &mcp).await;
    let second = refresh(&stack, &web, &first.refresh, MCP).await.pair();
    for other in [OTHER, "https://unknown.example/"] {
        refresh(&stack, &web, &first.refresh, other).await.is_error(400, "invalid_grant");
    }
    assert_eq!(refresh(&stack, &web, &first.refresh, MCP).await.pair(), second, "a retry");
    stack.advance(GRACE);
    refresh(&stack, &web, &first.refresh, OTHER).await.is_error(400, "invalid_grant");
    assert_eq!(stack.audited("reused").len(), 1);
    stack.is_inactive(&web, &second.access).await;
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own_for_a_resource() {
    let (stack, _, mcp) = started().await;
    let machine = stack.register(Registration { resources: vec![mcp.uri.clone()], ..machine() }).await;
    let response = stack.request_token(&machine, &[("resource", "https://api.example.com/mcp/?x=1")]).await;
    let token = response.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(response.json()["scope"], "read write");
    assert_eq!(stack.introspect(&machine, &token).await["aud"], MCP);
    assert_eq!(stack.jeton(&["token", "inspect"], &token).await.json()["grant"]["aud"], MCP);
    let grants = stack.grants().await;
    for other in [OTHER, "https://unknown.example/", "x", "https://api.example.com/mcp#x"] {
        stack.request_token(&machine, &[("resource", other)]).await.is_error(400, "invalid_target");
    }
    assert_eq!(stack.grants().await, grants, "nothing is stored");
    // A client that is registered for no resource may have any.
    let any = stack.machine().await;
    for resource in [MCP, OTHER] {
        let response = stack.request_token(&any, &[("resource", resource)]).await;
        let token = response.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(stack.introspect(&any, &token).await["aud"], resource);
    }
}

#[tokio::test]
async fn the_scope_at_a_resource_is_what_both_registrations_have() {
    let (stack, ..) = started().await;
    let files = stack
        .resource_with("https://files.example.com/", |files| {
            files.scope = "admin files read".parse().unwrap();
            files.default_scope = "read".parse().unwrap();
        })
        .await;
    let client = stack.machine().await;
    for (requested, granted) in
        [("", "read"), ("read", "read"), ("read write files", "read"), ("write", "read"), ("admin", "read")]
    {
        let form = [("resource", files.uri.as_str()), ("scope", requested)];
        assert_eq!(stack.request_token(&client, &form).await.json()["scope"], granted, "{requested}");
    }
    let writer = stack.register(Registration { scope: vec!["write".to_owned()], ..machine() }).await;
    let form = [("resource", files.uri.as_str())];
    stack.request_token(&writer, &form).await.is_error(400, "invalid_scope");
}

#[tokio::test]
async fn the_password_grant_is_for_a_resource_of_the_clients() {
    let stack = Stack::permitting("password").await;
    let (mcp, other) = (stack.resource(MCP).await, stack.resource(OTHER).await);
    let client = stack.register(Registration { resources: vec![mcp.uri], ..legacy("password") }).await;
    let ada = stack.create_user("ada").await;
    let with_password = [("grant_type", "password"), ("username", &ada.name), ("password", PASSWORD)];
    let request = async |resource: &str| {
        let form = [&with_password[..], &[("resource", resource)]].concat();
        stack.post_as("/oauth/token", &client, &form).await
    };
    for refused in [other.uri.as_str(), "https://unknown.example/"] {
        request(refused).await.is_error(400, "invalid_target");
    }
    assert_eq!(stack.grants().await, 0);
    // Without a resource, the only one in its list is meant.
    for named in [MCP, ""] {
        let pair = request(named).await.pair();
        assert_eq!(stack.introspect(&client, &pair.access).await["aud"], MCP);
        let next = refresh(&stack, &client, &pair.refresh, named).await.pair();
        assert_eq!(stack.introspect(&client, &next.access).await["aud"], MCP);
    }
}

#[tokio::test]
async fn a_client_with_a_list_gets_no_token_of_its_own_for_no_resource() {
    let (stack, _, mcp) = started().await;
    let machine = stack.register(Registration { resources: vec![mcp.uri.clone()], ..machine() }).await;
    let response = stack.request_token(&machine, &[]).await;
    let token = response.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stack.introspect(&machine, &token).await["aud"], MCP);
    stack.amend(&machine, |registration| registration.resources.push(OTHER.parse().unwrap())).await;
    stack.request_token(&machine, &[]).await.is_error(400, "invalid_target");
    stack.amend(&machine, |registration| registration.resources.truncate(1)).await;
    stack.delete_resource(&mcp).await;
    stack.request_token(&machine, &[]).await.is_error(400, "invalid_target");
}

#[tokio::test]
async fn a_response_does_not_tell_which_closed_resources_exist() {
    let (stack, web, mcp) = started().await;
    stack.resource_with("https://closed.example/", |closed| closed.open = false).await;
    let tool = stack.self_registered(tool()).await;
    let (code, foreign) = (stack.code_at(&tool, &mcp).await, stack.code_at(&web, &mcp).await);
    let pair = stack.pair_at(&tool, &mcp).await;
    let machine = stack.register(Registration { resources: vec![mcp.uri], ..machine() }).await;
    let text = |response: Response| (response.status, response.text);
    let closed = "https://closed.example/";
    for absent in ["https://absent.example/", "https://absent.example/mcp"] {
        for code in [&code, &foreign] {
            let one = redeem(&stack, &tool, code, closed).await;
            let other = redeem(&stack, &tool, code, absent).await;
            one.is_error(400, "invalid_target");
            assert_eq!(text(one), text(other));
        }
        let one = refresh(&stack, &tool, &pair.refresh, closed).await;
        let other = refresh(&stack, &tool, &pair.refresh, absent).await;
        assert_eq!(text(one), text(other));
        let one = stack.request_token(&machine, &[("resource", closed)]).await;
        let other = stack.request_token(&machine, &[("resource", absent)]).await;
        assert_eq!(text(one), text(other));
    }
    assert_eq!(redeem(&stack, &tool, &code, MCP).await.status, 200);
}

#[tokio::test]
async fn an_outage_of_the_registry_is_a_503_and_spends_nothing() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    let (web, mcp) = (stack.web().await, stack.resource(MCP).await);
    let code = stack.code_at(&web, &mcp).await;
    stack.refresh(&web, "garbage").await.is_error(400, "invalid_grant"); // The client is cached now.
    stack.dynamodb.fail(Fault::Throttle);
    redeem(&stack, &web, &code, MCP).await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    let pair = redeem(&stack, &web, &code, MCP).await.pair();
    // A resource that the cached registry does not have may be new.
    stack.advance(Duration::from_secs(1));
    stack.dynamodb.fail(Fault::Throttle);
    refresh(&stack, &web, &pair.refresh, "https://new.example/").await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    let new = stack.resource("https://new.example/").await;
    let code = stack.code_at(&web, &new).await;
    assert_eq!(redeem(&stack, &web, &code, "https://new.example").await.status, 200);
}
