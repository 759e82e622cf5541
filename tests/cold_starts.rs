//! A stampede: many instances of every function with a route start at the same time, each with a request that waits for it.

use std::{collections::BTreeSet, time::Duration};

use axum::http::Request;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use crate::{
    harness::{AuthorizationRequest, REGISTER, Stack, lambda::Functions, public_metadata, rights::POLICIES},
    upgrade::{directory, variables},
};

/// The instances of each function.
const INSTANCES: usize = 12;
/// The shortest timeout of a function in the template.
const IN_TIME: Duration = Duration::from_secs(10);
/// How often the SDK sends a request.
const ATTEMPTS: usize = 3;
/// A key of KMS, which no request of the stampede uses: it turns OpenID Connect on.
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Sends a request to an instance, and returns the status.
async fn status(
    functions: &Functions,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> u16 {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    functions.respond(&parts, body.as_bytes()).await.status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "JETON_NEW must name the directory of the programs of a release"]
async fn a_stampede_of_cold_starts_is_answered_in_time() {
    let programs = directory("JETON_NEW").expect("JETON_NEW");
    let stack = Stack::from_now_on(|_| ()).await;
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", machine.id, machine.secret)));
    let form = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let json = [("content-type", "application/json")];
    let bearer = format!("Bearer {token}");
    let bearer = [("authorization", bearer.as_str())];
    let authorize = AuthorizationRequest::by(&stack.web().await).url();
    let asked = format!("token={token}");
    let metadata = public_metadata("tool").to_string();
    let requests: [(&str, &str, &[_], &str, u16); 11] = [
        ("GET", &authorize, &[], "", 303),
        ("POST", "/oauth/token", &form, "grant_type=client_credentials", 200),
        ("POST", "/oauth/introspect", &form, &asked, 200),
        ("POST", "/oauth/revoke", &form, "token=unknown", 200),
        ("POST", REGISTER, &json, &metadata, 201),
        ("GET", "/login", &[], "", 200),
        ("GET", "/oauth/logout", &[], "", 200),
        ("GET", "/account", &[], "", 303),
        ("GET", "/oauth/userinfo", &bearer, "", 401),
        ("GET", "/.well-known/oauth-authorization-server", &[], "", 200),
        ("GET", "/.well-known/openid-configuration", &[], "", 200),
    ];
    let path = |uri: &str| uri.split('?').next().unwrap().to_owned();
    let started: BTreeSet<_> = requests.iter().filter_map(|of| POLICIES.function(&path(of.1))).collect();
    assert_eq!(started, POLICIES.functions(), "every function with a route starts");
    let variables = [variables(&stack), vec![("JETON_SIGNING_KEYS".to_owned(), KEY.to_owned())]].concat();
    stack.dynamodb.forget();
    let begin = Instant::now();
    let instances = (0..INSTANCES).map(async |_| {
        let functions = Functions::start(&programs, &variables).await;
        let answers = requests.iter().map(async |(method, path, headers, body, expected)| {
            let answer = timeout(IN_TIME, status(&functions, method, path, headers, body)).await;
            assert_eq!(answer.ok(), Some(*expected), "{method} {path}");
        });
        join_all(answers).await;
    });
    join_all(instances).await;
    let attempts = stack.dynamodb.attempts();
    assert!(attempts.iter().all(|attempts| *attempts <= ATTEMPTS), "{attempts:?}");
    println!(
        "{} cold starts in {:.1} s, {} requests to DynamoDB in {} attempts",
        INSTANCES * requests.len(),
        begin.elapsed().as_secs_f64(),
        attempts.len(),
        attempts.iter().sum::<usize>()
    );
}
