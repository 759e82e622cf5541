//! Transactions: several writes to one table, made all or none.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem,
        Update as TransactUpdate,
    },
};
use serde::Serialize;

use super::{
    Error, Item, KEY, Outage, Outcome, Stored, Table, Update, attribute_of,
    expression::{aliases, unchanged},
    text, unavailable,
};

/// The number of attempts of a transaction that conflicts with other writes.
const ATTEMPTS: usize = 4;

/// Writes with their conditions. If one condition does not hold, none of the writes is made.
#[derive(Debug)]
pub struct Transaction {
    table: Table,
    writes: Vec<TransactWriteItem>,
}

impl Transaction {
    /// Begins an empty transaction on `table`.
    pub fn on(table: &Table) -> Self {
        Self { table: table.clone(), writes: Vec::new() }
    }

    /// Inserts `item`, which may not exist.
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

    /// Requires an item with this key, and does not change it.
    pub fn require(self, key: &str) -> Result<Self, Error> {
        let condition = format!("attribute_exists(#{KEY})");
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .key(KEY, text(key))
            .set_expression_attribute_names(Some(aliases(&condition).collect()))
            .condition_expression(condition)
            .build();
        let check = check.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().condition_check(check).build()))
    }

    /// Deletes the item with this key, if there is one.
    pub fn delete_any(self, key: &str) -> Result<Self, Error> {
        let delete = Delete::builder().table_name(&self.table.name).key(KEY, text(key)).build();
        let delete = delete.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().delete(delete).build()))
    }

    /// Deletes the item with this key, which must exist.
    pub fn delete(self, key: &str) -> Result<Self, Error> {
        self.delete_if(key, &format!("attribute_exists(#{KEY})"), None)
    }

    /// Deletes the item with this key, whose `field` must be `value`.
    pub fn delete_of<T: Stored>(self, key: &str, field: &str, value: &impl Serialize) -> Result<Self, Error> {
        let condition = format!("#{} = :value", attribute_of::<T>(field)?);
        let value = serde_dynamo::to_attribute_value(value)?;
        self.delete_if(key, &condition, Some(HashMap::from([(":value".to_owned(), value)])))
    }

    /// Deletes the item with this key, which must still be `stored`.
    pub fn delete_unchanged(self, key: &str, stored: &Item) -> Result<Self, Error> {
        let (condition, values) = unchanged(stored);
        self.delete_if(key, &condition, Some(values))
    }

    fn delete_if(
        self,
        key: &str,
        condition: &str,
        values: Option<HashMap<String, AttributeValue>>,
    ) -> Result<Self, Error> {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key(KEY, text(key))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(aliases(condition).collect()))
            .set_expression_attribute_values(values)
            .build();
        let delete = delete.map_err(|error| incomplete(&error))?;
        Ok(self.and(TransactWriteItem::builder().delete(delete).build()))
    }

    /// Updates the item with this key.
    pub fn update(self, key: &str, update: Update) -> Result<Self, Error> {
        let update = update.checked()?;
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

    /// Makes all writes, or none.
    pub async fn commit(self) -> Result<Outcome<()>, Error> {
        let mut attempt = 1;
        loop {
            #[expect(clippy::disallowed_methods, reason = "every write has its condition")]
            let request = self.table.client.transact_write_items();
            let Err(error) = request.set_transact_items(Some(self.writes.clone())).send().await else {
                return Ok(Outcome::Applied(()));
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => &[],
            };
            if reasons.iter().any(|reason| is(reason, "ConditionalCheckFailed")) {
                return Ok(Outcome::ConditionFailed(None));
            }
            // Another writer changes one of the items. The SDK does not retry this.
            if !reasons.iter().any(|reason| is(reason, "TransactionConflict")) {
                return Err(unavailable("TransactWriteItems", &error));
            }
            if attempt == ATTEMPTS {
                return Err(Error::Conflict("a transaction: other writes kept changing its items"));
            }
            attempt += 1;
        }
    }
}

fn is(reason: &CancellationReason, code: &str) -> bool {
    reason.code() == Some(code)
}

fn incomplete(error: &BuildError) -> Error {
    Error::Unavailable { operation: "TransactWriteItems", outage: Outage::NotBuilt(error.to_string()) }
}
