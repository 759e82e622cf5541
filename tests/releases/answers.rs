//! What clients, users and administrators request with what they hold of a release, and the responses.

use serde_json::{Map, Value, json};

use super::{ISSUER, RESOURCE, held::Held};
use crate::harness::{
    AuthorizationRequest, PASSWORD, Ran, Redirect, Registered, Response, Stack,
    code_flow::{CALLBACK, VERIFIER},
    public_metadata,
};

/// Members that are made anew for each response.
const RANDOM: [&str; 5] = ["access_token", "client_secret", "id_token", "kid", "refresh_token"];
/// A password that no user has yet.
const NEW: &str = "a staple of the trade";

/// The grants with a pair of tokens, by their names in the scenario.
const PAIRS: [&str; 19] = [
    "granted",
    "spent",
    "unspent",
    "narrowed",
    "narrowed again",
    "access revoked",
    "openid",
    "for a resource",
    "password",
    "tool",
    "revoked",
    "admin",
    "reuse",
    "replay",
    "user",
    "standing",
    "of eve",
    "of gone",
    "unanswered",
];
/// The access tokens and personal tokens.
const TOKENS: [&str; 12] = [
    "endless",
    "machine",
    "machine at a resource",
    "implicit",
    "for a week",
    "for good",
    "ended",
    "temporary",
    "of owned",
    "of disabled",
    "of deleted",
    "of emptied",
];

/// Makes the requests on `stack`. What changes nothing comes first.
pub async fn answers(stack: &Stack, held: &Held) -> Map<String, Value> {
    let mut answers = Answers { stack, held, found: Map::new() };
    answers.introspect().await;
    answers.show().await;
    answers.authenticate().await;
    answers.browse().await;
    answers.redeem().await;
    answers.refresh().await;
    answers.sign_in().await;
    answers.register().await;
    answers.administer().await;
    answers.found
}

struct Answers<'a> {
    stack: &'a Stack,
    held: &'a Held,
    found: Map<String, Value>,
}

impl Answers<'_> {
    fn add(&mut self, request: String, answer: Value) {
        assert_eq!(self.found.insert(request, answer), None, "two requests have this answer's name");
    }

    /// Adds status and body of a JSON response.
    fn add_response(&mut self, request: String, response: &Response) {
        let body = if response.text.is_empty() { Value::Null } else { without_random(response.json()) };
        self.add(request, json!({ "status": response.status, "body": body }));
    }

    /// Adds status and destination of a response to a browser, without the parameters of the destination.
    fn add_page(&mut self, request: String, response: &Response) {
        let to = response.header("location").map(|to| to.split(['?', '#']).next().unwrap());
        self.add(request, json!({ "status": response.status, "to": to }));
    }

    fn add_run(&mut self, command: &[&str], ran: &Ran) {
        let printed = serde_json::from_str(&ran.stdout).map(without_random).unwrap_or_default();
        self.add(format!("jeton {}", command.join(" ")), json!({ "code": ran.code, "printed": printed }));
    }

    async fn introspect(&mut self) {
        let tokens = PAIRS.iter().flat_map(|name| [format!("{name}.access"), format!("{name}.refresh")]);
        for name in tokens.chain(TOKENS.map(str::to_owned)) {
            let token = self.held.text(&name);
            for asker in ["rs", "serving", "web"] {
                let answer = self.stack.introspect(&self.held.client(asker), token).await;
                self.add(format!("{asker} introspects {name}"), answer);
            }
            let ran = self.stack.jeton(&["token", "inspect"], token).await;
            self.add_run(&["token inspect of", &name], &ran);
        }
        for name in ["openid", "granted", "standing"] {
            let bearer = format!("Bearer {}", self.held.text(&format!("{name}.access")));
            let response =
                self.stack.request("GET", "/oauth/userinfo").header("authorization", &bearer).send().await;
            let body = serde_json::from_str::<Value>(&response.text).unwrap_or_default();
            self.add(format!("UserInfo for {name}"), json!({ "status": response.status, "body": body }));
        }
    }

    /// Runs the commands that show something.
    async fn show(&mut self) {
        for command in [
            &["client", "list"][..],
            &["client", "list", "--self-registered"],
            &["user", "list"],
            &["user", "export", "ada"],
            &["user", "show", "ada"],
            &["user", "show", "kim"],
            &["resource", "list"],
            &["scope", "list"],
            &["key", "list"],
            &["token", "list", "--user", "ada"],
            &["export"],
        ] {
            let ran = self.stack.jeton(command, "").await;
            assert_eq!(ran.code, 0, "{command:?} {ran:?}");
            self.add_run(command, &ran);
        }
        let all = self.stack.jeton_text(&["user", "export", "--with-password-hashes"]).await;
        let mut lines: Vec<&str> = all.lines().collect();
        lines.sort_unstable();
        let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        self.add("jeton user export".to_owned(), lines.into());
    }

    async fn authenticate(&mut self) {
        for name in [
            "machine",
            "rotated",
            "rotated again",
            "limited",
            "endless",
            "owned",
            "disabled",
            "deleted",
            "emptied",
        ] {
            let client = self.held.client(name);
            let form = [("grant_type", "client_credentials")];
            let response = match name {
                "machine" => self.stack.post("/oauth/token").post(&client, &form).send().await,
                _ => self.stack.request_token(&client, &[]).await,
            };
            self.add_response(format!("{name} requests a token"), &response);
        }
        let legacy = self.held.client("legacy");
        for user in ["ada", "bob", "kim", "eve"] {
            let form = [("grant_type", "password"), ("username", user), ("password", PASSWORD)];
            let response = self.stack.post("/oauth/token").basic(&legacy).form(&form).send().await;
            self.add_response(format!("legacy requests a token with the password of {user}"), &response);
        }
    }

    /// Uses the sessions and the remembered consents.
    async fn browse(&mut self) {
        for browser in ["home", "signed out", "everywhere", "eve", "gone"] {
            let cookies = self.held.browser(self.stack, browser);
            for path in [
                "/account",
                "/account/tokens",
                "/account/credentials",
                "/account/sessions",
                "/account/password",
            ] {
                let page = cookies.get(path).await;
                self.add_page(format!("{browser} reads {path}"), &page);
            }
        }
        let home = self.held.browser(self.stack, "home");
        for client in ["web", "photos", "former", "own", "native", "tool", "service", "disabled", "deleted"] {
            let request = AuthorizationRequest::by(&self.held.client(client)).with("prompt", "none");
            for (about, request) in
                [("", request.clone()), (" for the resource", request.with("resource", RESOURCE))]
            {
                let response = home.authorize(&request).await;
                let error = (response.status == 303)
                    .then(|| Redirect::of(&response))
                    .and_then(|to| to.get("error").map(str::to_owned));
                self.add(
                    format!("{client} requests authorization{about}"),
                    json!({ "status": response.status, "error": error }),
                );
            }
        }
    }

    async fn redeem(&mut self) {
        let codes = [
            ("code", "web", CALLBACK),
            ("openid code", "web", CALLBACK),
            ("native code", "native", "http://127.0.0.1:3999/cb"),
            ("service code", "service", CALLBACK),
        ];
        for (name, client, redirect_uri) in codes {
            let (client, code) = (self.held.client(client), self.held.text(name));
            let more = [("code_verifier", VERIFIER), ("redirect_uri", redirect_uri)];
            let response = self.stack.redeem_with(&client, code, &more).await;
            self.add_response(format!("the {name} is redeemed"), &response);
            if response.status == 200 {
                self.works(name, &client, &response.json()).await;
            }
            let replayed = self.stack.redeem_with(&client, code, &more).await;
            self.add_response(format!("the {name} is redeemed again"), &replayed);
        }
    }

    /// Verifies what a client got: its tokens and its ID token.
    async fn works(&mut self, name: &str, client: &Registered, response: &Value) {
        let asker = if client.secret.is_empty() { self.held.client("rs") } else { client.clone() };
        let access = response["access_token"].as_str().unwrap_or_default();
        let active = self.stack.is_active(&asker, access).await;
        self.add(format!("the access token for {name} is active"), active.into());
        if let Some(id_token) = response["id_token"].as_str() {
            let claims = self.stack.verified(id_token).await.claims();
            let told = ["iss", "aud", "sub", "nonce", "email", "auth_time"]
                .map(|claim| (claim.to_owned(), claims[claim].clone()));
            self.add(format!("the ID token for {name}"), Value::Object(told.into_iter().collect()));
        }
    }

    async fn refresh(&mut self) {
        for name in PAIRS {
            let client = match name {
                "for a resource" => "photos",
                "password" => "legacy",
                "tool" => "tool",
                "user" => "former",
                "standing" => "suspended",
                _ => "web",
            };
            let (client, token) = (self.held.client(client), self.held.text(&format!("{name}.refresh")));
            let response = self.stack.refresh(&client, token).await;
            self.add_response(format!("{name} is refreshed"), &response);
            if response.status == 200 {
                self.works(&format!("{name}, refreshed"), &client, &response.json()).await;
            }
        }
        // A spent token ended the grant that it belongs to.
        let unspent = self.held.text("unspent.access");
        let answer = self.stack.introspect(&self.held.client("rs"), unspent).await;
        self.add("unspent.access after the reuse of spent.refresh".to_owned(), answer);
    }

    async fn sign_in(&mut self) {
        for user in ["ada", "bob", "kim", "dan", "eve", "out", "gone"] {
            let response = self.stack.browser().try_to_sign_in("/login", user, PASSWORD).await;
            self.add_page(format!("{user} signs in"), &response);
        }
        // Strangers have guessed at the account; the browser of its user has a device cookie.
        let response = self.held.browser(self.stack, "dan").try_to_sign_in("/login", "dan", PASSWORD).await;
        self.add_page("dan signs in at a known browser".to_owned(), &response);
        let (browser, link) = (self.stack.browser(), self.held.text("reset link"));
        let page = browser.get(link.strip_prefix(ISSUER).unwrap()).await;
        let response = browser.reset_password(&page, NEW).await;
        self.add_page("sue sets a new password by a link".to_owned(), &response);
        let response = self.stack.browser().try_to_sign_in("/login", "sue", NEW).await;
        self.add_page("sue signs in with the new password".to_owned(), &response);
    }

    async fn register(&mut self) {
        let again = self.stack.registration(&public_metadata("Tool")).send().await;
        self.add_response("the tool registers again".to_owned(), &again);
    }

    /// Runs the commands that change what there is. Times that they print are those of the run.
    async fn administer(&mut self) {
        let id = |name: &str| self.held.client(name).id;
        let (web, disabled, tool) = (id("web"), id("disabled"), id("tool"));
        for command in [
            &["client", "update", &web, "--name", "Web"][..],
            &["client", "rotate-secret", &web],
            &["client", "enable", &disabled],
            &["client", "disable", &tool],
            &["user", "enable", "eve"],
            &["user", "grant-role", "bob", "admin"],
            &["user", "set", "ada", "name=Ada"],
            &["user", "set-password", "kim", "--password-stdin"],
            &["user", "reset-password", "bob", "--issuer", ISSUER],
            &["user", "sign-out", "ada"],
            &["resource", "update", RESOURCE, "--name", "All notes"],
            &["scope", "describe", "read", "See your notes"],
            &["key", "add", "--local"],
            &["token", "revoke", self.held.text("for good")],
            &["token", "revoke-all", "--user", "ada"],
            &["token", "revoke-all", "--client", &web],
            &["client", "delete", &tool],
            &["user", "delete", "ada"],
        ] {
            let ran = self.stack.jeton(command, NEW).await;
            assert_eq!(ran.code, 0, "{command:?} {ran:?}");
        }
        let ended = self.held.text("for a week");
        self.stack.is_inactive(&self.held.client("rs"), ended).await;
    }
}

/// Removes the values of members that are random.
fn without_random(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let value =
                    if RANDOM.contains(&name.as_str()) { Value::Bool(true) } else { without_random(value) };
                (name, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => values.into_iter().map(without_random).collect(),
        other => other,
    }
}
