//! Requests as HTTP writes them, and their way through the functions.
//!
//! An input is up to [`MOST_REQUESTS`] requests with a line `===` between two. Each is a line with method and target, lines
//! with headers, an empty line and a body. A response gives names their values, for the requests after it: see
//! [`Answer::name`].

use std::sync::LazyLock;

use jeton::local::ROUTES;
use lambda_http::Context;
use serde_json::{Value, json};
use shared::endpoint::lambda::{self, Handler};

use crate::{Answer, Deployment, names::Names};

/// The most requests in an input.
const MOST_REQUESTS: usize = 6;
/// The parameters whose values are secrets.
const SECRETS: [&str; 11] = [
    "access_token",
    "client_secret",
    "code",
    "code_verifier",
    "csrf",
    "current",
    "id_token_hint",
    "new",
    "password",
    "refresh_token",
    "token",
];

/// Whether answers are printed: the environment has `TRACE`.
#[expect(clippy::disallowed_methods, reason = "a setting of the fuzz run")]
static TRACE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("TRACE").is_some());
/// The routes of an API that the authorizer protects.
const API: &str = "/api/";

/// An HTTP request.
struct HttpRequest<'t> {
    method: &'t str,
    path: &'t str,
    query: &'t str,
    headers: Vec<(String, &'t str)>,
    body: &'t str,
}

/// Sends the requests in `text`, checks every answer, and returns the names.
///
/// # Panics
/// If an answer breaks a rule, or the log has a secret.
pub fn run(deployment: &Deployment, text: &str) -> Names {
    let mut names = deployment.names(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    for request in text.split("\n===\n").take(MOST_REQUESTS) {
        let request = names.fill(request);
        let Some(request) = HttpRequest::parse(&request) else { continue };
        if request.path.starts_with(API) {
            authorize(deployment, &request.event(&request.api_route()).to_string());
        } else if let Some((route, handler)) = route(request.path) {
            let event = request.event(&format!("ANY {route}")).to_string();
            let answer = invoke(deployment, handler, &event);
            if *TRACE {
                eprintln!("{} {} {answer:?}", request.method, request.path);
            }
            answer.check(&names);
            answer.name(&mut names);
        }
        check_log(deployment, &names, &request);
    }
    names
}

/// Returns the route of `path`, and the function behind it.
pub fn route(path: &str) -> Option<(&'static str, Handler)> {
    let fits = |route: &str| {
        let (mut one, mut other) = (route.split('/'), path.split('/'));
        loop {
            match (one.next(), other.next()) {
                (None, None) => return true,
                (Some(one), Some(other)) if one == other || (one.starts_with('{') && !other.is_empty()) => {}
                _ => return false,
            }
        }
    };
    ROUTES.iter().copied().find(|(route, _)| fits(route))
}

/// Invokes the function `handler` with `event`.
///
/// # Panics
/// If the function fails instead of answering.
pub fn invoke(deployment: &Deployment, handler: Handler, event: &str) -> Answer {
    let app = deployment.app.clone();
    let response = deployment.block_on(lambda::invoke(app, handler, event, Context::default()));
    Answer::of(&serde_json::to_value(response.expect("a function answers")).unwrap())
}

/// Invokes the authorizer with `event`, and checks its decision.
///
/// # Panics
/// If no gateway takes the decision, or if it lets a request without credentials pass.
pub fn authorize(deployment: &Deployment, event: &str) {
    let decision = match deployment.block_on(authorizer::handle(&deployment.app, event)) {
        Ok(decision) => serde_json::to_value(decision).unwrap(),
        Err(authorizer::Error::Unauthorized | authorizer::Error::MalformedEvent) => return,
        Err(error @ authorizer::Error::Unavailable) => panic!("{error} {}", deployment.logged()),
    };
    if *TRACE {
        eprintln!("{decision}");
    }
    let context = decision["context"].as_object().expect("a decision has a context");
    assert!(context.values().all(Value::is_string), "a REST API takes no other values: {decision}");
    let allowed = match &decision["isAuthorized"] {
        Value::Bool(allowed) => *allowed,
        _ => allows(&decision, event),
    };
    // A guest's scope is only that of guests.
    assert!(
        !allowed || context.contains_key("sub") || decision["context"]["scope"] == "guest",
        "an unknown caller passes: {decision}"
    );
    assert!(!allowed || !context.contains_key("error"), "{decision}");
}

/// Returns whether a policy allows the request of `event`, and checks its form.
fn allows(decision: &Value, event: &str) -> bool {
    let document = &decision["policyDocument"];
    assert!(document.to_string().len() <= 8_192, "API Gateway takes no larger policy");
    let statements = document["Statement"].as_array().expect("a policy has statements");
    let [statement] = statements.as_slice() else { panic!("one statement: {decision}") };
    let resources = statement["Resource"].as_array().expect("a statement has resources");
    let event: Value = serde_json::from_str(event).unwrap();
    let [own, first] = [&event["methodArn"], &resources[0]].map(|arn| arn.as_str().expect("an ARN"));
    // An ARN without a path is printed with one.
    assert!(first == own || first == format!("{own}/"), "the request's own address comes first: {decision}");
    let allowed = statement["Effect"] == "Allow";
    for resource in resources.iter().filter(|_| allowed) {
        // After API and stage. IAM reads these characters as patterns.
        let path = resource.as_str().unwrap().splitn(4, '/').nth(3).unwrap_or_default();
        assert!(!path.contains(['*', '?', '$']), "the policy allows more than one address: {decision}");
    }
    allowed
}

/// Checks that the log is JSON, and has no secret.
fn check_log(deployment: &Deployment, names: &Names, request: &HttpRequest<'_>) {
    let log = deployment.logged();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
    for secret in names.secrets().chain([names.get("password"), names.get("id-token")]) {
        assert!(secret.is_empty() || !log.contains(secret), "a secret is in the log: {log}");
    }
    for text in [request.query, request.body] {
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let telling = value.len() >= 12
                && value.bytes().any(|byte| byte.is_ascii_digit())
                && value.bytes().any(|byte| byte.is_ascii_uppercase());
            if telling && SECRETS.contains(&name.as_ref()) && !names.is_public(&value) {
                assert!(!log.contains(value.as_ref()), "{name} is in the log: {log}");
            }
        }
    }
}

impl<'t> HttpRequest<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let (method, target) = lines.next()?.split_once(' ')?;
        // A gateway takes no other methods.
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let header = |line: &'t str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim()))
        };
        Some(Self { method, path, query, headers: lines.filter_map(header).collect(), body })
    }

    /// Returns the event of an HTTP API for this request.
    fn event(&self, route_key: &str) -> Value {
        let of = |wanted: &str, separator: &str| {
            let values: Vec<_> =
                self.headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| *value).collect();
            values.join(separator)
        };
        let headers: serde_json::Map<_, _> = self
            .headers
            .iter()
            .filter(|(name, _)| name != "cookie")
            .map(|(name, _)| (name.clone(), Value::String(of(name, ","))))
            .collect();
        let cookies = of("cookie", "; ");
        let cookies: Vec<_> = cookies.split("; ").filter(|cookie| !cookie.is_empty()).collect();
        let parameter = self.path.rsplit('/').next().unwrap_or_default();
        json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": self.path,
            "rawQueryString": self.query,
            "cookies": cookies,
            "headers": headers,
            "pathParameters": { "id": parameter, "path": self.path.trim_start_matches(API) },
            "requestContext": {
                "domainName": "as.example",
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                },
                "requestId": "request",
                "routeKey": route_key,
                "stage": "$default",
            },
            "body": self.body,
            "isBase64Encoded": false,
        })
    }

    /// Returns the key of the API's route.
    fn api_route(&self) -> String {
        let path = match self.path.trim_start_matches(API).split_once('/') {
            None if self.path == "/api/notes" => "/api/notes",
            Some(("notes", id)) if !id.contains('/') => "/api/notes/{id}",
            _ => "/api/{path+}",
        };
        format!("{} {path}", self.method)
    }
}
