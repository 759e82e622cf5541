//! Personal tokens: created, listed, used, ended.

use std::time::Duration;

use serde_json::json;
use shared::{dynamodb, users::personal::PersonalToken};

use crate::harness::{
    Browser, Fault, HtmlForm, Stack,
    account::{TOKENS, shown},
    altered,
};

/// Ends the token called `name` on the page.
async fn end(browser: &Browser<'_>, name: &str) {
    let page = browser.get(TOKENS).await;
    let (_, after) = page.text.split_once(&format!("<strong>{name}</strong>")).unwrap();
    let id = after.split("name=\"end\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let response = browser.submit(&HtmlForm::with_field(&page, "end", id), &[]).await;
    assert_eq!((response.status, response.header("location")), (303, Some(TOKENS)));
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_as_its_user_until_it_is_ended() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let token = browser.personal_token("laptop", "30").await;
    assert!(token.starts_with("jtp_"), "{token}");
    let (now, jti) = (stack.now().seconds(), stack.introspect(&rs, &token).await["jti"].clone());
    let month = 30 * 86_400;
    assert_eq!(
        stack.introspect(&rs, &token).await,
        json!({
            "active": true, "scope": "read", "username": "ada", "token_type": "Bearer", "sub": ada.sub,
            "iat": now, "nbf": now, "exp": now + month, "iss": stack.url, "jti": jti,
        })
    );
    let page = browser.get(TOKENS).await;
    let row = concat!(
        "<td data-label=\"Permissions\">read</td>",
        "<td data-label=\"Created\">2100-01-01</td>",
        "<td data-label=\"Expires\">2100-01-31</td>",
        "<td data-label=\"Last used\">2100-01-01</td>",
    );
    assert!(page.text.contains(&format!("<strong>laptop</strong></td>{row}")), "{}", page.text);
    assert!(!page.text.contains(&token));
    end(&browser, "laptop").await;
    stack.is_inactive(&rs, &token).await;
    assert!(!browser.get(TOKENS).await.text.contains("laptop"));
    let changes: Vec<_> =
        stack.audited("personal_token_changed").iter().map(|line| line["change"].clone()).collect();
    assert_eq!(changes, ["created", "ended"]);
}

#[tokio::test]
async fn a_token_lives_as_long_as_it_was_made_for_to_the_millisecond() {
    let stack = Stack::with_accounts().await;
    let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let temporary = browser.personal_token("for now", "temporary").await;
    let never = browser.personal_token("for ever", "never").await;
    let week = browser.personal_token("for a week", "7").await;
    assert!(temporary.starts_with("jtt_") && never.starts_with("jtp_"));
    assert_eq!(stack.introspect(&rs, &never).await.get("exp"), None);
    stack.advance_to_just_before(Duration::from_hours(6));
    assert!(stack.is_active(&rs, &temporary).await);
    stack.advance_by_the_last_millisecond();
    assert!(!stack.is_active(&rs, &temporary).await && stack.is_active(&rs, &week).await);
    stack.advance(Duration::from_hours(7 * 24));
    assert!(!stack.is_active(&rs, &week).await);
    stack.advance(Duration::from_hours(365 * 24 * 20));
    assert!(stack.is_active(&rs, &never).await);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_token_and_shows_it_again() {
    let stack = Stack::with_accounts().await;
    let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let form = HtmlForm::to_make(&browser.get(TOKENS).await).with("name", "x").with("allow:read", "yes");
    let more: [(&str, &str); 0] = [];
    let (one, other) = tokio::join!(browser.submit(&form, &more), browser.submit(&form, &more));
    let again = browser.submit(&form, &more).await;
    assert_eq!([shown(&one, 0), shown(&other, 0)], [shown(&again, 0), shown(&again, 0)]);
    assert_eq!(stack.count_of_kind("t").await, 1);
    let different = browser.submit(&form.with("name", "y"), &more).await;
    assert_ne!(shown(&different, 0), shown(&again, 0));
    end(&browser, "x").await;
    browser.submit(&form, &more).await.is_page(403);
    stack.is_inactive(&rs, &shown(&again, 0)).await;
}

#[tokio::test]
async fn an_invalid_token_form_is_refused_and_its_text_is_escaped() {
    let stack = Stack::with_accounts().await;
    let (_, browser) = stack.signed_in_user("ada").await;
    let form = HtmlForm::to_make(&browser.get(TOKENS).await).without("lasts");
    let (long, hidden) = ("x".repeat(101), "a\u{202E}b");
    let (read, week) = (("allow:read", "yes"), ("lasts", "7"));
    for fields in [
        vec![read, week],
        vec![("name", ""), read, week],
        vec![("name", &long), read, week],
        vec![("name", hidden), read, week],
        vec![("name", "a\r\nSet-Cookie: x=y"), read, week],
        vec![("name", "x"), week],
        vec![("name", "x"), ("allow:admin", "yes"), week],
        vec![("name", "x"), read],
        vec![("name", "x"), read, ("lasts", "8")],
        vec![("name", "x"), read, ("lasts", "-1")],
    ] {
        let response = browser.submit(&form, &fields).await;
        response.is_page(400);
        assert!(response.text.contains("role=\"alert\"") && response.headers("set-cookie").is_empty());
    }
    assert_eq!(stack.count_of_kind("t").await, 0);
    let html = "<script>alert(1)</script>\"'";
    let made = browser.submit(&form, &[("name", html), read, week, ("allow:admin", "yes")]).await;
    let page = browser.get(TOKENS).await;
    for page in [made, page] {
        page.is_page(200);
        assert!(!page.text.contains("<script>") && page.text.contains("&#60;script&#62;"), "{}", page.text);
        assert!(!page.text.contains("admin"));
    }
}

#[tokio::test]
async fn a_user_cannot_end_anothers_token() {
    let stack = Stack::with_accounts().await;
    let rs = stack.resource_server().await;
    let ((ada, hers), (eve, _)) = (stack.signed_in_user("ada").await, stack.signed_in_user("eve").await);
    let token = hers.personal_token("x", "7").await;
    let listed = stack.app.personal_tokens.of_user(ada.sub, stack.now()).await.unwrap();
    let id = listed[0].id().parse().unwrap();
    assert!(!stack.app.personal_tokens.end(eve.sub, id, stack.now()).await.unwrap());
    assert!(stack.is_active(&rs, &token).await);
    // Ended twice: only the first call ends it.
    let tokens = &stack.app.personal_tokens;
    stack.advance(Duration::from_millis(1));
    let first = tokens.end(ada.sub, id, stack.now()).await.unwrap();
    stack.advance(Duration::from_millis(1));
    assert!(first && !tokens.end(ada.sub, id, stack.now()).await.unwrap());
}

#[tokio::test]
async fn of_many_tokens_made_at_once_only_as_many_are_as_one_user_may_have() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.signed_in_user("ada").await;
    for nth in 0..PersonalToken::MOST - 3 {
        let lasts = if nth < 2 { "temporary" } else { "7" };
        browser.personal_token(&format!("token {nth}"), lasts).await;
    }
    let requests = ["a", "b", "c", "d", "e", "f"].map(|name| browser.request_token(name, "7"));
    let [one, two, three, four, five, six] = requests;
    let responses = tokio::join!(one, two, three, four, five, six);
    let mut statuses = <[_; 6]>::from(responses).map(|response| response.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 409, 409, 409]);
    let listed = || stack.app.personal_tokens.of_user(ada.sub, stack.now());
    assert_eq!(listed().await.unwrap().len(), PersonalToken::MOST);
    // Expired and ended tokens make room.
    end(&browser, "token 7").await;
    browser.personal_token("g", "7").await;
    assert_eq!(browser.request_token("h", "7").await.status, 409);
    stack.advance(Duration::from_hours(6));
    browser.sign_in(&ada).await;
    assert_eq!(listed().await.unwrap().len(), PersonalToken::MOST - 2);
    browser.personal_token("h", "7").await;
    browser.personal_token("i", "7").await;
    assert_eq!(browser.request_token("j", "7").await.status, 409);
}

#[tokio::test]
async fn tokens_ended_with_everything_or_by_disabling_make_room() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let first = browser.personal_token("first", "never").await;
    for nth in 1..PersonalToken::MOST {
        browser.personal_token(&format!("token {nth}"), "never").await;
    }
    let create = ["token", "create", "--user", "ada", "--name", "x", "--scope", "read"];
    let users = &stack.app.users;
    stack.jeton(&create, "").await.failed(2, "50 tokens already");
    assert_eq!(browser.request_token("one more", "never").await.status, 409);
    let mut dead = vec![first];
    for disabled in [true, false] {
        if disabled {
            users.disable(ada.sub, stack.now()).await.unwrap();
            users.enable(ada.sub).await.unwrap();
        } else {
            users.end_everything(ada.sub, stack.now()).await.unwrap();
        }
        stack.advance(Duration::from_millis(1));
        browser.sign_in(&ada).await;
        for nth in 0..PersonalToken::MOST {
            dead.push(browser.personal_token(&format!("later {nth}"), "never").await);
        }
        let later = dead.pop().unwrap();
        assert!(stack.is_active(&rs, &later).await && !stack.is_active(&rs, &dead[0]).await);
        assert_eq!(browser.request_token("one more", "never").await.status, 409);
    }
}

#[tokio::test]
async fn the_standing_of_its_user_counts_at_the_next_call() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let token = browser.personal_token("x", "never").await;
    let users = &stack.app.users;
    users.disable(ada.sub, stack.now()).await.unwrap();
    assert!(!stack.is_active(&rs, &token).await);
    users.enable(ada.sub).await.unwrap();
    assert!(!stack.is_active(&rs, &token).await, "what was ended stays ended");
    for name in ["y", "z"] {
        stack.advance(Duration::from_millis(1));
        browser.sign_in(&ada).await;
        let token = browser.personal_token(name, "never").await;
        assert!(stack.is_active(&rs, &token).await);
        users.end_everything(ada.sub, stack.now()).await.unwrap();
        assert!(!stack.is_active(&rs, &token).await);
    }
    stack.advance(Duration::from_millis(1));
    browser.sign_in(&ada).await;
    let later = browser.personal_token("later", "never").await;
    assert!(stack.is_active(&rs, &later).await);
    users.delete(ada.sub).await.unwrap();
    assert!(!stack.is_active(&rs, &later).await);
}

#[tokio::test]
async fn a_forged_or_altered_token_is_inactive() {
    let stack = Stack::with_accounts().await;
    let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let token = browser.personal_token("x", "7").await;
    let other = browser.personal_token("y", "7").await;
    for token in altered(&token, &other) {
        stack.is_inactive(&rs, &token).await;
    }
    // Only a resource server may introspect it: a personal token belongs to no client.
    stack.is_inactive(&stack.machine().await, &token).await;
    for prefix in ["jta", "jtt", "jtr", "jts"] {
        stack.is_inactive(&rs, &token.replacen("jtp", prefix, 1)).await;
    }
}

#[tokio::test]
async fn its_use_is_recorded_once_a_day_and_a_failed_record_refuses_no_token() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let token = browser.personal_token("x", "never").await;
    let last_used = async || {
        let listed = stack.app.personal_tokens.of_user(ada.sub, stack.now()).await.unwrap();
        listed[0].last_used.map(|day| day.to_string())
    };
    let writes = || {
        let updates = stack.dynamodb.cost().into_iter().filter(|(operation, _)| operation == "UpdateItem");
        updates.collect::<Vec<_>>()
    };
    assert_eq!(last_used().await, None);
    stack.dynamodb.fail(Fault::ThrottleWrites);
    assert!(stack.is_active(&rs, &token).await);
    stack.dynamodb.fail(Fault::None);
    assert_eq!(last_used().await, None);
    for day in ["2100-01-01", "2100-01-02"] {
        stack.dynamodb.forget();
        for _ in 0..3 {
            assert!(stack.is_active(&rs, &token).await);
        }
        assert_eq!(last_used().await.as_deref(), Some(day));
        assert_eq!(writes(), [("UpdateItem".to_owned(), 1.0)]);
        stack.advance(Duration::from_hours(24));
    }
}

#[tokio::test]
async fn neither_tables_nor_pages_nor_the_log_keep_a_personal_token_or_a_developers_secret() {
    let stack = Stack::with_accounts().await;
    let ((_, browser), rs) = (stack.developer("ada").await, stack.resource_server().await);
    let (token, credentials) = (browser.personal_token("x", "7").await, browser.credentials("y").await);
    stack.introspect(&rs, &token).await;
    stack.token(&credentials).await;
    let (tokens, page) = (browser.get(TOKENS).await.text, browser.get("/account/credentials").await.text);
    let everywhere = [stack.stored().await, stack.logged(), tokens, page].concat();
    for secret in [&token, &credentials.secret] {
        let key = &secret[26..70];
        assert!(!everywhere.contains(key), "{key}");
        assert!(!everywhere.contains(format!("{:?}", secret.as_bytes()).trim_matches(['[', ']'])));
    }
}

#[tokio::test]
async fn a_form_that_is_sent_again_after_its_token_was_deleted_makes_no_such_token() {
    for ended in [true, false] {
        let stack = Stack::configured(|config| {
            config.account.personal_scopes = "read".parse().unwrap();
            config.account.temporary_token = Duration::from_mins(1);
        })
        .await;
        let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
        let form = HtmlForm::to_make(&browser.get(TOKENS).await).without("lasts").with("name", "x");
        let fields = [("allow:read", "yes"), ("lasts", "temporary")];
        let token = shown(&browser.submit(&form, &fields).await, 0);
        if ended {
            end(&browser, "x").await;
        }
        // Whenever DynamoDB deletes expired items.
        for _ in 0..16 {
            stack.advance(Duration::from_mins(1));
            let table = stack.app.grants.table();
            for item in table.all().await.unwrap() {
                let expired = |ttl: &str| ttl.parse::<u64>().unwrap() < stack.now().seconds();
                let key = item["pk"].as_s().unwrap();
                if key.starts_with("t#") && item.get("ttl").is_some_and(|ttl| expired(ttl.as_n().unwrap())) {
                    dynamodb::delete_all(table, [key.clone()]).await.unwrap();
                }
            }
            let again = browser.submit(&form, &fields).await;
            assert_ne!(again.status, 200, "{}", again.text);
            stack.is_inactive(&rs, &token).await;
        }
    }
}
