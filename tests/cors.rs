//! Fetch (CORS): pages of other origins may call what browser applications need, without credentials, and no more.

use crate::harness::{Answer, Asking, Stack};

const ORIGIN: &str = "https://spa.example.com";
const OPEN: [(&str, &str); 3] =
    [("/oauth/token", "POST"), ("/oauth/revoke", "POST"), ("/.well-known/oauth-authorization-server", "GET")];

fn is_open(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

async fn preflight(stack: &Stack, path: &str, method: &str) -> Answer {
    let call = stack.request("OPTIONS", path).header("origin", ORIGIN);
    let call = call.header("access-control-request-method", method);
    call.header("access-control-request-headers", "authorization,content-type").send().await
}

#[tokio::test]
async fn a_preflight_names_what_may_be_sent() {
    let stack = Stack::start().await;
    for (path, method) in OPEN {
        let answer = preflight(&stack, path, method).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        is_open(&answer);
        assert_eq!(answer.header("access-control-allow-methods"), Some(method));
        let headers = answer.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
    }
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn an_answer_and_a_refusal_may_be_read_by_a_page() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let issued = stack.ask_for_token(&machine, &[]).await;
    let refused = stack.ask_for_token(&machine.with_wrong_secret(), &[]).await;
    assert_eq!((issued.status, refused.status), (200, 401));
    for (path, method) in OPEN {
        let get = stack.request("GET", path).header("origin", ORIGIN).send().await;
        let post = stack.post(path).header("origin", ORIGIN).form(&[]).send().await;
        assert_ne!((get.status, post.status), (200, 200), "{method} {path}");
        for answer in [&issued, &refused, &get, &post] {
            is_open(answer);
            let exposed = answer.header("access-control-expose-headers").unwrap();
            assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Retry-After"), "{exposed}");
        }
    }
}

#[tokio::test]
async fn introspection_is_no_business_of_a_browser() {
    let stack = Stack::start().await;
    let rs = stack.resource_server().await;
    let answer = preflight(&stack, "/oauth/introspect", "POST").await;
    answer.is_error(405, "invalid_request");
    let form = [("token", "garbage")];
    let asked = stack.post("/oauth/introspect").basic(&rs).header("origin", ORIGIN).form(&form).send().await;
    assert_eq!(asked.status, 200);
    for answer in [answer, asked] {
        let (_, headers, _) = answer.essence();
        assert!(!headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{headers:?}");
    }
}

#[tokio::test]
async fn no_other_origins_script_reads_a_page_or_an_answer_on_its_way_through_the_browser() {
    let stack = Stack::start().await;
    let asking = Asking::by(&stack.web().await).url();
    for path in [asking.as_str(), "/oauth/authorize", "/login", "/logout"] {
        for method in ["GET", "POST", "OPTIONS"] {
            let call = stack.request(method, path).header("origin", ORIGIN);
            call.header("access-control-request-method", method).form(&[]).send().await.is_for_no_script();
        }
    }
}
