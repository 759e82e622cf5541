//! What clients and users do all the time. A response that is wrong ends the test; 503 is retried, as its clients do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use super::crossing::{RELEASE, RELEASES};
use crate::harness::{
    AuthorizationRequest, Browser, HtmlForm, PASSWORD, REGISTER, Redirect, Registered, Response, Stack,
    code_flow::{Pair, VERIFIER},
    dice::Dice,
    public_metadata,
};

/// How often a request is sent whose responses are all 503.
const ATTEMPTS: usize = 50;

/// The clients of the load.
#[derive(Clone)]
pub struct Clients {
    pub web: Registered,
    /// A confidential client whose refresh tokens stay as they are.
    pub fixed: Registered,
    pub machine: Registered,
    pub rs: Registered,
}

/// A user, with a browser, and with the client that has tokens of the user.
pub struct Person {
    /// The deployment at the URL of the front.
    pub stack: Arc<Stack>,
    pub clients: Clients,
    pub name: String,
    pub dice: Dice,
    pub over: Arc<AtomicBool>,
}

/// Sends a request until its response is not 503.
macro_rules! answered {
    ($request:expr) => {{
        let mut attempts = 0;
        loop {
            let response: Response = $request.await;
            attempts += 1;
            if response.status != 503 || attempts == ATTEMPTS {
                break response;
            }
            assert!(response.header("retry-after").is_some(), "{response:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }};
}

impl Person {
    /// Signs in, gets tokens, uses, refreshes and revokes them, and looks at the account, until the load is over.
    pub async fn live(mut self) {
        let stack = Arc::clone(&self.stack);
        let mut browser = stack.browser();
        self.sign_in(&browser).await;
        let (web, fixed) = (self.clients.web.clone(), self.clients.fixed.clone());
        let mut pair = self.grant(&browser, &web).await;
        let fixed = self.grant(&browser, &fixed).await;
        while !self.over.load(Ordering::SeqCst) {
            match self.dice.below(100) {
                0..10 => {
                    browser = stack.browser();
                    self.sign_in(&browser).await;
                }
                10..25 => pair = self.grant(&browser, &web).await,
                25..45 => pair = self.refresh(&pair).await,
                45..55 => self.refresh_without_rotation(&fixed).await,
                55..70 => self.machine().await,
                70..80 => {
                    self.revoke(&pair).await;
                    pair = self.grant(&browser, &web).await;
                }
                80..90 => self.account(&browser).await,
                90..95 => self.personal_token(&browser).await,
                _ => self.register().await,
            }
        }
    }

    async fn sign_in(&self, browser: &Browser<'_>) {
        let page = answered!(browser.get("/login?again"));
        let form = HtmlForm::of(&page, "/login");
        let fields = [("username", self.name.as_str()), ("password", PASSWORD)];
        let response = answered!(browser.submit(&form, &fields));
        assert_eq!(response.status, 303, "{}", response.text);
    }

    /// Returns the tokens of a new grant.
    async fn grant(&mut self, browser: &Browser<'_>, client: &Registered) -> Pair {
        let pair = answered!(self.redemption(browser, client)).pair();
        self.is_active_everywhere(&pair.access, true).await;
        pair
    }

    /// Redeems a new code, once: after a 503 the code may be redeemed, and another redemption would be a replay.
    async fn redemption(&self, browser: &Browser<'_>, client: &Registered) -> Response {
        let request = AuthorizationRequest::by(client).with("scope", "read write");
        let mut response = answered!(browser.authorize(&request));
        if response.status == 200 {
            let form = HtmlForm::of(&response, "/oauth/authorize");
            response = answered!(browser.submit(&form, &[("decision", "allow")]));
        }
        let redirect = Redirect::of(&response);
        let form =
            [("grant_type", "authorization_code"), ("code", redirect.code()), ("code_verifier", VERIFIER)];
        self.stack.post_as("/oauth/token", client, &form).await
    }

    async fn refresh(&mut self, pair: &Pair) -> Pair {
        let next = answered!(self.stack.refresh(&self.clients.web, &pair.refresh)).pair();
        if self.dice.chance(20) {
            // The response got lost.
            let again = answered!(self.stack.refresh(&self.clients.web, &pair.refresh)).pair();
            assert_eq!(again, next, "a retry gets the same tokens");
        }
        self.is_active_everywhere(&next.access, true).await;
        next
    }

    /// Refreshes twice at the same time, and at times revokes an access token: no refresh returns it again.
    async fn refresh_without_rotation(&mut self, pair: &Pair) {
        let (one, other) = tokio::join!(self.renewed(pair), self.renewed(pair));
        if self.dice.chance(20) {
            let revoked = answered!(self.stack.revoke(&self.clients.fixed, &one));
            assert_eq!(revoked.status, 200, "{}", revoked.text);
            self.is_active_everywhere(&one, false).await;
            self.is_active_everywhere(&other, other != one).await;
            assert_ne!(self.renewed(pair).await, one);
            self.is_active_everywhere(&one, false).await;
        }
    }

    /// Returns the access token of a refresh without rotation.
    async fn renewed(&self, pair: &Pair) -> String {
        let response = answered!(self.stack.refresh(&self.clients.fixed, &pair.refresh));
        let tokens = response.json();
        assert!(response.status == 200 && tokens.get("refresh_token").is_none(), "{}", response.text);
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        self.is_active_everywhere(&access, true).await;
        access
    }

    async fn machine(&self) {
        let form = [("grant_type", "client_credentials")];
        let response = answered!(self.stack.post_as("/oauth/token", &self.clients.machine, &form));
        assert_eq!(response.status, 200, "{}", response.text);
        let token = response.json()["access_token"].as_str().unwrap().to_owned();
        self.is_active_everywhere(&token, true).await;
        let revoked = answered!(self.stack.revoke(&self.clients.machine, &token));
        assert_eq!(revoked.status, 200, "{}", revoked.text);
        self.is_active_everywhere(&token, false).await;
    }

    async fn revoke(&self, pair: &Pair) {
        let revoked = answered!(self.stack.revoke(&self.clients.web, &pair.refresh));
        assert_eq!(revoked.status, 200, "{}", revoked.text);
        self.is_active_everywhere(&pair.access, false).await;
        let refused = answered!(self.stack.refresh(&self.clients.web, &pair.refresh));
        refused.is_error(400, "invalid_grant");
    }

    async fn account(&self, browser: &Browser<'_>) {
        for path in ["/account", "/account/sessions", "/account/tokens"] {
            let page = answered!(browser.get(path));
            assert_eq!(page.status, 200, "{path}: {}", page.text);
        }
    }

    /// Creates a personal token, uses it, and ends it.
    async fn personal_token(&self, browser: &Browser<'_>) {
        let page = answered!(browser.get("/account/tokens"));
        let form = HtmlForm::to_make(&page).without("lasts");
        let fields = [("name", "nightly"), ("lasts", "7"), ("allow:read", "yes")];
        let page = answered!(browser.submit(&form, &fields));
        assert_eq!(page.status, 200, "{}", page.text);
        let token = crate::harness::account::shown(&page, 0);
        self.is_active_everywhere(&token, true).await;
        let page = answered!(browser.get("/account/tokens"));
        let form =
            HtmlForm::all(&page, "/account/tokens").into_iter().find(|form| form.get("page").is_none());
        let ended = answered!(browser.submit(form.as_ref().unwrap(), &[]));
        assert_eq!(ended.status, 303, "{}", ended.text);
        self.is_active_everywhere(&token, false).await;
    }

    async fn register(&mut self) {
        let metadata = public_metadata(&format!("{} {}", self.name, self.dice.bits()));
        let response = answered!(self.stack.registration(&metadata).send());
        assert_eq!(response.status, 201, "{REGISTER}: {}", response.text);
        let client = Registered::of(&response.json());
        let page = answered!(self.stack.browser().authorize(&AuthorizationRequest::by(&client)));
        assert_eq!(page.status, 303, "{}", page.text);
    }

    /// Asserts that each release says so of `token`.
    async fn is_active_everywhere(&self, token: &str, expected: bool) {
        for release in RELEASES {
            let call = || {
                let call = self.stack.post("/oauth/introspect").basic(&self.clients.rs);
                call.header(RELEASE, release).form(&[("token", token)]).send()
            };
            let response = answered!(call());
            assert_eq!(response.status, 200, "{}", response.text);
            let active: Value = response.json()["active"].clone();
            assert_eq!(active, expected, "at {release}: {}", response.text);
        }
    }
}
