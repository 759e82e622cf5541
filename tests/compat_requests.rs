//! Token requests and responses of older services: the switches `json`, `query-credentials`, `expires` and `ttl`.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    clients::{Lifetimes, Registration},
    grants::Selection,
};

use crate::harness::{JSON, PASSWORD, Registered, Response, Stack, legacy, machine};

const FORM: &str = "application/x-www-form-urlencoded";

/// Registers a client for `client_credentials` with these switches.
async fn machine_with(stack: &Stack, switches: &str, lifetimes: Lifetimes) -> Registered {
    let compat = switches.parse().unwrap();
    stack.register(Registration { compat, lifetimes, ..machine() }).await
}

fn own_token(client: &Registered) -> Value {
    json!({
        "grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret, "scope": "read",
    })
}

#[tokio::test]
async fn without_the_switch_json_is_no_token_request() {
    for (permitted, has) in [("none", "none"), ("none", "json"), ("json", "none")] {
        let stack = Stack::permitting(permitted).await;
        let client = machine_with(&stack, has, Lifetimes::default()).await;
        let response = stack.json_request(&own_token(&client)).send().await;
        response.is_error(400, "invalid_request");
        assert_eq!(stack.grants().await, 0, "permitted {permitted}, has {has}");
    }
}

#[tokio::test]
async fn with_the_switch_a_json_object_of_strings_is_accepted_like_a_form() {
    let stack = Stack::permitting("json").await;
    let client = machine_with(&stack, "json", Lifetimes::default()).await;
    let response = stack.json_request(&own_token(&client)).send().await;
    assert_eq!((response.status, &response.json()["scope"]), (200, &json!("read")));
    for content_type in ["application/json", "Application/JSON", "application/json; charset=utf-8"] {
        let call = stack.post("/oauth/token").basic(&client);
        let response = call.body(content_type, r#"{"grant_type":"client_credentials"}"#).send().await;
        assert_eq!(response.status, 200, "{content_type}");
    }
    assert_eq!(stack.request_token(&client, &[]).await.status, 200, "a form is still accepted");
    // Authentication and scope are checked as in a form.
    let mut wrong = own_token(&client);
    wrong["client_secret"] = json!(client.with_wrong_secret().secret);
    stack.json_request(&wrong).send().await.is_invalid_client();
    let mut too_much = own_token(&client);
    too_much["scope"] = json!("admin");
    stack.json_request(&too_much).send().await.is_error(400, "invalid_scope");
}

#[tokio::test]
async fn json_that_is_more_than_a_flat_object_of_strings_is_refused() {
    let stack = Stack::permitting("json").await;
    let client = machine_with(&stack, "json", Lifetimes::default()).await;
    let deep = format!("{}1", r#"{"a":"#.repeat(10_000));
    for body in [
        r#"{"grant_type":"client_credentials","grant_type":"client_credentials"}"#,
        r#"{"grant_type":"client_credentials","grant\u005ftype":"password"}"#,
        r#"{"grant_type":["client_credentials"]}"#,
        r#"{"grant_type":{"a":"b"}}"#,
        r#"{"grant_type":"client_credentials","scope":null}"#,
        r#"{"grant_type":"client_credentials","ttl":1.0}"#,
        r#"{"grant_type":"client_credentials","ttl":1e3}"#,
        r#"{"grant_type":"client_credentials","ttl":01}"#,
        r#"{"grant_type":"client_credentials","ttl":[1]}"#,
        r#"{"grant_type":"client_credentials","ttl":true}"#,
        r#"{"grant_type":"client_credentials","ttl":1,"ttl":"1"}"#,
        r#"[{"grant_type":"client_credentials"}]"#,
        r#"{"grant_type":"client_credentials"} {}"#,
        "grant_type=client_credentials",
        "\u{0}",
        "",
        &deep,
    ] {
        let response = stack.post("/oauth/token").basic(&client).body(JSON, body.to_owned()).send().await;
        response.is_error(400, "invalid_request");
    }
    let large = json!({ "grant_type": "client_credentials", "more": "x".repeat(64 * 1_024) });
    let response = stack.post("/oauth/token").basic(&client).body(JSON, large.to_string()).send().await;
    response.is_error(413, "invalid_request");
    let form = stack.post("/oauth/token").basic(&client);
    form.body(FORM, r#"{"grant_type":"client_credentials"}"#).send().await.is_error(400, "invalid_request");
    // Other endpoints read only forms.
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        let response = stack.post(path).basic(&client).body(JSON, r#"{"token":"x"}"#).send().await;
        response.is_error(400, "invalid_request");
    }
}

fn in_query(client: &Registered) -> String {
    format!(
        "/oauth/token?grant_type=client_credentials&client_id={}&client_secret={}",
        client.id, client.secret
    )
}

#[tokio::test]
async fn without_the_switch_nothing_is_read_from_the_query() {
    for (permitted, has) in [("none", "none"), ("none", "query-credentials"), ("query-credentials", "none")] {
        let stack = Stack::permitting(permitted).await;
        let client = machine_with(&stack, has, Lifetimes::default()).await;
        let all = stack.post(&in_query(&client)).send().await;
        all.is_error(400, "invalid_request");
        let secret_only = format!("/oauth/token?client_secret={}", client.secret);
        let form = [("grant_type", "client_credentials"), ("client_id", client.id.as_str())];
        stack.post(&secret_only).form(&form).send().await.is_invalid_client();
        assert_eq!(stack.grants().await, 0, "permitted {permitted}, has {has}");
    }
}

#[tokio::test]
async fn with_the_switch_the_query_is_read_too_if_it_names_the_client() {
    let stack = Stack::permitting("query-credentials").await;
    let client = machine_with(&stack, "query-credentials", Lifetimes::default()).await;
    assert_eq!(stack.post(&in_query(&client)).send().await.status, 200);
    let credentials = format!("/oauth/token?client_id={}&client_secret={}", client.id, client.secret);
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    assert_eq!(stack.post(&credentials).form(&form).send().await.json()["scope"], "read");
    // For a client that authenticates in the header or in the body, only the body is read.
    let beside = stack.post("/oauth/token?grant_type=client_credentials&scope=read").basic(&client);
    beside.form(&[]).send().await.is_error(400, "invalid_request");
    for (path, form) in [
        (credentials.as_str(), &[("grant_type", "client_credentials"), ("client_id", "x")][..]),
        (&format!("{credentials}&client_id=x"), &form),
        (&format!("{credentials}&scope=read"), &form),
    ] {
        stack.post(path).form(form).send().await.is_error(400, "invalid_request");
    }
    let wrong = client.with_wrong_secret();
    stack.post(&in_query(&wrong)).send().await.is_invalid_client();
    stack.request("GET", &in_query(&client)).send().await.is_error(405, "invalid_request");
    assert!(!stack.logged().contains(&client.secret));
}

#[tokio::test]
async fn without_the_switch_a_response_has_only_the_members_of_the_rfc() {
    for (permitted, has) in [("none", "expires"), ("expires", "none")] {
        let stack = Stack::permitting(permitted).await;
        let client = stack.legacy(has).await;
        let code = stack.code(&client).await;
        let tokens = stack.redeem(&client, &code).await.json();
        assert_eq!((tokens.get("expires"), tokens.get("refresh_token_expires_in")), (None, None));
    }
}

#[tokio::test]
async fn with_the_switch_a_response_states_when_its_tokens_expire() {
    let stack = Stack::permitting("expires").await;
    let client = stack.legacy("expires").await;
    let code = stack.code(&client).await;
    let tokens = stack.redeem(&client, &code).await.json();
    assert_eq!(tokens["expires"], stack.now().seconds() + 3_600);
    assert_eq!(tokens["refresh_token_expires_in"], 30 * 86_400);
    let retry = async || {
        let response = stack.refresh(&client, tokens["refresh_token"].as_str().unwrap()).await.json();
        (
            response["expires"].as_u64(),
            response["expires_in"].as_u64(),
            response["refresh_token_expires_in"].as_u64(),
        )
    };
    let first = retry().await;
    stack.advance(Duration::from_secs(10));
    let (expires, left, refresh_left) = retry().await;
    assert_eq!((expires, left, refresh_left), (first.0, Some(3_590), Some(30 * 86_400 - 10)));
}

async fn with_ttl(stack: &Stack, client: &Registered, ttl: &str) -> Response {
    stack.request_token(client, &[("ttl", ttl)]).await
}

/// Seven days by default, and up to 30 days on request.
const USERGRID: Lifetimes = Lifetimes {
    code: 60,
    access_token: 7 * 86_400,
    longest_access_token: Some(30 * 86_400),
    refresh_token: 30 * 86_400,
    refresh_grace: 60,
};
const ENDLESS: Lifetimes = Lifetimes { longest_access_token: Some(0), ..USERGRID };

#[tokio::test]
async fn without_the_switch_ttl_is_ignored() {
    for (permitted, has) in [("none", "none"), ("none", "ttl"), ("ttl", "none")] {
        let stack = Stack::permitting(permitted).await;
        let lifetimes = if has == "ttl" { ENDLESS } else { Lifetimes::default() };
        let client = machine_with(&stack, has, lifetimes).await;
        let usual = if has == "ttl" { 86_400 } else { 3_600 };
        for ttl in ["60000", "0", "86400000000", "nonsense"] {
            assert_eq!(with_ttl(&stack, &client, ttl).await.json()["expires_in"], usual, "{permitted} {has}");
        }
    }
    for lifetimes in [USERGRID, Lifetimes { access_token: 0, ..Lifetimes::default() }] {
        let registration = Registration { lifetimes, ..machine() };
        let now = shared::time::Timestamp::from_millis(1);
        assert!(registration.accept("someone".parse().unwrap(), now).is_err());
    }
}

#[tokio::test]
async fn a_request_chooses_a_lifetime_up_to_what_its_client_may_have() {
    let stack = Stack::permitting("ttl").await;
    let client = machine_with(&stack, "ttl", USERGRID).await;
    assert_eq!(stack.request_token(&client, &[]).await.json()["expires_in"], 604_800);
    for (ttl, seconds) in
        [("60000", 60), ("1500", 1), ("2592000000", 2_592_000), ("2592000001", 2_592_000), ("0", 2_592_000)]
    {
        assert_eq!(with_ttl(&stack, &client, ttl).await.json()["expires_in"], seconds, "{ttl}");
    }
    for ttl in ["-1", "+1", "1.5", "1e3", " 1", "soon", "99999999999999999999999999"] {
        with_ttl(&stack, &client, ttl).await.is_error(400, "invalid_request");
    }
    let short = with_ttl(&stack, &client, "1500").await.json();
    let token = short["access_token"].as_str().unwrap();
    stack.advance(Duration::from_millis(1_499));
    assert!(stack.is_active(&client, token).await);
    stack.advance(Duration::from_millis(1));
    stack.is_inactive(&client, token).await;
}

#[tokio::test]
async fn an_unlimited_token_lives_until_it_is_revoked() {
    let stack = Stack::permitting("ttl").await;
    let client = machine_with(&stack, "ttl", ENDLESS).await;
    let tokens = with_ttl(&stack, &client, "0").await.json();
    assert_eq!(tokens.get("expires_in"), None);
    let token = tokens["access_token"].as_str().unwrap();
    assert!(!stack.stored().await.contains("\"ttl\": N("), "DynamoDB never deletes it");
    stack.advance(Duration::from_hours(24 * 365 * 50));
    let active = stack.introspect(&client, token).await;
    assert_eq!((&active["active"], active.get("exp")), (&json!(true), None));
    let id = client.id.parse().unwrap();
    let found = stack.app.grants.page(Selection::Clients(std::slice::from_ref(&id)), None).await.unwrap();
    assert_eq!(found.ids.len(), 1, "the grant is found without the token");
    assert_eq!(stack.revoke(&client, token).await.status, 200);
    stack.is_inactive(&client, token).await;
    assert!(stack.stored().await.contains("\"ttl\": N("), "DynamoDB deletes the revoked grant later");
    let another = with_ttl(&stack, &client, "0").await.json();
    stack.app.clients.end_everything(&id, stack.now()).await.unwrap();
    stack.is_inactive(&client, another["access_token"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_users_unlimited_token_has_no_refresh_token_and_is_listed() {
    let stack = Stack::permitting("ttl").await;
    let client = stack.register(Registration { lifetimes: ENDLESS, ..legacy("ttl") }).await;
    let user = stack.user("alice").await;
    let code = stack.issue_code(&client, user, crate::harness::code_flow::Request::default()).await;
    let more = [("code_verifier", crate::harness::code_flow::VERIFIER), ("ttl", "0")];
    let tokens = stack.redeem_with(&client, &code, &more).await.json();
    assert_eq!((tokens.get("expires_in"), tokens.get("refresh_token")), (None, None));
    let token = tokens["access_token"].as_str().unwrap();
    stack.advance(Duration::from_hours(24 * 365));
    assert!(stack.is_active(&client, token).await);
    let grants = stack.app.grants.of_user(user).await.unwrap();
    assert_eq!(grants.len(), 1);
    stack.app.grants.end(grants[0], shared::grants::EndReason::Administrator, stack.now()).await.unwrap();
    stack.is_inactive(&client, token).await;
    assert!(stack.stored().await.contains("\"ttl\": N("));
}

#[tokio::test]
async fn a_refreshed_token_may_be_given_a_lifetime_within_that_of_its_grant() {
    let stack = Stack::permitting("ttl").await;
    let client = stack.register(Registration { lifetimes: ENDLESS, ..legacy("ttl") }).await;
    let pair = stack.pair(&client).await;
    let short = stack.refresh_with(&client, &pair.refresh, &[("ttl", "60000")]).await;
    assert_eq!(short.json()["expires_in"], 60);
    let refresh = short.pair().refresh;
    let long = stack.refresh_with(&client, &refresh, &[("ttl", "0")]).await;
    assert_eq!(long.json()["expires_in"], 90 * 86_400, "the end of the grant");
}

#[tokio::test]
async fn expires_in_never_exceeds_the_end_of_the_grant() {
    let stack = Stack::permitting("ttl,password").await;
    let client = stack.register(Registration { lifetimes: ENDLESS, ..legacy("ttl,password") }).await;
    stack.create_user("ada").await;
    let issue = async |ttl: &str| {
        let user = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("ttl", ttl)];
        stack.post("/oauth/token").basic(&client).form(&user).send().await.json()
    };
    let within = issue("7775999000").await;
    assert_eq!(within["expires_in"], 90 * 86_400 - 1);
    let beyond = issue("86400000000").await;
    assert_eq!(beyond["expires_in"], 90 * 86_400, "the end of the grant");
    let token = beyond["access_token"].as_str().unwrap();
    stack.advance(Duration::from_millis(90 * 86_400_000 - 1));
    assert!(stack.is_active(&client, token).await);
    stack.advance_by_the_last_millisecond();
    stack.is_inactive(&client, token).await;
}

#[tokio::test]
async fn a_ttl_above_100_years_counts_as_unlimited() {
    let stack = Stack::permitting("ttl").await;
    let (endless, bounded) =
        (machine_with(&stack, "ttl", ENDLESS).await, machine_with(&stack, "ttl", USERGRID).await);
    let century: u64 = 100 * 365 * 86_400;
    let longest = (century * 1_000).to_string();
    assert_eq!(with_ttl(&stack, &endless, &longest).await.json()["expires_in"], century);
    for ttl in [century * 1_000 + 1, u64::MAX] {
        let tokens = with_ttl(&stack, &endless, &ttl.to_string()).await.json();
        assert_eq!(tokens.get("expires_in"), None, "{ttl}");
        assert!(stack.is_active(&endless, tokens["access_token"].as_str().unwrap()).await);
        let tokens = with_ttl(&stack, &bounded, &ttl.to_string()).await.json();
        assert_eq!(tokens["expires_in"], 30 * 86_400, "{ttl}");
    }
}

#[tokio::test]
async fn a_whole_number_in_json_is_read_as_its_text() {
    let stack = Stack::permitting("json,ttl,password").await;
    let client = machine_with(&stack, "json,ttl", ENDLESS).await;
    for (ttl, expires_in) in
        [("0", None), ("60000", Some(60)), ("600000", Some(600)), ("18446744073709551615", None)]
    {
        for json in [ttl.to_owned(), format!("\"{ttl}\"")] {
            let body = format!(r#"{{"grant_type":"client_credentials","ttl": {json} }}"#);
            let response = stack.post("/oauth/token").basic(&client).body(JSON, body).send().await;
            assert_eq!(response.status, 200, "{json}: {}", response.text);
            assert_eq!(response.json()["expires_in"].as_u64(), expires_in, "{json}");
        }
    }
    for ttl in ["-1", "-0", "18446744073709551616"] {
        let body = format!(r#"{{"grant_type":"client_credentials","ttl":{ttl}}}"#);
        let response = stack.post("/oauth/token").basic(&client).body(JSON, body).send().await;
        response.is_error(400, "invalid_request");
    }
    // A user name or password that is a long number keeps every digit.
    let legacy = stack.legacy("json,password").await;
    let digits = "12345678901234567890123456";
    let hash = shared::users::password::hash(shared::users::Password::new(digits.to_owned()).unwrap());
    stack.create_user_with("4711", hash).await;
    let body = format!(r#"{{"grant_type":"password","username":4711,"password":{digits}}}"#);
    let response = stack.post("/oauth/token").basic(&legacy).body(JSON, body).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
}
