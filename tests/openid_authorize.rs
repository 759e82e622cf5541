//! The authorization request of OpenID Connect (Core §3.1.2.1): its scope, its `nonce`, and what is refused or ignored. The
//! tests called `oidcc_…` are those of the modules of the certification profile Basic OP that test this endpoint.

use std::time::Duration;

use shared::{
    clients::Registration,
    config::{RegistrationMode, SigningKeys},
    resources::Resource,
};

use crate::harness::{AuthorizationRequest, Browser, PASSWORD, Redirect, Registered, Stack, tool};

const NOTES: &str = "https://api.example.com/notes";

/// A user's browser, and a client that signs users in.
struct SignIn<'a> {
    stack: &'a Stack,
    rp: Registered,
    browser: Browser<'a>,
    request: AuthorizationRequest,
}

impl<'a> SignIn<'a> {
    async fn at(stack: &'a Stack) -> Self {
        let (rp, browser) = (stack.relying_party().await, stack.signed_in().await);
        let request = AuthorizationRequest::by(&rp).with("scope", "openid");
        Self { stack, rp, browser, request }
    }

    /// Allows the request, and returns the scope of its grant.
    async fn granted(&self, request: &AuthorizationRequest) -> String {
        let redirect = self.browser.consent(&request.with("prompt", "consent")).await;
        self.stack.grant_of(&redirect).await.scope.to_string()
    }

    /// Allows the request after another sign-in, which it must require.
    async fn again(&self, request: &AuthorizationRequest) -> Redirect {
        let login = self.browser.redirected(request).await.location;
        assert!(login.starts_with("/login?"), "{login}");
        let response = self.browser.try_to_sign_in(&login, "ada", PASSWORD).await;
        Redirect::of(&self.browser.get(&Redirect::of(&response).location).await)
    }
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let redirect = user.browser.redirected(&user.request.without("response_type")).await;
    redirect.is_error(&stack, "invalid_request");
}

#[tokio::test]
async fn oidcc_prompt_login() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_secs(1));
    let second = stack.grant_of(&user.again(&user.request.with("prompt", "login")).await).await;
    assert!(second.authenticated_at.unwrap().seconds() > first.authenticated_at.unwrap().seconds());
    assert_eq!(second.user, first.user);
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let silent = user.request.with("prompt", "none");
    stack.browser().redirected(&silent).await.is_error(&stack, "login_required");
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_secs(5));
    let silent = user.browser.redirected(&user.request.with("prompt", "none")).await;
    let second = stack.grant_of(&silent).await;
    assert_eq!((second.user, second.authenticated_at), (first.user, first.authenticated_at));
}

#[tokio::test]
async fn oidcc_max_age_1() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_secs(2));
    let second = stack.grant_of(&user.again(&user.request.with("max_age", "1")).await).await;
    assert!(second.authenticated_at > first.authenticated_at);
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    stack.advance(Duration::from_mins(60));
    let second = user.browser.redirected(&user.request.with("max_age", "10000")).await;
    assert_eq!(stack.grant_of(&second).await.authenticated_at, first.authenticated_at);
}

#[tokio::test]
async fn oidcc_id_token_hint() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let first = stack.grant_of(&user.browser.consent(&user.request).await).await;
    let hint = stack.hint(&user.rp, first.user.unwrap()).await;
    let silent = user.request.with("prompt", "none").with("id_token_hint", &hint);
    assert_eq!(stack.grant_of(&user.browser.redirected(&silent).await).await.user, first.user);
}

#[tokio::test]
async fn oidcc_login_hint() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let browser = stack.browser();
    let login = browser.redirected(&user.request.with("login_hint", "buffy@rp.example")).await.location;
    assert!(browser.get(&login).await.text.contains("value=\"buffy@rp.example\""));
}

/// Asserts that a request with this parameter leads to the code that one without it does.
async fn is_ignored(name: &str, value: &str) {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    assert_eq!(user.granted(&user.request.with(name, value)).await, "openid");
}

#[tokio::test]
async fn oidcc_display_page() {
    is_ignored("display", "page").await;
}

#[tokio::test]
async fn oidcc_display_popup() {
    is_ignored("display", "popup").await;
}

#[tokio::test]
async fn oidcc_ui_locales() {
    is_ignored("ui_locales", "se").await;
}

#[tokio::test]
async fn oidcc_claims_locales() {
    is_ignored("claims_locales", "se").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    is_ignored("acr_values", "1 2").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    is_ignored("extra", "foobar").await;
}

#[tokio::test]
async fn oidcc_claims_essential() {
    is_ignored("claims", r#"{"userinfo":{"name":{"essential":true}}}"#).await;
}

#[tokio::test]
async fn oidcc_ensure_other_scope_order_succeeds() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    assert_eq!(user.granted(&user.request.with("scope", "email openid")).await, "email openid");
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    for uri in
        ["https://rp.example.com/callback/x", "https://rp.example.com/callback?x", "https://evil.example/"]
    {
        user.browser.authorize(&user.request.with("redirect_uri", uri)).await.is_page(400);
    }
}

#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let object = "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9.";
    let redirect = user.browser.redirected(&user.request.with("request", object)).await;
    redirect.is_error(&stack, "request_not_supported");
}

#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let redirect =
        user.browser.redirected(&user.request.with("request_uri", "https://rp.example.com/r")).await;
    redirect.is_error(&stack, "request_uri_not_supported");
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let request =
        user.request.with("request", "e30.e30.").with("redirect_uri", "https://rp.example.com/callback");
    user.browser.redirected(&request).await.is_error(&stack, "request_not_supported");
}

#[tokio::test]
async fn oidcc_scope_profile_email_address_phone_and_all() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    for (requested, granted) in [
        ("openid profile", "openid profile"),
        ("openid email", "email openid"),
        ("openid address", "openid"),
        ("openid phone", "openid"),
        ("openid profile email address phone", "email openid profile"),
    ] {
        assert_eq!(user.granted(&user.request.with("scope", requested)).await, granted, "{requested}");
    }
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    user.browser.consent(&user.request).await.code();
    let posted = user.browser.post("/oauth/authorize", &user.request.with("nonce", "a+b").parameters()).await;
    let redirect = Redirect::of(&user.browser.get(posted.header("location").unwrap()).await);
    assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce.as_deref(), Some("a+b"));
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let redirect = user.browser.consent(&user.request).await;
    assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce, None);
}

#[tokio::test]
async fn a_nonce_of_256_bytes_is_stored_and_of_257_refused() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    user.browser.consent(&user.request).await.code();
    // As JSON writes them.
    for nonce in ["n".repeat(256), "é".repeat(128), "\"".repeat(128), "\u{1}".repeat(42)] {
        let redirect = user.browser.redirected(&user.request.with("nonce", &nonce)).await;
        assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce, Some(nonce));
    }
    for nonce in ["n".repeat(257), "é".repeat(129), "\"".repeat(129), "\u{1}".repeat(43)] {
        let redirect = user.browser.redirected(&user.request.with("nonce", &nonce)).await;
        redirect.is_error(&stack, "invalid_request");
    }
    let twice = user.request.and("nonce", "n").and("nonce", "n");
    user.browser.redirected(&twice).await.is_error(&stack, "invalid_request");
    assert_eq!(stack.grants().await, 5);
}

#[tokio::test]
async fn the_same_decision_sent_twice_is_one_grant_with_its_nonce() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let form = user.browser.consent_form(&user.request.with("nonce", "n-0S6_WzA2Mj")).await;
    let send = || user.browser.submit(&form, &[("decision", "allow")]);
    let (first, second) = tokio::join!(send(), send());
    let (first, second) = (Redirect::of(&first), Redirect::of(&second));
    assert_eq!((first.code(), stack.grants().await), (second.code(), 1));
    assert_eq!(stack.grant_of(&first).await.code.unwrap().nonce.as_deref(), Some("n-0S6_WzA2Mj"));
}

#[tokio::test]
async fn only_an_openid_connect_request_has_a_nonce_and_may_have_no_registration() {
    let stack = Stack::with_openid().await;
    let user = SignIn::at(&stack).await;
    let (long, registration) = ("n".repeat(1_000), r#"{"client_name":"x"}"#);
    let parameters =
        |request: &AuthorizationRequest| request.with("nonce", &long).with("registration", registration);
    let plain = user.browser.consent(&parameters(&user.request.with("scope", "read"))).await;
    assert_eq!(stack.grant_of(&plain).await.code.unwrap().nonce, None);
    let refused = user.browser.redirected(&user.request.with("registration", registration)).await;
    refused.is_error(&stack, "registration_not_supported");
    assert!(refused.location.contains("registration+is+not+supported"), "{}", refused.location);
    // Off: the same request is one of OAuth.
    let off = stack.sibling(|config| config.signing_keys = SigningKeys::default()).await;
    let browser = off.browser();
    browser.sign_in(&off.create_user("eve").await).await;
    let plain = browser.consent(&parameters(&user.request)).await;
    assert_eq!(off.grant_of(&plain).await.code.unwrap().nonce, None);
    let confidential = browser.redirected(&user.request.with("scope", "openid phone")).await;
    confidential.is_error(&stack, "invalid_scope");
}

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
            redirect_uris: vec!["https://rp.example.com/callback".to_owned()],
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
