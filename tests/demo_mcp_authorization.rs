//! The MCP server of `serve --demo` answers like a REST API behind the authorizer (RFC 6750 §3, RFC 9728 §5).

use std::time::Duration;

use serde_json::json;

use crate::harness::{
    Fault, Stack, altered,
    code_flow::Request,
    mcp::{INVALID, OTHER, PATH, add_note, initialize, list_notes, message, rpc},
};

#[tokio::test]
async fn a_request_without_a_token_gets_the_metadata_url_and_no_error() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    for method in ["GET", "POST", "DELETE", "PUT"] {
        stack.refuses(&stack.request(method, PATH).send().await, 401, "");
    }
    stack.refuses(&message(stack.post(PATH), initialize("2025-11-25").to_string()).send().await, 401, "");
    let query = format!("{PATH}?access_token={token}");
    stack.refuses(&message(stack.post(&query), list_notes().to_string()).send().await, 401, "");
    stack.dynamodb.forget();
    stack.refuses(&stack.post(PATH).send().await, 401, "");
    assert_eq!(stack.dynamodb.cost(), []);
}

#[tokio::test]
async fn an_invalid_token_is_told_so() {
    let stack = Stack::with_mcp_server().await;
    let (token, other) = (stack.mcp_token(&["read"]).await, stack.mcp_token(&["read"]).await);
    for useless in altered(&token, &other).iter().filter(|text| !text.contains('\n') && text.trim() != token)
    {
        stack.refuses(&stack.mcp(useless, list_notes()).await, 401, INVALID);
    }
    for header in ["Bearer", "Basic YTpi", "Token x", "", &token, &format!("Bearer {token}, Bearer {other}")]
    {
        let call = stack.post(PATH).header("authorization", header);
        stack.refuses(&message(call, list_notes().to_string()).send().await, 401, INVALID);
    }
    let twice = stack.with_token("POST", &token).header("authorization", &format!("Bearer {other}"));
    stack.refuses(&message(twice, list_notes().to_string()).send().await, 401, INVALID);

    stack.advance_to_just_before(Duration::from_hours(1));
    assert_eq!(stack.mcp(&token, list_notes()).await.status, 200);
    stack.advance_by_the_last_millisecond();
    stack.refuses(&stack.mcp(&token, list_notes()).await, 401, INVALID);
}

#[tokio::test]
async fn a_revoked_token_and_another_kind_of_token_are_invalid() {
    let stack = Stack::with_mcp_server().await;
    let (web, user) = (stack.web().await, stack.user("alice").await);
    let pair = stack.mcp_pair(&web, user).await;
    assert_eq!(stack.notes(&pair.access).await, json!([]));
    let code = stack.code(&web).await;
    for other in [&pair.refresh, &code, &web.secret] {
        stack.refuses(&stack.mcp(other, list_notes()).await, 401, INVALID);
    }
    stack.revoke(&web, &pair.access).await;
    stack.refuses(&stack.mcp(&pair.access, list_notes()).await, 401, INVALID);
}

#[tokio::test]
async fn only_a_token_for_the_mcp_server_opens_it_and_opens_nothing_else() {
    let stack = Stack::with_mcp_server().await;
    for other in [None, Some(OTHER)] {
        let token = stack.token_for_resource(other, &["read"]).await;
        stack.refuses(&stack.mcp(&token, list_notes()).await, 401, INVALID);
    }
    let (web, user) = (stack.web().await, stack.user("alice").await);
    let code = stack.issue_code(&web, user, Request::default()).await;
    let elsewhere = stack.redeem(&web, &code).await.pair().access;
    stack.refuses(&stack.mcp(&elsewhere, list_notes()).await, 401, INVALID);

    let here = stack.mcp_pair(&web, user).await.access;
    assert_eq!(stack.mcp(&here, list_notes()).await.status, 200);
    let sample = async |token: &str| {
        let call = stack.request("GET", "/api/notes").header("authorization", &format!("Bearer {token}"));
        call.send().await.status
    };
    assert_eq!((sample(&elsewhere).await, sample(&here).await), (200, 401));
}

#[tokio::test]
async fn a_tool_that_needs_more_scope_names_the_tokens_scope_too() {
    let stack = Stack::with_mcp_server().await;
    for (granted, tool, required) in [
        (&["read"][..], add_note("x"), "read write"),
        (&["write"][..], list_notes(), "read write"),
        (&["other"][..], add_note("x"), "other write"),
        (&[][..], list_notes(), "read"),
    ] {
        let token = stack.mcp_token(granted).await;
        let parameters = format!("error=\"insufficient_scope\", scope=\"{required}\", ");
        stack.refuses(&stack.mcp(&token, &tool).await, 403, &parameters);
        // Every token may look around.
        for body in [initialize("2025-11-25"), rpc("tools/list", &json!({})), rpc("ping", &json!({}))] {
            assert_eq!(stack.mcp(&token, body).await.status, 200);
        }
    }
}

#[tokio::test]
async fn no_form_of_a_message_escapes_the_scope() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    let call = r#""jsonrpc":"2.0","id":1"#;
    let add = r#"{"name":"add_note","arguments":{"text":"x"}}"#;
    let batch = format!("[{}]", add_note("x"));
    let escaped = format!("{{{call},\"method\":\"tools/call\",\"params\":{}}}", add.replace('_', "\\u005f"));
    let forms = [
        format!(r#"{{{call},"method":"tools/call","params":{add}}}"#),
        format!(r#"{{{call},"method":"tools/list","method":"tools/call","params":{add}}}"#),
        format!(r#"{{{call},"method":"tools/call","method":"tools/list","params":{add}}}"#),
        format!(
            r#"{{{call},"method":"tools/call","params":{{"name":"list_notes","name":"add_note","arguments":{{"text":"x"}}}}}}"#
        ),
        format!(r#"{{{call},"method":"tools/call","params":{{"name":"list_notes"}},"params":{add}}}"#),
        format!(r#"{{{call},"method":"tools/call","params":{add},"params":{{"name":"list_notes"}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","method":"tools/call","params":{add}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{add}}}"#),
        format!(r#"{{{call},"method":"tools/call ","params":{add}}}"#),
        format!("\u{feff}{}", add_note("x")),
        batch,
        escaped,
    ];
    for form in forms {
        let response = stack.mcp(&token, &form).await;
        assert!(response.status < 500, "{form}: {}", response.text);
        assert!(!response.text.contains("is added"), "{form}: {}", response.text);
    }
    assert_eq!(stack.notes(&token).await, json!([]));
}

#[tokio::test]
async fn an_outage_is_not_an_invalid_token() {
    let stack = Stack::with_mcp_server().await;
    let token = stack.mcp_token(&["read"]).await;
    for fault in [Fault::Throttle, Fault::Refuse, Fault::Denied] {
        stack.dynamodb.fail(fault);
        let response = stack.mcp(&token, list_notes()).await;
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{fault:?}");
        assert_eq!(response.header("www-authenticate"), None);
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.mcp(&token, list_notes()).await.status, 200);
    }
}
