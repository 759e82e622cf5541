//! The authorization request (RFC 6749 §3.1, §4.1.1): client, redirect URI, and errors.

use shared::{clients::Registration, oauth::GrantType};

use crate::harness::{AuthorizationRequest, Browser, HtmlForm, Redirect, Registered, Stack};

const CALLBACK: &str = "https://app.example.com/oauth/callback";

/// Starts a Jeton with a client that has these redirect URIs.
async fn with_uris(uris: &[&str]) -> (Stack, Registered) {
    let stack = Stack::start().await;
    let registration = Registration {
        name: "web".to_owned(),
        redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        scope: vec!["read".to_owned(), "write".to_owned(), "other".to_owned()],
        default_scope: vec!["read".to_owned(), "write".to_owned()],
        ..Registration::default()
    };
    let web = stack.register(registration).await;
    (stack, web)
}

/// Asserts that `request` ends with an error page, whether the user is signed in or not.
async fn ends_with_a_page(stack: &Stack, browser: &Browser<'_>, request: &AuthorizationRequest) {
    browser.authorize(request).await.is_page(400);
    stack.browser().authorize(request).await.is_page(400);
}

/// Asserts that `request` sends this error to the client, but only after the user has signed in.
async fn is_error(stack: &Stack, browser: &Browser<'_>, request: &AuthorizationRequest, code: &str) {
    let redirect = browser.redirected(request).await;
    assert_eq!(redirect.to, CALLBACK);
    redirect.is_error(stack, code);
    let stranger = Redirect::of(&stack.browser().authorize(request).await);
    assert!(stranger.location.starts_with("/login?"), "{}", stranger.location);
}

#[tokio::test]
async fn a_request_by_get_or_by_post_leads_to_the_login_page_and_on() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let (request, stranger) = (AuthorizationRequest::by(&web), stack.browser());
    let by_get = stranger.redirected(&request).await.location;
    assert_eq!(by_get, format!("/login?{}", request.query()));
    let by_post = Redirect::of(&stranger.post("/oauth/authorize", &request.parameters()).await).location;
    assert_eq!(by_post, request.url());
    let ada = stack.create_user("ada").await;
    let response = stranger.try_to_sign_in(&by_get, &ada.name, crate::harness::PASSWORD).await;
    assert_eq!(Redirect::of(&response).location, request.url());
    stranger.consent(&request).await.code();
    for method in ["PUT", "DELETE", "OPTIONS"] {
        let response =
            stack.request(method, &request.url()).header("origin", "https://spa.example").send().await;
        response.is_error(405, "invalid_request");
        assert_eq!(response.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn a_client_that_is_missing_unknown_repeated_or_disabled_is_never_redirected_to() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let (browser, request) =
        (stack.signed_in().await, AuthorizationRequest::by(&web).with("redirect_uri", CALLBACK));
    let is_lower = |c: char| c.is_ascii_lowercase();
    let other_case = web.id.replace(is_lower, "A") + if web.id.contains(is_lower) { "" } else { "A" };
    for id in ["nope", "", "client#x", "<script>", &"a".repeat(23), &other_case] {
        ends_with_a_page(&stack, &browser, &request.with("client_id", id)).await;
    }
    ends_with_a_page(&stack, &browser, &request.without("client_id")).await;
    ends_with_a_page(&stack, &browser, &request.and("client_id", &web.id)).await;
    stack.disable(&web).await;
    ends_with_a_page(&stack, &browser, &request).await;
    stack.enable(&web).await;
    browser.consent_form(&request).await;
    stack.delete(&web).await;
    ends_with_a_page(&stack, &browser, &request).await;
}

#[tokio::test]
async fn a_redirect_uri_is_compared_as_a_string() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&web));
    for suffix in [
        "?extra=1",
        "?",
        "/",
        "#x",
        "#",
        "%23x",
        "/FAKEPATH",
        "%2FFAKEPATH",
        "/..%2F",
        "/%2e%2e%2F",
        "%252Fx",
        "/FAKE/..",
        "/;/../../",
        "\n\r/../..",
        " ",
        "\t",
        "\0x",
        "@evil.example",
        ".evil.example",
        "\u{e9}",
    ] {
        if suffix != "\0x" {
            ends_with_a_page(&stack, &browser, &request.with("redirect_uri", &format!("{CALLBACK}{suffix}")))
                .await;
        }
    }
    for uri in [
        "https://app.example.com:443/oauth/callback",
        "https://app.example.com:8443/oauth/callback",
        "https://app.example.com/OAuth/callback",
        "https://APP.example.com/oauth/callback",
        "HTTPS://app.example.com/oauth/callback",
        "http://app.example.com/oauth/callback",
        "https://user@app.example.com/oauth/callback",
        "https://app.example.com@evil.example/oauth/callback",
        "https://app.example.com/oauth/../oauth/callback",
        "https://app.example.com/oauth",
        "https://evil.example/?https://app.example.com/oauth/callback",
        "//app.example.com/oauth/callback",
        "/oauth/callback",
        "javascript:alert(1)",
        " https://app.example.com/oauth/callback",
        "https%3A%2F%2Fapp.example.com%2Foauth%2Fcallback",
    ] {
        ends_with_a_page(&stack, &browser, &request.with("redirect_uri", uri)).await;
    }
    ends_with_a_page(&stack, &browser, &request.and("redirect_uri", CALLBACK).and("redirect_uri", CALLBACK))
        .await;
    assert_eq!(browser.consent(&request.with("redirect_uri", CALLBACK)).await.to, CALLBACK);
}

#[tokio::test]
async fn a_redirect_uri_may_be_left_out_only_if_it_is_the_only_one() {
    let (stack, one) = with_uris(&[CALLBACK]).await;
    let browser = stack.signed_in().await;
    assert_eq!(browser.consent(&AuthorizationRequest::by(&one)).await.to, CALLBACK);
    let (stack, two) = with_uris(&[CALLBACK, "https://app.example.com/second"]).await;
    let browser = stack.signed_in().await;
    ends_with_a_page(&stack, &browser, &AuthorizationRequest::by(&two)).await;
    ends_with_a_page(&stack, &browser, &AuthorizationRequest::by(&two).with("redirect_uri", "")).await;
    let named = AuthorizationRequest::by(&two).with("redirect_uri", "https://app.example.com/second");
    assert_eq!(browser.consent(&named).await.to, "https://app.example.com/second");
}

#[tokio::test]
async fn a_repeated_parameter_is_reported_to_the_client() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&web));
    for (name, value) in request.parameters() {
        if name != "client_id" && name != "state" {
            is_error(&stack, &browser, &request.and(name, value), "invalid_request").await;
        }
    }
    is_error(&stack, &browser, &request.and("hello", "1").and("hello", "2"), "invalid_request").await;
    is_error(&stack, &browser, &request.and("prompt", "").and("prompt", ""), "invalid_request").await;
    let twice = browser.redirected(&request.and("state", "xyz")).await;
    twice.is_error_without_state(&stack, "invalid_request");
    assert_eq!(twice.get("state"), None, "no state is better than a guess");
    // The same by POST.
    let by_post = browser.post("/oauth/authorize", &request.and("scope", "read").parameters()).await;
    let next = Redirect::of(&by_post).location;
    Redirect::of(&browser.get(&next).await).is_error(&stack, "invalid_request");
}

#[tokio::test]
async fn an_empty_parameter_of_the_request_counts_as_absent_and_an_unknown_one_is_ignored() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let browser = stack.signed_in().await;
    let request =
        AuthorizationRequest::by(&web).with("redirect_uri", "").with("state", "").with("response_mode", "");
    let request = request.with("prompt", "").with("max_age", "").with("request", "").with("hello", "world");
    let redirect = browser.consent(&request).await;
    redirect.code();
    assert_eq!(redirect.get("state"), None);
    is_error(&stack, &browser, &AuthorizationRequest::by(&web).with("response_type", ""), "invalid_request")
        .await;
    is_error(&stack, &browser, &AuthorizationRequest::by(&web).with("code_challenge", ""), "invalid_request")
        .await;
}

#[tokio::test]
async fn the_response_type_mode_and_grant_type_must_be_supported_and_allowed() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&web));
    is_error(&stack, &browser, &request.without("response_type"), "invalid_request").await;
    for response_type in
        ["oauch", "CODE", "token", "token code", "code token", "code id_token", "code ", "none"]
    {
        let request = request.with("response_type", response_type);
        is_error(&stack, &browser, &request, "unsupported_response_type").await;
    }
    for response_mode in ["zzz", "Fragment", "web_message", "QUERY", "query form_post"] {
        let request = request.with("response_mode", response_mode);
        is_error(&stack, &browser, &request, "invalid_request").await;
    }
    let object = request.with("request", "eyJhbGciOiJub25lIn0.e30.");
    is_error(&stack, &browser, &object, "request_not_supported").await;
    for uri in ["http://127.0.0.1:9/x", "urn:ietf:params:oauth:request_uri:x"] {
        is_error(&stack, &browser, &request.with("request_uri", uri), "request_uri_not_supported").await;
    }
    let machine = stack.register(Registration {
        redirect_uris: vec![CALLBACK.to_owned()],
        grant_types: vec![GrantType::ClientCredentials],
        ..crate::harness::machine()
    });
    let request = AuthorizationRequest::by(&machine.await);
    is_error(&stack, &browser, &request, "unauthorized_client").await;
}

#[tokio::test]
async fn a_scope_that_is_ill_formed_or_more_than_the_clients_is_refused() {
    let (stack, web) = with_uris(&[CALLBACK]).await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&web));
    for scope in
        ["no-such-scope-xyz", "a\\b", "READ", "read admin", "read\"", "read  write", " read", "r\u{e9}ad"]
    {
        is_error(&stack, &browser, &request.with("scope", scope), "invalid_scope").await;
    }
    for (scope, granted) in [("write read", "read write"), ("read write", "read write"), ("read", "read")] {
        let redirect = browser.consent(&request.with("scope", scope).with("prompt", "consent")).await;
        assert_eq!(stack.redeem(&web, redirect.code()).await.json()["scope"], granted);
    }
    let redirect = browser.consent(&request.without("scope").with("prompt", "consent")).await;
    assert_eq!(stack.redeem(&web, redirect.code()).await.json()["scope"], "read write", "the default");
}

/// Registers a public client with these scope values.
async fn public_with(stack: &Stack, scope: &[&str]) -> Registered {
    let values = |scope: &[&str]| scope.iter().map(|value| (*value).to_owned()).collect();
    let registration = Registration {
        name: "public".to_owned(),
        public: true,
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: values(scope),
        default_scope: values(&scope[..1]),
        ..Registration::default()
    };
    stack.register(registration).await
}

#[tokio::test]
async fn a_public_client_is_granted_the_allowed_part_of_the_requested_scope() {
    let stack = Stack::start().await;
    let (browser, public) = (stack.signed_in().await, public_with(&stack, &["read", "write"]).await);
    let request = AuthorizationRequest::by(&public);
    let many: Vec<_> = (0..200).map(|nth| format!("v{nth}")).collect();
    for (scope, granted) in [
        ("openid profile email offline_access read", "read"),
        ("write openid read", "read write"),
        ("READ read", "read"),
        (&format!("{} write", many.join(" ")), "write"),
        (&format!("{} write", "v".repeat(1_000)), "write"),
    ] {
        let request = request.with("scope", scope);
        let page = browser.authorize(&request).await;
        page.is_page(200);
        for value in scope.split(' ') {
            let is_shown = page.text.contains(&format!("name=\"allow:{value}\""));
            assert_eq!(is_shown, granted.split(' ').any(|granted| granted == value), "{value}");
        }
        // A checkbox that was not on the page allows nothing.
        let form = HtmlForm::of(&page, "/oauth/authorize").with("allow:openid", "yes");
        let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
        assert_eq!(stack.redeem(&public, redirect.code()).await.json()["scope"], granted, "{scope}");
    }
    for scope in ["openid", "openid profile", "READ", "read\"", "openid  read", " read", "r\u{e9}ad read"] {
        is_error(&stack, &browser, &request.with("scope", scope), "invalid_scope").await;
    }
}

#[tokio::test]
async fn only_allowed_scope_values_count_towards_the_limit_of_a_grant() {
    let stack = Stack::start().await;
    let values: Vec<_> = (0..21).map(|nth| format!("v{nth}")).collect();
    let public = public_with(&stack, &values.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (browser, request) = (stack.signed_in().await, AuthorizationRequest::by(&public));
    let most = values[..20].join(" ");
    let unknown = "openid profile email offline_access";
    let redirect = browser.consent(&request.with("scope", &format!("{unknown} {most}"))).await;
    assert_eq!(stack.redeem(&public, redirect.code()).await.status, 200);
    is_error(&stack, &browser, &request.with("scope", &values.join(" ")), "invalid_scope").await;
    let too_long = request.with("scope", &format!("{} v1", "x".repeat(4_096)));
    ends_with_a_page(&stack, &browser, &too_long).await;
}
