//! Attempts to sign in as API Gateway events, directly to the function: from any address, and thousands in a short time.

use std::sync::Arc;

use jeton::local::ROUTES;
use lambda_http::Context;
use serde_json::{Value, json};
use shared::endpoint::lambda;

use super::{Browser, HtmlForm, Stack};

/// A login form with the cookies of its browser, which can be submitted from any address any number of times.
#[derive(Clone)]
pub struct Guesser {
    stack: Arc<Stack>,
    cookies: Vec<String>,
    csrf: String,
}

/// The response to an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: u64,
    pub retry_after: Option<String>,
}

impl Guesser {
    /// Returns a guesser with a new browser.
    pub async fn stranger(stack: &Arc<Stack>) -> Self {
        Self::with(stack, &stack.browser()).await
    }

    /// Returns a guesser with a copy of `browser`'s cookies.
    pub async fn with(stack: &Arc<Stack>, browser: &Browser<'_>) -> Self {
        let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
        let cookies = ["jeton-visit", "jeton-device"].into_iter();
        let cookies = cookies.filter_map(|name| Some(format!("{name}={}", browser.cookie(name)?)));
        let csrf = form.get("csrf").unwrap().to_owned();
        Self { stack: Arc::clone(stack), cookies: cookies.collect(), csrf }
    }

    /// Submits the form with this name and password from `address`.
    pub async fn attempt(&self, address: &str, name: &str, password: &str) -> Outcome {
        let form = [("csrf", self.csrf.as_str()), ("username", name), ("password", password)];
        let event = json!({
            "version": "2.0",
            "routeKey": "POST /login",
            "rawPath": "/login",
            "rawQueryString": "again",
            "cookies": self.cookies,
            "headers": {
                "content-type": "application/x-www-form-urlencoded",
                "x-forwarded-for": address,
            },
            "requestContext": {
                "domainName": "localhost",
                "http": { "method": "POST", "path": "/login", "protocol": "HTTP/1.1", "sourceIp": address },
                "requestId": "inside",
                "stage": "$default",
            },
            "body": form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish(),
            "isBase64Encoded": false,
        });
        let (_, login) = ROUTES.iter().find(|(path, _)| *path == "/login").unwrap();
        let app = Arc::clone(&self.stack.app);
        let response = lambda::invoke(app, *login, &event.to_string(), Context::default()).await.unwrap();
        let response: Value = serde_json::to_value(response).unwrap();
        Outcome {
            status: response["statusCode"].as_u64().unwrap(),
            retry_after: response["headers"]["retry-after"].as_str().map(str::to_owned),
        }
    }

    /// Submits `count` wrong passwords for `name` in sequence, and returns the statuses.
    pub async fn guess(&self, address: &str, name: &str, count: usize) -> Vec<u64> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.attempt(address, name, "a wrong password").await.status);
        }
        statuses
    }
}
