//! Threats of RFC 6819 that no test of another file holds. docs/threat-model.md maps all of them.

use shared::secret::{AuthorizationCode, Id, Secret, random};

use crate::harness::{Stack, altered};

/// RFC 6819 §4.4.1.12: many invented codes, sent through a client that authenticates.
#[tokio::test]
async fn an_invented_code_costs_at_most_one_request_beside_its_client() {
    let stack = Stack::start().await;
    let web = stack.web().await;
    let genuine = stack.code(&web).await;
    let operations = || -> Vec<String> {
        let seen = stack.dynamodb.seen().into_iter().map(|seen| seen.operation).collect();
        stack.dynamodb.forget();
        seen
    };
    stack.dynamodb.forget();
    let mistyped = altered(&genuine, "").remove(0);
    for invented in ["jtc_invented", &mistyped, &genuine[..40], &"x".repeat(60_000)] {
        stack.redeem(&web, invented).await.is_error(400, "invalid_grant");
        assert_eq!(operations(), ["BatchGetItem"], "the client; the checksum is wrong");
    }
    let well_formed = Secret::<AuthorizationCode>::new(Id::random(), &random());
    stack.redeem(&web, well_formed.expose()).await.is_error(400, "invalid_grant");
    assert_eq!(operations(), ["BatchGetItem", "UpdateItem"]);
    stack.redeem(&web, &genuine).await.pair();
}
