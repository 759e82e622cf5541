//! What administrators, clients and users do at a release, before its tables are stored as a fixture.
//!
//! A deployment of today does the same for each release; ids and secrets are random.

use std::time::Duration;

use serde_json::{Value, json};
use shared::pages::Section;

use super::{ISSUER, RESOURCE, held::Held};
use crate::harness::{
    AuthorizationRequest, Browser, HtmlForm, PASSWORD, Registered, Stack,
    code_flow::{CALLBACK, Pair},
    public_metadata,
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// A hash of [`PASSWORD`].
const BCRYPT: &str = "$2b$05$LaknXUxdKVpbdyxoIWEC1.c5fEjkcdcDyJ50dM/55mTqyrKt53JBS";
/// The users who have the password [`PASSWORD`] from the start.
const USERS: [&str; 6] = ["ada", "dan", "eve", "gone", "out", "sue"];

/// The clients, each with the options of its registration.
const CLIENTS: [(&str, &[&str]); 16] = [
    (
        "web",
        &[
            "--redirect-uri",
            CALLBACK,
            "--scope",
            "read write",
            "--openid",
            "--id-token-on-refresh",
            "--post-logout-redirect-uri",
            CALLBACK,
        ],
    ),
    ("photos", &["--redirect-uri", CALLBACK, "--scope", "read write", "--pkce-optional", "--code-ttl", "30"]),
    ("former", &["--redirect-uri", CALLBACK, "--scope", "read"]),
    ("suspended", &["--redirect-uri", CALLBACK, "--scope", "read"]),
    ("own", &["--redirect-uri", CALLBACK, "--scope", "read", "--first-party"]),
    ("native", &["--public", "--redirect-uri", "http://127.0.0.1/cb", "--scope", "read"]),
    ("machine", &["--scope", "read write", "--default-scope", "read", "--auth-method", "client_secret_post"]),
    ("rotated", &["--scope", "read"]),
    ("limited", &["--scope", "read", "--resource", RESOURCE]),
    ("disabled", &["--scope", "read"]),
    ("deleted", &["--scope", "read"]),
    ("emptied", &["--scope", "read"]),
    ("rs", &["--resource-server"]),
    ("serving", &["--resource-server", "--serves", RESOURCE]),
    (
        "legacy",
        &[
            "--redirect-uri",
            CALLBACK,
            "--scope",
            "read write",
            "--compat",
            "password,implicit,json,expires,no-rotation,query-credentials",
            "--grant",
            "password",
            "--grant",
            "implicit",
            "--grant",
            "refresh_token",
        ],
    ),
    (
        "endless",
        &["--scope", "read", "--compat", "ttl", "--access-token-ttl", "0", "--longest-access-token-ttl", "0"],
    ),
];

/// Makes items of every kind, with every attribute, and returns what the clients and users hold.
pub async fn make(stack: &Stack) -> Held {
    let mut scenario = Scenario { stack, held: Held::default() };
    scenario.registrations().await;
    scenario.users().await;
    let home = stack.browser().called(FIREFOX);
    scenario.browsers(&home).await;
    scenario.grants(&home).await;
    scenario.ended_grants(&home).await;
    scenario.personal_tokens(&home).await;
    scenario.ends().await;
    // What does not live long.
    scenario.last(&home).await;
    scenario.held
}

struct Scenario<'a> {
    stack: &'a Stack,
    held: Held,
}

impl Scenario<'_> {
    /// Runs a command that succeeds. What it ended is past when the next request begins.
    async fn run(&self, arguments: &[&str], input: &str) -> Value {
        let printed = self.stack.jeton(arguments, input).await.json();
        self.stack.advance(Duration::from_secs(15));
        printed
    }

    async fn registrations(&mut self) {
        for command in [
            &["key", "add", "--local"][..],
            &[
                "resource",
                "create",
                RESOURCE,
                "--name",
                "Notes",
                "--scope",
                "read write",
                "--default-scope",
                "read",
                "--open",
            ],
            &["scope", "describe", "read", "Read your notes"],
            &["scope", "describe", "read", "Lire vos notes", "--language", "fr"],
        ] {
            self.run(command, "").await;
        }
        for (name, options) in CLIENTS {
            let created = self.run(&[&["client", "create", "--name", name], options].concat(), "").await;
            self.held.hold_client(name, &Registered::of(&created));
        }
        let rotated = self.held.client("rotated");
        let secret = self.run(&["client", "rotate-secret", &rotated.id], "").await["client_secret"].take();
        self.held.hold_client("rotated again", &rotated.with_secret(secret.as_str().unwrap()));
        let confidential = json!({
            "client_name": "Notes",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "client_secret_basic",
        });
        for (name, metadata) in [("tool", public_metadata("Tool")), ("service", confidential)] {
            self.held.hold_client(name, &Registered::of(&self.stack.self_register(&metadata).await));
        }
    }

    async fn users(&mut self) {
        for name in USERS {
            self.run(&["user", "create", name, "--password-stdin"], PASSWORD).await;
        }
        let imported = [json!({ "username": "bob", "password": BCRYPT }), json!({ "username": "kim" })];
        self.run(&["user", "import", "-"], &imported.map(|line| line.to_string()).join("\n")).await;
        self.run(&["user", "grant-role", "ada", "developer"], "").await;
        let claims = ["user", "set", "ada", "name=Ada Lovelace", "email=ada@lovelace.example"];
        self.run(&claims, "").await;
        self.run(&["user", "set", "ada", "--verified", "email"], "").await;
    }

    /// Signs in, and holds what the browser of `user` holds.
    async fn browser(&mut self, name: &str, user: &str) -> Browser<'_> {
        let browser = self.stack.browser();
        let response = browser.try_to_sign_in("/login", user, PASSWORD).await;
        assert_eq!(response.status, 303, "{}", response.text);
        self.held.hold_browser(name, &browser);
        browser
    }

    async fn browsers(&mut self, home: &Browser<'_>) {
        assert_eq!(home.try_to_sign_in("/login", "ada", PASSWORD).await.status, 303);
        self.held.hold_browser("home", home);
        self.browser("signed out", "ada").await.sign_out().await;
        self.browser("everywhere", "out").await;
        self.run(&["user", "sign-out", "out"], "").await;
        self.browser("dan", "dan").await;
        self.stack.advance(Duration::from_mins(2));
        home.get("/account").await.is_page(200);
    }

    /// Returns the tokens of `client` after the user of `browser` allowed the request.
    async fn tokens(
        &self,
        browser: &Browser<'_>,
        client: &Registered,
        request: &AuthorizationRequest,
    ) -> Pair {
        let code = browser.consent(&request.with("prompt", "consent")).await;
        self.stack.redeem(client, code.code()).await.pair()
    }

    async fn grants(&mut self, home: &Browser<'_>) {
        let stack = self.stack;
        let [web, photos, machine, legacy] =
            ["web", "photos", "machine", "legacy"].map(|name| self.held.client(name));
        let request = AuthorizationRequest::by(&web).with("scope", "read write");
        let first = self.tokens(home, &web, &request).await;
        self.held.hold_pair("granted", &first);
        // The use of the first one again ends the grant.
        let spent = self.tokens(home, &web, &request).await;
        self.held.hold_pair("spent", &spent);
        let next = stack.refresh(&web, &spent.refresh).await.pair();
        self.held.hold_pair("unspent", &next);
        let mut narrowed = self.tokens(home, &web, &request).await;
        for name in ["narrowed", "narrowed again"] {
            narrowed = stack.refresh_with(&web, &narrowed.refresh, &[("scope", "read")]).await.pair();
            self.held.hold_pair(name, &narrowed);
            if name == "narrowed" {
                stack.revoke(&web, &narrowed.access).await;
            }
        }
        let revoked = self.tokens(home, &web, &request).await;
        stack.revoke(&web, &revoked.access).await;
        self.held.hold_pair("access revoked", &revoked);
        let openid = self.tokens(home, &web, &request.with("scope", "openid profile email")).await;
        self.held.hold_pair("openid", &openid);
        let at_resource = AuthorizationRequest::by(&photos).with("resource", RESOURCE);
        let for_resource = self.tokens(home, &photos, &at_resource).await;
        self.held.hold_pair("for a resource", &for_resource);
        for (name, more) in [("machine", &[][..]), ("machine at a resource", &[("resource", RESOURCE)])] {
            let form = [&[("grant_type", "client_credentials")], more].concat();
            let response = stack.post("/oauth/token").post(&machine, &form).send().await;
            self.held.hold(name, response.json()["access_token"].as_str().unwrap());
        }
        let endless = stack.token(&self.held.client("endless")).await;
        self.held.hold("endless", &endless);
        let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
        let response = stack.post("/oauth/token").basic(&legacy).form(&form).send().await;
        self.held.hold_pair("password", &response.pair());
        let implicit = AuthorizationRequest::by(&legacy).without_pkce().with("response_type", "token");
        self.held.hold("implicit", home.consent(&implicit).await.get("access_token").unwrap());
        let tool = self.held.client("tool");
        let pair =
            self.tokens(home, &tool, &AuthorizationRequest::by(&tool).with("resource", RESOURCE)).await;
        self.held.hold_pair("tool", &pair);
    }

    async fn ended_grants(&mut self, home: &Browser<'_>) {
        let stack = self.stack;
        let [web, former] = ["web", "former"].map(|name| self.held.client(name));
        let request = AuthorizationRequest::by(&web);
        for reason in ["revoked", "admin", "reuse"] {
            let pair = self.tokens(home, &web, &request).await;
            self.held.hold_pair(reason, &pair);
            match reason {
                "revoked" => drop(stack.revoke(&web, &pair.refresh).await),
                "admin" => drop(self.run(&["token", "revoke", &pair.refresh], "").await),
                _ => {
                    stack.refresh(&web, &pair.refresh).await.pair();
                    stack.advance(Duration::from_mins(2));
                    stack.refresh(&web, &pair.refresh).await.is_error(400, "invalid_grant");
                }
            }
        }
        let replayed = home.consent(&request.with("prompt", "consent")).await;
        let pair = stack.redeem(&web, replayed.code()).await.pair();
        stack.redeem(&web, replayed.code()).await.is_error(400, "invalid_grant");
        self.held.hold_pair("replay", &pair);
        let pair = self.tokens(home, &former, &AuthorizationRequest::by(&former)).await;
        self.held.hold_pair("user", &pair);
        let page = home.get(Section::APPLICATIONS).await;
        home.submit(&HtmlForm::with_field(&page, "end", &former.id), &[]).await;
        let suspended = self.held.client("suspended");
        let pair = self.tokens(home, &suspended, &AuthorizationRequest::by(&suspended)).await;
        self.held.hold_pair("standing", &pair);
        // The commands would end the grant themselves.
        stack.disable(&suspended).await;
        stack.enable(&suspended).await;
        stack.refresh(&suspended, &pair.refresh).await.is_error(400, "invalid_grant");
        let eve = stack.browser();
        eve.try_to_sign_in("/login", "eve", PASSWORD).await;
        let pair = self.tokens(&eve, &web, &request).await;
        self.held.hold_pair("of eve", &pair);
        self.held.hold_browser("eve", &eve);
        self.run(&["user", "disable", "eve"], "").await;
    }

    async fn personal_tokens(&mut self, home: &Browser<'_>) {
        let stack = self.stack;
        for (name, lasts) in [("for a week", "7"), ("for good", "never"), ("ended", "never")] {
            let token = home.personal_token(name, lasts).await;
            self.held.hold(name, &token);
        }
        stack.introspect(&self.held.client("rs"), self.held.text("for a week")).await;
        self.run(&["token", "revoke", self.held.text("ended")], "").await;
        let temporary = ["token", "create", "--user", "ada", "--name", "x", "--scope", "read", "--temporary"];
        let created = self.run(&temporary, "").await;
        self.held.hold("temporary", created["token"].as_str().unwrap());
        self.held.hold_client("owned", &home.credentials("a script").await);
        let owned = self.held.client("owned");
        self.held.hold("of owned", &stack.token(&owned).await);
    }

    /// What administrators end.
    async fn ends(&mut self) {
        let stack = self.stack;
        for client in ["disabled", "deleted", "emptied"] {
            let token = stack.token(&self.held.client(client)).await;
            self.held.hold(&format!("of {client}"), &token);
        }
        let [disabled, deleted, emptied] =
            ["disabled", "deleted", "emptied"].map(|name| self.held.client(name).id);
        let gone = stack.browser();
        gone.try_to_sign_in("/login", "gone", PASSWORD).await;
        let web = self.held.client("web");
        let pair = self.tokens(&gone, &web, &AuthorizationRequest::by(&web)).await;
        self.held.hold_pair("of gone", &pair);
        self.held.hold_browser("gone", &gone);
        for command in [
            &["client", "disable", &disabled][..],
            &["client", "delete", &deleted],
            &["token", "revoke-all", "--client", &emptied],
            &["user", "delete", "gone"],
        ] {
            self.run(command, "").await;
        }
    }

    async fn last(&mut self, home: &Browser<'_>) {
        let stack = self.stack;
        let link = self.run(&["user", "reset-password", "sue", "--issuer", ISSUER], "").await;
        self.held.hold("reset link", link["url"].as_str().unwrap());
        let stranger = stack.browser();
        for _ in 0..10 {
            stranger.try_to_sign_in("/login", "dan", "a wrong password").await;
        }
        let [web, native, service] = ["web", "native", "service"].map(|name| self.held.client(name));
        let request = AuthorizationRequest::by(&web).with("redirect_uri", CALLBACK);
        self.held.hold("code", home.redirected(&request).await.code());
        let openid = request.with("scope", "openid email").with("nonce", "n-0S6_WzA2Mj");
        self.held.hold("openid code", home.consent(&openid.with("prompt", "consent")).await.code());
        let native = AuthorizationRequest::by(&native).with("redirect_uri", "http://127.0.0.1:3999/cb");
        self.held.hold("native code", home.consent(&native).await.code());
        let service = AuthorizationRequest::by(&service).with("resource", RESOURCE);
        self.held.hold("service code", home.consent(&service).await.code());
        let pair = self.tokens(home, &web, &AuthorizationRequest::by(&web)).await;
        // The response gets lost, so the client sends the request again.
        stack.refresh(&web, &pair.refresh).await.pair();
        self.held.hold_pair("unanswered", &pair);
    }
}
