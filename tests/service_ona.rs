//! Document 000 (Ona): personal and temporary tokens, API calls with them, and `user/expire`.

use std::time::Duration;

use crate::harness::{Fault, PASSWORD, Stack};

/// Starts a deployment as Ona's programs expect it.
async fn ona() -> Stack {
    Stack::configured(|config| {
        config.account.personal_scopes = "read write groups".parse().unwrap();
        config.compat = "user-expire".parse().unwrap();
    })
    .await
}

#[tokio::test]
async fn user_expire_ends_a_temporary_token_but_not_an_api_token() {
    let (stack, mut tokens) = (ona().await, Vec::new());
    let ((_, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    for name in ["one", "other", "third"] {
        tokens.push(browser.personal_token(name, "temporary").await);
    }
    let api = browser.personal_token("for ever", "never").await;
    let response = stack.introspect(&rs, &tokens[0]).await;
    assert_eq!(response["exp"].as_u64().unwrap() - response["iat"].as_u64().unwrap(), 21_600);
    // The document's own request, with the token itself.
    let expire = |header: String| stack.request("DELETE", "/user/expire").header("authorization", &header);
    let response = expire(format!("TempToken {}", tokens[0])).send().await;
    assert_eq!((response.status, response.text.as_str()), (204, ""));
    stack.is_inactive(&rs, &tokens[0]).await;
    assert!(stack.is_active(&rs, &tokens[1]).await && stack.is_active(&rs, &api).await);
    expire(format!("TempToken {}", tokens[0])).send().await.is_error(401, "invalid_token");
    // "Example using curl and password authentication": curl -X DELETE -u username:password.
    let by_password = stack.request("DELETE", "/user/expire").raw_basic(&format!("ADA:{PASSWORD}"));
    assert_eq!(by_password.send().await.status, 204);
    assert!(!stack.is_active(&rs, &tokens[1]).await && !stack.is_active(&rs, &tokens[2]).await);
    assert!(stack.is_active(&rs, &api).await);
    assert_eq!(stack.audited("personal_token_changed").len(), 6);
}

#[tokio::test]
async fn other_credentials_expire_nothing() {
    let stack = ona().await;
    let ((ada, browser), rs) = (stack.signed_in_user("ada").await, stack.resource_server().await);
    let temporary = browser.personal_token("one", "temporary").await;
    let api = browser.personal_token("other", "7").await;
    for (header, error) in [
        (format!("Bearer {temporary}"), "invalid_request"),
        (format!("Token {api}"), "invalid_request"),
        (String::from("TempToken"), "invalid_request"),
        (format!("TempToken {api}"), "invalid_token"),
        (format!("TempToken {}", temporary.replacen("jtt", "jtp", 1)), "invalid_token"),
        (String::from("Basic !"), "invalid_token"),
        (String::from("Basic YWRh"), "invalid_token"),
    ] {
        let response = stack.request("DELETE", "/user/expire").header("authorization", &header).send().await;
        response.is_error(401, error);
        assert_eq!(response.header("www-authenticate"), Some("Bearer realm=\"Jeton\""));
    }
    stack.request("DELETE", "/user/expire").send().await.is_error(401, "invalid_request");
    for wrong in ["ada:wrong", "nobody:wrong", "ada:", ":"] {
        let response = stack.request("DELETE", "/user/expire").raw_basic(wrong).send().await;
        response.is_error(401, "invalid_token");
    }
    stack.app.users.disable(ada.sub, stack.now()).await.unwrap();
    let right = || stack.request("DELETE", "/user/expire").raw_basic(&format!("ada:{PASSWORD}"));
    right().send().await.is_error(401, "invalid_token");
    stack.app.users.enable(ada.sub).await.unwrap();
    assert_eq!(stack.app.personal_tokens.of_user(ada.sub, stack.now()).await.unwrap().len(), 2);
    stack.advance(Duration::from_millis(1));
    browser.sign_in(&ada).await;
    let temporary = browser.personal_token("one more", "temporary").await;
    stack.dynamodb.fail(Fault::Throttle);
    right().send().await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    // Rate-limited like the login page.
    for _ in 0..10 {
        stack.request("DELETE", "/user/expire").raw_basic("ada:wrong").send().await;
    }
    let response = right().send().await;
    response.is_error(429, "invalid_request");
    assert!(response.header("retry-after").is_some());
    assert!(stack.is_active(&rs, &temporary).await);
    stack.advance(Duration::from_mins(15));
    assert_eq!(right().send().await.status, 204);
}

#[tokio::test]
async fn without_the_switch_there_is_no_user_expire() {
    let stack = Stack::with_accounts().await;
    let token = stack.signed_in_user("ada").await.1.personal_token("one", "temporary").await;
    let nowhere = stack.request("DELETE", "/user/nothing").send().await;
    for method in ["DELETE", "GET", "OPTIONS"] {
        let call =
            stack.request(method, "/user/expire").header("authorization", &format!("TempToken {token}"));
        let response = call.send().await;
        assert_eq!((response.status, &response.text), (404, &nowhere.text));
    }
    let (rs, stack) = (stack.resource_server().await, stack);
    assert!(stack.is_active(&rs, &token).await);
}

#[tokio::test]
async fn a_page_of_another_origin_may_call_it() {
    let stack = ona().await;
    let response =
        stack.request("OPTIONS", "/user/expire").header("origin", "https://app.example").send().await;
    assert_eq!((response.status, response.header("access-control-allow-methods")), (204, Some("DELETE")));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn its_api_calls_get_its_responses_from_a_program_and_from_a_page() {
    let stack = Stack::protecting("basic-user,token-scheme,temp-token-scheme").await;
    let (_, browser) = stack.signed_in_user("ada").await;
    let key = browser.personal_token("api", "never").await;
    let temporary = browser.personal_token("for a while", "temporary").await;
    let access = stack.token(&stack.machine().await).await;
    let call = |method| stack.request(method, "/api/notes").header("origin", "https://app.example.com");
    // "curl -X GET -u username:password", "Token TOKEN_KEY", "TempToken TOKEN_KEY", "Bearer ACCESS_TOKEN".
    let by_header = [format!("Token {key}"), format!("TempToken {temporary}"), format!("Bearer {access}")];
    let by_header = by_header.iter().map(|header| (200, call("GET").header("authorization", header)));
    let by_password = [("GET", 200), ("POST", 201)].map(|(method, status)| (status, call(method)));
    let by_password = by_password.map(|(status, call)| (status, call.raw_basic(&format!("ada:{PASSWORD}"))));
    for (status, call) in by_header.chain(by_password) {
        let response = call.send().await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (status, Some("*")));
    }
    // "xhr.setRequestHeader('Authorization', 'Token TOKEN_KEY')": the browser sends a preflight request first.
    let preflight = call("OPTIONS").header("access-control-request-method", "GET");
    let response = preflight.header("access-control-request-headers", "authorization").send().await;
    assert_eq!(response.status, 204);
    assert!(response.header("access-control-allow-headers").unwrap().contains("Authorization"));
    // Six hours later.
    stack.advance(Duration::from_hours(6));
    for (header, status) in [(format!("TempToken {temporary}"), 401), (format!("Token {key}"), 200)] {
        assert_eq!(call("GET").header("authorization", &header).send().await.status, status);
    }
}

#[tokio::test]
async fn a_token_with_too_little_scope_gets_403() {
    let stack = Stack::protecting("token-scheme").await;
    let key = stack.signed_in_user("ada").await.1.personal_token("reads", "never").await;
    let call = |method| stack.request(method, "/api/notes").header("authorization", &format!("Token {key}"));
    assert_eq!((call("GET").send().await.status, call("POST").send().await.status), (200, 403));
}
