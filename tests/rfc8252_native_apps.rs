//! Native applications, and their redirect URIs (RFC 8252).

use shared::clients::Registration;

use crate::harness::{AuthorizationRequest, Registered, Stack};

/// Registers a native application with these redirect URIs.
async fn native(stack: &Stack, uris: &[&str]) -> Registered {
    let registration = Registration {
        name: "native".to_owned(),
        public: true,
        redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        scope: vec!["read".to_owned()],
        ..Registration::default()
    };
    stack.register(registration).await
}

/// Asserts that a client with the redirect URIs `registered` receives a code at each of `accepted`, and that each of
/// `refused` ends with an error page.
async fn redirects_to(registered: &[&str], accepted: &[&str], refused: &[&str]) {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let request = AuthorizationRequest::by(&native(&stack, registered).await);
    for uri in accepted {
        let redirect = browser.consent(&request.with("redirect_uri", uri)).await;
        assert_eq!(redirect.to, *uri);
        redirect.code();
    }
    for uri in refused {
        let request = request.with("redirect_uri", uri);
        let response = browser.authorize(&request).await;
        assert_eq!(response.status, 400, "{uri} for {registered:?}");
        response.is_page(400);
        stack.browser().authorize(&request).await.is_page(400);
    }
}

#[tokio::test]
async fn a_loopback_address_matches_with_any_port_and_with_nothing_else_changed() {
    let refused = [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:51004/cb#x",
        "http://127.0.0.1:51004",
        "http://127.0.0.1:51004/CB",
        "https://127.0.0.1/cb",
        "https://127.0.0.1:51004/cb",
        "HTTP://127.0.0.1:51004/cb",
        "http://[::1]:5/cb",
        "http://localhost:51004/cb",
        "http://127.0.0.2:51004/cb",
        "http://127.1:51004/cb",
        "http://0x7f000001/cb",
        "http://2130706433/cb",
        "http://0.0.0.0:51004/cb",
    ];
    redirects_to(&["http://127.0.0.1/cb"], &["http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"], &refused)
        .await;
    let ported = ["http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://127.0.0.1/cb"];
    redirects_to(&["http://127.0.0.1:8000/cb"], &ported, &["http://127.0.0.1:65536/cb"]).await;
}

#[tokio::test]
async fn no_other_host_passes_for_a_loopback_address() {
    let refused = [
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://127.0.0.1:80:90/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:-1/cb",
        "http://127.0.0.1: 80/cb",
        "http://127.0.0.1:80 /cb",
        "http://127.0.0.1:8x/cb",
        "http://127.0.0.1:80.evil.example/cb",
        "http://127.0.0.1:80\\@evil.example/cb",
        "http://127.0.0.1\\.evil.example/cb",
        "http://127.0.0.1%2eevil.example/cb",
        "http://evil.example/http://127.0.0.1/cb",
        "http://evil.example#@127.0.0.1/cb",
        "http://user@127.0.0.1/cb",
        "http://user:80@127.0.0.1:80/cb",
        "http://[::1]evil.example/cb",
        "http://[::1]:80@evil.example/cb",
        "http://[::1].evil.example/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://127.0.0.1:\u{661}/cb",
        "http:127.0.0.1/cb",
        "//127.0.0.1/cb",
        "javascript:alert(1)//127.0.0.1/cb",
    ];
    let accepted = ["http://127.0.0.1:5/cb", "http://[::1]:5/cb", "http://[::1]/cb"];
    redirects_to(&["http://127.0.0.1/cb", "http://[::1]/cb"], &accepted, &refused).await;
    // A registered URI without a path is not a prefix of other URIs.
    let refused =
        ["http://127.0.0.1:80@evil.example", "http://127.0.0.1.evil.example", "http://127.0.0.1:5/"];
    redirects_to(&["http://127.0.0.1"], &["http://127.0.0.1:5", "http://127.0.0.1"], &refused).await;
    redirects_to(&["http://127.0.0.1?a=1"], &["http://127.0.0.1:5?a=1"], &["http://127.0.0.1:5?a=2"]).await;
}

#[tokio::test]
async fn only_loopback_addresses_match_with_any_port() {
    let refused = ["https://app.example.com:8443/cb", "https://app.example.com:443/cb"];
    redirects_to(&["https://app.example.com/cb"], &["https://app.example.com/cb"], &refused).await;
    let secure = ["https://127.0.0.1:51004/cb"];
    redirects_to(&["https://127.0.0.1/cb"], &["https://127.0.0.1/cb"], &secure).await;
}

#[tokio::test]
async fn localhost_matches_with_any_port_and_with_nothing_else_changed() {
    let refused = [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:51004/cb",
        "http://[::1]:51004/cb",
        "https://localhost/cb",
        "https://localhost:51004/cb",
        "http://LOCALHOST:51004/cb",
        "http://localhost.:51004/cb",
        "http://localhost:51004/other",
        "http://localhost:51004/cb/",
        "http://localhost:51004/CB",
        "http://localhost:51004/cb?x=1",
        "http://localhost:51004/cb#x",
        "http://localhost:51004",
        "http://localhost:/cb",
        "http://localhost:65536/cb",
        "http://localhost:8x/cb",
        "http://localhost.evil.example/cb",
        "http://localhostevil.example/cb",
        "http://localhost@evil.example/cb",
        "http://localhost:80@evil.example/cb",
        "http://user@localhost:80/cb",
        "http://evil.example/http://localhost/cb",
    ];
    let ported = ["http://localhost/cb", "http://localhost:51004/cb", "http://localhost:1/cb"];
    redirects_to(&["http://localhost/cb"], &ported, &refused).await;
    redirects_to(&["http://localhost:30000/cb"], &ported, &refused).await;
}

#[tokio::test]
async fn localhost_is_an_ordinary_host_name_for_a_confidential_client() {
    let stack = Stack::start().await;
    let registration = Registration {
        name: "web".to_owned(),
        redirect_uris: vec!["http://localhost:3000/cb".to_owned()],
        scope: vec!["read".to_owned()],
        ..Registration::default()
    };
    let request = AuthorizationRequest::by(&stack.register(registration).await);
    let browser = stack.signed_in().await;
    for uri in ["http://localhost:3001/cb", "http://localhost/cb"] {
        browser.authorize(&request.with("redirect_uri", uri)).await.is_page(400);
    }
    browser.consent(&request.with("redirect_uri", "http://localhost:3000/cb")).await.code();
}

#[tokio::test]
async fn a_code_for_one_port_of_localhost_is_redeemed_with_that_port_only() {
    let stack = Stack::start().await;
    let app = native(&stack, &["http://localhost/cb"]).await;
    let browser = stack.signed_in().await;
    let request = AuthorizationRequest::by(&app).with("redirect_uri", "http://localhost:4711/cb");
    let code = browser.consent(&request).await.code().to_owned();
    let redeem = async |uri: &str| {
        let verifier = ("code_verifier", crate::harness::code_flow::VERIFIER);
        stack.redeem_with(&app, &code, &[("redirect_uri", uri), verifier]).await
    };
    redeem("http://localhost:4712/cb").await.is_error(400, "invalid_grant");
    assert_eq!(redeem("http://localhost:4711/cb").await.status, 200);
}

#[tokio::test]
async fn a_private_use_scheme_matches_exactly() {
    let scheme = "com.example.app:/oauth2redirect";
    let refused = [
        "com.example.app:/oauth2redirect/x",
        "com.example.app:/OAUTH2REDIRECT",
        "COM.EXAMPLE.APP:/oauth2redirect",
        "com.example.app://oauth2redirect",
        "com.example.app:oauth2redirect",
        "com.example.app.evil:/oauth2redirect",
        "com.example.app:/",
    ];
    redirects_to(&[scheme], &[scheme], &refused).await;
}

#[tokio::test]
async fn a_misleading_redirect_uri_is_not_registered() {
    for uri in [
        "myapp:/cb",
        "javascript:alert(1)",
        "http://app.example.com/cb",
        "http://127.0.0.1.evil.example/cb",
        "https:app.example.com/cb",
        "https:/app.example.com/cb",
        "https:///app.example.com/cb",
        "http:127.0.0.1/cb",
        "https://app.example.com/cb#x",
        "https://app.example.com/cb?code=x",
    ] {
        let registration = Registration {
            name: "native".to_owned(),
            redirect_uris: vec![uri.to_owned()],
            ..Registration::default()
        };
        let id = shared::oauth::ClientId::random();
        assert!(registration.accept(id, shared::time::Timestamp::from_millis(1)).is_err(), "{uri}");
    }
}

#[tokio::test]
async fn a_native_application_needs_no_secret_but_a_challenge_and_consent_every_time() {
    let stack = Stack::start().await;
    let app = native(&stack, &["http://127.0.0.1/cb", "com.example.app:/cb"]).await;
    let browser = stack.signed_in().await;
    let request = AuthorizationRequest::by(&app).with("redirect_uri", "http://127.0.0.1:4711/cb");
    for _ in 0..2 {
        let code = browser.consent(&request).await.code().to_owned();
        let right = ("redirect_uri", "http://127.0.0.1:4711/cb");
        let verifier = ("code_verifier", crate::harness::code_flow::VERIFIER);
        let other_port = [("redirect_uri", "http://127.0.0.1:4712/cb"), verifier];
        stack.redeem_with(&app, &code, &other_port).await.is_error(400, "invalid_grant");
        let response = stack.redeem_with(&app, &code, &[right, verifier]).await;
        assert_eq!(response.status, 200, "{}", response.text);
    }
    browser.redirected(&request.without_pkce()).await.is_error(&stack, "invalid_request");
}
