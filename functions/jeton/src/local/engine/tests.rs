//! The SDK over the engine in the process, compared with the SDK over the port for tools.

#![expect(clippy::disallowed_methods, reason = "the subject is the SDK's requests themselves")]

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde_json::Value;
use shared::{
    config::TableNames,
    dynamodb::{KEY, Table, schema},
};

use super::*;
use crate::local::{Storage, listen};

/// One database by two ways.
struct Local {
    database: crate::local::Database,
    in_process: Client,
    by_port: Client,
    table: String,
}

impl Local {
    async fn start() -> Self {
        let listener = listen(0, "").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let database = crate::local::Database::start(&Storage::Memory, [listener]).unwrap();
        let in_process = connect(database.engine().clone()).await.unwrap();
        let by_port = dynamodb::connect(Some(Endpoint { url, anonymous: true })).await.unwrap();
        let names = TableNames { tokens: "tokens".into(), clients: "clients".into(), users: "users".into() };
        schema::create(&in_process, &names).await.unwrap();
        Self { database, in_process, by_port, table: names.tokens }
    }

    const fn ways(&self) -> [&Client; 2] {
        [&self.in_process, &self.by_port]
    }

    fn put(&self, key: &str) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        let only_new = format!("attribute_not_exists({KEY})");
        Put::builder().table_name(&self.table).item(KEY, text(key)).condition_expression(only_new)
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn what_one_way_writes_the_other_reads() {
    let local = Local::start().await;
    let [here, there] = local.ways();
    for (key, writer, reader) in [("a", here, there), ("b", there, here)] {
        let put = writer.put_item().table_name(&local.table).item(KEY, text(key)).item("v", text("1"));
        put.send().await.unwrap();
        let get = reader.get_item().table_name(&local.table).key(KEY, text(key));
        assert_eq!(get.send().await.unwrap().item.unwrap()["v"], text("1"));
    }
    assert_eq!(Table::new(here, &local.table).all().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_condition_that_fails_is_the_sdks_error_with_the_item() {
    let local = Local::start().await;
    for way in local.ways() {
        let put = async || {
            way.put_item()
                .table_name(&local.table)
                .item(KEY, text("taken"))
                .condition_expression(format!("attribute_not_exists({KEY})"))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await
        };
        let _ = put().await;
        let error = put().await.unwrap_err().into_service_error();
        assert!(error.is_conditional_check_failed_exception(), "{error:?}");
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) =
            error
        else {
            panic!("another error")
        };
        assert_eq!(failed.item.unwrap()[KEY], text("taken"));
    }
}

#[tokio::test]
async fn a_cancelled_transaction_has_the_reason_of_each_item() {
    let local = Local::start().await;
    let transact = async |way: &Client| {
        let put = |key| TransactWriteItem::builder().put(local.put(key).build().unwrap()).build();
        way.transact_write_items().transact_items(put("new")).transact_items(put("taken")).send().await
    };
    let taken = local.in_process.put_item().table_name(&local.table).item(KEY, text("taken"));
    taken.send().await.unwrap();
    for way in local.ways() {
        let error = transact(way).await.unwrap_err().into_service_error();
        let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            cancelled,
        ) = error
        else {
            panic!("{error:?}")
        };
        let reasons = cancelled.cancellation_reasons.unwrap();
        let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
        assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    }
}

#[tokio::test]
async fn a_missing_table_and_an_invalid_request_are_the_sdks_errors() {
    let local = Local::start().await;
    for way in local.ways() {
        let get = |table: &str, key: &str| way.get_item().table_name(table).key(key, text("a")).send();
        let missing = get("missing", KEY).await.unwrap_err().into_service_error();
        assert!(missing.is_resource_not_found_exception(), "{missing:?}");
        let invalid = get(&local.table, "another").await.unwrap_err();
        assert_eq!(invalid.code(), Some("ValidationException"));
        let no_number = AttributeValue::N("one".to_owned());
        let put = way.put_item().table_name(&local.table).item(KEY, text("a")).item("v", no_number);
        let invalid = put.send().await.unwrap_err();
        assert_eq!(invalid.code(), Some("ValidationException"));
        assert!(!invalid.message().unwrap().starts_with("VALIDATION"), "{invalid:?}");
    }
}

#[tokio::test]
async fn an_unknown_operation_is_an_error_that_names_it() {
    let local = Local::start().await;
    for way in local.ways() {
        let error = way.describe_limits().send().await.unwrap_err();
        assert_eq!(error.code(), Some("UnknownOperationException"));
        assert_eq!(error.message(), Some("the local DynamoDB has no operation \"DescribeLimits\""));
    }
    let engine = local.database.engine();
    let response = engine.respond("", b"{}");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(serde_json::from_str::<Value>(response.body()).unwrap()["message"].is_string());
    let kind = |target, body: &[u8]| {
        let response = engine.respond(target, body);
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body: Value = serde_json::from_str(response.body()).unwrap();
        body["__type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned()
    };
    assert_eq!(kind("DynamoDB_20111205.GetItem", b"{}"), "UnknownOperationException");
    assert_eq!(kind("DynamoDB_20120810.GetItem", b"not JSON"), "SerializationException");
    assert_eq!(kind("DynamoDB_20120810.GetItem", b"{}"), "ValidationException");
}
