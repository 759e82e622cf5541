//! RFC 6749 §4.4: a client's own credentials are enough.

use crate::harness::Stack;

#[tokio::test]
async fn a_token_lives_until_it_is_revoked() {
    let stack = Stack::start().await;
    let (machine, rs) = (stack.machine().await, stack.resource_server().await);
    let token = stack.token(&machine).await;
    assert_eq!(stack.introspect(&rs, &token).await["active"], true);
    let answer = stack.post("/oauth/revoke").basic(&machine).form(&[("token", &token)]).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    assert_eq!(stack.introspect(&rs, &token).await, serde_json::json!({ "active": false }));
}

#[tokio::test]
async fn issuing_costs_one_read_of_the_client_and_one_write_unit() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    stack.dynamodb.forget();
    stack.token(&machine).await;
    println!("{:?}", stack.dynamodb.cost());
}
