//! Every function while DynamoDB throttles all requests, or answers none: it responds within its timeout in the template,
//! after a bounded number of attempts, and before its invocation ends.

use std::{sync::Arc, time::Duration};

use axum::http::Request;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use jeton::local::ROUTES;
use lambda_http::Context;
use serde_json::{Value, json};
use shared::endpoint::lambda::invoke;
use tokio::time::{Instant, timeout};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, HtmlForm, PASSWORD, REGISTER, Registered, Response, Stack,
    account::reset_path, lambda::event, openid::SCOPE, public_metadata,
};

/// The shortest timeout of a function, less a second for a response on its way.
const IN_TIME: Duration = Duration::from_secs(9);

/// A time that a busy machine does not exceed, in which no request to DynamoDB gives up.
const LATE: Duration = Duration::from_secs(25);

/// How often the SDK sends a request.
const ATTEMPTS: usize = 3;

/// What the requests need.
struct Scene<'a> {
    stack: &'a Stack,
    /// That of a signed-in user.
    browser: Browser<'a>,
    /// That of a user who is not signed in.
    stranger: Browser<'a>,
    web: Registered,
    machine: Registered,
    /// A client with the password grant.
    legacy: Registered,
    token: String,
    code: String,
    refresh: String,
    /// The path of a reset link.
    reset: String,
    login: HtmlForm,
    logout: HtmlForm,
    consent: HtmlForm,
}

impl<'a> Scene<'a> {
    async fn of(stack: &'a Stack) -> Self {
        let (ada, browser) = stack.developer("ada").await;
        let reset = stack.app.users.create_reset_link(ada.sub, stack.now()).await.unwrap();
        let (web, machine, stranger) = (stack.web().await, stack.machine().await, stack.browser());
        Self {
            legacy: stack.legacy("password").await,
            token: stack.token(&machine).await,
            code: stack.code(&web).await,
            refresh: stack.pair(&web).await.refresh,
            reset: reset_path(&reset),
            login: HtmlForm::of(&stranger.get("/login").await, "/login"),
            logout: HtmlForm::of(&browser.get("/login").await, "/logout"),
            consent: browser.consent_form(&AuthorizationRequest::by(&web)).await,
            stack,
            browser,
            stranger,
            web,
            machine,
        }
    }

    /// Returns one request to each function that needs a table, and to each page, with a name.
    fn requests(&self) -> Vec<(&'static str, BoxFuture<'_, Response>)> {
        let Self { stack, browser, stranger, web, machine, token, .. } = self;
        let (bearer, sso) = (format!("Bearer {token}"), AuthorizationRequest::by(web).with("scope", SCOPE));
        let typed = [("username", "ada"), ("password", PASSWORD)];
        let password = format!("ada:{PASSWORD}");
        let call = |method, path: &str| stack.request(method, path);
        let page = |name, path: &'static str| (name, browser.get(path).boxed());
        vec![
            page("account", "/account"),
            page("tokens", "/account/tokens"),
            page("credentials", "/account/credentials"),
            page("sessions", "/account/sessions"),
            page("password", "/account/password"),
            ("reset link", browser.get(&self.reset).boxed()),
            page("logout at a client's request", "/oauth/logout"),
            ("expire", call("DELETE", "/user/expire").raw_basic(&password).send().boxed()),
            (
                "revoketokens",
                call("PUT", "/org/app/users/ada/revoketokens")
                    .header("authorization", &bearer)
                    .send()
                    .boxed(),
            ),
            ("sign-in", async move { stranger.submit(&self.login, &typed).await }.boxed()),
            ("sign-out", browser.submit(&self.logout, &[]).boxed()),
            ("authorize", async move { browser.authorize(&sso).await }.boxed()),
            ("decision", browser.submit(&self.consent, &[("decision", "allow")]).boxed()),
            ("token", stack.request_token(machine, &[]).boxed()),
            ("redemption", stack.redeem(web, &self.code).boxed()),
            ("refresh", stack.refresh(web, &self.refresh).boxed()),
            (
                "password grant",
                stack
                    .post("/oauth/token")
                    .basic(&self.legacy)
                    .form(&[("grant_type", "password"), typed[0], typed[1]])
                    .send()
                    .boxed(),
            ),
            ("revoke", stack.revoke(machine, token).boxed()),
            (
                "introspect",
                stack.post("/oauth/introspect").basic(machine).form(&[("token", token)]).send().boxed(),
            ),
            (
                "register",
                stack
                    .post(REGISTER)
                    .body("application/json", public_metadata("tool").to_string())
                    .send()
                    .boxed(),
            ),
            ("userinfo", call("GET", "/oauth/userinfo").header("authorization", &bearer).send().boxed()),
            ("keys", call("GET", "/.well-known/jwks.json").send().boxed()),
            ("sample API", call("GET", "/api/notes").header("authorization", &bearer).send().boxed()),
        ]
    }
}

/// Asserts an answer that tells the client to try again.
fn can_be_retried(name: &str, response: &Response) {
    let to_the_client = response.status == 303
        && response
            .header("location")
            .is_some_and(|location| location.contains("error=temporarily_unavailable"));
    assert!(
        to_the_client || (response.status == 503 && response.header("retry-after").is_some()),
        "{name}: {} {}",
        response.status,
        response.text
    );
}

#[tokio::test]
async fn every_function_gives_a_throttled_database_three_attempts() {
    let stack = Stack::with_everything().await;
    let scene = Scene::of(&stack).await;
    stack.advance(Duration::from_mins(10));
    stack.dynamodb.fail(Fault::Throttle);
    for (name, request) in scene.requests() {
        stack.dynamodb.forget();
        can_be_retried(name, &timeout(IN_TIME, request).await.expect(name));
        let attempts = stack.dynamodb.attempts();
        assert!(!attempts.is_empty(), "{name} needs no table");
        assert!(attempts.iter().all(|&attempts| attempts <= ATTEMPTS), "{name}: {attempts:?}");
    }
}

#[tokio::test]
async fn every_function_gives_up_in_time_if_the_database_never_answers() {
    let patient = Stack::with_everything().await;
    let stack = patient.as_impatient_as_in_lambda().await;
    let scene = Scene::of(&stack).await;
    stack.advance(Duration::from_mins(10));
    stack.dynamodb.fail(Fault::Hang);
    let answers =
        scene.requests().into_iter().map(async |(name, request)| (name, timeout(IN_TIME, request).await));
    for (name, answer) in join_all(answers).await {
        can_be_retried(name, &answer.expect(name));
    }
}

/// Invokes the function of `url` for its request by GET, which may take so long.
async fn invoke_for(stack: &Stack, url: &str, time: Duration) -> Value {
    let (parts, ()) = Request::builder().uri(url).body(()).unwrap().into_parts();
    let (_, handler) = ROUTES.iter().find(|(path, _)| *path == parts.uri.path()).unwrap();
    let mut context = Context::default();
    context.deadline = stack.now().after(time).millis();
    let event = event(&parts, &[]).to_string();
    let response = invoke(Arc::clone(&stack.app), *handler, &event, context);
    serde_json::to_value(timeout(LATE, response).await.expect("a response in time").unwrap()).unwrap()
}

#[tokio::test]
async fn a_function_gives_up_before_its_invocation_ends() {
    const TIME: Duration = Duration::from_secs(2);
    let stack = Stack::with_everything().await;
    let request = AuthorizationRequest::by(&stack.web().await).url();
    let in_time = invoke_for(&stack, &request, IN_TIME).await;
    assert_eq!(in_time["statusCode"], 303, "{in_time}");
    stack.advance(Duration::from_mins(10));
    stack.dynamodb.fail(Fault::Hang);
    // A page, and JSON. A busy machine may delay some responses, but a wrong rule delays all.
    let urls = [request.as_str(), "/.well-known/jwks.json"];
    let mut rounds = 0;
    loop {
        let begin = Instant::now();
        for response in join_all(urls.map(|url| invoke_for(&stack, url, TIME))).await {
            assert_eq!(response["statusCode"], 503, "{response}");
            assert!(response["headers"]["retry-after"].is_string(), "{response}");
        }
        rounds += 1;
        if begin.elapsed() < TIME {
            break;
        }
        assert!(rounds < 5, "no response before the invocation ends");
    }
    let lines = stack.audited("unavailable");
    assert_eq!(lines.len(), rounds * urls.len(), "{lines:?}");
    for line in lines {
        assert_eq!(line["reason"], json!("no response in the time of the invocation"));
    }
}
