//! Refusals in the log: each request that is refused leaves one line, whose reason no other kind of refusal at the endpoint
//! has, and which holds no secret and nothing of the request but the client's id.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use shared::{
    clients::{Client, Registration},
    config::{RegistrationMode, SigningKeys},
    oauth::AuthMethod,
    pages::Section,
    users::personal::PersonalToken,
};

use super::lines_of;
use crate::harness::{
    AuthorizationRequest, Browser, HtmlForm, JSON, PASSWORD, REGISTER, Registered, Response, Stack,
    account::{CREDENTIALS, RESET, TOKENS, reset_path},
    code_flow::{CALLBACK, Request, VERIFIER},
    machine,
    openid::relying_party,
    public_metadata,
};

/// Text that callers send, and that no line may repeat: no id and no word of the code has a space.
const PLANTED: &str = "planted <script> text";
/// Another verifier than [`VERIFIER`].
const OTHER_VERIFIER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NOTES: &str = "https://api.example.com/mcp";

/// The refusals of a deployment so far.
struct Refusals<'a> {
    stack: &'a Stack,
    known: BTreeSet<(String, String)>,
}

impl Refusals<'_> {
    /// Asserts that `response` is a refusal with a line of its own, and a reason that its endpoint had for no other one.
    #[track_caller]
    fn take(&mut self, response: &Response, kind: &str) {
        let lines = lines_of(self.stack, response);
        let refused: Vec<&Value> = lines.iter().filter(|line| line["audit"] == "refused").collect();
        assert_eq!(refused.len(), 1, "{kind}: {} {} {lines:?}", response.status, response.text);
        let text = |name: &str| refused[0][name].as_str().unwrap().to_owned();
        let reason = (text("path"), text("reason"));
        assert!(self.known.insert(reason.clone()), "{kind} has the reason of another refusal: {reason:?}");
        assert!(!response.text.contains(&reason.1) || reason.1.len() < 12, "{kind}: {}", response.text);
    }
}

async fn deployment() -> Stack {
    Stack::configured(|config| {
        config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
        config.registration.mode = RegistrationMode::Open;
        config.account.personal_scopes = "read write".parse().unwrap();
        config.account.developer_scopes = "orders".parse().unwrap();
    })
    .await
}

/// Returns a client that authenticates in the body only.
async fn in_the_body(stack: &Stack) -> Registered {
    stack.register(Registration { auth_methods: vec![AuthMethod::ClientSecretPost], ..machine() }).await
}

/// Every refusal of a client's authentication, at `path` with the rest of a valid form.
async fn authentication(all: &mut Refusals<'_>, path: &str, form: &[(&str, &str)], client: &Registered) {
    let stack = all.stack;
    let post = || stack.post(path);
    let id = [("client_id", client.id.as_str())];
    all.take(&post().form(form).send().await, "no client");
    all.take(&post().basic(client).post(client, form).send().await, "two methods");
    let other = [form, &[("client_id", "another")]].concat();
    all.take(&post().basic(client).form(&other).send().await, "two clients");
    all.take(&post().raw_basic(PLANTED).form(form).send().await, "malformed header");
    let unknown = Registered { id: "unknown".to_owned(), ..client.clone() };
    all.take(&post().basic(&unknown).form(form).send().await, "unknown client");
    all.take(&post().form(&[form, &id].concat()).send().await, "no secret");
    all.take(&post().basic(&in_the_body(stack).await).form(form).send().await, "another method");
    all.take(&post().basic(&client.with_wrong_secret()).form(form).send().await, "wrong secret");
    let assertion = [form, &id, &[("client_assertion", PLANTED)]].concat();
    all.take(&post().form(&assertion).send().await, "assertion");
    let disabled = stack.machine().await;
    stack.disable(&disabled).await;
    all.take(&post().basic(&disabled).form(form).send().await, "disabled");
}

/// Every refusal of a form.
async fn forms(all: &mut Refusals<'_>, path: &str, client: &Registered) {
    let post = || all.stack.post(path).basic(client);
    let form = "application/x-www-form-urlencoded";
    let responses = [
        (post().body(JSON, json!({ "x": PLANTED }).to_string()).send().await, "no form"),
        (post().body(form, vec![b'x'; 64 * 1024 + 1]).send().await, "too large"),
        (post().body(form, "a=%zz").send().await, "badly encoded"),
        (post().body(form, "a=1&a=2").send().await, "repeated"),
        (post().form(&[("x", PLANTED)]).send().await, "missing"),
        (all.stack.request("GET", path).send().await, "method"),
    ];
    for (response, kind) in &responses {
        all.take(response, kind);
    }
}

async fn token_endpoint(all: &mut Refusals<'_>) -> Vec<String> {
    let stack = all.stack;
    let (web, machine, other) = (stack.web().await, stack.machine().await, stack.web().await);
    authentication(all, "/oauth/token", &[("grant_type", "client_credentials")], &machine).await;
    forms(all, "/oauth/token", &machine).await;
    let grant = stack.post("/oauth/token").basic(&machine).form(&[("grant_type", PLANTED)]).send().await;
    all.take(&grant, "unknown grant type");
    all.take(&stack.request_token(&web, &[]).await, "unauthorized grant type");
    all.take(&stack.request_token(&machine, &[("scope", "\"")]).await, "malformed scope");
    all.take(&stack.request_token(&machine, &[("scope", "admin")]).await, "too much scope");
    let resources = [("resource", NOTES), ("resource", "https://b.example")];
    all.take(&stack.request_token(&machine, &resources).await, "several resources");
    all.take(&stack.request_token(&machine, &[("resource", PLANTED)]).await, "malformed resource");
    all.take(&stack.request_token(&machine, &[("resource", "https://b.example")]).await, "unknown resource");

    let alice = stack.user("alice").await;
    let code = stack.issue_code(&web, alice, Request::default()).await;
    all.take(&stack.redeem(&web, PLANTED).await, "unknown code");
    all.take(&stack.redeem(&other, &code).await, "code of another client");
    let wrong = [("code_verifier", VERIFIER), ("redirect_uri", "https://b.example")];
    all.take(&stack.redeem_with(&web, &code, &wrong).await, "other redirect URI");
    all.take(&stack.redeem_with(&web, &code, &[("code_verifier", OTHER_VERIFIER)]).await, "other verifier");
    all.take(&stack.redeem_with(&web, &code, &[("code_verifier", PLANTED)]).await, "malformed verifier");
    let pair = stack.redeem(&web, &code).await.pair();
    let stolen = [("code_verifier", OTHER_VERIFIER)];
    all.take(&stack.redeem_with(&web, &code, &stolen).await, "replay without proof");
    all.take(&stack.redeem(&web, &code).await, "replay");
    let late = stack.issue_code(&web, alice, Request::default()).await;
    stack.advance(Duration::from_mins(1));
    all.take(&stack.redeem(&web, &late).await, "expired code");

    let first = stack.pair(&web).await;
    all.take(&stack.refresh(&web, PLANTED).await, "unknown refresh token");
    all.take(&stack.refresh(&other, &first.refresh).await, "refresh token of another client");
    all.take(&stack.refresh_with(&web, &first.refresh, &[("scope", "admin")]).await, "more scope");
    let second = stack.refresh(&web, &first.refresh).await.pair();
    stack.advance(Duration::from_mins(2));
    all.take(&stack.refresh(&web, &first.refresh).await, "reuse");
    let unused = stack.pair(&web).await;
    stack.advance(Duration::from_hours(24 * 30));
    all.take(&stack.refresh(&web, &unused.refresh).await, "expired refresh token");
    [web.secret, machine.secret, code, late, pair.access, pair.refresh, first.refresh, second.refresh].into()
}

async fn revocation_and_introspection(all: &mut Refusals<'_>) -> Vec<String> {
    let stack = all.stack;
    let (rs, machine) = (stack.resource_server().await, stack.machine().await);
    let (token, public) = (stack.token(&machine).await, stack.public().await);
    let (_, browser) = stack.signed_in_user("eve").await;
    let personal = browser.personal_token("script", "7").await;
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        authentication(all, path, &[("token", &token)], &machine).await;
        forms(all, path, &machine).await;
    }
    all.take(&stack.revoke(&rs, &token).await, "another client's token");
    all.take(&stack.revoke(&machine, &personal).await, "personal token");
    let form = [("client_id", public.id.as_str()), ("token", &token)];
    all.take(&stack.post("/oauth/introspect").form(&form).send().await, "public client");
    vec![token, personal, rs.secret, machine.secret]
}

async fn authorization_endpoint(all: &mut Refusals<'_>, browser: &Browser<'_>) {
    let stack = all.stack;
    let (web, public) = (stack.web().await, stack.public().await);
    let two_uris =
        Registration { redirect_uris: [CALLBACK, NOTES].map(str::to_owned).into(), ..relying_party() };
    let of_two_uris = AuthorizationRequest::by(&stack.register(two_uris).await);
    let request = AuthorizationRequest::by(&web).with("state", PLANTED);
    let consent = browser.consent_form(&request).await;
    for (request, kind) in [
        (request.without("client_id"), "no client"),
        (request.with("client_id", "nobody"), "unknown client"),
        (of_two_uris, "no redirect URI"),
        (request.with("redirect_uri", CALLBACK).and("redirect_uri", CALLBACK), "two redirect URIs"),
        (request.with("redirect_uri", "https://evil.example/"), "unknown redirect URI"),
        (request.with("x", &"x".repeat(4_096)), "too long"),
        (request.and("scope", "write"), "repeated"),
        (request.without("response_type"), "no response type"),
        (request.with("response_type", PLANTED), "unsupported response type"),
        (request.with("response_mode", PLANTED), "unsupported response mode"),
        (request.with("scope", "\""), "malformed scope"),
        (request.with("scope", "admin"), "too much scope"),
        (request.without_pkce(), "no challenge"),
        (request.with("code_challenge", PLANTED), "malformed challenge"),
        (request.with("code_challenge_method", "plain"), "unsupported challenge method"),
        (request.with("state", &"x".repeat(1_025)), "too long a parameter"),
        (request.with("prompt", PLANTED), "unknown prompt"),
        (request.with("request", PLANTED), "request object"),
        (request.with("request_uri", "https://evil.example/"), "request object by reference"),
        (request.with("resource", PLANTED), "malformed resource"),
        (request.with("resource", "https://b.example"), "unknown resource"),
        (AuthorizationRequest::by(&public).with("prompt", "none"), "consent is required"),
    ] {
        all.take(&browser.authorize(&request).await, kind);
    }
    let silent = request.with("prompt", "none");
    all.take(&stack.browser().authorize(&silent).await, "sign-in is required");
    all.take(&browser.submit(&consent, &[("decision", "deny")]).await, "declined");
    all.take(&browser.submit(&consent.with("csrf", PLANTED), &[("decision", "allow")]).await, "stale form");
}

async fn userinfo(all: &mut Refusals<'_>) -> Vec<String> {
    let stack = all.stack;
    let (web, alice) = (stack.web().await, stack.user("alice").await);
    let code = stack.issue_code(&web, alice, Request::default()).await;
    let pair = stack.redeem(&web, &code).await.pair();
    let own = stack.token(&stack.machine().await).await;
    let get = |token: &str| {
        stack.request("GET", "/oauth/userinfo").header("authorization", &format!("Bearer {token}"))
    };
    all.take(&stack.request("GET", "/oauth/userinfo").send().await, "no token");
    all.take(&get(PLANTED).send().await, "malformed header");
    let twice = stack.post("/oauth/userinfo").header("authorization", &format!("Bearer {}", pair.access));
    all.take(&twice.form(&[("access_token", &pair.access)]).send().await, "two tokens");
    all.take(&get(&pair.refresh).send().await, "another kind");
    all.take(&get(&pair.access).send().await, "no openid");
    all.take(&get(&own).send().await, "a client's own token");
    stack.revoke(&web, &pair.refresh).await;
    all.take(&get(&pair.access).send().await, "ended");
    vec![pair.access, pair.refresh, own]
}

/// The forms that make something, and those of a new password.
async fn account(all: &mut Refusals<'_>) -> Vec<String> {
    let stack = all.stack;
    let ((dev, browser), (_, other)) = (stack.developer("dev").await, stack.signed_in_user("kim").await);
    let to_make = async |path: &str| HtmlForm::to_make(&browser.get(path).await).with("name", "script");
    let token = to_make(TOKENS).await.without("lasts").with("lasts", "7").with("allow:read", "yes");
    for (form, kind) in [
        (token.with("csrf", PLANTED), "stale form"),
        (token.with("name", ""), "no name"),
        (token.without("allow:read"), "no scope"),
        (token.with("lasts", PLANTED), "unknown lifetime"),
    ] {
        all.take(&browser.submit(&form, &[]).await, kind);
    }
    let mut secrets = Vec::new();
    for nth in 0..PersonalToken::MOST {
        secrets.push(browser.personal_token(&nth.to_string(), "7").await);
    }
    all.take(&browser.submit(&token, &[]).await, "too many");
    let credentials = to_make(CREDENTIALS).await;
    all.take(&browser.submit(&credentials.with("name", ""), &[]).await, "no name");
    for nth in 0..Client::MOST_OWNED {
        secrets.push(browser.credentials(&nth.to_string()).await.secret);
    }
    all.take(&browser.submit(&credentials, &[]).await, "too many");
    all.take(&other.get(CREDENTIALS).await, "no developer");
    let (short, long) = ("x", "x".repeat(1_025));
    all.take(&browser.change_password(PASSWORD, short, false).await, "short password");
    all.take(&browser.change_password(PASSWORD, &long, false).await, "long password");
    let link = stack.app.users.create_reset_link(dev.sub, stack.now()).await.unwrap();
    let form = HtmlForm::of(&browser.get(&reset_path(&link)).await, RESET);
    all.take(&browser.submit(&form, &[("new", short)]).await, "short password");
    all.take(&browser.submit(&form, &[("new", &long)]).await, "long password");
    all.take(&browser.submit(&form.without("csrf"), &[("new", PASSWORD)]).await, "stale form");
    all.take(&browser.post(Section::PASSWORD, &[("csrf", PLANTED)]).await, "stale form");
    secrets.extend([link.expose().to_owned(), PASSWORD.to_owned()]);
    secrets
}

async fn other_pages(all: &mut Refusals<'_>, browser: &Browser<'_>) {
    let stack = all.stack;
    let stranger = stack.browser();
    let form = HtmlForm::of(&stranger.get("/login").await, "/login");
    let typed = [("username", PLANTED), ("password", PLANTED)];
    all.take(&stranger.submit(&form.without("csrf"), &typed).await, "stale login form");
    all.take(&stranger.post("/login", &[("username", "a"), ("username", "b")]).await, "repeated");
    all.take(&browser.post("/logout", &[("csrf", PLANTED)]).await, "stale logout form");
    all.take(&browser.get("/oauth/logout?state=a&state=b").await, "repeated");
    all.take(&browser.get("/reset-password?token=planted").await, "invalid link");
    let metadata = public_metadata("tool");
    let with = |name: &str, value: Value| {
        let mut changed = metadata.clone();
        changed[name] = value;
        changed
    };
    all.take(&stack.post(REGISTER).body("text/plain", PLANTED).send().await, "no JSON");
    all.take(&stack.post(REGISTER).body(JSON, PLANTED).send().await, "no object");
    for (metadata, kind) in [
        (with("redirect_uris", json!(PLANTED)), "malformed redirect URIs"),
        (with("redirect_uris", json!(["javascript:alert(1)"])), "unacceptable redirect URIs"),
        (with("client_name", json!([PLANTED])), "wrong type"),
        (with("response_types", json!(["token"])), "no code"),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "unsupported method"),
    ] {
        all.take(&stack.registration(&metadata).send().await, kind);
    }
}

#[tokio::test]
async fn each_refusal_has_a_reason_of_its_own_and_no_secret_or_input_in_the_log() {
    let stack = deployment().await;
    let mut all = Refusals { stack: &stack, known: BTreeSet::new() };
    let mut secrets = token_endpoint(&mut all).await;
    secrets.extend(revocation_and_introspection(&mut all).await);
    let browser = stack.signed_in().await;
    authorization_endpoint(&mut all, &browser).await;
    secrets.extend(userinfo(&mut all).await);
    secrets.extend(account(&mut all).await);
    other_pages(&mut all, &browser).await;
    assert!(all.known.len() > 115, "{}", all.known.len());

    secrets.extend(["jeton-session", "jeton-device"].map(|name| browser.cookie(name).unwrap()));
    let sent = [VERIFIER, OTHER_VERIFIER, PLANTED, "<script>", "evil.example", "b.example"];
    secrets.extend(sent.map(str::to_owned));
    let logged = stack.logged();
    for secret in &secrets {
        let key = secret.get(26..70).unwrap_or(secret);
        assert!(!secret.is_empty() && !logged.contains(secret.as_str()) && !logged.contains(key), "{secret}");
    }
}
