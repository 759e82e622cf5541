//! UserInfo (OpenID Connect Core §5.3), which takes bearer tokens as RFC 6750 has it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use shared::{
    clients::Registration,
    openid::{Claim, Claims},
    secret::{AuthorizationCode, Id, Secret, random},
    status::Role,
};

use crate::harness::{
    Fault, PASSWORD, Registered, Response, Stack, TestUser, altered,
    code_flow::{CALLBACK, Pair, Request},
    legacy, machine,
    rights::POLICIES,
};

const USERINFO: &str = "/oauth/userinfo";
const ALL: &str = "openid profile email groups";

const NO_TOKEN: &str = r#"Bearer realm="Jeton""#;
const INVALID_REQUEST: &str = r#"Bearer realm="Jeton", error="invalid_request""#;
const INVALID_TOKEN: &str = r#"Bearer realm="Jeton", error="invalid_token""#;
const INSUFFICIENT_SCOPE: &str = r#"Bearer realm="Jeton", error="insufficient_scope", scope="openid""#;

/// Values that no log line may have.
const NAME: &str = "Ada Lovelace";
const EMAIL: &str = "ada@lovelace.example";

/// A deployment with a client, and a user about whom every claim is recorded.
struct Setup {
    stack: Stack,
    client: Registered,
    ada: TestUser,
}

impl Setup {
    async fn start() -> Self {
        Self::on(Stack::with_openid().await).await
    }

    async fn on(stack: Stack) -> Self {
        let client = stack.register(registration()).await;
        let ada = stack.create_user("ada").await;
        stack.app.users.grant_role(ada.sub, &Role::developer()).await.unwrap();
        let (user, _) = stack.app.users.read(ada.sub).await.unwrap().unwrap();
        let none = Claims::none(ada.sub);
        let mut claims = none.clone();
        for (claim, value) in [
            (Claim::Name, NAME),
            (Claim::GivenName, "Ada"),
            (Claim::FamilyName, "Lovelace"),
            (Claim::MiddleName, "King"),
            (Claim::Nickname, "AAL"),
            (Claim::Email, EMAIL),
            (Claim::Profile, "https://lovelace.example/ada"),
            (Claim::Picture, "https://lovelace.example/ada.png"),
            (Claim::Website, "https://lovelace.example"),
            (Claim::Gender, "female"),
            (Claim::Birthdate, "1815-12-10"),
            (Claim::Zoneinfo, "Europe/London"),
            (Claim::Locale, "en-GB"),
        ] {
            claims.set(claim, value).unwrap();
        }
        claims.verify_email().unwrap();
        claims.updated_at = Some(stack.now());
        stack.app.users.set_claims(&user, &none, &claims).await.unwrap();
        Self { stack, client, ada }
    }

    /// Returns the tokens of a new grant with this scope.
    async fn pair(&self, scope: &str) -> Pair {
        let request = Request { scope, ..Request::default() };
        let code = self.stack.issue_code(&self.client, self.ada.sub, request).await;
        self.stack.redeem(&self.client, &code).await.pair()
    }

    async fn access(&self, scope: &str) -> String {
        self.pair(scope).await.access
    }

    /// Returns the claims that a token with this scope opens.
    async fn claims(&self, scope: &str) -> Value {
        let access = self.access(scope).await;
        success(&get(&self.stack, &access).await)
    }
}

fn registration() -> Registration {
    let scope = ["openid", "profile", "email", "groups", "read", "write"];
    Registration {
        name: "web".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: scope.map(ToOwned::to_owned).to_vec(),
        ..Registration::default()
    }
}

/// Asks with `token` in the header.
async fn get(stack: &Stack, token: &str) -> Response {
    stack.request("GET", USERINFO).header("authorization", &format!("Bearer {token}")).send().await
}

#[track_caller]
fn success(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    response.is_not_stored();
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    response.json()
}

#[track_caller]
fn refused(response: &Response, status: u16, code: &str, challenge: &str) {
    response.is_error(status, code);
    assert_eq!(response.header("www-authenticate"), Some(challenge));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[track_caller]
fn is_invalid(response: &Response) {
    refused(response, 401, "invalid_token", INVALID_TOKEN);
}

#[tokio::test]
async fn oidcc_userinfo_get() {
    let setup = Setup::start().await;
    let expected = json!({
        "sub": setup.ada.sub,
        "name": NAME,
        "given_name": "Ada",
        "family_name": "Lovelace",
        "middle_name": "King",
        "nickname": "AAL",
        "preferred_username": "ada",
        "profile": "https://lovelace.example/ada",
        "picture": "https://lovelace.example/ada.png",
        "website": "https://lovelace.example",
        "gender": "female",
        "birthdate": "1815-12-10",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "updated_at": setup.stack.now().seconds(),
        "email": EMAIL,
        "email_verified": true,
        "groups": ["developer"],
    });
    assert_eq!(setup.claims(ALL).await, expected);
}

#[tokio::test]
async fn oidcc_userinfo_post_header() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    let post = || setup.stack.post(USERINFO).header("authorization", &format!("bearer {access}"));
    let expected = success(&get(&setup.stack, &access).await);
    assert_eq!(success(&post().send().await), expected);
    assert_eq!(success(&post().form(&[]).send().await), expected);
    // A body of another type holds no token.
    let json = format!("{{\"access_token\":\"{access}\"}}");
    assert_eq!(success(&post().body("application/json", json).send().await), expected);
}

#[tokio::test]
async fn oidcc_userinfo_post_body() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    let form = setup.stack.post(USERINFO).form(&[("access_token", &access)]).send().await;
    assert_eq!(success(&form), success(&get(&setup.stack, &access).await));
}

#[tokio::test]
async fn oidcc_scope_profile() {
    let setup = Setup::start().await;
    let claims = setup.claims("openid profile").await;
    assert_eq!((&claims["name"], &claims["preferred_username"]), (&json!(NAME), &json!("ada")));
    assert_eq!(claims.as_object().unwrap().len(), 15);
    for absent in ["email", "email_verified", "groups"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn oidcc_scope_email() {
    let setup = Setup::start().await;
    let expected = json!({ "sub": setup.ada.sub, "email": EMAIL, "email_verified": true });
    assert_eq!(setup.claims("openid email").await, expected);
}

#[tokio::test]
async fn oidcc_scope_all() {
    let setup = Setup::start().await;
    assert_eq!(setup.claims(ALL).await.as_object().unwrap().len(), 18);
}

#[tokio::test]
async fn the_sub_is_always_there() {
    let setup = Setup::start().await;
    assert_eq!(setup.claims("openid").await, json!({ "sub": setup.ada.sub }));
    assert_eq!(setup.claims("openid groups").await, json!({ "sub": setup.ada.sub, "groups": ["developer"] }));
}

#[tokio::test]
async fn a_user_about_whom_nothing_is_recorded_has_a_login_name() {
    let setup = Setup::start().await;
    let bob = stack_user(&setup, "bob").await;
    let access = token_of(&setup, bob, ALL).await;
    let claims = success(&get(&setup.stack, &access).await);
    assert_eq!(claims, json!({ "sub": bob, "preferred_username": "bob", "groups": [] }));
}

async fn stack_user(setup: &Setup, name: &str) -> Id {
    setup.stack.create_user(name).await.sub
}

async fn token_of(setup: &Setup, user: Id, scope: &str) -> String {
    let request = Request { scope, ..Request::default() };
    let code = setup.stack.issue_code(&setup.client, user, request).await;
    setup.stack.redeem(&setup.client, &code).await.pair().access
}

#[tokio::test]
async fn a_refresh_that_requests_less_scope_releases_less() {
    let setup = Setup::start().await;
    let pair = setup.pair(ALL).await;
    let narrow = [("scope", "openid email")];
    let narrowed = setup.stack.refresh_with(&setup.client, &pair.refresh, &narrow).await.pair();
    let claims = success(&get(&setup.stack, &narrowed.access).await);
    assert_eq!(claims, json!({ "sub": setup.ada.sub, "email": EMAIL, "email_verified": true }));
    let without = [("scope", "email")];
    let narrowed = setup.stack.refresh_with(&setup.client, &narrowed.refresh, &without).await.pair();
    refused(&get(&setup.stack, &narrowed.access).await, 403, "insufficient_scope", INSUFFICIENT_SCOPE);
}

#[tokio::test]
async fn a_request_without_a_token_gets_a_challenge_without_an_error() {
    let setup = Setup::start().await;
    let (stack, access) = (&setup.stack, setup.access(ALL).await);
    let in_query = format!("{USERINFO}?access_token={access}");
    for call in [
        stack.request("GET", USERINFO),
        stack.post(USERINFO),
        stack.post(USERINFO).form(&[("access_token", "")]),
        stack.request("GET", USERINFO).basic(&setup.client),
        stack.request("GET", &in_query),
        stack.post(&in_query).form(&[]),
        stack.post(USERINFO).body("application/json", format!("{{\"access_token\":\"{access}\"}}")),
    ] {
        refused(&call.send().await, 401, "invalid_token", NO_TOKEN);
    }
}

#[tokio::test]
async fn one_token_is_sent_in_one_place() {
    let setup = Setup::start().await;
    let (stack, access) = (&setup.stack, setup.access(ALL).await);
    let bearer = format!("Bearer {access}");
    let both = stack.post(USERINFO).header("authorization", &bearer).form(&[("access_token", &access)]);
    refused(&both.send().await, 400, "invalid_request", INVALID_REQUEST);
    let twice = stack.post(USERINFO).form(&[("access_token", &access), ("access_token", &access)]);
    refused(&twice.send().await, 400, "invalid_request", INVALID_REQUEST);
    let headers = stack.request("GET", USERINFO).header("authorization", &bearer);
    refused(&headers.header("authorization", &bearer).send().await, 400, "invalid_request", INVALID_REQUEST);
    for header in ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \"a\"", &format!("{bearer},")] {
        let malformed = stack.request("GET", USERINFO).header("authorization", header).send().await;
        refused(&malformed, 400, "invalid_request", INVALID_REQUEST);
    }
}

#[tokio::test]
async fn a_malformed_or_huge_form_is_refused_before_a_read() {
    let setup = Setup::start().await;
    let stack = &setup.stack;
    stack.dynamodb.forget();
    let form = |body: String| stack.post(USERINFO).body("application/x-www-form-urlencoded", body).send();
    for body in ["access_token=%", "access_token=%FF", "access_token=%00"] {
        refused(&form(body.to_owned()).await, 400, "invalid_request", INVALID_REQUEST);
    }
    let huge = format!("access_token={}", "a".repeat(64 * 1024));
    refused(&form(huge).await, 413, "invalid_request", INVALID_REQUEST);
    is_invalid(&form(format!("access_token={}", "a".repeat(60 * 1024))).await);
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn a_token_of_another_kind_is_invalid_and_not_looked_up() {
    let stack = Stack::configured(|config| {
        config.signing_keys = "local".parse().unwrap();
        config.account.personal_scopes = "openid email read".parse().unwrap();
    })
    .await;
    let setup = Setup::on(stack).await;
    let (stack, pair) = (&setup.stack, setup.pair(ALL).await);
    let browser = stack.browser();
    browser.sign_in(&setup.ada).await;
    let personal = browser.personal_token("script", "7").await;
    let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
    stack.dynamodb.forget();
    for token in [&pair.refresh, &personal, code.expose(), &setup.client.secret, "garbage", &pair.access[1..]]
    {
        is_invalid(&get(stack, token).await);
        is_invalid(&stack.post(USERINFO).form(&[("access_token", token)]).send().await);
    }
    assert_eq!(stack.dynamodb.cost(), []);
    let altered = altered(&pair.access, &setup.access(ALL).await).into_iter();
    for token in altered.filter(|token| !token.contains(char::is_whitespace)) {
        let response = get(stack, &token).await;
        assert!([400, 401].contains(&response.status), "{token}: {}", response.text);
    }
}

#[tokio::test]
async fn only_a_code_grant_of_a_user_opens_userinfo() {
    let stack = Stack::configured(|config| {
        config.signing_keys = "local".parse().unwrap();
        config.compat = "password".parse().unwrap();
    })
    .await;
    let setup = Setup::on(stack).await;
    let stack = &setup.stack;
    let scope = vec!["openid".to_owned(), "email".to_owned()];
    let machine = stack.register(Registration { scope: scope.clone(), ..machine() }).await;
    let token = stack.request_token(&machine, &[("scope", "openid email")]).await;
    is_invalid(&get(stack, token.json()["access_token"].as_str().unwrap()).await);

    let legacy = stack.register(Registration { scope, ..legacy("password") }).await;
    let form =
        [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", "openid email")];
    let token = stack.post("/oauth/token").basic(&legacy).form(&form).send().await.json();
    assert_eq!(token["token_type"], "Bearer", "{token}");
    is_invalid(&get(stack, token["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn a_token_without_openid_lacks_scope() {
    let setup = Setup::start().await;
    let access = setup.access("profile email read").await;
    refused(&get(&setup.stack, &access).await, 403, "insufficient_scope", INSUFFICIENT_SCOPE);
}

#[tokio::test]
async fn a_token_for_a_resource_is_invalid() {
    let setup = Setup::start().await;
    let stack = &setup.stack;
    let resource = Some("https://api.example.com/mcp");
    let request = Request { scope: ALL, resource, ..Request::default() };
    let code = stack.issue_code(&setup.client, setup.ada.sub, request).await;
    let access = stack.redeem(&setup.client, &code).await.pair().access;
    is_invalid(&get(stack, &access).await);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_invalid() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    let other =
        setup.stack.sibling(|config| config.issuer = Some("https://other.example".parse().unwrap())).await;
    is_invalid(&get(&other, &access).await);
    success(&get(&setup.stack, &access).await);
}

#[tokio::test]
async fn a_token_is_valid_until_it_expires_and_its_grant_until_it_ends() {
    let setup = Setup::start().await;
    let (stack, client) = (&setup.stack, &setup.client);
    let [expiring, revoked] = [setup.access(ALL).await, setup.access(ALL).await];
    stack.revoke(client, &revoked).await;
    is_invalid(&get(stack, &revoked).await);
    stack.advance_to_just_before(Duration::from_hours(1));
    success(&get(stack, &expiring).await);
    stack.advance_by_the_last_millisecond();
    is_invalid(&get(stack, &expiring).await);
    // The end of the whole grant.
    let pair = setup.pair(ALL).await;
    stack.revoke(client, &pair.refresh).await;
    is_invalid(&get(stack, &pair.access).await);
}

#[tokio::test]
async fn nobody_reads_claims_after_the_client_or_the_user_lost_good_standing() {
    let setup = Setup::start().await;
    let (stack, users, ada) = (&setup.stack, &setup.stack.app.users, setup.ada.sub);
    let access = setup.access(ALL).await;
    stack.disable(&setup.client).await;
    is_invalid(&get(stack, &access).await);
    stack.enable(&setup.client).await;
    stack.advance(Duration::from_millis(1));
    let access = setup.access(ALL).await;
    success(&get(stack, &access).await);
    users.disable(ada, stack.now()).await.unwrap();
    is_invalid(&get(stack, &access).await);
    users.enable(ada).await.unwrap();
    is_invalid(&get(stack, &access).await);
    stack.advance(Duration::from_millis(1));
    let access = setup.access(ALL).await;
    success(&get(stack, &access).await);
    users.delete(ada).await.unwrap();
    is_invalid(&get(stack, &access).await);
    assert!(!stack.stored().await.contains(NAME) && !stack.stored().await.contains(EMAIL));
}

#[tokio::test]
async fn a_request_costs_the_grant_the_statuses_and_the_claims() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    setup.stack.dynamodb.forget();
    success(&get(&setup.stack, &access).await);
    let mut cost = setup.stack.dynamodb.cost();
    // The last two at the same time.
    cost[1..].sort_by(|one, other| one.0.cmp(&other.0));
    let [get, batch] = ["GetItem", "BatchGetItem"].map(ToOwned::to_owned);
    assert_eq!(cost, [(get.clone(), 1.0), (batch, 2.0), (get, 1.0)]);
    // A token without openid costs no read more.
    let access = setup.access("email").await;
    setup.stack.dynamodb.forget();
    setup.stack.request("GET", USERINFO).header("authorization", &format!("Bearer {access}")).send().await;
    assert_eq!(setup.stack.dynamodb.cost().len(), 1);
}

#[tokio::test]
async fn an_outage_is_a_503_and_the_same_token_works_after_it() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    for fault in [Fault::Refuse, Fault::Throttle, Fault::Broken, Fault::Denied, Fault::ThrottleStandings] {
        setup.stack.dynamodb.fail(fault);
        let response = get(&setup.stack, &access).await;
        setup.stack.dynamodb.fail(Fault::None);
        response.is_unavailable();
        assert_eq!(response.header("www-authenticate"), None, "{fault:?}: the token is not at fault");
        success(&get(&setup.stack, &access).await);
    }
    assert!(setup.stack.audited("refused").is_empty());
    assert!(setup.stack.audited("unavailable").len() >= 5);
}

#[tokio::test]
async fn no_log_line_has_a_claim() {
    let setup = Setup::start().await;
    let (stack, access) = (&setup.stack, setup.access(ALL).await);
    success(&get(stack, &access).await);
    get(stack, "garbage").await;
    let without = setup.access("email").await;
    get(stack, &without).await;
    stack.dynamodb.fail(Fault::Throttle);
    get(stack, &access).await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    stack.app.users.delete(setup.ada.sub).await.unwrap();
    is_invalid(&get(stack, &access).await);
    let logged = stack.logged();
    for value in ["Lovelace", EMAIL, "1815", "Europe/London", "lovelace.example", access.as_str()] {
        assert!(!logged.contains(value), "{value}");
    }
    let refused = stack.audited("refused");
    assert!(refused.iter().all(|line| line["path"] == USERINFO));
    assert!(refused.iter().any(|line| line["reason"] == "the token's scope does not include openid"));
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask() {
    let setup = Setup::start().await;
    let preflight = setup.stack.request("OPTIONS", USERINFO).header("origin", "https://spa.example.com");
    let preflight = preflight
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let response = preflight.send().await;
    assert_eq!(response.status, 204);
    assert_eq!(response.header("access-control-allow-methods"), Some("GET, POST"));
    assert!(response.header("access-control-allow-headers").unwrap().contains("Authorization"));
    for method in ["PUT", "DELETE", "HEAD"] {
        let response = setup.stack.request(method, USERINFO).send().await;
        assert_eq!((response.status, response.header("allow")), (405, Some("GET, POST")), "{method}");
    }
}

#[tokio::test]
async fn there_is_no_userinfo_while_openid_connect_is_off() {
    let stack = Stack::start().await;
    for method in ["GET", "POST", "OPTIONS", "PUT"] {
        let response = stack.request(method, USERINFO).header("authorization", "Bearer x").send().await;
        assert_eq!((response.status, response.json()), (404, json!({ "message": "Not Found" })), "{method}");
    }
    assert_eq!(stack.dynamodb.cost(), []);
}

#[test]
fn userinfo_reads_claims_and_neither_hashes_nor_names() {
    let judge = |on: bool, operation: &str, table: &str, key: &str| {
        let key = json!({ "pk": { "S": key } });
        let request = match operation {
            "BatchGetItem" => json!({ "RequestItems": { format!("test-{table}"): { "Keys": [key] } } }),
            "PutItem" => json!({ "TableName": format!("test-{table}"), "Item": key }),
            _ => json!({ "TableName": format!("test-{table}"), "Key": key }),
        };
        let conditions = if on { BTreeSet::from(["HasOpenId"]) } else { BTreeSet::new() };
        POLICIES.judge(USERINFO, operation, &request, &conditions).is_ok()
    };
    let allowed = [
        ("GetItem", "users", "claims#a"),
        ("GetItem", "tokens", "g#a"),
        ("BatchGetItem", "users", "status#a"),
        ("BatchGetItem", "clients", "status#a"),
    ];
    for operation in ["GetItem", "BatchGetItem", "PutItem", "DeleteItem"] {
        for (table, keys) in [
            ("users", &["claims#a", "user#a", "name#a", "status#a"][..]),
            ("tokens", &["g#a", "s#a", "t#a", "k#a"]),
            ("clients", &["client#a", "status#a", "keys#", "resources"]),
        ] {
            for key in keys {
                let expected = allowed.contains(&(operation, table, key));
                assert_eq!(judge(true, operation, table, key), expected, "{operation} {key} of {table}");
                assert!(!judge(false, operation, table, key), "{operation} {key} of {table}");
            }
        }
    }
}
