//! Guessing passwords (RFC 6749 §10.10): how many attempts reach the hash, and who is never kept out.

use std::{sync::Arc, time::Duration};

use shared::{config::Config, table::Item};
use tokio::task::JoinSet;

use crate::harness::{Answer, Asking, Fault, Guesser, HtmlForm, PASSWORD, Redirect, Stack};

const WRONG: &str = "a wrong password";
/// Addresses of people who have nothing to do with each other.
const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";
const WINDOW: Duration = Duration::from_mins(15);

/// A stack with these limits for an account and an address.
async fn limited(per_account: u64, per_address: u64) -> Arc<Stack> {
    configured(|config| {
        (config.throttling.per_account, config.throttling.per_address) = (per_account, per_address);
    })
    .await
}

async fn configured(change: impl FnOnce(&mut Config)) -> Arc<Stack> {
    Arc::new(Stack::configured(change).await)
}

/// `many` attempts that were looked at, and `more` that were not.
fn looked_at(many: usize, more: usize) -> Vec<u64> {
    [vec![400; many], vec![429; more]].concat()
}

/// The login counters that are kept.
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
    stack.somebody("ada").await;
    let (browser, asking) = (stack.browser(), Asking::by(&stack.web().await));
    let login = browser.redirected(&asking).await.location;
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
    // Name and request are kept: what is left to do is to type the password.
    assert!(page.text.contains("value=\"ada\""), "{}", page.text);
    let form = HtmlForm::of(&page, "/login");
    stack.advance_by_the_last_millisecond();
    let answer = browser.submit(&form, &[("username", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(Redirect::of(&answer).location, asking.url());
}

#[tokio::test]
async fn whoever_is_unknown_is_throttled_like_whoever_is_not() {
    fn told(answer: &Answer, name: &str) -> (u16, Option<String>, String) {
        let name = format!("value=\"{name}\"");
        let retry_after = answer.header("retry-after").map(str::to_owned);
        (answer.status, retry_after, answer.text.replace(&name, "NAME"))
    }

    let stack = Stack::start().await;
    stack.somebody("ada").await;
    let disabled = stack.somebody("disabled").await;
    stack.app.users.disable(disabled.sub, stack.now()).await.unwrap();
    let (browser, mut known) = (stack.browser(), Vec::new());
    for name in ["ada", "nobody", "disabled", " nobody can be called this", "ADA\u{7f}"] {
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(told(&browser.try_to_sign_in("/login", name, WRONG).await, name));
        }
        let statuses: Vec<_> = answers.iter().map(|(status, _, _)| u64::from(*status)).collect();
        assert_eq!(statuses, looked_at(10, 2), "{name}");
        if known.is_empty() {
            known = answers;
        } else {
            assert_eq!(answers, known, "{name}");
        }
    }
    // Every spelling is the same account.
    browser.try_to_sign_in("/login", "ADA", PASSWORD).await.is_page(429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_guesses_at_once_ten_reach_the_hash() {
    let stack = Arc::new(Stack::start().await);
    stack.somebody("ada").await;
    let guesser = Guesser::stranger(&stack).await;
    let attempts = (0..50).map(|nth| {
        let guesser = guesser.clone();
        async move { guesser.attempt(&format!("192.0.2.{nth}"), "ada", WRONG).await.status }
    });
    let mut statuses = attempts.collect::<JoinSet<_>>().join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, looked_at(10, 40));
    assert_eq!((stack.audited("sign_in_failed").len(), stack.audited("sign_in_throttled").len()), (10, 40));
    let counters = counters(&stack).await;
    let account = counters.iter().find(|item| key(item).starts_with("l#p#a#")).unwrap();
    assert_eq!(number(account, "n"), 10);
}

#[tokio::test]
async fn a_success_gives_back_what_it_was_charged_and_nothing_else() {
    let stack = limited(3, 5).await;
    stack.somebody("ada").await;
    stack.somebody("mallory").await;
    let guesser = Guesser::stranger(&stack).await;
    for _ in 0..8 {
        assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
    }
    assert!(counters(&stack).await.iter().all(|item| number(item, "n") == 0));
    // An attacker with an account of their own signs in to it between any two guesses.
    let mut statuses = Vec::new();
    for name in ["ada", "eve", "ada", "eve", "ada", "eve", "ada", "eve"] {
        statuses.extend(guesser.guess(HOME, name, 1).await);
        guesser.attempt(HOME, "mallory", PASSWORD).await;
    }
    assert_eq!(statuses, looked_at(5, 3));
    assert_eq!(guesser.attempt(HOME, "mallory", PASSWORD).await.status, 429);
    assert_eq!(guesser.attempt(ELSEWHERE, "ada", PASSWORD).await.status, 429);
    assert_eq!(guesser.attempt(ELSEWHERE, "mallory", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn neither_an_account_nor_an_address_holds_up_another() {
    let stack = limited(3, 8).await;
    for name in ["ada", "eve"] {
        stack.somebody(name).await;
    }
    let guesser = Guesser::stranger(&stack).await;
    assert_eq!(guesser.guess(HOME, "ada", 5).await, looked_at(3, 2));
    assert_eq!(guesser.attempt(HOME, "eve", PASSWORD).await.status, 303);
    assert_eq!(guesser.attempt(ELSEWHERE, "ada", PASSWORD).await.status, 429);
    // Five are counted from here. Three more, and the address is exhausted: then it cannot exhaust an account.
    assert_eq!(guesser.guess(HOME, "nobody", 3).await, looked_at(3, 0));
    assert_eq!(guesser.guess(HOME, "eve", 20).await, looked_at(0, 20));
    assert_eq!(guesser.guess(ELSEWHERE, "eve", 3).await, looked_at(3, 0));
    let by = stack.audited("sign_in_throttled").iter().map(|line| line["by"].to_string()).collect::<Vec<_>>();
    assert_eq!(by.iter().filter(|by| *by == "\"address\"").count(), 20, "{by:?}");
    stack.advance(WINDOW);
    assert_eq!(guesser.attempt(HOME, "ada", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_line_with_ipv6_is_one_address() {
    let stack = limited(100, 3).await;
    let guesser = Guesser::stranger(&stack).await;
    for (nth, expected) in [(1, 400), (2, 400), (3, 400), (4, 429)] {
        let outcome = guesser.attempt(&format!("2001:db8:1:2:{nth}::{nth}"), "ada", WRONG).await;
        assert_eq!(outcome.status, expected, "{nth}");
    }
    assert_eq!(guesser.guess("2001:db8:1:3::1", "ada", 1).await, looked_at(1, 0));
    // An event without an address: all such are one.
    assert_eq!(guesser.guess("", "ada", 4).await, looked_at(3, 1));
}

#[tokio::test]
async fn nothing_that_a_caller_says_is_taken_for_their_address() {
    let stack = limited(1_000, 5).await;
    let (browser, mut statuses) = (stack.browser(), Vec::new());
    let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
    let visit = format!("jeton-visit={}", browser.cookie("jeton-visit").unwrap());
    for nth in 0..10 {
        let name = format!("somebody-{nth}");
        let fields = [("csrf", form.get("csrf").unwrap()), ("username", &name), ("password", WRONG)];
        let call = stack.post(&form.action).form(&fields).header("cookie", &visit);
        let call = call.header("x-forwarded-for", &format!("192.0.2.{nth}, 192.0.2.{nth}"));
        let call = call.header("forwarded", &format!("for=192.0.2.{nth}"));
        let call = call.header("x-real-ip", &format!("192.0.2.{nth}"));
        let call = call.header("x-forwarded-host", &format!("evil-{nth}.example"));
        let answer = call.header("host", &format!("evil-{nth}.example")).send().await;
        assert!(!answer.text.contains("evil"), "{}", answer.text);
        statuses.push(u64::from(answer.status));
    }
    assert_eq!(statuses, looked_at(5, 5));
}

#[tokio::test]
async fn behind_a_proxy_of_ours_the_address_is_the_one_that_it_saw() {
    let stack = configured(|config| {
        config.throttling.per_address = 2;
        config.throttling.trusted_proxies = 1;
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
        // What no proxy writes counts for the gateway's own caller.
        ("nonsense", 400),
        ("203.0.113.9, ", 400),
        ("", 429),
    ] {
        let call = stack.post(&form.action).form(&fields).header("cookie", &visit);
        let answer = call.header("x-forwarded-for", header).send().await;
        assert_eq!(answer.status, expected, "{header}");
    }
}

#[tokio::test]
async fn without_the_counters_nothing_is_looked_at() {
    let stack = Stack::start().await;
    stack.somebody("ada").await;
    let browser = stack.browser();
    let form = HtmlForm::of(&browser.get("/login?again").await, "/login");
    for fault in [Fault::ThrottleWrites, Fault::Throttle, Fault::Refuse, Fault::Denied] {
        stack.dynamodb.fail(fault);
        stack.dynamodb.forget();
        for password in [PASSWORD, WRONG] {
            let answer = browser.submit(&form, &[("username", "ada"), ("password", password)]).await;
            answer.is_unavailable_page();
        }
        assert_eq!(stack.dynamodb.seen(), [], "no person was looked up");
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!((stack.audited("sign_in_failed").len(), stack.audited("unavailable").len()), (0, 8));
    browser.submit(&form, &[("username", "ada"), ("password", PASSWORD)]).await;
    assert!(browser.cookie("jeton-session").is_some());
}

#[tokio::test]
async fn a_counter_expires_with_its_window_and_says_nothing_of_who_or_where() {
    let stack = Arc::new(Stack::start().await);
    let (guesser, mistyped) = (Guesser::stranger(&stack).await, "my password, typed above");
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
    for told in [mistyped, HOME, "nnnn"] {
        assert!(!stored.contains(told) && !logged.contains(told), "{told}");
    }
    assert_eq!(stack.audited("sign_in_throttled")[0]["account"].as_str().unwrap().len(), 4);
}

#[tokio::test]
async fn an_attempt_costs_four_writes_and_two_in_the_owners_own_browser() {
    let stack = Stack::start().await;
    let (browser, ada) = (stack.browser(), stack.somebody("ada").await);
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
