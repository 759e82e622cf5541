//! The authorization request of a client that names a resource (RFC 8707 §2.1).

use std::time::Duration;

use shared::{
    clients::Registration,
    grants::Grant,
    secret::{AccessToken, Secret},
};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, PASSWORD, Redirect, Registered, Response, Stack,
    code_flow::CALLBACK, legacy, tool,
};

const NOTES: &str = "https://api.example.com/mcp";

/// Returns a request of a new client for `resource`.
async fn requesting(stack: &Stack, resource: &str) -> AuthorizationRequest {
    let web = stack.web().await;
    AuthorizationRequest::by(&web).with("scope", "read write").with("resource", resource)
}

/// Returns the resource and scope of a grant, as text.
fn terms(grant: &Grant) -> (Option<String>, String) {
    (grant.resource.as_ref().map(ToString::to_string), grant.scope.to_string())
}

async fn is_invalid_target(stack: &Stack, browser: &Browser<'_>, request: &AuthorizationRequest) {
    browser.redirected(request).await.is_error(stack, "invalid_target");
}

#[tokio::test]
async fn a_grant_is_for_the_registered_resource_however_the_request_spells_it() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for spelled in [
        NOTES,
        "https://api.example.com/mcp/",
        "https://api.example.com/mcp?utm_source=x",
        "HTTPS://API.example.com:443/mcp",
        // The only resource under its origin.
        "https://api.example.com",
        "https://api.example.com/?utm_source=x",
    ] {
        let redirect = browser.consent(&requesting(&stack, spelled).await).await;
        let expected = (Some(NOTES.to_owned()), "read write".to_owned());
        assert_eq!(terms(&stack.grant_of(&redirect).await), expected, "{spelled}");
    }
    // A registered slash at the end stays.
    stack.resource("https://slash.example.com/").await;
    let redirect = browser.consent(&requesting(&stack, "https://slash.example.com").await).await;
    let resource = stack.grant_of(&redirect).await.resource.unwrap();
    assert_eq!(resource.as_str(), "https://slash.example.com/");
}

#[tokio::test]
async fn a_resource_that_is_malformed_or_unknown_is_an_invalid_target() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    stack.resource("https://two.example.com/a").await;
    stack.resource("https://two.example.com/b").await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    for resource in [
        "notes",
        "/mcp",
        "urn:example:notes",
        "https://",
        "https://api.example.com/mcp#",
        "https://api.example.com/mcp#x",
        "https://api.example.com/MCP",
        "https://api.example.com/mcp/x",
        "https://api.example.com/mcp//",
        "http://api.example.com/mcp",
        "https://api.example.com:8443/mcp",
        "https://user@api.example.com/mcp",
        "https://api.example.com.evil.example/mcp",
        "https://evil.example",
        "javascript:alert(1)",
        // Which of the two?
        "https://two.example.com",
        "https://api.example.com/mcp https://two.example.com/a",
        &format!("https://api.example.com/{}", "a".repeat(1_000)),
    ] {
        is_invalid_target(&stack, &browser, &request.with("resource", resource)).await;
    }
    assert_eq!(stack.grants().await, 0);
    let error = browser.redirected(&request.with("resource", "urn:<x>\"\r\n")).await;
    assert_eq!(
        error.get("error_description"),
        Some("The resource is not an absolute URI without a fragment.")
    );
}

#[tokio::test]
async fn several_resources_are_an_invalid_target_and_other_repeated_parameters_an_invalid_request() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    for another in ["https://other.example.com", NOTES] {
        is_invalid_target(&stack, &browser, &request.and("resource", another)).await;
    }
    // An empty one counts as absent.
    browser.consent_form(&request.and("resource", "")).await;
    let repeated = request.and("resource", NOTES).and("scope", "read");
    browser.redirected(&repeated).await.is_error(&stack, "invalid_request");
    // The same by POST.
    let by_post = browser.post("/oauth/authorize", &request.and("resource", NOTES).parameters()).await;
    is_invalid_target_after(&stack, &browser, &by_post).await;
    assert_eq!(stack.grants().await, 0);
}

/// Asserts that `response` continues by GET, and then is an error.
async fn is_invalid_target_after(stack: &Stack, browser: &Browser<'_>, response: &Response) {
    let next = Redirect::of(response).location;
    Redirect::of(&browser.get(&next).await).is_error(stack, "invalid_target");
}

#[tokio::test]
async fn a_client_gets_no_resource_but_those_in_its_list() {
    let stack = Stack::start().await;
    let notes = stack.resource_with(NOTES, |notes| notes.open = false).await;
    stack.resource("https://other.example.com").await;
    let web = stack
        .register(Registration {
            name: "web".to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            scope: vec!["read".to_owned()],
            resources: vec![notes.uri.clone()],
            ..Registration::default()
        })
        .await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&web));
    // Without a resource, the only one in its list is meant.
    for request in [request.with("resource", NOTES), request.clone(), request.with("resource", "")] {
        let redirect = browser.consent(&request.with("prompt", "consent")).await;
        assert_eq!(stack.grant_of(&redirect).await.resource, Some(notes.uri.clone()));
    }
    is_invalid_target(&stack, &browser, &request.with("resource", "https://other.example.com")).await;
    // Of several it must name one.
    let two = ["https://other.example.com".parse().unwrap(), notes.uri.clone()];
    stack.amend(&web, |registration| registration.resources = two.into()).await;
    let error = browser.redirected(&request).await;
    error.is_error(&stack, "invalid_target");
    assert_eq!(error.get("error_description"), Some("Name the resource that the tokens are for."));
    browser.consent(&request.with("resource", "https://other.example.com")).await.code();
    // The only one is not registered any more.
    stack.amend(&web, |registration| registration.resources = vec![notes.uri.clone()]).await;
    stack.delete_resource(&notes).await;
    is_invalid_target(&stack, &browser, &request).await;
}

#[tokio::test]
async fn the_log_and_not_the_response_tells_why_a_resource_is_refused() {
    let stack = Stack::start().await;
    let open = [stack.resource(NOTES).await.uri, stack.resource("https://other.example.com").await.uri];
    stack.resource_with("https://closed.example.com", |closed| closed.open = false).await;
    let (web, tool) = (stack.web().await, stack.self_registered(tool()).await);
    stack.amend(&web, |registration| registration.resources = open.into()).await;
    let browser = stack.signed_in().await;
    let refused = "The resource is unknown, or this client may not request it.";
    let unnamed = "Name the resource that the tokens are for.";
    for (client, resource, description, reason) in [
        (&tool, "https://unknown.example", refused, "the resource is not registered"),
        (&tool, "https://closed.example.com", refused, "the resource is not open to self-registered clients"),
        (&web, "https://unknown.example", refused, "the resource is not registered"),
        (&web, "https://closed.example.com", refused, "the client is not registered for the resource"),
        (&tool, "", unnamed, "a self-registered client named no resource, and 2 resources are open"),
        (&web, "", unnamed, "the client named no resource, and is registered for 2 resources"),
    ] {
        let request = AuthorizationRequest::by(client).with("resource", resource);
        let error = browser.redirected(&request).await;
        error.is_error(&stack, "invalid_target");
        assert_eq!(error.get("error_description"), Some(description), "{reason}");
        assert_eq!(stack.audited("refused").last().unwrap()["reason"], reason);
    }
}

#[tokio::test]
async fn a_request_without_a_resource_gets_a_grant_for_none() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, "").await);
    for request in [request.clone(), request.without("resource")] {
        let redirect = browser.consent(&request.with("prompt", "consent")).await;
        assert_eq!(terms(&stack.grant_of(&redirect).await), (None, "read write".to_owned()));
    }
}

#[tokio::test]
async fn an_invalid_target_is_reported_after_signing_in_only() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let (browser, request) = (stack.browser(), requesting(&stack, "https://evil.example").await);
    let login = browser.redirected(&request).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    let after = Redirect::of(&browser.try_to_sign_in(&login, "ada", PASSWORD).await).location;
    Redirect::of(&browser.get(&after).await).is_error(&stack, "invalid_target");
    // Sign-in keeps both resources.
    let twice = request.and("resource", NOTES);
    is_invalid_target(&stack, &browser, &twice).await;
}

/// Returns the scope that a client of the scope `read write admin` gets for `scope`; empty: for no scope.
async fn granted(stack: &Stack, browser: &Browser<'_>, web: &Registered, scope: &str) -> String {
    let request = AuthorizationRequest::by(web).with("resource", NOTES).with("prompt", "consent");
    let redirect = browser.consent(&request.with("scope", scope)).await;
    stack.grant_of(&redirect).await.scope.to_string()
}

#[tokio::test]
async fn the_scope_is_narrowed_to_the_resource_for_every_kind_of_client() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for public in [false, true] {
        let web = stack
            .register(Registration {
                name: "web".to_owned(),
                public,
                redirect_uris: vec![CALLBACK.to_owned()],
                scope: ["read", "write", "admin"].map(str::to_owned).into(),
                default_scope: vec!["write".to_owned(), "admin".to_owned()],
                ..Registration::default()
            })
            .await;
        assert_eq!(granted(&stack, &browser, &web, "read write admin openid").await, "read write");
        assert_eq!(granted(&stack, &browser, &web, "write").await, "write");
        // Nothing is left: the default scope of the resource.
        assert_eq!(granted(&stack, &browser, &web, "admin").await, "read");
        assert_eq!(granted(&stack, &browser, &web, "openid email profile").await, "read");
        // Nothing is requested: the client's default scope.
        assert_eq!(granted(&stack, &browser, &web, "").await, "write");
    }
    // A client without scope at the resource.
    let other = stack
        .register(Registration {
            name: "other".to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            scope: vec!["admin".to_owned()],
            ..Registration::default()
        })
        .await;
    let request = AuthorizationRequest::by(&other).with("resource", NOTES).with("scope", "admin");
    browser.redirected(&request).await.is_error(&stack, "invalid_scope");
    browser.redirected(&request.with("scope", "read  write")).await.is_error(&stack, "invalid_scope");
}

#[tokio::test]
async fn the_implicit_grant_is_for_the_resource() {
    let stack = Stack::configured(|config| config.compat = "implicit".parse().unwrap()).await;
    stack.resource(NOTES).await;
    let registration = Registration {
        name: "old".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: vec!["read".to_owned()],
        ..legacy("implicit")
    };
    let old = stack.register(registration).await;
    let request = AuthorizationRequest::by(&old).with("response_type", "token").without_pkce();
    let browser = stack.signed_in().await;
    let redirect = browser.consent(&request.with("resource", "https://api.example.com/mcp/")).await;
    let id = Secret::<AccessToken>::parse(redirect.get("access_token").unwrap()).unwrap().id();
    assert_eq!(
        terms(&stack.app.grants.find(id).await.unwrap().unwrap()),
        (Some(NOTES.to_owned()), "read".to_owned())
    );
    let error = browser.redirected(&request.with("resource", "https://evil.example")).await;
    error.is_error(&stack, "invalid_target");
    assert!(error.location.contains("#error="), "{}", error.location);
}

#[tokio::test]
async fn a_resource_costs_one_read_unless_it_is_cached_and_a_plain_request_none() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    stack.resource(NOTES).await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    let plain = request.without("resource");
    let operations = async |request: &AuthorizationRequest| {
        stack.dynamodb.forget();
        browser.consent_form(request).await;
        let mut operations: Vec<_> =
            stack.dynamodb.cost().into_iter().map(|(operation, _)| operation).collect();
        operations.sort(); // two of them are made at once
        operations
    };
    browser.consent_form(&plain).await; // The client is cached now.
    // Client or descriptions, and statuses; session and remembered consent.
    let without = ["BatchGetItem", "BatchGetItem", "GetItem", "GetItem"];
    assert_eq!(operations(&plain).await, without);
    let with = ["BatchGetItem", "BatchGetItem", "GetItem", "GetItem", "GetItem"];
    assert_eq!(operations(&request).await, with);
    assert_eq!(operations(&request).await, without, "the registry is cached");
    // A resource that the cache does not have, or not for this client, may be new: it is read again.
    stack.resource("https://new.example.com").await;
    stack.advance(Duration::from_secs(1));
    browser.consent_form(&request.with("resource", "https://new.example.com")).await;
}

#[tokio::test]
async fn a_registry_that_cannot_be_read_is_an_outage_and_not_an_invalid_target() {
    let stack = Stack::configured(|config| config.client_cache = Duration::from_mins(5)).await;
    stack.resource(NOTES).await;
    let (browser, request) = (stack.signed_in().await, requesting(&stack, NOTES).await);
    stack.dynamodb.fail(Fault::ThrottleResources);
    browser.redirected(&request).await.is_error(&stack, "temporarily_unavailable");
    browser.consent_form(&request.without("resource")).await;
    stack.dynamodb.fail(Fault::None);
    browser.consent(&request).await.code();
}
