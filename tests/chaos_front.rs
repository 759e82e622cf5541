//! The front that fails at random, and its inconsistent reads.

use serde_json::{Value, json};
use shared::secret::{AuthorizationCode, Secret};

use crate::harness::{Stack, chaos::Chaos, code_flow::VERIFIER};

/// Returns the state of the grant of `code`, as a read returns it.
async fn state(stack: &Stack, chaos: &Chaos, code: &str, consistent: bool) -> Value {
    let id = Secret::<AuthorizationCode>::parse(code).unwrap().id();
    let read = json!({
        "TableName": stack.app.grants.table().name(),
        "Key": { "pk": { "S": format!("g#{id}") } },
        "ConsistentRead": consistent,
    });
    let signed = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                  SignedHeaders=host, Signature=0";
    let request = reqwest::Client::new()
        .post(&chaos.endpoint)
        .header("x-amz-target", "DynamoDB_20120810.GetItem")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", signed)
        .body(read.to_string());
    let response = request.send().await.unwrap().text().await.unwrap();
    let response: Value = serde_json::from_str(&response).unwrap();
    assert!(response["Item"].is_object(), "{response}");
    response["Item"]["st"]["S"].clone()
}

#[tokio::test]
async fn an_inconsistent_read_finds_the_previous_item() {
    let stack = Stack::start().await;
    let chaos = Chaos::start(&stack, 1, 0).await;
    let web = stack.web().await;
    let code = stack.code(&web).await;
    assert_eq!(state(&stack, &chaos, &code, false).await, "c");
    let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)];
    chaos.post_as("/oauth/token", &web, &form).await.pair();
    assert_eq!(state(&stack, &chaos, &code, false).await, "c");
    assert_eq!(state(&stack, &chaos, &code, true).await, "a");
    assert!(chaos.counts().is_empty());
}
