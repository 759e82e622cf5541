//! A person's account: who may see it, which applications use it, and the end of that.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    grant::Grant,
    role::Role,
    secret::Id,
    table::{self, Item, Written},
};

use crate::harness::{
    Asking, Browser, Fault, HtmlForm, Redirect, Registered, Stack,
    account::{CREDENTIALS, TOKENS},
};

const ACCOUNT: &str = "/account";

/// A copy of `item` under another key.
fn keyed(item: &Item, key: &str) -> Item {
    let key = [(table::KEY, key)].into_iter().collect::<BTreeMap<_, _>>();
    item.clone().into_iter().chain(table::item(&key).unwrap()).collect()
}

/// Lets `web` act for whoever sits at `browser`, and returns its access token.
async fn allow(stack: &Stack, browser: &Browser<'_>, web: &Registered) -> String {
    let code = browser.consent(&Asking::by(web)).await;
    stack.redeem(web, code.code()).await.pair().access
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_login_page_and_back_to_the_account() {
    let stack = Stack::with_accounts().await;
    let (browser, ada) = (stack.browser(), stack.somebody("ada").await);
    for path in [ACCOUNT, TOKENS, CREDENTIALS] {
        for answer in [browser.get(path).await, browser.post(path, &[("end", "x")]).await] {
            assert_eq!((answer.status, answer.header("location")), (303, Some("/login?to=account")));
        }
    }
    let answer = browser.try_to_sign_in("/login?to=account", &ada.name, crate::harness::PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(ACCOUNT)));
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
    let ada = stack.somebody("ada").await;
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
        let answer = stack.browser().try_to_sign_in(&path, &ada.name, crate::harness::PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/login")), "{to}");
    }
}

#[tokio::test]
async fn an_application_is_listed_once_and_ended_with_all_of_its_grants() {
    let stack = Stack::start().await;
    let (web, other, rs) = (stack.web().await, stack.public().await, stack.resource_server().await);
    let ((_, ada), (_, eve)) = (stack.at_home("ada").await, stack.at_home("eve").await);
    let first = allow(&stack, &ada, &web).await;
    let second = stack.redeem(&web, ada.redirected(&Asking::by(&web)).await.code()).await.pair().access;
    let (kept, eves) = (allow(&stack, &ada, &other).await, allow(&stack, &eve, &web).await);
    let page = ada.get(ACCOUNT).await;
    page.is_page(200);
    assert_eq!(
        (page.text.matches("<strong>web</strong>").count(), HtmlForm::all(&page, ACCOUNT).len()),
        (1, 2)
    );
    let row = "<td data-label=\"Permissions\">read</td><td data-label=\"Since\">2100-01-01</td>";
    assert!(page.text.contains(row), "{}", page.text);
    let answer = ada.submit(&HtmlForm::with_field(&page, "end", &web.id), &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(ACCOUNT)));
    for token in [&first, &second] {
        stack.is_inactive(&rs, token).await;
    }
    assert!(stack.is_active(&rs, &kept).await && stack.is_active(&rs, &eves).await);
    assert!(!ada.get(ACCOUNT).await.text.contains("<strong>web</strong>"));
    assert_eq!(stack.audited("withdrawn").len(), 1);
    // What was agreed to is forgotten with it: the next time there is a question again.
    ada.asked(&Asking::by(&web)).await;
    eve.redirected(&Asking::by(&web)).await.code();
}

#[tokio::test]
async fn of_more_than_a_thousand_grants_none_is_missed() {
    let stack = Stack::start().await;
    let (web, other, rs) = (stack.web().await, stack.public().await, stack.resource_server().await);
    let (ada, browser) = stack.at_home("ada").await;
    let token = allow(&stack, &browser, &web).await;
    let tokens = stack.app.grants.table();
    let grant = tokens.all().await.unwrap().into_iter().find(|item| table::kind(item) == Some("g")).unwrap();
    // Their ids come first in the index.
    let more: Vec<_> = (1..=1_000).map(|bits| Grant::key(Id::from_bits(bits))).collect();
    for some in more.chunks(table::MOST_AT_ONCE) {
        let items = some.iter().map(|id| keyed(&grant, id));
        assert!(matches!(table::insert_all(tokens, items).await.unwrap(), Written::Done(())));
    }
    let kept = allow(&stack, &browser, &other).await;
    let page = browser.get(ACCOUNT).await;
    assert_eq!(HtmlForm::all(&page, ACCOUNT).len(), 2, "{}", page.text);
    // A slow machine may need more than the time that one request has: it says so, and the next goes on from there.
    let end = HtmlForm::with_field(&page, "end", &web.id);
    let mut answer = browser.submit(&end, &[]).await;
    for _ in 0..20 {
        if answer.status == 503 {
            answer = browser.submit(&end, &[]).await;
        }
    }
    assert_eq!(answer.status, 303, "{}", answer.text);
    stack.is_inactive(&rs, &token).await;
    let ids = stack.app.grants.of_person(ada.sub).await.unwrap();
    let grants = stack.app.grants.find_all(&ids).await.unwrap();
    let alive = grants.iter().filter(|(_, grant)| grant.end.is_none());
    assert_eq!((grants.len(), alive.count()), (1_002, 1));
    assert!(stack.is_active(&rs, &kept).await);
}

#[tokio::test]
async fn an_access_that_is_not_ended_completely_is_said_to_go_on() {
    let stack = Stack::start().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let (_, browser) = stack.at_home("ada").await;
    let token = allow(&stack, &browser, &web).await;
    let end = HtmlForm::with_field(&browser.get(ACCOUNT).await, "end", &web.id);
    stack.dynamodb.fail(Fault::ThrottleGrants);
    let answer = browser.submit(&end, &[]).await;
    answer.is_unavailable_page();
    assert!(
        answer.text.contains("Some access has not ended yet") && answer.text.contains("href=\"/account\"")
    );
    stack.dynamodb.fail(Fault::None);
    assert!(stack.is_active(&rs, &token).await);
    assert_eq!(stack.audited("withdrawn").len(), 0);
    // Whatever became of the grants, nothing new is granted without a question.
    browser.asked(&Asking::by(&web)).await;
    assert_eq!(browser.submit(&end, &[]).await.status, 303);
    stack.is_inactive(&rs, &token).await;
}

#[tokio::test]
async fn a_consent_that_is_sent_again_after_its_end_is_not_remembered() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let (_, browser) = stack.at_home("ada").await;
    let form = browser.asked(&Asking::by(&web)).await;
    let code = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await).code().to_owned();
    stack.redeem(&web, &code).await.pair();
    let end = HtmlForm::with_field(&browser.get(ACCOUNT).await, "end", &web.id);
    assert_eq!(browser.submit(&end, &[]).await.status, 303);
    browser.submit(&form, &[("decision", "allow")]).await;
    browser.asked(&Asking::by(&web)).await;
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
    assert_eq!(stack.kept_of_kind("t").await, 0, "nothing was made");
    // A page is good for a quarter of an hour.
    stack.advance(Duration::from_mins(15));
    ada.submit(&make, &[]).await.is_page(403);
    ada.submit(&credentials, &[]).await.is_page(403);
    assert_eq!((stack.kept_of_kind("t").await, stack.app.clients.list().await.unwrap().len()), (0, 3));
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
            let answer = browser.submit(form, &[]).await;
            answer.is_unavailable_page();
            assert!(!answer.text.contains("jtp_") && !answer.text.contains("jts_"));
        }
    }
    stack.dynamodb.fail(Fault::None);
    let clients = stack.app.clients.list().await.unwrap().len();
    assert_eq!((stack.kept_of_kind("t").await, stack.kept_of_kind("o").await, clients), (0, 0, 1));
    // The very same forms work afterwards, and an answer that gets lost on the way makes nothing twice.
    for form in [&make, &credentials] {
        stack.dynamodb.fail(Fault::LoseFirstAnswer);
        browser.submit(form, &[]).await.is_page(200);
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!((stack.kept_of_kind("t").await, stack.app.clients.list().await.unwrap().len()), (1, 2));
    assert_eq!(browser.submit(&end, &[]).await.status, 303);
    assert_eq!(stack.app.clients.owned_by(ada.sub).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_disabled_ended_or_deleted_is_not_listed() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.at_home("ada").await;
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
async fn pages_that_are_not_offered_are_refused_whoever_asks() {
    let stack = Stack::start().await;
    let (ada, browser) = stack.at_home("ada").await;
    browser.get(TOKENS).await.is_page(404);
    browser.get(CREDENTIALS).await.is_page(403);
    browser.post(TOKENS, &[("name", "x")]).await.is_page(404);
    browser.post(CREDENTIALS, &[("name", "x")]).await.is_page(403);
    stack.app.users.grant_role(ada.sub, &Role::admin()).await.unwrap();
    browser.get(CREDENTIALS).await.is_page(403);
    for (method, path) in [("DELETE", ACCOUNT), ("PUT", TOKENS), ("OPTIONS", CREDENTIALS)] {
        let answer = stack.request(method, path).send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, POST")));
    }
}

#[tokio::test]
async fn the_servers_own_address_leads_to_the_account() {
    let stack = Stack::start().await;
    stack.dynamodb.forget();
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/?to=https://evil.example")] {
        let answer = stack.request(method, path).send().await;
        assert_eq!(Redirect::of(&answer).location, "/account");
    }
    for method in ["POST", "PUT", "OPTIONS"] {
        let answer = stack.request(method, "/").send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
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
