//! The rate limit of sign-ins (RFC 6749 §10.10): how many attempts reach the hash, and which users are never locked out.

use std::{sync::Arc, time::Duration};

use shared::{config::Config, dynamodb::Item};
use tokio::task::JoinSet;

use crate::harness::{AuthorizationRequest, Fault, Guesser, HtmlForm, PASSWORD, Redirect, Response, Stack};

const WRONG: &str = "a wrong password";
/// Two unrelated addresses.
const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";
const WINDOW: Duration = Duration::from_mins(15);

/// Returns a stack with these limits per account and per address.
async fn limited(per_account: u64, per_address: u64) -> Arc<Stack> {
    configured(|config| {
        (config.rate_limit.per_account, config.rate_limit.per_address) = (per_account, per_address);
    })
    .await
}

async fn configured(change: impl FnOnce(&mut Config)) -> Arc<Stack> {
    Arc::new(Stack::configured(change).await)
}

/// Returns the statuses of wrong guesses: `verified` that reached the hash, and `limited` that did not.
fn statuses_of(verified: usize, limited: usize) -> Vec<u64> {
    [vec![400; verified], vec![429; limited]].concat()
}

/// Returns the stored counters.
async fn counters(stack: &Stack) -> Vec<Item> {
    let mut items = stack.app.grants.table().all().await.unwrap();
    items.retain(|item| key(item).starts_with("l#"));
    items
}

fn key(item: &Item) -> &str {
    item["pk"].as_s().unwrap()
}

fn number(item: &Item, attribute: &str) -> u64 {
    item[attribute].as_n().unwrap().parse().unwrap()
}

#[tokio::test]
async fn after_ten_wrong_passwords_there_is_a_page_that_says_when_to_try_again() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let (browser, request) = (stack.browser(), AuthorizationRequest::by(&stack.web().await));
    let login = browser.redirected(&request).await.location;
    for nth in 1..=20 {
        let page = browser.try_to_sign_in(&login, "ada", WRONG).await;
        page.is_page(if nth <= 10 { 400 } else { 429 });
    }
    let page = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    page.is_page(429);
    // The clock began half a second into a window.
    assert_eq!(page.header("retry-after"), Some("900"));
    assert!(page.text.contains("Please try again in 15 minutes."), "{}", page.text);
    assert_eq!((stack.audited("sign_in_failed").len(), stack.audited("sign_in_throttled").len()), (10, 11));
    stack.advance(WINDOW.saturating_sub(Duration::from_millis(501)));
    let page = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    page.is_page(429);
    assert_eq!(page.header("retry-after"), Some("1"));
    assert!(page.text.contains("Please try again in 1 second."), "{}", page.text);
    // The form keeps the name and the request: only the password is to be entered again.
    assert!(page.text.contains("value=\"ada\""), "{}", page.text);
    let form = HtmlForm::of(&page, "/login");
    stack.advance_by_the_last_millisecond();
    let response = browser.submit(&form, &[("username", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(Redirect::of(&response).location, request.url());
}

#[tokio::test]
async fn unknown_users_are_rate_limited_like_known_ones() {
    fn without_name(response: &Response, name: &str) -> (u16, Option<String>, String) {
        let name = format!("value=\"{name}\"");
        let retry_after = response.header("retry-after").map(str::to_owned);
        (response.status, retry_after, response.text.replace(&name, "NAME"))
    }

    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let disabled = stack.create_user("disabled").await;
    stack.app.users.disable(disabled.sub, stack.now()).await.unwrap();
    let (browser, mut known) = (stack.browser(), Vec::new());
    for name in ["ada", "nobody", "disabled", " not a user name", "ADA\u{7f}"] {
        let mut responses = Vec::new();
        for _ in 0..12 {
            responses.push(without_name(&browser.try_to_sign_in("/login", name, WRONG).await, name));
        }
        let statuses: Vec<_> = responses.iter().map(|(status, _, _)| u64::from(*status)).collect();
        assert_eq!(statuses, statuses_of(10, 2), "{name}");
        if known.is_empty() {
            known = responses;
        } else {
            assert_eq!(responses, known, "{name}");
        }
    }
    // Every spelling is the same account.
    browser.try_to_sign_in("/login", "ADA", PASSWORD).await.is_page(429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_guesses_at_once_ten_reach_the_hash() {
    let stack = Arc::new(Stack::start().await);
    stack.create_user("ada").await;
    let guesser = Guesser::stranger(&stack).await;
    let attempts = (0..50).map(|nth| {
        let guesser = guesser.clone();
        async move { guesser.attempt(&format!("192.0.2.{nth}"), "ada", WRONG).await.status }
    });
    let mut statuses = attempts.collect::<JoinSet<_>>().join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, statuses_of(10, 40));
    assert_eq!((stack.audited("sign_in_failed").len(), stack.audited("sign_in_throttled").len()), (10, 40));
    let counters = counters(&stack).await;
    let account = counters.iter().find(|item| key(item).starts_with("l#p#a#")).unwrap();
    assert_eq!(number(account, "n"), 10);
}

#[tokio::test]
async fn a_success_gives_back_what_it_was_charged_and_nothing_else() {
    let stack = limited(3, 5).await;
    stack.create_user("ada").await;
    stack.create_user("mallory").await;
    let guesser = Guesser::stranger(&stack).await;
    for _ in 0..8 {
        assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
    }
    assert!(counters(&stack).await.iter().all(|item| number(item, "n") == 0));
    // An attacker signs in to an account of their own between the guesses.
    let mut statuses = Vec::new();
    for name in ["ada", "eve", "ada", "eve", "ada", "eve", "ada", "eve"] {
        statuses.extend(guesser.guess(HOME, name, 1).await);
        guesser.attempt(HOME, "mallory", PASSWORD).await;
    }
    assert_eq!(statuses, statuses_of(5, 3));
    assert_eq!(guesser.attempt(HOME, "mallory", PASSWORD).await.status, 429);
    assert_eq!(guesser.attempt(ELSEWHERE, "ada", PASSWORD).await.status, 429);
    assert_eq!(guesser.attempt(ELSEWHERE, "mallory", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn neither_an_account_nor_an_address_limits_another() {
    let stack = limited(3, 8).await;
    for name in ["ada", "eve"] {
        stack.create_user(name).await;
    }
    let guesser = Guesser::stranger(&stack).await;
    assert_eq!(guesser.guess(HOME, "ada", 5).await, statuses_of(3, 2));
    assert_eq!(guesser.attempt(HOME, "eve", PASSWORD).await.status, 303);
    assert_eq!(guesser.attempt(ELSEWHERE, "ada", PASSWORD).await.status, 429);
    // The address has five attempts. Three more, and it is at its limit: then it cannot use up an account's limit.
    assert_eq!(guesser.guess(HOME, "nobody", 3).await, statuses_of(3, 0));
    assert_eq!(guesser.guess(HOME, "eve", 20).await, statuses_of(0, 20));
    assert_eq!(guesser.guess(ELSEWHERE, "eve", 3).await, statuses_of(3, 0));
    let by = stack.audited("sign_in_throttled").iter().map(|line| line["by"].to_string()).collect::<Vec<_>>();
    assert_eq!(by.iter().filter(|by| *by == "\"address\"").count(), 20, "{by:?}");
    stack.advance(WINDOW);
    assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn an_ipv6_network_is_one_address() {
    let stack = limited(100, 3).await;
    let guesser = Guesser::stranger(&stack).await;
    for (nth, expected) in [(1, 400), (2, 400), (3, 400), (4, 429)] {
        let outcome = guesser.attempt(&format!("2001:db8:1:2:{nth}::{nth}"), "ada", WRONG).await;
        assert_eq!(outcome.status, expected, "{nth}");
    }
    assert_eq!(guesser.guess("2001:db8:1:3::1", "ada", 1).await, statuses_of(1, 0));
    // Events without an address share one counter.
    assert_eq!(guesser.guess("", "ada", 4).await, statuses_of(3, 1));
}

#[tokio::test]
async fn headers_of_the_caller_do_not_change_its_address() {
    let stack = limited(1_000, 5).await;
    let (browser, mut statuses) = (stack.browser(), Vec::new());
    let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
    let visit = format!("jeton-visit={}", browser.cookie("jeton-visit").unwrap());
    for nth in 0..10 {
        let name = format!("user-{nth}");
        let fields = [("csrf", form.get("csrf").unwrap()), ("username", &name), ("password", WRONG)];
        let call = stack.post(&form.action).form(&fields).header("cookie", &visit);
        let call = call.header("x-forwarded-for", &format!("192.0.2.{nth}, 192.0.2.{nth}"));
        let call = call.header("forwarded", &format!("for=192.0.2.{nth}"));
        let call = call.header("x-real-ip", &format!("192.0.2.{nth}"));
        let call = call.header("x-forwarded-host", &format!("evil-{nth}.example"));
        let response = call.header("host", &format!("evil-{nth}.example")).send().await;
        assert!(!response.text.contains("evil"), "{}", response.text);
        statuses.push(u64::from(response.status));
    }
    assert_eq!(statuses, statuses_of(5, 5));
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_address_is_the_one_that_it_saw() {
    let stack = configured(|config| {
        config.rate_limit.per_address = 2;
        config.rate_limit.trusted_proxies = 1;
    })
    .await;
    let browser = stack.browser();
    let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
    let visit = format!("jeton-visit={}", browser.cookie("jeton-visit").unwrap());
    let fields = [("csrf", form.get("csrf").unwrap()), ("username", "ada"), ("password", WRONG)];
    // The local gateway appends the address that it sees, as the real one does.
    for (header, expected) in [
        ("203.0.113.7", 400),
        ("192.0.2.1, 203.0.113.7", 400),
        ("192.0.2.2,192.0.2.3, 203.0.113.7", 429),
        ("203.0.113.8", 400),
        // A header that no proxy writes: the gateway's caller counts.
        ("nonsense", 400),
        ("203.0.113.9, ", 400),
        ("", 429),
    ] {
        let call = stack.post(&form.action).form(&fields).header("cookie", &visit);
        let response = call.header("x-forwarded-for", header).send().await;
        assert_eq!(response.status, expected, "{header}");
    }
}

#[tokio::test]
async fn without_the_counters_no_password_is_verified() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let browser = stack.browser();
    let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
    for fault in [Fault::ThrottleWrites, Fault::Throttle, Fault::Refuse, Fault::Denied] {
        stack.dynamodb.fail(fault);
        stack.dynamodb.forget();
        for password in [PASSWORD, WRONG] {
            let response = browser.submit(&form, &[("username", "ada"), ("password", password)]).await;
            response.is_unavailable_page();
        }
        assert_eq!(stack.dynamodb.seen(), [], "no user was looked up");
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!((stack.audited("sign_in_failed").len(), stack.audited("unavailable").len()), (0, 8));
    browser.submit(&form, &[("username", "ada"), ("password", PASSWORD)]).await;
    assert!(browser.cookie("jeton-session").is_some());
}

#[tokio::test]
async fn a_counter_expires_with_its_window_and_reveals_no_name_or_address() {
    let stack = Arc::new(Stack::start().await);
    let (guesser, mistyped) = (Guesser::stranger(&stack).await, "my password, entered as the name");
    guesser.guess(HOME, mistyped, 1).await;
    guesser.guess(HOME, &"n".repeat(5_000), 12).await;
    let counters = counters(&stack).await;
    assert_eq!(counters.len(), 3);
    for counter in &counters {
        let attributes: Vec<_> = counter.keys().map(String::as_str).collect();
        assert_eq!((attributes.len(), key(counter).len()), (5, 49), "{counter:?}");
        assert_eq!(number(counter, "ttl"), stack.now().seconds() + 901, "a second after its window");
    }
    let (stored, logged) = (stack.stored().await, stack.logged());
    for text in [mistyped, HOME, "nnnn"] {
        assert!(!stored.contains(text) && !logged.contains(text), "{text}");
    }
    assert_eq!(stack.audited("sign_in_throttled")[0]["account"].as_str().unwrap().len(), 4);
}

#[tokio::test]
async fn an_attempt_costs_four_writes_and_two_in_the_owners_own_browser() {
    let stack = Stack::start().await;
    let (browser, ada) = (stack.browser(), stack.create_user("ada").await);
    let mut costs = Vec::new();
    for password in [WRONG, PASSWORD, WRONG, PASSWORD] {
        let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
        stack.dynamodb.forget();
        browser.submit(&form, &[("username", &ada.name), ("password", password)]).await;
        let seen = stack.dynamodb.seen();
        let to_counters: Vec<_> = seen
            .iter()
            .filter(|seen| seen.request["Key"]["pk"]["S"].as_str().is_some_and(|key| key.starts_with("l#")))
            .collect();
        assert!(to_counters.iter().all(|seen| seen.operation == "UpdateItem" && seen.capacity <= 1.0));
        costs.push(to_counters.len());
    }
    assert_eq!(costs, [4, 4, 2, 2]);
}
