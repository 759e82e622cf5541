//! From a stranger's click to a revoked token: what everybody gets, what it costs, and what is kept of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::harness::{Asking, HtmlForm, PASSWORD, Redirect, Stack, person::VERIFIER};

/// What was asked of DynamoDB since the last time.
fn operations(stack: &Stack) -> Vec<(String, f64)> {
    let cost = stack.dynamodb.cost();
    stack.dynamodb.forget();
    cost
}

/// The writes among it.
fn writes(stack: &Stack) -> Vec<(String, f64)> {
    let reads = ["GetItem", "BatchGetItem"];
    operations(stack).into_iter().filter(|(operation, _)| !reads.contains(&operation.as_str())).collect()
}

fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap().to_owned()
}

/// Everything a person and two clients do in a day; every secret that was used on the way.
async fn a_day(stack: &Stack) -> Vec<String> {
    let (web, rs, ada) = (stack.web().await, stack.resource_server().await, stack.somebody("Ada").await);
    let (browser, asking) = (stack.browser(), Asking::by(&web).with("scope", "read write"));
    let login = browser.redirected(&asking).await.location;
    browser.try_to_sign_in(&login, "ada", "a wrong password").await.is_page(400);
    let visit = browser.cookie("jeton-visit").unwrap();
    let login_form = HtmlForm::of(&browser.get(&login).await, "/login");
    let next = Redirect::of(&browser.try_to_sign_in(&login, "ada", PASSWORD).await).location;
    let [session, known] = ["jeton-session", "jeton-browser"].map(|name| browser.cookie(name).unwrap());
    let page = browser.get(&next).await;
    let (form, logout) = (HtmlForm::of(&page, "/oauth/authorize"), HtmlForm::of(&page, "/logout"));
    browser.submit(&form.with("csrf", "0"), &[("decision", "allow")]).await.is_page(403);
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    let code = redirect.code().to_owned();
    let answer = stack.redeem(&web, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let first = answer.json();
    let told = stack.introspect(&rs, &text(&first, "access_token")).await;
    assert_eq!((&told["active"], &told["username"]), (&true.into(), &"Ada".into()), "{told}");
    assert_eq!((text(&told, "sub"), text(&told, "client_id")), (ada.sub.to_string(), web.id.clone()));
    assert_eq!((text(&told, "scope"), text(&told, "iss")), ("read write".to_owned(), stack.url.clone()));
    let refresh = text(&first, "refresh_token");
    let form_of =
        |token: &str| [("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
    let refreshing = form_of(&refresh);
    let refreshing = refreshing.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = stack.ask("/oauth/token", &web, &refreshing).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let second = answer.json();
    let (access, next_refresh) = (text(&second, "access_token"), text(&second, "refresh_token"));
    assert_eq!(stack.introspect(&rs, &access).await["username"], "Ada");
    assert_eq!(stack.revoke(&web, &next_refresh).await.status, 200);
    stack.is_inactive(&rs, &access).await;
    browser.submit(&logout, &[]).await.is_page(200);
    // Secrets where they do not belong.
    stack.redeem(&web, &refresh).await.is_error(400, "invalid_grant");
    browser.get(&asking.with("state", &session).with("scope", &code).url()).await;
    let secrets = [visit, session, known, code, text(&first, "access_token"), refresh, access, next_refresh];
    let csrf = [&login_form, &form, &logout].map(|form| form.get("csrf").unwrap().to_owned());
    let typed = [PASSWORD.to_owned(), "a wrong password".to_owned(), VERIFIER.to_owned(), web.secret];
    [secrets.to_vec(), csrf.to_vec(), typed.to_vec()].concat()
}

#[tokio::test]
async fn a_person_signs_in_and_agrees_and_the_client_gets_uses_renews_and_revokes_its_tokens() {
    let stack = Stack::start().await;
    a_day(&stack).await;
    for event in ["signed_in", "sign_in_failed", "consented", "issued", "refreshed", "revoked", "signed_out"]
    {
        assert_eq!(stack.audited(event).len(), 1, "{event}");
    }
}

#[tokio::test]
async fn no_item_and_no_line_of_the_log_holds_a_secret_of_a_person_or_their_browser() {
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
async fn a_stranger_writes_nothing_whatever_they_load() {
    let stack = Stack::start().await;
    let (asking, stranger) = (Asking::by(&stack.web().await), stack.browser());
    stack.dynamodb.forget();
    let login = stranger.redirected(&asking).await.location;
    assert_eq!(operations(&stack), [("BatchGetItem".to_owned(), 2.0)], "the client and its status");
    stranger.get(&login).await.is_page(200);
    assert_eq!(operations(&stack), [("BatchGetItem".to_owned(), 2.0)], "the client, which the page names");
    stranger.get("/login").await.is_page(200);
    assert_eq!(operations(&stack), []);
    stranger.redirected(&asking.with("scope", "other")).await;
    stranger.redirected(&asking.with("prompt", "none")).await;
    stranger.authorize(&asking.with("client_id", "nope")).await.is_page(400);
    stranger.post("/logout", &[]).await.is_page(200);
    assert_eq!(writes(&stack), []);
    stranger.try_to_sign_in(&login, "nobody", "a password").await.is_page(400);
    let counted = ("UpdateItem".to_owned(), 1.0);
    assert_eq!(
        writes(&stack),
        vec![counted; 4],
        "an attempt is counted and fails, at address and account, and no more"
    );
}

#[tokio::test]
async fn a_code_is_one_write_and_what_is_remembered_of_a_confidential_client_one_more() {
    let stack = Stack::start().await;
    let (web, public, browser) = (stack.web().await, stack.public().await, stack.browser());
    let ada = stack.somebody("ada").await;
    // What belongs to a person is in their index as well.
    let (indexed, put) = (("PutItem".to_owned(), 2.0), ("PutItem".to_owned(), 1.0));
    stack.dynamodb.forget();
    browser.sign_in(&ada).await;
    let mut written = writes(&stack);
    written.sort_by(|one, other| one.0.cmp(&other.0));
    let (sessions, counters) = written.split_at(2);
    assert_eq!(
        sessions,
        [indexed.clone(), indexed.clone()],
        "a session, and a browser that is known from now on"
    );
    let counted = ("UpdateItem".to_owned(), 1.0);
    assert_eq!(counters, vec![counted; 4], "two counters, charged and given back");
    let form = browser.asked(&Asking::by(&web)).await;
    assert_eq!(writes(&stack), []);
    browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(writes(&stack), [indexed.clone(), put]);
    browser.redirected(&Asking::by(&web)).await.code();
    assert_eq!(
        writes(&stack),
        std::slice::from_ref(&indexed),
        "nobody was asked, so nothing new is remembered"
    );
    browser.consent(&Asking::by(&public)).await.code();
    assert_eq!(writes(&stack), [indexed]);
    let form = browser.asked(&Asking::by(&public)).await;
    browser.submit(&form, &[("decision", "deny")]).await;
    assert_eq!(writes(&stack), []);
}
