//! The whole flow, from a click to a revoked token: its results, its cost, and the data that it leaves.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::harness::{AuthorizationRequest, HtmlForm, PASSWORD, Redirect, Stack, code_flow::VERIFIER};

/// Returns the operations on DynamoDB since the last call, with their capacity units.
fn operations(stack: &Stack) -> Vec<(String, f64)> {
    let cost = stack.dynamodb.cost();
    stack.dynamodb.forget();
    cost
}

/// Returns the writes among the operations.
fn writes(stack: &Stack) -> Vec<(String, f64)> {
    let reads = ["GetItem", "BatchGetItem"];
    operations(stack).into_iter().filter(|(operation, _)| !reads.contains(&operation.as_str())).collect()
}

fn text(response: &Value, member: &str) -> String {
    response[member].as_str().unwrap().to_owned()
}

/// Runs everything that a user and two clients do in a day. Returns every secret that was used.
async fn a_day(stack: &Stack) -> Vec<String> {
    let (web, rs, ada) = (stack.web().await, stack.resource_server().await, stack.create_user("Ada").await);
    let (browser, request) = (stack.browser(), AuthorizationRequest::by(&web).with("scope", "read write"));
    let login = browser.redirected(&request).await.location;
    browser.try_to_sign_in(&login, "ada", "a wrong password").await.is_page(400);
    let visit = browser.cookie("jeton-visit").unwrap();
    let login_form = HtmlForm::of(&browser.get(&login).await, "/login");
    let next = Redirect::of(&browser.try_to_sign_in(&login, "ada", PASSWORD).await).location;
    let [session, known] = ["jeton-session", "jeton-device"].map(|name| browser.cookie(name).unwrap());
    let page = browser.get(&next).await;
    let (form, logout) = (HtmlForm::of(&page, "/oauth/authorize"), HtmlForm::of(&page, "/logout"));
    browser.submit(&form.with("csrf", "0"), &[("decision", "allow")]).await.is_page(403);
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    let code = redirect.code().to_owned();
    let response = stack.redeem(&web, &code).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let first = response.json();
    let introspection = stack.introspect(&rs, &text(&first, "access_token")).await;
    assert_eq!(
        (&introspection["active"], &introspection["username"]),
        (&true.into(), &"Ada".into()),
        "{introspection}"
    );
    assert_eq!(
        (text(&introspection, "sub"), text(&introspection, "client_id")),
        (ada.sub.to_string(), web.id.clone())
    );
    assert_eq!(
        (text(&introspection, "scope"), text(&introspection, "iss")),
        ("read write".to_owned(), stack.url.clone())
    );
    let refresh = text(&first, "refresh_token");
    let form_of =
        |token: &str| [("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
    let refreshing = form_of(&refresh);
    let refreshing = refreshing.each_ref().map(|(name, value)| (*name, value.as_str()));
    let response = stack.post_as("/oauth/token", &web, &refreshing).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let second = response.json();
    let (access, next_refresh) = (text(&second, "access_token"), text(&second, "refresh_token"));
    assert_eq!(stack.introspect(&rs, &access).await["username"], "Ada");
    assert_eq!(stack.revoke(&web, &next_refresh).await.status, 200);
    stack.is_inactive(&rs, &access).await;
    browser.submit(&logout, &[]).await.is_page(200);
    // Secrets in the wrong parameters.
    stack.redeem(&web, &refresh).await.is_error(400, "invalid_grant");
    browser.get(&request.with("state", &session).with("scope", &code).url()).await;
    let secrets = [visit, session, known, code, text(&first, "access_token"), refresh, access, next_refresh];
    let csrf = [&login_form, &form, &logout].map(|form| form.get("csrf").unwrap().to_owned());
    let typed = [PASSWORD.to_owned(), "a wrong password".to_owned(), VERIFIER.to_owned(), web.secret];
    [secrets.to_vec(), csrf.to_vec(), typed.to_vec()].concat()
}

#[tokio::test]
async fn a_user_consents_and_the_client_gets_refreshes_and_revokes_its_tokens() {
    let stack = Stack::start().await;
    a_day(&stack).await;
    for event in ["signed_in", "sign_in_failed", "consented", "issued", "refreshed", "revoked", "signed_out"]
    {
        assert_eq!(stack.audited(event).len(), 1, "{event}");
    }
}

#[tokio::test]
async fn no_item_and_no_log_line_has_a_secret_of_a_user_or_browser() {
    let stack = Stack::start().await;
    let secrets = a_day(&stack).await;
    let (stored, logged) = (stack.stored().await, stack.logged());
    assert!(secrets.len() == 15 && stored.contains("argon2id") && logged.lines().count() >= 9);
    for secret in &secrets {
        assert!(secret.len() > 15, "{secret}");
        let bytes = format!("{:?}", secret.as_bytes());
        let key = secret.get(26..70).unwrap_or(secret);
        let bytes = bytes.trim_matches(['[', ']']).to_owned();
        for shape in [secret.clone(), key.to_owned(), bytes, STANDARD.encode(secret), STANDARD.encode(key)] {
            assert!(!stored.contains(&shape), "a table holds {shape}");
            assert!(!logged.contains(&shape), "the log holds {shape}");
        }
    }
}

#[tokio::test]
async fn loading_pages_without_signing_in_writes_nothing() {
    let stack = Stack::start().await;
    let (request, stranger) = (AuthorizationRequest::by(&stack.web().await), stack.browser());
    stack.dynamodb.forget();
    let login = stranger.redirected(&request).await.location;
    assert_eq!(operations(&stack), [("BatchGetItem".to_owned(), 2.0)], "the client and its status");
    stranger.get(&login).await.is_page(200);
    assert_eq!(operations(&stack), [("BatchGetItem".to_owned(), 2.0)], "the client, which the page names");
    stranger.get("/login").await.is_page(200);
    assert_eq!(operations(&stack), []);
    stranger.redirected(&request.with("scope", "other")).await;
    stranger.redirected(&request.with("prompt", "none")).await;
    stranger.authorize(&request.with("client_id", "nope")).await.is_page(400);
    stranger.post("/logout", &[]).await.is_page(200);
    assert_eq!(writes(&stack), []);
    stranger.try_to_sign_in(&login, "nobody", "a password").await.is_page(400);
    let counted = ("UpdateItem".to_owned(), 1.0);
    assert_eq!(
        writes(&stack),
        vec![counted; 4],
        "a failed attempt is counted for the address and for the account"
    );
}

#[tokio::test]
async fn a_code_costs_one_write_and_a_remembered_consent_one_more() {
    let stack = Stack::start().await;
    let (web, public, browser) = (stack.web().await, stack.public().await, stack.browser());
    let ada = stack.create_user("ada").await;
    // An item of a user is in the index by_user, too.
    let (indexed, put) = (("PutItem".to_owned(), 2.0), ("PutItem".to_owned(), 1.0));
    stack.dynamodb.forget();
    browser.sign_in(&ada).await;
    let mut written = writes(&stack);
    written.sort_by(|one, other| one.0.cmp(&other.0));
    let (sessions, counters) = written.split_at(2);
    assert_eq!(sessions, [indexed.clone(), indexed.clone()], "a session and a device cookie");
    let counted = ("UpdateItem".to_owned(), 1.0);
    assert_eq!(counters, vec![counted; 4], "two counters, reserved and released");
    let form = browser.consent_form(&AuthorizationRequest::by(&web)).await;
    assert_eq!(writes(&stack), []);
    browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(writes(&stack), [indexed.clone(), put]);
    browser.redirected(&AuthorizationRequest::by(&web)).await.code();
    assert_eq!(
        writes(&stack),
        std::slice::from_ref(&indexed),
        "without a consent page, no consent is stored"
    );
    browser.consent(&AuthorizationRequest::by(&public)).await.code();
    assert_eq!(writes(&stack), [indexed]);
    let form = browser.consent_form(&AuthorizationRequest::by(&public)).await;
    browser.submit(&form, &[("decision", "deny")]).await;
    assert_eq!(writes(&stack), []);
}
