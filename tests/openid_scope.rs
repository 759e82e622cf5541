//! The scope of OpenID Connect requests (Core §3.1.2.1, §5.4), with and without a resource (RFC 8707).

use shared::{
    clients::Registration,
    config::{RegistrationMode, SigningKeys},
    resources::Resource,
};

use crate::harness::{AuthorizationRequest, SignIn, Stack, tool};

const NOTES: &str = "https://api.example.com/notes";

#[tokio::test]
async fn a_request_for_openid_is_granted_what_its_client_is_registered_for() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let ask = |scope: &str| user.request.with("scope", scope);
    assert_eq!(user.granted(&ask("openid read write admin")).await, "openid read");
    // Core §11: a client has refresh tokens by its grant types.
    stack.amend(&user.rp, |registration| registration.scope.push("offline_access".to_owned())).await;
    assert_eq!(user.granted(&ask("openid offline_access")).await, "openid");
    assert_eq!(user.granted(&ask("read offline_access")).await, "read");
    // Without `openid`, an unknown value is a mistake of the client's developer, and is told.
    user.browser.redirected(&ask("read write")).await.is_error(&stack, "invalid_scope");
    for malformed in ["openid  read", " openid", "openid\"", "openid é"] {
        user.browser.redirected(&ask(malformed)).await.is_error(&stack, "invalid_scope");
    }
    let large: Vec<_> = (0..20).map(|nth| format!("value-{nth}")).collect();
    stack.amend(&user.rp, |registration| registration.scope.extend(large.clone())).await;
    let all = format!("openid {}", large.join(" "));
    user.browser.redirected(&ask(&all)).await.is_error(&stack, "invalid_scope");
}

#[tokio::test]
async fn a_client_that_is_not_registered_for_openid_gets_none() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let web = AuthorizationRequest::by(&stack.web().await).with("nonce", "n");
    user.browser.redirected(&web.with("scope", "openid read")).await.is_error(&stack, "invalid_scope");
    let public = AuthorizationRequest::by(&stack.public().await).with("nonce", "n");
    let redirect = user.browser.consent(&public.with("scope", "openid profile read")).await;
    let grant = stack.grant_of(&redirect).await;
    assert_eq!((grant.scope.to_string(), grant.code.unwrap().nonce), ("read".to_owned(), None));
}

/// Registers a resource that lists values of OpenID Connect, as an earlier release let administrators do.
async fn list_reserved_values(stack: &Stack) {
    let registry = stack.app.resources.read().await.unwrap();
    let resource = Resource {
        uri: NOTES.parse().unwrap(),
        name: "Notes".to_owned(),
        scope: "openid profile email groups offline_access read".parse().unwrap(),
        default_scope: "openid read".parse().unwrap(),
        open: true,
    };
    stack.app.resources.replace(&registry, &registry.with(resource).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_registered_itself_never_gets_openid_or_a_claim() {
    let stack = Stack::configured(|config| {
        config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
        config.registration.mode = RegistrationMode::Open;
    })
    .await;
    list_reserved_values(&stack).await;
    let browser = stack.signed_in().await;
    let request = AuthorizationRequest::by(&stack.self_registered(tool()).await).with("nonce", "n");
    for scope in ["openid", "openid profile email groups offline_access read", "email"] {
        let redirect = browser.consent(&request.with("scope", scope)).await;
        let grant = stack.grant_of(&redirect).await;
        assert_eq!((grant.scope.to_string(), grant.code.unwrap().nonce), ("read".to_owned(), None));
    }
}

#[tokio::test]
async fn one_request_signs_in_and_gets_tokens_for_a_resource() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    stack.resource_with(NOTES, |notes| notes.scope = "read write".parse().unwrap()).await;
    let at = |scope: &str| user.request.with("scope", scope).with("resource", NOTES).with("nonce", "n");
    for (requested, granted) in [
        ("openid email read write phone", "email openid read"),
        // The resource's default scope, as without `openid`.
        ("openid", "openid read"),
        ("read", "read"),
        ("email read", "read"),
    ] {
        let redirect = user.browser.consent(&at(requested).with("prompt", "consent")).await;
        let grant = stack.grant_of(&redirect).await;
        assert_eq!(grant.scope.to_string(), granted, "{requested}");
        assert_eq!(grant.resource.unwrap().as_str(), NOTES);
        let nonce = granted.contains("openid").then_some("n");
        assert_eq!(grant.code.unwrap().nonce.as_deref(), nonce, "{requested}");
    }
    // A refresh keeps what the user allowed, also one that names the resource.
    let redirect = user.browser.consent(&at("openid read").with("prompt", "consent")).await;
    let first = stack.redeem(&user.rp, redirect.code()).await;
    assert_eq!(first.json()["scope"], "openid read", "{}", first.text);
    let second = stack.refresh_with(&user.rp, &first.pair().refresh, &[("resource", NOTES)]).await;
    assert_eq!(second.json()["scope"], "openid read", "{}", second.text);
}

#[tokio::test]
async fn openid_in_a_default_scope_is_a_sign_in() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let rp =
        stack.relying_party_with(|registration| registration.default_scope = vec!["openid".to_owned()]).await;
    let request = AuthorizationRequest::by(&rp).without("scope").with("nonce", "n");
    let redirect = user.browser.consent(&request).await;
    let grant = stack.grant_of(&redirect).await;
    assert_eq!(
        (grant.scope.to_string(), grant.code.unwrap().nonce.as_deref()),
        ("openid".to_owned(), Some("n"))
    );
}

#[tokio::test]
async fn no_resource_can_list_a_value_of_openid_connect() {
    let stack = Stack::start().await;
    for value in ["openid", "profile", "email", "groups", "offline_access"] {
        let scope = format!("read {value}");
        let create = ["resource", "create", NOTES, "--name", "Notes", "--scope", &scope];
        let refused = stack.jeton(&create, "").await;
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(&format!("cannot list {value}")), "{refused:?}");
        let file = format!("resources:\n  {NOTES}: {{name: Notes, scope: [read, {value}]}}\n");
        let refused = stack.apply(&file, &[]).await;
        assert_eq!(refused.code, 2, "{refused:?}");
    }
    stack.create_notes().await;
    let refused = stack.jeton(&["resource", "update", NOTES, "--scope", "email"], "").await;
    assert_eq!(refused.code, 2, "{refused:?}");
}

#[tokio::test]
async fn without_a_signing_key_a_code_costs_what_it_did() {
    let [on, off] = [Stack::with_openid().await, Stack::start().await];
    let mut seen = Vec::new();
    for stack in [&on, &off] {
        let rp = stack.register(Registration {
            name: "rp".to_owned(),
            redirect_uris: vec!["https://app.example.com/oauth/callback".to_owned()],
            scope: vec!["openid".to_owned()],
            ..Registration::default()
        });
        let (rp, browser) = (rp.await, stack.signed_in().await);
        let request = AuthorizationRequest::by(&rp).with("scope", "openid");
        browser.consent(&request).await.code();
        stack.dynamodb.forget();
        let redirect = browser.redirected(&request.with("nonce", "n")).await;
        seen.push(stack.dynamodb.cost());
        let code = stack.grant_of(&redirect).await.code.unwrap();
        assert_eq!(code.nonce.is_some(), stack.app.config.signing_keys.is_on());
    }
    assert_eq!(seen[0], seen[1], "a nonce is a part of the code's write");
}
