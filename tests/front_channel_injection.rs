//! Code injection in every parameter of every page (RFC 6749 §10.14).

use crate::harness::{AuthorizationRequest, Browser, HtmlForm, PASSWORD, Response, Stack};

/// Texts that do harm if a page does not escape them, or uses them as an address.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)",
    "x\r\nSet-Cookie: evil=1",
    "x\r\n\r\n<script>alert(1)</script>",
    "javascript:alert(1)",
    "//evil.example",
    "/\\evil.example",
    "@evil.example",
    "https://evil.example/",
    "{{7*7}}\u{2028}\u{202e}",
    "&quot;&#34;%22%3Cscript%3E",
];

/// Asserts that nothing of the attack is markup, a header, or a redirect to another server; `home` is the beginning of
/// the redirect URI.
#[track_caller]
fn is_harmless(response: &Response, home: &str, why: &str) {
    assert!(response.status < 500, "{why}: {} {}", response.status, response.text);
    for raw in ["<script>alert", "<img", "onerror=alert(1)>", "onfocus='", "\u{2028}\"<"] {
        assert!(!response.text.contains(raw), "{why}: {raw} in {}", response.text);
    }
    for cookie in response.headers("set-cookie") {
        let names = ["jeton-visit=", "jeton-session=", "jeton-device="];
        let ours = names.iter().any(|name| cookie.starts_with(name));
        assert!(ours && !cookie.contains("evil.") && !cookie.contains("evil="), "{why}: {cookie}");
    }
    if let Some(location) = response.header("location") {
        let here = ["/login", "/oauth/authorize"];
        let (path, _) = location.split_once('?').unwrap_or((location, ""));
        assert!(here.contains(&path) || location.starts_with(home), "{why}: {location}");
    }
    // No quote in the attack ends an attribute.
    for tag in response.text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "{why}: {tag}");
    }
}

/// Returns a browser that is signed in, and one that is not.
async fn visitors(stack: &Stack) -> [Browser<'_>; 2] {
    [stack.signed_in().await, stack.browser()]
}

#[tokio::test]
async fn no_parameter_of_an_authorization_request_does_harm() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.web().await);
    let (home, visitors) = ("https://app.example.com/oauth/callback?", visitors(&stack).await);
    for name in [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "response_mode",
        "prompt",
        "max_age",
        "login_hint",
        "request",
        "request_uri",
        "nonce",
        "<script>alert(1)",
        "x\r\nevil: 1",
    ] {
        for hostile in HOSTILE {
            for visitor in &visitors {
                let (request, why) = (request.with(name, hostile), format!("{name}={hostile:?}"));
                let response = visitor.authorize(&request).await;
                is_harmless(&response, home, &why);
                if let Some(next) = response.header("location").filter(|next| next.starts_with('/')) {
                    is_harmless(&visitor.get(next).await, home, &why);
                }
                if response.status == 200 {
                    let form = HtmlForm::of(&response, "/oauth/authorize");
                    is_harmless(&visitor.submit(&form, &[("decision", "deny")]).await, home, &why);
                }
            }
        }
    }
}

#[tokio::test]
async fn no_field_of_a_consent_form_does_harm() {
    let stack = Stack::start().await;
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&AuthorizationRequest::by(&stack.web().await)).await;
    for name in ["csrf", "page", "decision", "allow:read", "client_id", "redirect_uri", "state"] {
        for hostile in HOSTILE {
            let more = if name == "decision" { &[][..] } else { &[("decision", "allow")][..] };
            let response = browser.submit(&form.with(name, hostile), more).await;
            is_harmless(&response, "https://app.example.com/oauth/callback?", &format!("{name}={hostile:?}"));
        }
    }
}

#[tokio::test]
async fn no_parameter_or_field_of_the_login_page_does_harm_or_leads_away() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let browser = stack.browser();
    for name in [
        "return_to",
        "next",
        "redirect_uri",
        "client_id",
        "login_hint",
        "state",
        "username",
        "<script>alert(1)",
    ] {
        for hostile in HOSTILE {
            let why = format!("{name}={hostile:?}");
            let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, hostile).finish();
            let path = format!("/login?{query}");
            is_harmless(&browser.get(&path).await, "nowhere", &why);
        }
    }
    for query in
        ["return_to=https://evil.example", "client_id=//evil.example", "/evil", "//evil.example", "?@evil"]
    {
        let response = browser.try_to_sign_in(&format!("/login?{query}"), &ada.name, PASSWORD).await;
        assert_eq!(response.status, 303);
        is_harmless(&response, "nowhere", query);
    }
    for name in ["username", "password", "csrf", "return_to"] {
        for hostile in HOSTILE {
            let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
            let fields: Vec<_> = [("username", "u"), ("password", "p")]
                .into_iter()
                .filter(|(known, _)| *known != name)
                .collect();
            let response = browser.submit(&form.with(name, hostile), &fields).await;
            assert!([400, 403, 429].contains(&response.status));
            is_harmless(&response, "nowhere", &format!("{name}={hostile:?}"));
        }
    }
}

#[tokio::test]
async fn no_parameter_or_field_of_signing_out_does_harm_or_leads_away() {
    let stack = Stack::start().await;
    for visitor in &visitors(&stack).await {
        for name in ["csrf", "return_to", "post_logout_redirect_uri", "<script>alert(1)"] {
            for hostile in HOSTILE {
                let query =
                    form_urlencoded::Serializer::new(String::new()).append_pair(name, hostile).finish();
                let response = visitor.post(&format!("/logout?{query}"), &[(name, hostile)]).await;
                assert!([200, 403].contains(&response.status));
                assert_eq!(response.header("location"), None);
                is_harmless(&response, "nowhere", &format!("{name}={hostile:?}"));
            }
        }
    }
}

#[tokio::test]
async fn malformed_bytes_cause_no_server_error() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.web().await).query();
    for query in [
        b"state=%".to_vec(),
        b"state=%zz".to_vec(),
        b"state=%00".to_vec(),
        b"state=%FF".to_vec(),
        b"state=\xFF".to_vec(),
        b"state=\xC3\xA9".to_vec(),
        b"%3Cscript%3E".to_vec(),
        b"state='\"<>`{}|\\^".to_vec(),
        b"&&&=&".to_vec(),
        vec![b'&'; 4_000],
    ] {
        for path in ["/oauth/authorize", "/login", "/logout"] {
            let mut bytes = format!("GET {path}?{request}&").into_bytes();
            bytes.extend(&query);
            bytes.extend(
                format!(" HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", &stack.url[7..]).bytes(),
            );
            let response = stack.raw(&bytes).await;
            let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
            assert!(
                head.starts_with("HTTP/1.1 ") && !head.starts_with("HTTP/1.1 5"),
                "{query:?}: {response}"
            );
            assert!(
                !head.starts_with("HTTP/1.1 303") || head.contains("location: /login?"),
                "{query:?}: {head}"
            );
            assert!(!body.contains("<>"), "{query:?}: {body}");
        }
    }
}
