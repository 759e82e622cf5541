//! Signing in: which users may, and by which form (RFC 6749 §10.12, §10.13).

use crate::harness::{AuthorizationRequest, HtmlForm, PASSWORD, Redirect, Response, Stack};

const SESSION: &str = "jeton-session";
const VISIT: &str = "jeton-visit";
const DEVICE: &str = "jeton-device";

/// Returns a response without the user name that it repeats.
fn without_name(response: &Response, name: &str) -> (u16, Vec<(String, String)>, String) {
    let (status, mut headers, text) = response.essence();
    headers.retain(|(name, _)| name != "content-length");
    (status, headers, text.replace(name, "NAME"))
}

#[tokio::test]
async fn without_a_session_there_is_a_login_page_and_never_a_code() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.web().await);
    let stranger = stack.browser();
    let login = stranger.redirected(&request).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    stranger.get(&login).await.is_page(200);
    stranger.get("/login").await.is_page(200);
    let response = stranger.post(&request.url(), &[("decision", "allow")]).await;
    assert_eq!(Redirect::of(&response).location, login);
    let (well_formed, garbage) = (stack.signed_in().await.cookie(SESSION).unwrap(), "x".repeat(76));
    for session in ["", &garbage, &well_formed.replace(&well_formed[30..40], "0000000000")] {
        stranger.set_cookie(SESSION, session);
        assert_eq!(stranger.redirected(&request).await.location, login);
    }
}

#[tokio::test]
async fn cookies_are_of_the_strictest_kind_that_the_address_allows() {
    for (issuer, prefix, end) in
        [(None, "", "SameSite=Lax"), (Some("https://a.example"), "__Host-", "SameSite=Lax; Secure")]
    {
        let stack = Stack::configured(|config| {
            config.issuer = issuer.map_or(config.issuer.clone(), |issuer| Some(issuer.parse().unwrap()));
        })
        .await;
        let (browser, ada) = (stack.browser(), stack.create_user("ada").await);
        let page = browser.get("/login").await;
        let set = page.headers("set-cookie");
        let visit = browser.cookie(VISIT).unwrap();
        assert_eq!(set, [format!("{prefix}{VISIT}={visit}; Path=/; Max-Age=3600; HttpOnly; {end}")]);
        let response = browser.try_to_sign_in("/login", &ada.name, PASSWORD).await;
        let [session, device] = [SESSION, DEVICE].map(|name| browser.cookie(name).unwrap());
        let expected = [
            format!("{prefix}{SESSION}={session}; Path=/; Max-Age=43200; HttpOnly; {end}"),
            format!("{prefix}{VISIT}=; Path=/; Max-Age=0; HttpOnly; {end}"),
            format!("{prefix}{DEVICE}={device}; Path=/; Max-Age=15552000; HttpOnly; {end}"),
        ];
        assert_eq!(response.headers("set-cookie"), expected);
    }
}

#[tokio::test]
async fn a_session_is_new_at_every_login_and_the_one_before_is_dead() {
    let stack = Stack::start().await;
    let (browser, ada, request) =
        (stack.browser(), stack.create_user("ada").await, AuthorizationRequest::by(&stack.web().await));
    let mallory = stack.create_user("mallory").await;
    let attacker = stack.browser();
    attacker.sign_in(&mallory).await;
    let planted = attacker.cookie(SESSION).unwrap();
    browser.set_cookie(SESSION, &planted);
    browser.sign_in(&ada).await;
    let first = browser.cookie(SESSION).unwrap();
    assert_ne!(first, planted, "a session cannot be fixed beforehand");
    let stolen = browser.clone();
    browser.sign_in(&ada).await;
    assert_ne!(browser.cookie(SESSION).unwrap(), first);
    for dead in [&stolen, &attacker] {
        assert!(dead.redirected(&request).await.location.starts_with("/login?"));
    }
    browser.consent_form(&request).await;
    let page = browser.get("/login").await;
    assert!(page.text.contains("You are signed in") && page.text.contains("ada"), "{}", page.text);
}

#[tokio::test]
async fn a_failed_sign_in_does_not_reveal_which_users_exist() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let (disabled, deleted) = (stack.create_user("disabled").await, stack.create_user("deleted").await);
    stack.app.users.disable(disabled.sub, stack.now()).await.unwrap();
    stack.app.users.delete(deleted.sub).await.unwrap();
    let browser = stack.browser();
    let wrong = browser.try_to_sign_in("/login", "ada", "not it at all").await;
    wrong.is_page(400);
    assert!(wrong.text.contains("Wrong user name or password"), "{}", wrong.text);
    for (name, password) in [
        ("nobody", "not it at all"),
        ("nobody", PASSWORD),
        ("disabled", PASSWORD),
        ("disabled", "not it at all"),
        ("deleted", PASSWORD),
        ("ada", ""),
        ("ada", "Correct horse battery staple"),
        ("ada", "correct horse battery staple "),
        ("ada", &"x".repeat(1_025)),
        (" ada", PASSWORD),
        (&"n".repeat(65), PASSWORD),
    ] {
        let response = browser.try_to_sign_in("/login", name, password).await;
        let name = format!("value=\"{name}\"");
        assert_eq!(
            without_name(&response, &name),
            without_name(&wrong, "value=\"ada\""),
            "{name} {password}"
        );
        assert_eq!(browser.cookie(SESSION), None);
    }
    assert_eq!(stack.count_of_kind("s").await, 0);
    let [unknown, wrong, disabled] =
        ["no user has this name", "the password is wrong", "the user is disabled"];
    let logged: Vec<_> =
        stack.audited("sign_in_failed").into_iter().map(|mut line| line["reason"].take()).collect();
    let expected =
        [wrong, unknown, unknown, disabled, wrong, unknown, wrong, wrong, wrong, wrong, unknown, unknown];
    assert_eq!(logged, expected, "the log tells the reasons apart");
    // Every spelling of the name works.
    assert_eq!(browser.try_to_sign_in("/login", "ADA", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn every_failed_sign_in_makes_the_same_database_requests() {
    let stack = Stack::start().await;
    let (ada, eve) = (stack.create_user("ada").await, stack.create_user("eve").await);
    stack.app.users.disable(eve.sub, stack.now()).await.unwrap();
    let mut requests = Vec::new();
    for (name, password) in [
        ("nobody", "a wrong password"),
        (ada.name.as_str(), "a wrong password"),
        (eve.name.as_str(), PASSWORD),
    ] {
        stack.dynamodb.forget();
        assert_eq!(stack.browser().try_to_sign_in("/login", name, password).await.status, 400);
        let operations = stack.dynamodb.seen().into_iter().map(|seen| seen.operation);
        requests.push(operations.collect::<Vec<_>>());
    }
    assert_eq!((&requests[0], &requests[1]), (&requests[1], &requests[2]));
}

#[tokio::test]
async fn the_login_form_is_good_in_the_browser_it_was_shown_to_and_for_its_request_only() {
    let stack = Stack::start().await;
    let (browser, ada) = (stack.browser(), stack.create_user("ada").await);
    let (one, other) =
        (AuthorizationRequest::by(&stack.web().await), AuthorizationRequest::by(&stack.public().await));
    let path = format!("/login?{}", one.query());
    let typed = [("username", ada.name.as_str()), ("password", PASSWORD)];
    let form = HtmlForm::of(&browser.get(&path).await, "/login");
    let foreign = HtmlForm::of(&stack.browser().get(&path).await, "/login");
    let csrf = form.get("csrf").unwrap();
    let altered = csrf.replace(&csrf[..1], if csrf.starts_with('0') { "1" } else { "0" });
    for edited in [
        form.without("csrf"),
        form.with("csrf", ""),
        form.with("csrf", &altered),
        form.with("csrf", &csrf[..63]),
        form.with("csrf", "x"),
        form.with("csrf", foreign.get("csrf").unwrap()),
        form.to(&format!("/login?{}", other.query())),
        form.to("/login"),
    ] {
        browser.submit(&edited, &typed).await.is_page(403);
        assert_eq!(browser.cookie(SESSION), None);
    }
    stack.browser().submit(&form, &typed).await.is_page(403);
    assert_eq!(stack.count_of_kind("s").await, 0);
    assert_eq!(Redirect::of(&browser.submit(&form, &typed).await).location, one.url());
    // The form is spent: its visit has ended. Only the user who has signed in goes on.
    let other = [("username", "mallory"), ("password", PASSWORD)];
    browser.submit(&form, &other).await.is_page(403);
    browser.post("/login", &[("username", "a"), ("username", "b")]).await.is_page(400);
}
