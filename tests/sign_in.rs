//! Signing in: who may, and by which form (RFC 6749 §10.12, §10.13).

use crate::harness::{Answer, Asking, HtmlForm, PASSWORD, Redirect, Stack};

const SESSION: &str = "jeton-session";
const VISIT: &str = "jeton-visit";
const KNOWN: &str = "jeton-browser";

/// What a browser is told, but for what a person typed.
fn told(answer: &Answer, typed: &str) -> (u16, Vec<(String, String)>, String) {
    let (status, mut headers, text) = answer.essence();
    headers.retain(|(name, _)| name != "content-length");
    (status, headers, text.replace(typed, "TYPED"))
}

#[tokio::test]
async fn without_a_session_there_is_a_login_page_and_never_a_code() {
    let stack = Stack::start().await;
    let asking = Asking::by(&stack.web().await);
    let stranger = stack.browser();
    let login = stranger.redirected(&asking).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    stranger.get(&login).await.is_page(200);
    stranger.get("/login").await.is_page(200);
    let answer = stranger.post(&asking.url(), &[("decision", "allow")]).await;
    assert_eq!(Redirect::of(&answer).location, login);
    let (well_formed, garbage) = (stack.signed_in().await.cookie(SESSION).unwrap(), "x".repeat(76));
    for session in ["", &garbage, &well_formed.replace(&well_formed[30..40], "0000000000")] {
        stranger.set_cookie(SESSION, session);
        assert_eq!(stranger.redirected(&asking).await.location, login);
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
        let (browser, ada) = (stack.browser(), stack.somebody("ada").await);
        let page = browser.get("/login").await;
        let set = page.headers("set-cookie");
        let visit = browser.cookie(VISIT).unwrap();
        assert_eq!(set, [format!("{prefix}{VISIT}={visit}; Path=/; Max-Age=3600; HttpOnly; {end}")]);
        let answer = browser.try_to_sign_in("/login", &ada.name, PASSWORD).await;
        let [session, known] = [SESSION, KNOWN].map(|name| browser.cookie(name).unwrap());
        let expected = [
            format!("{prefix}{SESSION}={session}; Path=/; Max-Age=43200; HttpOnly; {end}"),
            format!("{prefix}{VISIT}=; Path=/; Max-Age=0; HttpOnly; {end}"),
            format!("{prefix}{KNOWN}={known}; Path=/; Max-Age=15552000; HttpOnly; {end}"),
        ];
        assert_eq!(answer.headers("set-cookie"), expected);
    }
}

#[tokio::test]
async fn a_session_is_new_at_every_login_and_the_one_before_is_dead() {
    let stack = Stack::start().await;
    let (browser, ada, asking) =
        (stack.browser(), stack.somebody("ada").await, Asking::by(&stack.web().await));
    let mallory = stack.somebody("mallory").await;
    let attacker = stack.browser();
    attacker.sign_in(&mallory).await;
    let planted = attacker.cookie(SESSION).unwrap();
    browser.set_cookie(SESSION, &planted);
    browser.sign_in(&ada).await;
    let first = browser.cookie(SESSION).unwrap();
    assert_ne!(first, planted, "nobody fixes a session beforehand");
    let stolen = browser.clone();
    browser.sign_in(&ada).await;
    assert_ne!(browser.cookie(SESSION).unwrap(), first);
    for dead in [&stolen, &attacker] {
        assert!(dead.redirected(&asking).await.location.starts_with("/login?"));
    }
    browser.asked(&asking).await;
    let page = browser.get("/login").await;
    assert!(page.text.contains("You are signed in") && page.text.contains("ada"), "{}", page.text);
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let stack = Stack::start().await;
    stack.somebody("ada").await;
    let (disabled, deleted) = (stack.somebody("disabled").await, stack.somebody("deleted").await);
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
        let answer = browser.try_to_sign_in("/login", name, password).await;
        let name = format!("value=\"{name}\"");
        assert_eq!(told(&answer, &name), told(&wrong, "value=\"ada\""), "{name} {password}");
        assert_eq!(browser.cookie(SESSION), None);
    }
    assert_eq!(stack.kept_of_kind("s").await, 0);
    assert_eq!(stack.audited("sign_in_failed").len(), 12);
    // Any spelling of the name does.
    assert_eq!(browser.try_to_sign_in("/login", "ADA", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn whatever_is_wrong_the_database_is_asked_as_much() {
    let stack = Stack::start().await;
    let (ada, eve) = (stack.somebody("ada").await, stack.somebody("eve").await);
    stack.app.users.disable(eve.sub, stack.now()).await.unwrap();
    let mut asked = Vec::new();
    for (name, password) in [
        ("nobody", "a wrong password"),
        (ada.name.as_str(), "a wrong password"),
        (eve.name.as_str(), PASSWORD),
    ] {
        stack.dynamodb.forget();
        assert_eq!(stack.browser().try_to_sign_in("/login", name, password).await.status, 400);
        let operations = stack.dynamodb.seen().into_iter().map(|seen| seen.operation);
        asked.push(operations.collect::<Vec<_>>());
    }
    assert_eq!((&asked[0], &asked[1]), (&asked[1], &asked[2]));
}

#[tokio::test]
async fn the_login_form_is_good_in_the_browser_it_was_shown_to_and_for_its_request_only() {
    let stack = Stack::start().await;
    let (browser, ada) = (stack.browser(), stack.somebody("ada").await);
    let (one, other) = (Asking::by(&stack.web().await), Asking::by(&stack.public().await));
    let path = format!("/login?{}", one.query());
    let typed = [("username", ada.name.as_str()), ("password", PASSWORD)];
    let form = HtmlForm::of(&browser.get(&path).await, "/login");
    let foreign = HtmlForm::of(&stack.browser().get(&path).await, "/login");
    let csrf = form.get("csrf").unwrap();
    let twisted = csrf.replace(&csrf[..1], if csrf.starts_with('0') { "1" } else { "0" });
    for edited in [
        form.without("csrf"),
        form.with("csrf", ""),
        form.with("csrf", &twisted),
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
    assert_eq!(stack.kept_of_kind("s").await, 0);
    assert_eq!(Redirect::of(&browser.submit(&form, &typed).await).location, one.url());
    // It is spent: the visit that it was sealed with is over. Only whoever has signed in goes on.
    let other = [("username", "mallory"), ("password", PASSWORD)];
    browser.submit(&form, &other).await.is_page(403);
    browser.post("/login", &[("username", "a"), ("username", "b")]).await.is_page(400);
}
