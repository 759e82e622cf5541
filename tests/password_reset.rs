//! Reset links: `jeton user reset-password` prints one, and its page sets a new password once.

use std::time::Duration;

use serde_json::Value;
use shared::{
    pages::Section,
    secret::{self, Id, ResetLink, Secret},
    status::Ending,
};
use tokio::time::Instant;

use crate::harness::{
    AuthorizationRequest, Browser, Fault, HtmlForm, PASSWORD, Response, Stack, TestUser,
    account::{RESET, reset_path},
    altered,
};

const NEW: &str = "another long password";
const MILLISECOND: Duration = Duration::from_millis(1);

/// Returns the path of a new reset link of `user`.
async fn link(stack: &Stack, user: &TestUser) -> String {
    reset_path(&stack.app.users.create_reset_link(user.sub, stack.now()).await.unwrap())
}

/// Asserts that the page says to ask for a new link, and nothing else.
#[track_caller]
fn is_invalid(response: &Response) {
    response.is_page(400);
    assert!(response.text.contains("This link does not work"), "{}", response.text);
    assert!(!response.text.contains("<form"), "{}", response.text);
    assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
}

async fn sign_in(stack: &Stack, name: &str, password: &str) -> u16 {
    stack.browser().try_to_sign_in("/login", name, password).await.status
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get(Section::SESSIONS).await.status == 200
}

#[tokio::test]
async fn a_link_sets_a_password_and_ends_everything_of_the_user() {
    let stack = Stack::configured(|config| {
        config.account.personal_scopes = "read write".parse().unwrap();
        config.languages = "en,fr".parse().unwrap();
    })
    .await;
    let ((ada, there), web, rs) =
        (stack.signed_in_user("ada").await, stack.web().await, stack.resource_server().await);
    let access =
        stack.redeem(&web, there.consent(&AuthorizationRequest::by(&web)).await.code()).await.pair().access;
    let personal = there.personal_token("robot", "never").await;
    let browser = stack.browser();
    stack.advance(MILLISECOND);
    let page = browser.get(&link(&stack, &ada).await).await;
    page.is_page(200);
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    for part in
        ["value=\"ada\"", "autocomplete=\"new-password\" minlength=\"8\"", "signs you out of every browser"]
    {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(is_signed_in(&there).await, "the page alone changes nothing");
    let done = browser.reset_password(&page, NEW).await;
    done.is_page(200);
    assert!(
        done.text.contains("Your new password is set") && done.text.contains("href=\"/login\""),
        "{}",
        done.text
    );
    assert!(!is_signed_in(&there).await && !is_signed_in(&browser).await);
    for token in [&access, &personal] {
        stack.is_inactive(&rs, token).await;
    }
    stack.advance(MILLISECOND);
    assert_eq!((sign_in(&stack, "ada", PASSWORD).await, sign_in(&stack, "ada", NEW).await), (400, 303));
    assert!(!done.text.contains(Section::CREDENTIALS), "ada is no developer: {}", done.text);
    let (dora, _) = stack.developer("dora").await;
    stack.advance(MILLISECOND);
    let page = browser.get(&link(&stack, &dora).await).await;
    let done = browser.reset_password(&page, NEW).await;
    assert!(done.text.contains(Section::CREDENTIALS), "{}", done.text);
    let french = stack.browser().speaking("fr").get(&link(&stack, &ada).await).await;
    assert!(french.text.contains("Choisir un nouveau mot de passe"), "{}", french.text);
    // The replay: by the form that was used, and by the link.
    is_invalid(&browser.reset_password(&page, "a third long password").await);
    assert_eq!(sign_in(&stack, "ada", NEW).await, 303);
}

#[tokio::test]
async fn the_command_prints_a_link_that_works() {
    let (begin, stack) = (Instant::now(), Stack::ahead_of_this_machine(0).await);
    let ada = stack.create_user("ada").await;
    let made = stack.jeton(&["user", "reset-password", "ADA", "--issuer", &stack.url], "").await;
    let (json, now) = (made.json(), stack.now().seconds());
    assert_eq!((&json["sub"], &json["username"]), (&ada.sub.to_string().into(), &Value::from("ada")));
    let expires_at = json["expires_at"].as_u64().unwrap();
    // The clock of the test does not run, the command's does.
    let latest = now + begin.elapsed().as_secs() + 603;
    assert!((now + 599..=latest).contains(&expires_at), "{expires_at} at {now}");
    let path = json["url"].as_str().unwrap().strip_prefix(&stack.url).unwrap().to_owned();
    assert!(path.starts_with("/reset-password?token=jtl_"), "{path}");
    assert!(made.stderr.contains("reset_link_created") && !made.stderr.contains("jtl_"), "{}", made.stderr);
    let text =
        stack.jeton_text(&["user", "reset-password", "ada", "--issuer", "https://id.example.com"]).await;
    assert!(text.starts_with("https://id.example.com/reset-password?token=jtl_"), "{text}");
    // The second link has replaced the first.
    is_invalid(&stack.browser().get(&path).await);
    let path = text.lines().next().unwrap().strip_prefix("https://id.example.com").unwrap();
    let (browser, page) = (stack.browser(), stack.browser().get(path).await);
    browser.reset_password(&page, NEW).await.is_page(403);
    let page = browser.get(path).await;
    browser.reset_password(&page, NEW).await.is_page(200);
    stack.advance(Duration::from_secs(1));
    assert_eq!(sign_in(&stack, "ada", NEW).await, 303);
    for (arguments, code, message) in [
        (&["bob", "--issuer", "https://id.example.com"][..], 3, "there is no user bob"),
        (&["ada"], 2, "set JETON_ISSUER, or give --issuer"),
        (&["ada", "--issuer", "not a url"], 2, "issuer"),
    ] {
        stack.jeton(&[&["user", "reset-password"], arguments].concat(), "").await.failed(code, message);
    }
    stack.jeton(&["user", "disable", "ada"], "").await.json();
    let disabled =
        stack.jeton(&["user", "reset-password", "ada", "--issuer", "https://id.example.com"], "").await;
    disabled.failed(2, "ada is disabled; see `jeton user enable ada`");
    let token = path.split_once('=').unwrap().1;
    stack.jeton(&["token", "inspect"], token).await.failed(2, "this is a reset link");
}

#[tokio::test]
async fn a_link_works_for_ten_minutes_to_the_millisecond() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let (path, browser) = (link(&stack, &ada).await, stack.browser());
    stack.advance_to_just_before(Duration::from_mins(10));
    let page = browser.get(&path).await;
    let late = browser.get(&path).await;
    stack.advance_by_the_last_millisecond();
    is_invalid(&browser.get(&path).await);
    is_invalid(&browser.reset_password(&late, NEW).await);
    let path = link(&stack, &ada).await;
    is_invalid(&browser.reset_password(&page, NEW).await);
    stack.advance_to_just_before(Duration::from_mins(10));
    let page = browser.get(&path).await;
    browser.reset_password(&page, NEW).await.is_page(200);
}

#[tokio::test]
async fn every_link_that_does_not_work_gets_the_same_page_and_costs_no_hash() {
    let stack = Stack::start().await;
    let ((ada, eve), machine) =
        ((stack.create_user("ada").await, stack.create_user("eve").await), stack.machine().await);
    let old = link(&stack, &ada).await;
    let token = |path: &str| path.split_once('=').unwrap().1.to_owned();
    let (live, of_eve) = (token(&link(&stack, &ada).await), token(&link(&stack, &eve).await));
    let mine = stack.browser();
    let form = HtmlForm::of(&mine.get(&format!("{RESET}?token={live}")).await, RESET);
    let other_sub = Secret::<ResetLink>::new(ada.sub, &secret::random()).expose().to_owned();
    let unknown = Secret::<ResetLink>::new(Id::random(), &secret::random()).expose().to_owned();
    let mut wrong = vec![
        String::new(),
        token(&old),
        other_sub,
        unknown,
        machine.secret.clone(),
        stack.token(&machine).await,
        "x".repeat(5_000),
        live.replacen("jtl", "jtn", 1),
    ];
    wrong.extend(altered(&live, &of_eve));
    stack.dynamodb.forget();
    let pages: Vec<String> = {
        let mut pages = Vec::new();
        for token in &wrong {
            let encoded: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
            let shown = stack.browser().get(&format!("{RESET}?token={encoded}")).await;
            let sent = mine.submit(&form.with("token", token), &[("new", NEW)]).await;
            for response in [shown, sent] {
                is_invalid(&response);
                let (page, _) = response.text.split_once("<p class=\"soft\">").unwrap();
                pages.push(page.to_owned());
            }
        }
        pages
    };
    assert!(pages.iter().all(|page| *page == pages[0]));
    let cost = stack.dynamodb.cost();
    assert!(cost.iter().all(|(operation, _)| operation == "BatchGetItem"), "{cost:?}");
    for query in ["", "?token=", "?other=1", "?token=a&token=b", "?token=%FF"] {
        is_invalid(&stack.browser().get(&format!("{RESET}{query}")).await);
    }
    // Nothing was lost: the right link still works.
    mine.submit(&form, &[("new", NEW)]).await.is_page(200);
    assert_eq!(stack.request("PUT", RESET).send().await.status, 405);
}

#[tokio::test]
async fn what_ends_everything_of_the_user_ends_the_link() {
    let stack = Stack::start().await;
    let users = &stack.app.users;
    for what in ["disabled", "enabled-again", "deleted", "ended", "password"] {
        let user = stack.create_user(what).await;
        let (path, browser) = (link(&stack, &user).await, stack.browser());
        let page = browser.get(&path).await;
        match what {
            "disabled" => users.disable(user.sub, stack.now()).await.unwrap(),
            "enabled-again" => {
                users.disable(user.sub, stack.now()).await.unwrap();
                users.enable(user.sub).await.unwrap();
            }
            "deleted" => users.delete(user.sub).await.unwrap(),
            "ended" => users.end_everything(user.sub, stack.now()).await.unwrap(),
            _ => {
                let (read, _) = users.read(user.sub).await.unwrap().unwrap();
                let hash =
                    shared::users::password::hash(shared::users::Password::new(NEW.to_owned()).unwrap());
                users.set_password(&read, &hash, Ending::Sessions, stack.now()).await.unwrap();
            }
        }
        is_invalid(&browser.get(&path).await);
        is_invalid(&browser.reset_password(&page, "a third long password").await);
    }
    // Signing out everywhere does not: an administrator may do so, and then hand over a link.
    let user = stack.create_user("signed-out").await;
    let path = link(&stack, &user).await;
    users.sign_out_everywhere(user.sub, stack.now()).await.unwrap();
    stack.browser().get(&path).await.is_page(200);
}

#[tokio::test]
async fn everything_that_ends_between_the_check_and_the_write_ends_the_link() {
    let stack = Stack::start().await;
    let users = &stack.app.users;
    let hash = || shared::users::password::hash(shared::users::Password::new(NEW.to_owned()).unwrap());
    for what in ["disabled", "ended", "replaced", "used", "deleted"] {
        let user = stack.create_user(what).await;
        let token = users.create_reset_link(user.sub, stack.now()).await.unwrap();
        let found = users.find_reset_link(&token, stack.now()).await.unwrap().unwrap();
        match what {
            "disabled" => users.disable(user.sub, stack.now()).await.unwrap(),
            "ended" => users.end_everything(user.sub, stack.now()).await.unwrap(),
            "replaced" => drop(users.create_reset_link(user.sub, stack.now()).await.unwrap()),
            "used" => assert!(users.reset_password(&found, &hash(), stack.now()).await.unwrap()),
            _ => users.delete(user.sub).await.unwrap(),
        }
        assert!(!users.reset_password(&found, &hash(), stack.now()).await.unwrap(), "{what}");
    }
    // A retry of its own write is no replay.
    let user = stack.create_user("retried").await;
    let token = users.create_reset_link(user.sub, stack.now()).await.unwrap();
    let found = users.find_reset_link(&token, stack.now()).await.unwrap().unwrap();
    let new = hash();
    for _ in 0..2 {
        assert!(users.reset_password(&found, &new, stack.now()).await.unwrap());
    }
}

#[tokio::test]
async fn of_many_uses_of_a_link_at_once_one_wins() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let browser = stack.browser();
    let form = HtmlForm::of(&browser.get(&link(&stack, &ada).await).await, RESET);
    let passwords = ["password one", "password two", "password three", "password four"];
    let [one, two, three, four] = passwords.map(|new| {
        let (browser, form) = (browser.clone(), form.clone());
        async move { browser.submit(&form, &[("new", new)]).await.status }
    });
    let (one, two, three, four) = tokio::join!(one, two, three, four);
    let statuses = [one, two, three, four];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 3, "{statuses:?}");
    stack.advance(MILLISECOND);
    for (new, status) in passwords.iter().zip(statuses) {
        assert_eq!(sign_in(&stack, "ada", new).await == 303, status == 200, "{new}");
    }
    let resets: Vec<_> =
        stack.audited("user_changed").into_iter().map(|line| line["change"].clone()).collect();
    assert_eq!(resets, ["password_reset"]);
}

#[tokio::test]
async fn a_rejected_form_leaves_the_link_as_it_is() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let path = link(&stack, &ada).await;
    let (browser, other) = (stack.browser(), stack.browser());
    let (page, foreign) = (browser.get(&path).await, other.get(&path).await);
    for (new, text) in [("seven77", "too short"), ("", "too short"), (&"x".repeat(1_025), "too long")] {
        let page = browser.reset_password(&page, new).await;
        page.is_page(400);
        assert!(page.text.contains(text) && !page.text.contains("seven77"), "{}", page.text);
    }
    // A form without the visit of this browser, or of another purpose.
    let form = HtmlForm::of(&page, RESET);
    let login = HtmlForm::of(&browser.get("/login?again").await, "/login");
    for csrf in ["", "00", HtmlForm::of(&foreign, RESET).get("csrf").unwrap(), login.get("csrf").unwrap()] {
        let page = browser.submit(&form.with("csrf", csrf), &[("new", NEW)]).await;
        page.is_page(403);
        assert!(page.text.contains("This page had expired"), "{}", page.text);
    }
    assert_eq!(sign_in(&stack, "ada", PASSWORD).await, 303);
    for fault in [Fault::Throttle, Fault::ThrottleWrites] {
        stack.dynamodb.fail(fault);
        browser.reset_password(&page, NEW).await.is_page(503);
    }
    stack.dynamodb.fail(Fault::None);
    // The form of a rejection is a form like the first.
    let again = browser.reset_password(&page, "short").await;
    // The response to the transaction gets lost, and its retry finds the link used.
    stack.dynamodb.fail(Fault::LoseFirstTransaction);
    browser.reset_password(&again, NEW).await.is_page(200);
    stack.dynamodb.fail(Fault::None);
    stack.advance(MILLISECOND);
    assert_eq!(sign_in(&stack, "ada", NEW).await, 303);
}

#[tokio::test]
async fn neither_tables_nor_the_log_contain_the_token_or_the_password() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let path = link(&stack, &ada).await;
    let token = path.split_once('=').unwrap().1.to_owned();
    let browser = stack.browser();
    let page = browser.get(&path).await;
    let before = stack.stored().await;
    stack.browser().get(&format!("{path}x")).await.is_page(400);
    browser.reset_password(&page, "short").await;
    browser.reset_password(&page, NEW).await.is_page(200);
    browser.reset_password(&page, NEW).await.is_page(400);
    let everywhere = [before, stack.stored().await, stack.logged()].concat();
    assert!(stack.logged().contains("\"path\":\"/reset-password\""));
    for secret in [NEW, &token[26..70]] {
        assert!(!everywhere.contains(secret), "{secret}");
        assert!(!everywhere.contains(format!("{:?}", secret.as_bytes()).trim_matches(['[', ']'])));
    }
}
