//! UserInfo (OpenID Connect Core §5.3), which takes bearer tokens (RFC 6750).

use serde_json::{Value, json};
use shared::{
    openid::{Claim, Claims},
    secret::Id,
    status::Role,
};

use crate::harness::{
    Registered, Response, Stack, TestUser,
    code_flow::{Pair, Request},
};

pub const USERINFO: &str = "/oauth/userinfo";
pub const ALL: &str = "openid profile email groups";

const NO_TOKEN: &str = r#"Bearer realm="Jeton""#;
const INVALID_REQUEST: &str = r#"Bearer realm="Jeton", error="invalid_request""#;
const INVALID_TOKEN: &str = r#"Bearer realm="Jeton", error="invalid_token""#;
pub const INSUFFICIENT_SCOPE: &str = r#"Bearer realm="Jeton", error="insufficient_scope", scope="openid""#;

/// Values that no log line may have.
pub const NAME: &str = "Ada Lovelace";
pub const EMAIL: &str = "ada@lovelace.example";

/// A deployment with a client, and a user about whom every claim is recorded.
pub struct Setup {
    pub stack: Stack,
    pub client: Registered,
    pub ada: TestUser,
}

impl Setup {
    pub async fn start() -> Self {
        Self::on(Stack::with_openid().await).await
    }

    pub async fn on(stack: Stack) -> Self {
        let client = stack.relying_party_with(|client| client.scope.push("write".to_owned())).await;
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
    pub async fn pair(&self, scope: &str) -> Pair {
        let request = Request { scope, ..Request::default() };
        let code = self.stack.issue_code(&self.client, self.ada.sub, request).await;
        self.stack.redeem(&self.client, &code).await.pair()
    }

    pub async fn access(&self, scope: &str) -> String {
        self.pair(scope).await.access
    }

    /// Returns the claims that a token with this scope opens.
    async fn claims(&self, scope: &str) -> Value {
        let access = self.access(scope).await;
        success(&get(&self.stack, &access).await)
    }
}

/// Asks with `token` in the header.
pub async fn get(stack: &Stack, token: &str) -> Response {
    stack.request("GET", USERINFO).header("authorization", &format!("Bearer {token}")).send().await
}

#[track_caller]
pub fn success(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    response.is_not_stored();
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    response.json()
}

#[track_caller]
pub fn refused(response: &Response, status: u16, code: &str, challenge: &str) {
    response.is_error(status, code);
    assert_eq!(response.header("www-authenticate"), Some(challenge));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[track_caller]
pub fn is_invalid(response: &Response) {
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
        let response = call.send().await;
        assert_eq!((response.status, response.header("www-authenticate")), (401, Some(NO_TOKEN)));
        assert_eq!((response.text.as_str(), response.header("content-type")), ("", None));
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
async fn it_takes_get_and_post_only() {
    let stack = Stack::with_openid().await;
    for method in ["PUT", "DELETE", "HEAD"] {
        let response = stack.request(method, USERINFO).send().await;
        assert_eq!((response.status, response.header("allow")), (405, Some("GET, POST")), "{method}");
    }
}
