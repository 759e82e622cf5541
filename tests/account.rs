//! A user's account: who may see it, which applications have access, and how access ends.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    dynamodb::{self, Item, Outcome},
    grants::Grant,
    secret::Id,
    status::Role,
};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, HtmlForm, Redirect, Registered, Stack,
    account::{CREDENTIALS, TOKENS},
    tool,
};

const ACCOUNT: &str = "/account";

/// Returns a copy of `item` under another key.
fn keyed(item: &Item, key: &str) -> Item {
    let key = [(dynamodb::KEY, key)].into_iter().collect::<BTreeMap<_, _>>();
    item.clone().into_iter().chain(dynamodb::item(&key).unwrap()).collect()
}

/// Gives `web` access to the account of the user at `browser`, and returns the access token.
async fn allow(stack: &Stack, browser: &Browser<'_>, web: &Registered) -> String {
    let code = browser.consent(&AuthorizationRequest::by(web)).await;
    stack.redeem(web, code.code()).await.pair().access
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_login_page_and_back_to_the_account() {
    let stack = Stack::with_accounts().await;
    let (browser, ada) = (stack.browser(), stack.create_user("ada").await);
    for path in [ACCOUNT, TOKENS, CREDENTIALS] {
        for response in [browser.get(path).await, browser.post(path, &[("end", "x")]).await] {
            assert_eq!((response.status, response.header("location")), (303, Some("/login?to=account")));
        }
    }
    let response = browser.try_to_sign_in("/login?to=account", &ada.name, crate::harness::PASSWORD).await;
    assert_eq!((response.status, response.header("location")), (303, Some(ACCOUNT)));
    let page = browser.get(ACCOUNT).await;
    page.is_page(200);
    assert!(page.text.contains("ada") && page.text.contains(TOKENS) && !page.text.contains(CREDENTIALS));
    let everywhere = browser.submit(&HtmlForm::of(&page, "/logout"), &[("where", "everywhere")]).await;
    everywhere.is_page(200);
    assert_eq!(browser.get(ACCOUNT).await.status, 303);
}

#[tokio::test]
async fn the_login_page_leads_nowhere_but_to_pages_of_its_own() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    for to in [
        "//evil.example",
        "https://evil.example",
        "/account/../x",
        "account%0d%0aLocation:%20https://evil.example",
        "ACCOUNT",
        "account&to=account",
        "",
    ] {
        let path = format!("/login?to={to}");
        let response = stack.browser().try_to_sign_in(&path, &ada.name, crate::harness::PASSWORD).await;
        assert_eq!((response.status, response.header("location")), (303, Some("/login")), "{to}");
    }
}

#[tokio::test]
async fn an_application_is_listed_once_and_ended_with_all_of_its_grants() {
    let stack = Stack::start().await;
    let (web, other, rs) = (stack.web().await, stack.public().await, stack.resource_server().await);
    let ((_, ada), (_, eve)) = (stack.signed_in_user("ada").await, stack.signed_in_user("eve").await);
    let first = allow(&stack, &ada, &web).await;
    let second =
        stack.redeem(&web, ada.redirected(&AuthorizationRequest::by(&web)).await.code()).await.pair().access;
    let (other_access, eves) = (allow(&stack, &ada, &other).await, allow(&stack, &eve, &web).await);
    let page = ada.get(ACCOUNT).await;
    page.is_page(200);
    assert_eq!(
        (page.text.matches("<strong>web</strong>").count(), HtmlForm::all(&page, ACCOUNT).len()),
        (1, 2)
    );
    let row = "<td data-label=\"Permissions\">read</td><td data-label=\"Since\">2100-01-01</td>";
    assert!(page.text.contains(row), "{}", page.text);
    let response = ada.submit(&HtmlForm::with_field(&page, "end", &web.id), &[]).await;
    assert_eq!((response.status, response.header("location")), (303, Some(ACCOUNT)));
    for token in [&first, &second] {
        stack.is_inactive(&rs, token).await;
    }
    assert!(stack.is_active(&rs, &other_access).await && stack.is_active(&rs, &eves).await);
    assert!(!ada.get(ACCOUNT).await.text.contains("<strong>web</strong>"));
    assert_eq!(stack.audited("withdrawn").len(), 1);
    // The consent is forgotten with the grants: the next request shows the consent page.
    ada.consent_form(&AuthorizationRequest::by(&web)).await;
    eve.redirected(&AuthorizationRequest::by(&web)).await.code();
}

#[tokio::test]
async fn an_application_that_registered_itself_is_marked() {
    const MARK: &str = "This application registered itself. The administrators have not checked its name.";

    let stack = Stack::start().await;
    stack.resource("https://api.example.com/mcp").await;
    let (web, tool) = (stack.web().await, stack.self_registered(tool()).await);
    let (_, browser) = stack.signed_in_user("ada").await;
    allow(&stack, &browser, &web).await;
    assert!(!browser.get(ACCOUNT).await.text.contains(MARK));
    allow(&stack, &browser, &tool).await;
    let page = browser.get(ACCOUNT).await;
    let marked = format!("<strong>Code Tool</strong><br><span class=\"soft\">{MARK}</span>");
    assert_eq!(
        (page.text.matches(&marked).count(), page.text.matches(MARK).count()),
        (1, 1),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn of_more_than_a_thousand_grants_none_is_missed() {
    let stack = Stack::start().await;
    let (web, other, rs) = (stack.web().await, stack.public().await, stack.resource_server().await);
    let (ada, browser) = stack.signed_in_user("ada").await;
    let token = allow(&stack, &browser, &web).await;
    let tokens = stack.app.grants.table();
    let grant =
        tokens.all().await.unwrap().into_iter().find(|item| dynamodb::kind(item) == Some("g")).unwrap();
    // These ids come first in the index.
    let more: Vec<_> = (1..=1_000).map(|bits| Grant::key(Id::from_bits(bits))).collect();
    for some in more.chunks(dynamodb::MOST_AT_ONCE) {
        let items = some.iter().map(|id| keyed(&grant, id));
        assert!(matches!(dynamodb::insert_all(tokens, items).await.unwrap(), Outcome::Applied(())));
    }
    let other_access = allow(&stack, &browser, &other).await;
    let page = browser.get(ACCOUNT).await;
    assert_eq!(HtmlForm::all(&page, ACCOUNT).len(), 2, "{}", page.text);
    // A slow machine may not finish in one request: it responds with 503, and the next request goes on.
    let end = HtmlForm::with_field(&page, "end", &web.id);
    let mut response = browser.submit(&end, &[]).await;
    for _ in 0..20 {
        if response.status == 503 {
            response = browser.submit(&end, &[]).await;
        }
    }
    assert_eq!(response.status, 303, "{}", response.text);
    stack.is_inactive(&rs, &token).await;
    let ids = stack.app.grants.of_user(ada.sub).await.unwrap();
    let grants = stack.app.grants.find_all(&ids).await.unwrap();
    let open = grants.iter().filter(|(_, grant)| grant.end.is_none());
    assert_eq!((grants.len(), open.count()), (1_002, 1));
    assert!(stack.is_active(&rs, &other_access).await);
}

#[tokio::test]
async fn access_that_did_not_end_completely_gets_an_error_page() {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let (_, browser) = stack.signed_in_user("ada").await;
    let token = allow(&stack, &browser, &web).await;
    let end = HtmlForm::with_field(&browser.get(ACCOUNT).await, "end", &web.id);
    stack.dynamodb.fail(Fault::ThrottleGrants);
    let response = browser.submit(&end, &[]).await;
    response.is_unavailable_page();
    assert!(
        response.text.contains("Some access has not ended yet")
            && response.text.contains("href=\"/account\"")
    );
    stack.dynamodb.fail(Fault::None);
    assert!(stack.is_active(&rs, &token).await);
    assert_eq!(stack.audited("withdrawn").len(), 0);
    // Even so, no new code is issued without the consent page.
    browser.consent_form(&AuthorizationRequest::by(&web)).await;
    assert_eq!(browser.submit(&end, &[]).await.status, 303);
    stack.is_inactive(&rs, &token).await;
}

#[tokio::test]
async fn a_consent_that_is_sent_again_after_its_end_is_not_remembered() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let (_, browser) = stack.signed_in_user("ada").await;
    let form = browser.consent_form(&AuthorizationRequest::by(&web)).await;
    let code = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code().to_owned();
    stack.redeem(&web, &code).await.pair();
    let end = HtmlForm::with_field(&browser.get(ACCOUNT).await, "end", &web.id);
    assert_eq!(browser.submit(&end, &[]).await.status, 303);
    browser.submit(&form, &[("decision", "allow")]).await;
    browser.consent_form(&AuthorizationRequest::by(&web)).await;
}

#[tokio::test]
async fn a_form_of_the_account_is_good_in_its_session_and_for_its_purpose_only() {
    let stack = Stack::with_accounts().await;
    let (web, other, rs) = (stack.web().await, stack.web().await, stack.resource_server().await);
    let ((_, ada), (_, eve)) = (stack.developer("ada").await, stack.developer("eve").await);
    let token = allow(&stack, &ada, &web).await;
    allow(&stack, &ada, &other).await;
    let page = ada.get(ACCOUNT).await;
    let (form, swapped) =
        (HtmlForm::with_field(&page, "end", &web.id), HtmlForm::with_field(&page, "end", &other.id));
    let make = HtmlForm::to_make(&ada.get(TOKENS).await).with("name", "x").with("allow:read", "yes");
    let credentials = HtmlForm::to_make(&ada.get(CREDENTIALS).await).with("name", "x");
    let logout = HtmlForm::of(&page, "/logout");
    for (form, browser) in [
        (form.without("csrf"), &ada),
        (form.with("csrf", ""), &ada),
        (form.with("csrf", "00"), &ada),
        (form.with("end", &other.id), &ada),
        (form.with("csrf", swapped.get("csrf").unwrap()), &ada),
        (form.with("csrf", logout.get("csrf").unwrap()), &ada),
        (form.clone(), &eve),
        (make.without("csrf"), &ada),
        (make.with("csrf", credentials.get("csrf").unwrap()), &ada),
        (make.without("page"), &ada),
        (make.with("page", credentials.get("page").unwrap()), &ada),
        (make.clone(), &eve),
        (credentials.without("csrf"), &ada),
        (credentials.with("csrf", make.get("csrf").unwrap()), &ada),
        (credentials.clone(), &eve),
        (make.to(CREDENTIALS), &ada),
        (credentials.to(TOKENS).with("lasts", "7").with("allow:read", "yes"), &ada),
    ] {
        browser.submit(&form, &[]).await.is_page(403);
    }
    assert!(stack.is_active(&rs, &token).await, "nothing was ended");
    assert_eq!(stack.count_of_kind("t").await, 0, "nothing was made");
    // A page is valid for 15 minutes.
    stack.advance(Duration::from_mins(15));
    ada.submit(&make, &[]).await.is_page(403);
    ada.submit(&credentials, &[]).await.is_page(403);
    assert_eq!((stack.count_of_kind("t").await, stack.clients().await), (0, 3));
}

#[tokio::test]
async fn an_outage_at_the_account_is_a_page_and_nothing_half_made() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.developer("ada").await;
    let web = stack.web().await;
    allow(&stack, &browser, &web).await;
    let page = browser.get(ACCOUNT).await;
    let end = HtmlForm::with_field(&page, "end", &web.id);
    let make = HtmlForm::to_make(&browser.get(TOKENS).await).with("name", "x").with("allow:read", "yes");
    let credentials = HtmlForm::to_make(&browser.get(CREDENTIALS).await).with("name", "x");
    for fault in [Fault::Throttle, Fault::Refuse, Fault::Broken, Fault::Denied, Fault::ThrottleWrites] {
        stack.dynamodb.fail(fault);
        for form in [&end, &make, &credentials] {
            let response = browser.submit(form, &[]).await;
            response.is_unavailable_page();
            assert!(!response.text.contains("jtp_") && !response.text.contains("jts_"));
        }
    }
    stack.dynamodb.fail(Fault::None);
    let clients = stack.clients().await;
    assert_eq!((stack.count_of_kind("t").await, stack.count_of_kind("o").await, clients), (0, 0, 1));
    // The same forms work afterwards, and a lost response creates nothing twice.
    for form in [&make, &credentials] {
        stack.dynamodb.fail(Fault::LoseFirstAnswer);
        browser.submit(form, &[]).await.is_page(200);
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!((stack.count_of_kind("t").await, stack.clients().await), (1, 2));
    assert_eq!(browser.submit(&end, &[]).await.status, 303);
    assert_eq!(stack.app.clients.owned_by(ada.sub).await.unwrap().len(), 1);
}

#[tokio::test]
async fn disabled_ended_or_deleted_access_is_not_listed() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.signed_in_user("ada").await;
    let web = stack.web().await;
    allow(&stack, &browser, &web).await;
    browser.personal_token("x", "7").await;
    stack.delete(&web).await;
    assert!(browser.get(ACCOUNT).await.text.contains("No application uses your account"));
    stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap();
    assert_eq!(browser.get(ACCOUNT).await.status, 303, "and they are signed out");
    stack.advance(Duration::from_millis(1));
    browser.sign_in(&ada).await;
    assert!(browser.get(TOKENS).await.text.contains("You have no personal tokens"));
    stack.app.users.disable(ada.sub, stack.now()).await.unwrap();
    assert_eq!(browser.get(ACCOUNT).await.status, 303);
}

#[tokio::test]
async fn pages_that_are_not_offered_are_refused_for_every_user() {
    let stack = Stack::start().await;
    let (ada, browser) = stack.signed_in_user("ada").await;
    browser.get(TOKENS).await.is_page(404);
    browser.get(CREDENTIALS).await.is_page(403);
    browser.post(TOKENS, &[("name", "x")]).await.is_page(404);
    browser.post(CREDENTIALS, &[("name", "x")]).await.is_page(403);
    stack.app.users.grant_role(ada.sub, &Role::admin()).await.unwrap();
    browser.get(CREDENTIALS).await.is_page(403);
    for (method, path) in [("DELETE", ACCOUNT), ("PUT", TOKENS), ("OPTIONS", CREDENTIALS)] {
        let response = stack.request(method, path).send().await;
        assert_eq!((response.status, response.header("allow")), (405, Some("GET, POST")));
    }
}

#[tokio::test]
async fn the_servers_own_address_leads_to_the_account() {
    let stack = Stack::start().await;
    stack.dynamodb.forget();
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/?to=https://evil.example")] {
        let response = stack.request(method, path).send().await;
        assert_eq!(Redirect::of(&response).location, "/account");
    }
    for method in ["POST", "PUT", "OPTIONS"] {
        let response = stack.request(method, "/").send().await;
        assert_eq!((response.status, response.header("allow")), (405, Some("GET")));
    }
    assert_eq!(stack.dynamodb.cost(), []);
    assert_eq!(stack.request("GET", "//").send().await.status, 404);
}

#[tokio::test]
async fn a_button_says_what_it_creates() {
    let stack = Stack::configured(|config| {
        config.account.personal_scopes = "read".parse().unwrap();
        config.languages = "en,fr".parse().unwrap();
    })
    .await;
    let (_, browser) = stack.developer("ada").await;
    let french = browser.clone().speaking("fr");
    for (browser, path, button) in [
        (&browser, TOKENS, "Create token"),
        (&browser, CREDENTIALS, "Create credentials"),
        (&french, TOKENS, "Créer le jeton"),
        (&french, CREDENTIALS, "Créer les identifiants"),
    ] {
        let page = browser.get(path).await;
        assert!(page.text.contains(&format!("<button type=\"submit\">{button}</button>")), "{}", page.text);
    }
}
