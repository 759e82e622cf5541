//! Neither the tables nor the log contain a secret.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::harness::{Fault, Registered, Stack};

/// Makes every request of a client, with errors and outages, and returns all secrets that were used.
async fn busy_day(stack: &Stack) -> Vec<String> {
    let (old, rs) = (stack.machine().await, stack.resource_server().await);
    let machine = stack.rotate_secret(&old, Duration::from_mins(1)).await;
    let wrong = machine.with_wrong_secret();
    let tokens = [stack.token(&old).await, stack.token(&machine).await, stack.token(&machine).await];
    for client in [&wrong, &old.with_secret(&tokens[0])] {
        stack.request_token(client, &[]).await.is_invalid_client();
        stack.post("/oauth/token").post(client, &[]).send().await.is_invalid_client();
    }
    // Secrets in the wrong parameters.
    let misplaced = Registered { id: machine.secret.clone(), secret: machine.id.clone() };
    stack.request_token(&misplaced, &[]).await.is_invalid_client();
    stack
        .post(&format!("/oauth/token?client_secret={}", machine.secret))
        .form(&[])
        .send()
        .await
        .is_invalid_client();
    let form = [("grant_type", tokens[0].as_str())];
    stack
        .post("/oauth/token")
        .basic(&machine)
        .form(&form)
        .send()
        .await
        .is_error(400, "unsupported_grant_type");
    stack.request_token(&machine, &[("scope", &tokens[0])]).await.is_error(400, "invalid_scope");
    stack.revoke(&rs, &tokens[0]).await.is_error(400, "invalid_grant");
    for token in &tokens {
        stack.introspect(&rs, token).await;
    }
    stack.revoke(&machine, &tokens[0]).await;
    for fault in [Fault::Broken, Fault::Denied, Fault::Throttle] {
        stack.dynamodb.fail(fault);
        stack.request_token(&machine, &[]).await.is_unavailable();
        stack.revoke(&machine, &tokens[1]).await.is_unavailable();
    }
    stack.dynamodb.fail(Fault::None);
    stack.disable(&machine).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    [vec![old.secret, machine.secret, rs.secret, wrong.secret], tokens.into()].concat()
}

/// Returns the forms in which a secret could appear: the string, its key, its bytes, base64.
fn shapes(secret: &str) -> [String; 4] {
    let bytes = format!("{:?}", secret.as_bytes());
    let key = &secret[26..70];
    [secret.to_owned(), key.to_owned(), bytes.trim_matches(['[', ']']).to_owned(), STANDARD.encode(key)]
}

#[tokio::test]
async fn no_item_and_no_log_line_contains_a_secret() {
    let stack = Stack::start().await;
    let secrets = busy_day(&stack).await;
    let (stored, logged) = (stack.stored().await, stack.logged());
    assert!(secrets.len() == 7 && stored.contains("Blob") && logged.lines().count() > 10);
    for secret in &secrets {
        for shape in shapes(secret) {
            assert!(!stored.contains(&shape), "a table holds {shape}");
            assert!(!logged.contains(&shape), "the log holds {shape}");
        }
    }
}

#[tokio::test]
async fn refusals_and_outages_are_in_the_log_with_their_client_and_reason() {
    let stack = Stack::start().await;
    busy_day(&stack).await;
    let reasons: Vec<_> = stack.audited("refused").iter().map(|line| line["reason"].to_string()).collect();
    for reason in [
        "the secret is not the client's",
        "there is no such client",
        "the request names no client",
        "the grant type is not supported",
        "the scope is more than the client is registered for",
        "the token was issued to another client",
        "the client is disabled",
    ] {
        assert!(reasons.iter().any(|known| known.contains(reason)), "{reason}: {reasons:?}");
    }
    let of_the_secret =
        stack.audited("refused").into_iter().find(|line| line["reason"] == "the secret is not the client's");
    assert_eq!(of_the_secret.unwrap()["client"].as_str().unwrap().len(), 22);
    assert_eq!(stack.audited("unavailable").len(), 6);
    for line in stack.logged().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["time_ms"].is_u64() && line["level"].is_string() && line["_aws"].is_object(), "{line}");
    }
}
