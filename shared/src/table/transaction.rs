//! Several writes to one table that are all made, or none of them.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason, Delete, Put, TransactWriteItem, Update as TransactUpdate},
};
use serde::Serialize;

use super::{Error, Item, KEY, Table, Update, Written, text, unavailable};

/// How often writes are tried that meet others on the same items.
const ATTEMPTS: usize = 4;

/// The writes. Each carries its condition, and one that does not hold refuses them all.
#[derive(Debug)]
pub struct Transaction {
    table: Table,
    writes: Vec<TransactWriteItem>,
}

impl Transaction {
    /// Nothing yet, on `table`.
    pub fn on(table: &Table) -> Self {
        Self { table: table.clone(), writes: Vec::new() }
    }

    /// And `item` is put, which may not be there yet.
    pub fn insert(self, item: Item) -> Result<Self, Error> {
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", KEY)
            .build();
        let put = put.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().put(put).build()))
    }

    /// And the item with this key is deleted, which must be there.
    pub fn delete(self, key: &str) -> Result<Self, Error> {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key(KEY, text(key))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", KEY)
            .build();
        let delete = delete.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().delete(delete).build()))
    }

    /// And the item with this key is deleted, whose `attribute` must be `value`.
    pub fn delete_of(self, key: &str, attribute: &str, value: &impl Serialize) -> Result<Self, Error> {
        let value: AttributeValue = serde_dynamo::to_attribute_value(value)?;
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key(KEY, text(key))
            .condition_expression("#attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .build();
        let delete = delete.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().delete(delete).build()))
    }

    /// And the item with this key is changed.
    pub fn update(self, key: &str, update: Update) -> Result<Self, Error> {
        let update = TransactUpdate::builder()
            .table_name(&self.table.name)
            .key(KEY, text(key))
            .update_expression(update.change())
            .condition_expression(update.condition())
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(update.into_values())
            .build();
        let update = update.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().update(update).build()))
    }

    fn and(mut self, write: TransactWriteItem) -> Self {
        self.writes.push(write);
        self
    }

    /// Makes all of them, or none.
    pub async fn commit(self) -> Result<Written<()>, Error> {
        let mut attempt = 1;
        loop {
            #[expect(clippy::disallowed_methods, reason = "every part of it carries its condition")]
            let request = self.table.client.transact_write_items();
            let Err(error) = request.set_transact_items(Some(self.writes.clone())).send().await else {
                return Ok(Written::Done(()));
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => &[],
            };
            if reasons.iter().any(|reason| is(reason, "ConditionalCheckFailed")) {
                return Ok(Written::Refused(None));
            }
            // Somebody else is writing to one of the items. The SDK takes that for an answer.
            if !reasons.iter().any(|reason| is(reason, "TransactionConflict")) || attempt == ATTEMPTS {
                return Err(unavailable("TransactWriteItems", &error));
            }
            attempt += 1;
        }
    }
}

fn is(reason: &CancellationReason, code: &str) -> bool {
    reason.code() == Some(code)
}

fn incomplete(error: &BuildError) -> Error {
    Error::Unavailable { operation: "TransactWriteItems", reason: error.to_string() }
}
