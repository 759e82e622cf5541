//! The authorization response (RFC 6749 §4.1.2, RFC 9207, Form Post).

use shared::clients::Registration;

use crate::harness::{AuthorizationRequest, HtmlForm, PASSWORD, Redirect, Registered, Stack};

async fn with_uri(uri: &str) -> (Stack, Registered) {
    let stack = Stack::start().await;
    let registration = Registration {
        name: "web".to_owned(),
        redirect_uris: vec![uri.to_owned()],
        scope: vec!["read".to_owned()],
        ..Registration::default()
    };
    let web = stack.register(registration).await;
    (stack, web)
}

/// A state with every kind of byte that could be lost, doubled or misread on its way.
const STATE: &str = "a b+&=\u{e9}\"%41#?\r\nSet-Cookie: x=1\u{1F511}'<x>";

#[tokio::test]
async fn success_is_a_code_a_state_and_an_issuer_in_the_query_and_nothing_else() {
    let (stack, web) = with_uri("https://app.example.com/cb").await;
    let browser = stack.signed_in().await;
    let redirect = browser.consent(&AuthorizationRequest::by(&web)).await;
    let code = redirect.code();
    let iss = form_urlencoded::byte_serialize(stack.url.as_bytes()).collect::<String>();
    assert_eq!(redirect.location, format!("https://app.example.com/cb?code={code}&state=xyz&iss={iss}"));
    let metadata = stack.request("GET", "/.well-known/oauth-authorization-server").send().await.json();
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(redirect.get("iss"), metadata["issuer"].as_str(), "RFC 9207 §2");
    let without =
        browser.consent(&AuthorizationRequest::by(&web).without("state").with("prompt", "consent")).await;
    assert_eq!((without.get("state"), without.get("iss")), (None, Some(stack.url.as_str())));
}

#[tokio::test]
async fn a_state_comes_back_byte_for_byte_with_success_and_with_errors() {
    let (stack, web) = with_uri("https://app.example.com/cb").await;
    let stranger = stack.browser();
    let request = AuthorizationRequest::by(&web).with("state", STATE);
    // Through the login page, and through a wrong password.
    let login = stranger.redirected(&request).await.location;
    let ada = stack.create_user("ada").await;
    stranger.try_to_sign_in(&login, &ada.name, "wrong").await.is_page(400);
    let next = stranger.try_to_sign_in(&login, &ada.name, PASSWORD).await;
    let page = stranger.get(next.header("location").unwrap()).await;
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let denied = Redirect::of(&stranger.submit(&form, &[("decision", "deny")]).await);
    assert_eq!((denied.get("error"), denied.get("state")), (Some("access_denied"), Some(STATE)));
    let allowed = Redirect::of(&stranger.submit(&form, &[("decision", "allow")]).await);
    allowed.code();
    assert_eq!(allowed.get("state"), Some(STATE));
    let refused = stranger.redirected(&request.with("scope", "other")).await;
    assert_eq!((refused.get("error"), refused.get("state")), (Some("invalid_scope"), Some(STATE)));
}

#[tokio::test]
async fn a_state_of_1_kib_is_repeated_and_a_longer_one_is_refused_and_not_repeated() {
    let (stack, web) = with_uri("https://app.example.com/cb").await;
    let browser = stack.signed_in().await;
    let longest = "s".repeat(1_024);
    let request = AuthorizationRequest::by(&web).with("state", &longest);
    assert_eq!(browser.consent(&request).await.get("state"), Some(longest.as_str()));
    let refused =
        browser.redirected(&AuthorizationRequest::by(&web).with("state", &format!("{longest}s"))).await;
    refused.is_error_without_state(&stack, "invalid_request");
    assert_eq!(refused.get("state"), None);
    // The response to the longest request fits a header.
    let request = AuthorizationRequest::by(&web).with("hello", &"x".repeat(4_096));
    browser.authorize(&request).await.is_page(400);
    browser.post("/oauth/authorize", &request.parameters()).await.is_page(400);
    let widest = AuthorizationRequest::by(&web).with("hello", &"~".repeat(600)).url().replace("%7E", "~");
    let login = Redirect::of(&stack.browser().get(&widest).await).location;
    let response = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    let after = Redirect::of(&response).location;
    assert_eq!(after, widest, "the login page does not lengthen the request");
    Redirect::of(&browser.get(&after).await).code();
}

#[tokio::test]
async fn a_registered_query_is_preserved_and_added_to() {
    for (uri, begins) in [
        ("https://app.example.com/cb?fixed=1", "https://app.example.com/cb?fixed=1&code="),
        ("https://app.example.com/cb?a=%20%2f&b", "https://app.example.com/cb?a=%20%2f&b&code="),
        ("https://app.example.com/cb?", "https://app.example.com/cb?code="),
        ("https://app.example.com", "https://app.example.com?code="),
        ("com.example.app:/cb", "com.example.app:/cb?code="),
    ] {
        let (stack, web) = with_uri(uri).await;
        let redirect = stack.signed_in().await.consent(&AuthorizationRequest::by(&web)).await;
        assert!(redirect.location.starts_with(begins), "{}", redirect.location);
    }
}

#[tokio::test]
async fn a_form_post_response_is_a_page_that_submits_itself_with_everything_escaped() {
    let (stack, web) = with_uri("https://app.example.com/cb?a=1&b=2").await;
    let browser = stack.signed_in().await;
    let state = "\"><script>alert(1)</script><x y='";
    let request = AuthorizationRequest::by(&web).with("response_mode", "form_post").with("state", state);
    let response = browser.submit(&browser.consent_form(&request).await, &[("decision", "allow")]).await;
    assert_eq!((response.status, response.header("location")), (200, None));
    let policy = response.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'sha256-") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("form-action"), "{policy}");
    assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
    response.is_not_stored();
    assert!(!response.text.contains("<script>alert") && !response.text.contains("<x "), "{}", response.text);
    let form = HtmlForm::of(&response, "https://app.example.com");
    assert_eq!(form.action, "https://app.example.com/cb?a=1&b=2");
    assert_eq!((form.get("state"), form.get("iss")), (Some(state), Some(stack.url.as_str())));
    assert_eq!(stack.redeem(&web, form.get("code").unwrap()).await.status, 200);
    // Errors are sent in the same way.
    let form = HtmlForm::of(&browser.authorize(&request.with("scope", "other")).await, "https://app");
    assert_eq!((form.get("error"), form.get("state")), (Some("invalid_scope"), Some(state)));
    assert_eq!(form.get("iss"), Some(stack.url.as_str()));
}

#[tokio::test]
async fn the_issuer_and_every_location_are_the_same_whatever_host_the_caller_claims() {
    let (stack, web) = with_uri("https://app.example.com/cb").await;
    let spoofed = |path: &str| {
        let call = stack.request("GET", path).header("host", "evil.example");
        call.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example").send()
    };
    let request = AuthorizationRequest::by(&web);
    let login = spoofed(&request.url()).await;
    assert_eq!(login.header("location"), Some(format!("/login?{}", request.query()).as_str()));
    assert!(!spoofed(&format!("/login?{}", request.query())).await.text.contains("evil.example"));
    let silent = Redirect::of(&spoofed(&request.with("prompt", "none").url()).await);
    silent.is_error(&stack, "login_required");
}

#[tokio::test]
async fn a_code_and_every_error_are_in_the_fragment_for_a_client_that_requests_it() {
    let (stack, web) = with_uri("https://app.example.com/cb?a=1").await;
    let (browser, stranger) = (stack.signed_in().await, stack.browser());
    let request = AuthorizationRequest::by(&web).with("response_mode", "fragment").with("state", STATE);
    let in_fragment = |redirect: &Redirect| {
        assert_eq!(redirect.to, "https://app.example.com/cb?a=1");
        assert!(redirect.location.starts_with("https://app.example.com/cb?a=1#"), "{}", redirect.location);
        assert_eq!((redirect.get("state"), redirect.get("iss")), (Some(STATE), Some(stack.url.as_str())));
    };
    let redirect = browser.consent(&request).await;
    in_fragment(&redirect);
    assert_eq!(stack.redeem(&web, redirect.code()).await.status, 200);
    for (name, value, code) in [
        ("scope", "other", "invalid_scope"),
        ("prompt", "nonsense", "invalid_request"),
        ("response_type", "id_token", "unsupported_response_type"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("request", "x", "request_not_supported"),
    ] {
        let redirect = browser.redirected(&request.with(name, value)).await;
        redirect.is_error_without_state(&stack, code);
        in_fragment(&redirect);
    }
    let form = browser.consent_form(&request.with("prompt", "consent")).await;
    let denied = Redirect::of(&browser.submit(&form, &[("decision", "deny")]).await);
    denied.is_error_without_state(&stack, "access_denied");
    in_fragment(&denied);
    let silent = stranger.redirected(&request.with("prompt", "none")).await;
    silent.is_error_without_state(&stack, "login_required");
    in_fragment(&silent);
    // A repeated response_mode is ignored.
    let twice = browser.redirected(&request.and("response_mode", "query").with("state", "xyz")).await;
    twice.is_error(&stack, "invalid_request");
    assert!(twice.location.starts_with("https://app.example.com/cb?a=1&error="), "{}", twice.location);
}
