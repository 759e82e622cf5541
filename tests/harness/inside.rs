//! Attempts to sign in that go straight to the function, as the gateway's events: from any address, and thousands of
//! them in little time.

use std::sync::Arc;

use jeton::local::ROUTES;
use lambda_http::Context;
use serde_json::{Value, json};
use shared::lambda;

use super::{Browser, HtmlForm, Stack};

/// A login form and the browser it was shown to, sent from anywhere as often as anybody likes.
#[derive(Clone)]
pub struct Guesser {
    stack: Arc<Stack>,
    cookies: Vec<String>,
    csrf: String,
}

/// What an attempt is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status code.
    pub status: u64,
    /// What `Retry-After` says.
    pub retry_after: Option<String>,
}

impl Guesser {
    /// Somebody with a browser that has never been here.
    pub async fn stranger(stack: &Arc<Stack>) -> Self {
        Self::with(stack, &stack.browser()).await
    }

    /// Somebody with a copy of `browser`.
    pub async fn with(stack: &Arc<Stack>, browser: &Browser<'_>) -> Self {
        let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
        let cookies = ["jeton-visit", "jeton-browser"].into_iter();
        let cookies = cookies.filter_map(|name| Some(format!("{name}={}", browser.cookie(name)?)));
        let csrf = form.get("csrf").unwrap().to_owned();
        Self { stack: Arc::clone(stack), cookies: cookies.collect(), csrf }
    }

    /// What is answered to this name and password, coming from `address`.
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
        let answer = lambda::invoke(app, *login, &event.to_string(), Context::default()).await.unwrap();
        let answer: Value = serde_json::to_value(answer).unwrap();
        Outcome {
            status: answer["statusCode"].as_u64().unwrap(),
            retry_after: answer["headers"]["retry-after"].as_str().map(str::to_owned),
        }
    }

    /// The status of each of `count` wrong guesses at `name`, one after the other.
    pub async fn guess(&self, address: &str, name: &str, count: usize) -> Vec<u64> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.attempt(address, name, "a wrong password").await.status);
        }
        statuses
    }
}
