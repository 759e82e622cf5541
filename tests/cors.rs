//! CORS (Fetch): pages of other origins may call only the endpoints that browser applications need, without credentials.

use shared::config::{RegistrationMode, SigningKeys};

use crate::harness::{AuthorizationRequest, Response, Stack};

const ORIGIN: &str = "https://spa.example.com";
/// The endpoints that scripts may call, with the methods of each.
const OPEN: [(&str, &str); 7] = [
    ("/oauth/token", "POST"),
    ("/oauth/revoke", "POST"),
    ("/oauth/register", "POST"),
    ("/oauth/userinfo", "GET, POST"),
    ("/.well-known/oauth-authorization-server", "GET"),
    ("/.well-known/openid-configuration", "GET"),
    ("/.well-known/jwks.json", "GET"),
];

impl Stack {
    /// Starts a deployment with every endpoint that scripts may call.
    async fn open() -> Self {
        Self::configured(|config| {
            config.registration.mode = RegistrationMode::Open;
            config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
        })
        .await
    }
}

fn is_open(response: &Response) {
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("access-control-allow-credentials"), None);
}

async fn preflight(stack: &Stack, path: &str, method: &str) -> Response {
    let call = stack.request("OPTIONS", path).header("origin", ORIGIN);
    let call = call.header("access-control-request-method", method);
    call.header("access-control-request-headers", "authorization,content-type").send().await
}

#[tokio::test]
async fn a_preflight_names_what_may_be_sent() {
    let stack = Stack::open().await;
    for (path, methods) in OPEN {
        let method = methods.split(", ").next().unwrap();
        let response = preflight(&stack, path, method).await;
        assert_eq!((response.status, response.text.as_str()), (204, ""), "{path}");
        is_open(&response);
        assert_eq!(response.header("access-control-allow-methods"), Some(methods));
        let headers = response.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
        assert_eq!(headers, "authorization, content-type, mcp-protocol-version");
    }
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn a_page_may_read_a_response_and_an_error() {
    let stack = Stack::open().await;
    let machine = stack.machine().await;
    let issued = stack.request_token(&machine, &[]).await;
    let refused = stack.request_token(&machine.with_wrong_secret(), &[]).await;
    assert_eq!((issued.status, refused.status), (200, 401));
    for (path, methods) in OPEN {
        let get = stack.request("GET", path).header("origin", ORIGIN).send().await;
        let post = stack.post(path).header("origin", ORIGIN).form(&[]).send().await;
        assert_ne!((get.status, post.status), (200, 200), "{methods} {path}");
        for response in [&issued, &refused, &get, &post] {
            is_open(response);
            let exposed = response.header("access-control-expose-headers").unwrap();
            assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Retry-After"), "{exposed}");
        }
    }
}

#[tokio::test]
async fn introspection_is_closed_to_other_origins() {
    let stack = Stack::start().await;
    let rs = stack.resource_server().await;
    let response = preflight(&stack, "/oauth/introspect", "POST").await;
    response.is_error(405, "invalid_request");
    let form = [("token", "garbage")];
    let introspection =
        stack.post("/oauth/introspect").basic(&rs).header("origin", ORIGIN).form(&form).send().await;
    assert_eq!(introspection.status, 200);
    for response in [response, introspection] {
        let (_, headers, _) = response.essence();
        assert!(!headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{headers:?}");
    }
}

#[tokio::test]
async fn no_other_origin_may_read_a_page_or_an_authorization_response() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.web().await).url();
    for path in [request.as_str(), "/oauth/authorize", "/login", "/logout"] {
        for method in ["GET", "POST", "OPTIONS"] {
            let call = stack.request(method, path).header("origin", ORIGIN);
            call.header("access-control-request-method", method).form(&[]).send().await.is_for_no_script();
        }
    }
}
