//! Clients that registered themselves (RFC 7591): what users are asked, and what the clients may request.

use shared::{
    clients::{Client, SelfRegistration},
    oauth::GrantType,
    secret::Id,
};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, PASSWORD, Redirect, Registered, Stack, redirect_uris, tool,
};

const NOTES: &str = "https://api.example.com/mcp";
const CALLBACK: &str = "http://localhost:3334/callback";

/// Returns the registration of a tool that asks for a secret.
fn confidential() -> SelfRegistration {
    SelfRegistration { auth_method: None, ..tool() }
}

/// Returns the registration of a website that registers itself.
fn website() -> SelfRegistration {
    at("https://chat.example.com/callback")
}

/// Returns the registration of an application with a secret and this redirect URI.
fn at(uri: &str) -> SelfRegistration {
    SelfRegistration {
        name: Some("Chat".to_owned()),
        redirect_uris: redirect_uris(&[uri]),
        auth_method: None,
    }
}

/// Changes the stored client, as no registration does.
async fn tamper(stack: &Stack, client: &Registered, change: impl FnOnce(&mut Client)) {
    let mut stored = stack.stored_client(client).await;
    change(&mut stored);
    stack.app.clients.table().put(&stored).await.unwrap();
}

#[tokio::test]
async fn the_page_says_that_the_client_registered_itself_and_where_the_answer_goes() {
    let stack = Stack::configured(|config| config.languages = "en,fr".parse().unwrap()).await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    let request = AuthorizationRequest::by(&stack.self_registered(tool()).await);
    let page = browser.authorize(&request.with("redirect_uri", "http://localhost:51004/callback")).await;
    page.is_page(200);
    let (notice, permissions) = page.text.split_once("<fieldset>").unwrap();
    for text in [
        "Allow <strong>Code Tool</strong> to use your account?",
        "This application registered itself. The administrators have not checked its name.",
        "It sends you to <strong>localhost:51004</strong>, a program on this computer: continue only if you have just started it.",
    ] {
        assert!(notice.contains(text), "{text}: {}", page.text);
    }
    assert!(permissions.contains("At <strong>Notes</strong> (api.example.com), the application asks for:"));
    assert!(!page.text.contains("Registered by"), "{}", page.text);
    let french = browser.authorize(&request.with("ui_locales", "fr")).await;
    for text in [
        "Cette application s’est enregistrée elle-même. Les administrateurs n’ont pas vérifié son nom.",
        "<strong>localhost:3334</strong>, un programme sur cet ordinateur\u{202f}: ne continuez que si vous venez de le lancer.",
    ] {
        assert!(french.text.contains(text), "{text}: {}", french.text);
    }
    let request = AuthorizationRequest::by(&stack.self_registered(website()).await);
    let page = browser.authorize(&request).await;
    assert!(page.text.contains("It sends you to <strong>chat.example.com</strong>.</p>"), "{}", page.text);
    assert!(!page.text.contains("a program on this computer"), "{}", page.text);
}

#[tokio::test]
async fn an_application_on_the_device_does_not_pass_for_a_website() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for (uri, shown) in [
        ("claude.ai:/cb", "claude.ai:"),
        ("claude.ai://claude.ai/cb", "claude.ai:"),
        ("vscode://vscode.git/x", "vscode://vscode.git"),
    ] {
        let request = AuthorizationRequest::by(&stack.self_registered(at(uri)).await);
        let page = browser.authorize(&request).await;
        let text =
            format!("It sends you to <strong>{shown}</strong>, a program on this computer: continue only if");
        assert!(page.text.contains(&text), "{text}: {}", page.text);
        let login = stack.browser().get(&format!("/login?{}", request.query())).await;
        let text = format!("<span class=\"soft\">{shown}, a program on this computer: continue only if");
        assert!(login.text.contains(&text), "{text}: {}", login.text);
    }
}

#[tokio::test]
async fn the_page_of_another_client_says_nothing_of_it() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    for client in [stack.public().await, stack.web().await] {
        let page = browser.authorize(&AuthorizationRequest::by(&client)).await;
        assert!(!page.text.contains("registered itself") && !page.text.contains("class=\"notice\""));
        assert!(page.text.contains("<dt>Sends you to</dt>"), "{}", page.text);
    }
}

#[tokio::test]
async fn the_login_page_says_that_the_client_registered_itself() {
    let stack = Stack::start().await;
    let unchecked = "The administrators have not checked its name.";
    let request = AuthorizationRequest::by(&stack.self_registered(website()).await);
    let page = stack.browser().get(&format!("/login?{}", request.query())).await;
    page.is_page(200);
    assert!(page.text.contains("chat.example.com</span>") && page.text.contains(unchecked), "{}", page.text);
    let request = AuthorizationRequest::by(&stack.web().await);
    let page = stack.browser().get(&format!("/login?{}", request.query())).await;
    assert!(!page.text.contains(unchecked), "{}", page.text);
}

#[tokio::test]
async fn the_user_is_asked_every_time_whatever_the_client_has() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for registration in [tool(), confidential(), website()] {
        let client = stack.self_registered(registration).await;
        let request = AuthorizationRequest::by(&client);
        browser.consent(&request).await.code();
        browser.consent(&request).await.code();
        tamper(&stack, &client, |stored| stored.first_party = true).await;
        browser.consent(&request).await.code();
    }
    let silent = AuthorizationRequest::by(&stack.self_registered(tool()).await).with("prompt", "none");
    browser.redirected(&silent).await.is_error(&stack, "consent_required");
    assert_eq!(stack.count_of_kind("k").await, 0, "nothing is remembered");
}

#[tokio::test]
async fn it_may_not_do_more_than_registration_lets_it_whatever_it_has() {
    let stack = Stack::permitting("password,implicit").await;
    let resource = stack.resource(NOTES).await;
    let (ada, browser) = stack.signed_in_user("ada").await;
    let client = stack.self_registered(confidential()).await;
    let token = stack.token(&stack.machine().await).await;
    tamper(&stack, &client, |stored| {
        stored.resource_server = true;
        stored.serves = vec![resource.uri.clone()];
        stored.resources = vec!["https://other.example.com".parse().unwrap()];
        stored.compat = "password,implicit".parse().unwrap();
        stored.scope = "read write".parse().unwrap();
        stored.default_scope = "write".parse().unwrap();
        stored.owner = Some(Id::random());
        stored.grant_types.extend([GrantType::ClientCredentials, GrantType::Password]);
    })
    .await;
    stack.is_inactive(&client, &token).await;
    stack.request_token(&client, &[]).await.is_error(400, "unauthorized_client");
    stack.request_token(&client, &[("resource", NOTES)]).await.is_error(400, "unauthorized_client");
    let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    let by_password = stack.post("/oauth/token").basic(&client).form(&form).send().await;
    by_password.is_error(400, "unauthorized_client");
    let request = AuthorizationRequest::by(&client);
    let implicit = browser.redirected(&request.with("response_type", "token")).await;
    implicit.is_error(&stack, "unauthorized_client");
    // It still has what every such client has.
    let redirect = browser.consent(&request.without("scope")).await;
    let grant = stack.grant_of(&redirect).await;
    assert_eq!((grant.user, grant.scope.to_string()), (Some(ada.sub), "read".to_owned()));
}

#[tokio::test]
async fn a_stranger_is_not_sent_to_a_client_that_registered_itself() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let request = AuthorizationRequest::by(&stack.self_registered(website()).await);
    for request in [
        request.with("prompt", "none"),
        request.with("prompt", "none").with("response_type", "x"),
        request.with("prompt", "none").with("resource", "x"),
        request.with("resource", "x"),
    ] {
        let redirect = stack.browser().redirected(&request).await;
        assert!(redirect.location.starts_with("/login?"), "{}", redirect.location);
    }
}

#[tokio::test]
async fn a_client_that_registered_itself_must_use_pkce() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for registration in [tool(), confidential()] {
        let client = stack.self_registered(registration).await;
        tamper(&stack, &client, |stored| stored.pkce_optional = true).await;
        let request = AuthorizationRequest::by(&client).without_pkce();
        browser.redirected(&request).await.is_error(&stack, "invalid_request");
    }
}

#[tokio::test]
async fn only_a_decision_or_a_link_takes_the_user_to_an_application_that_registered_itself() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for uri in ["https://chat.example.com/callback", "com.example.tool:/callback?a=1"] {
        let client = stack.self_registered(at(uri)).await;
        tamper(&stack, &client, |stored| stored.pkce_optional = true).await;
        let request = AuthorizationRequest::by(&client);
        for (wrong, code) in [
            (request.with("prompt", "none"), "consent_required"),
            (request.with("resource", "x"), "invalid_target"),
            (request.with("scope", "\""), "invalid_scope"),
            (request.with("response_type", "token"), "unsupported_response_type"),
            (request.with("response_mode", "fragment").with("prompt", "x"), "invalid_request"),
            (request.without_pkce(), "invalid_request"),
        ] {
            let page = browser.authorize(&wrong).await;
            page.is_page(400);
            assert!(page.text.contains("registered itself"), "{}", page.text);
            let (_, link) = page.text.split_once("<a href=\"").unwrap();
            let (link, _) = link.split_once('"').unwrap();
            assert!(link.starts_with(uri) && link.contains(&format!("error={code}&")), "{link}");
            assert!(link.contains("state=xyz"), "{link}");
        }
        let posted =
            browser.authorize(&request.with("response_mode", "form_post").with("resource", "x")).await;
        posted.is_page(400);
        assert!(!posted.text.contains(uri), "{}", posted.text);
        let form = browser.consent_form(&request).await;
        let denied = browser.submit(&form, &[("decision", "deny")]).await;
        Redirect::of(&denied).is_error(&stack, "access_denied");
        browser.consent(&request).await.code();
        // An outage is a page, too, and the request can be sent again.
        stack.dynamodb.fail(Fault::ThrottleResources);
        let page = browser.authorize(&request).await;
        stack.dynamodb.fail(Fault::None);
        page.is_page(503);
        assert!(page.text.contains("href=\"/oauth/authorize?"), "{}", page.text);
    }
}

/// Returns the terms that a new tool gets for `resource` and `scope`; empty: none is named.
async fn granted(
    stack: &Stack,
    browser: &Browser<'_>,
    resource: &str,
    scope: &str,
) -> (Option<String>, String) {
    let request = AuthorizationRequest::by(&stack.self_registered(tool()).await);
    let request = request.with("resource", resource).with("scope", scope);
    let grant = stack.grant_of(&browser.consent(&request).await).await;
    (grant.resource.map(|resource| resource.to_string()), grant.scope.to_string())
}

#[tokio::test]
async fn it_may_have_what_the_resource_lists_and_its_default_scope_unless_it_asks() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for (requested, scope) in [
        ("openid email profile", "read"),
        ("read write admin openid offline_access", "read write"),
        ("write", "write"),
        ("", "read"),
    ] {
        for resource in [NOTES, ""] {
            let granted = granted(&stack, &browser, resource, requested).await;
            assert_eq!(granted, (Some(NOTES.to_owned()), scope.to_owned()), "{requested} at {resource}");
        }
    }
}

#[tokio::test]
async fn it_may_request_open_resources_only_and_must_name_one_of_several() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let request = AuthorizationRequest::by(&stack.self_registered(tool()).await);
    let description = async |request: &AuthorizationRequest| {
        let redirect = browser.redirected(request).await;
        redirect.is_error(&stack, "invalid_target");
        redirect.get("error_description").unwrap().to_owned()
    };
    let unnamed = "Name the resource that the tokens are for.";
    let unknown = "The resource is unknown, or this client may not request it.";
    // There is no resource.
    assert_eq!(description(&request).await, unnamed);
    // None is open.
    stack.resource_with("https://closed.example.com", |closed| closed.open = false).await;
    assert_eq!(description(&request).await, unnamed);
    let closed = request.with("resource", "https://closed.example.com");
    assert_eq!(description(&closed).await, unknown);
    assert_eq!(description(&request.with("resource", "https://unknown.example.com")).await, unknown);
    // One is open.
    let notes = stack.resource(NOTES).await;
    browser.consent(&request).await.code();
    assert_eq!(description(&closed).await, unknown);
    // Two are open.
    stack.resource("https://other.example.com").await;
    assert_eq!(description(&request).await, unnamed);
    let redirect = browser.consent(&request.with("resource", "https://other.example.com")).await;
    let resource = stack.grant_of(&redirect).await.resource.unwrap();
    assert_eq!(resource.as_str(), "https://other.example.com");
    stack.delete_resource(&notes).await;
    browser.consent(&request).await.code();
}

#[tokio::test]
async fn a_program_with_a_secret_may_listen_at_any_port_of_localhost() {
    let stack = Stack::start().await;
    stack.resource(NOTES).await;
    let browser = stack.signed_in().await;
    for registration in [tool(), confidential()] {
        let client = stack.self_registered(registration).await;
        let request = AuthorizationRequest::by(&client);
        for uri in [CALLBACK, "http://localhost:51004/callback", "http://localhost/callback"] {
            let redirect = browser.consent(&request.with("redirect_uri", uri)).await;
            assert_eq!(redirect.to, uri);
            let verifier = ("code_verifier", crate::harness::code_flow::VERIFIER);
            let form = [("redirect_uri", uri), verifier];
            stack.redeem_with(&client, redirect.code(), &form).await.pair();
        }
        for uri in [
            "http://localhost:51004/other",
            "http://127.0.0.1:3334/callback",
            "https://localhost:3334/callback",
            "http://localhost.evil.example:3334/callback",
        ] {
            browser.authorize(&request.with("redirect_uri", uri)).await.is_page(400);
        }
    }
    // A website has its one port.
    let site = stack.self_registered(at("https://chat.example.com:8443/callback")).await;
    let request = AuthorizationRequest::by(&site);
    let other = request.with("redirect_uri", "https://chat.example.com/callback");
    browser.authorize(&other).await.is_page(400);
}
