//! Events of API Gateway: those of an HTTP API and of a REST API for the functions, and those for the authorizer.
//!
//! The input is JSON. The functions and the authorizer each get it, also if it is no event: a function answers, and the authorizer
//! decides.

#![no_main]

use fuzz::{exchange, with_deployment};
use lambda_http::BoxFuture;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shared::{
    endpoint::App,
    http::{Query, Request, Response, empty},
};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    with_deployment(|deployment| {
        let names = deployment.names(text);
        let text = names.fill(text);
        let event: Value = serde_json::from_str(&text).unwrap_or_default();
        let path = event["rawPath"].as_str().or_else(|| event["path"].as_str());
        if let Some((_, handler)) = path.and_then(exchange::route) {
            exchange::invoke(deployment, handler, &text).check(&names);
        } else {
            let answer = exchange::invoke(deployment, inspect, &text);
            assert!([204, 400].contains(&answer.status), "{answer:?}");
        }
        exchange::authorize(deployment, &text);
    });
});

/// A function that looks at the request that an event became.
fn inspect(_app: &App, request: Request) -> BoxFuture<'_, Response> {
    let uri = request.uri();
    assert!(uri.path().starts_with('/') && uri.scheme_str() == Some("https"), "{uri}");
    assert!(request.headers().get("x-forwarded-proto").is_none());
    let query = uri.query().unwrap_or_default();
    assert!(query.bytes().all(|byte| byte.is_ascii_graphic()), "{query}");
    let _ = Query::parse(query);
    Box::pin(async { empty(lambda_http::http::StatusCode::NO_CONTENT) })
}
