//! DynamoDB, as Jeton uses it: consistent reads by key, and writes that carry their condition.
//!
//! This module knows no OAuth concept. Items are any `serde` type; what kinds there are, and what their attributes
//! mean, is documented with each concept and listed in [`schema`].
//!
//! # Design
//! There is no trait to put another store behind. The security property *is* the condition expression, and a fake
//! would not evaluate it: every test runs this code against a real DynamoDB engine.

mod expression;
mod listing;
pub mod schema;
mod transaction;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use expression::Update;
pub use listing::Index;
pub use transaction::Transaction;

/// The attribute that is every table's key.
pub const KEY: &str = "pk";

/// The most items that one [`get_all`] may ask for.
pub const MOST_AT_ONCE: usize = 100;

/// How often a batch read asks for what DynamoDB left over.
const BATCH_ATTEMPTS: usize = 4;

/// An item in DynamoDB's own form.
pub type Item = HashMap<String, AttributeValue>;

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

/// DynamoDB did not do what it was asked to. Nobody's token is at fault: the request may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is throttled, down, slow, or refuses us.
    #[error("DynamoDB: {operation} failed: {reason}")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// The error's code, or what went wrong on the way.
        reason: String,
    },
    /// An item is not in a form that this version knows.
    #[error("DynamoDB: an item cannot be read: {0}")]
    Unreadable(#[from] serde_dynamo::Error),
}

/// What became of a conditional write.
#[derive(Debug)]
pub enum Written<T, There = T> {
    /// It was done. An update tells the item as it is now.
    Done(T),
    /// Its condition did not hold for this item; `None`: there is no such item.
    Refused(Option<There>),
}

impl Table {
    /// The table called `name`.
    pub fn new(client: &Client, name: &str) -> Self {
        Self { client: client.clone(), name: name.to_owned() }
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connection, for what only administration does: making tables, and going through them.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The item with this key, as it is at this moment.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        #[expect(clippy::disallowed_methods, reason = "this is the consistent read")]
        let request = self.client.get_item();
        let request = request.table_name(&self.name).key(KEY, text(key)).consistent_read(true);
        let answer = request.send().await.map_err(|error| unavailable("GetItem", &error))?;
        Ok(answer.item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Puts `item`, unless one with its key is there already; then returns that one.
    pub async fn insert<T: Serialize + DeserializeOwned>(&self, item: &T) -> Result<Option<T>, Error> {
        #[expect(clippy::disallowed_methods, reason = "this is the conditional write")]
        let request = self.client.put_item();
        let request = request
            .table_name(&self.name)
            .set_item(Some(serde_dynamo::to_item(item)?))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", KEY)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                // An engine that does not tell the item that is there cannot be relied on.
                Some(PutItemError::ConditionalCheckFailedException(failed)) if failed.item.is_some() => {
                    Ok(failed.item.clone().map(serde_dynamo::from_item).transpose()?)
                }
                _ => Err(unavailable("PutItem", &error)),
            },
        }
    }

    /// Puts `item` in place of whatever has its key: for what nobody can lose a race about.
    pub async fn put(&self, item: &impl Serialize) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "the caller has no condition to make")]
        let request = self.client.put_item();
        let request = request.table_name(&self.name).set_item(Some(serde_dynamo::to_item(item)?));
        request.send().await.map(drop).map_err(|error| unavailable("PutItem", &error))
    }

    /// Changes the item with this key, if there is one and `update`'s condition holds, and returns the new item.
    pub async fn update<T: DeserializeOwned>(&self, key: &str, update: Update) -> Result<Written<T>, Error> {
        Ok(match self.send(key, update, ReturnValue::AllNew).await? {
            Written::Done(item) => Written::Done(serde_dynamo::from_item(item)?),
            Written::Refused(there) => Written::Refused(there),
        })
    }

    /// Changes the item as [`Table::update`] does, but does not read it: for functions whose policy limits the
    /// attributes that they may write (`dynamodb:Attributes`).
    pub async fn change<T: DeserializeOwned>(
        &self,
        key: &str,
        update: Update,
    ) -> Result<Written<(), T>, Error> {
        Ok(match self.send(key, update, ReturnValue::None).await? {
            Written::Done(_) => Written::Done(()),
            Written::Refused(there) => Written::Refused(there),
        })
    }

    async fn send<T: DeserializeOwned>(
        &self,
        key: &str,
        update: Update,
        returned: ReturnValue,
    ) -> Result<Written<Item, T>, Error> {
        #[expect(clippy::disallowed_methods, reason = "this is the conditional write")]
        let request = self.client.update_item();
        let request = request
            .table_name(&self.name)
            .key(KEY, text(key))
            .update_expression(update.change())
            .condition_expression(update.condition())
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(update.into_values())
            .return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => Ok(Written::Done(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let item = failed.item.clone().filter(|item| !item.is_empty());
                    Ok(Written::Refused(item.map(serde_dynamo::from_item).transpose()?))
                }
                _ => Err(unavailable("UpdateItem", &error)),
            },
        }
    }
}

/// The items with these keys, from several tables in one request, each as it is at this moment: in the order of
/// `wanted`, with `None` for what is not there.
pub async fn get_all(wanted: &[(&Table, String)]) -> Result<Vec<Option<Item>>, Error> {
    let Some((first, _)) = wanted.first() else { return Ok(Vec::new()) };
    let mut requested: HashMap<String, Vec<Item>> = HashMap::new();
    for (table, key) in wanted {
        let keys = requested.entry(table.name.clone()).or_default();
        let key = Item::from([(KEY.to_owned(), text(key))]);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut left: HashMap<_, _> =
        requested.into_iter().map(|(table, keys)| (table, consistently(keys))).collect();
    let mut found: HashMap<(String, String), Item> = HashMap::new();
    for _ in 0..BATCH_ATTEMPTS {
        #[expect(clippy::disallowed_methods, reason = "this is the consistent read")]
        let request = first.client.batch_get_item().set_request_items(Some(left));
        let answer = request.send().await.map_err(|error| unavailable("BatchGetItem", &error))?;
        for (table, items) in answer.responses.unwrap_or_default() {
            for item in items {
                if let Some(AttributeValue::S(key)) = item.get(KEY) {
                    found.insert((table.clone(), key.clone()), item);
                }
            }
        }
        left = answer.unprocessed_keys.unwrap_or_default();
        if left.is_empty() {
            return Ok(wanted
                .iter()
                .map(|(table, key)| found.get(&(table.name.clone(), key.clone())).cloned())
                .collect());
        }
    }
    Err(Error::Unavailable { operation: "BatchGetItem", reason: "keys were left over every time".to_owned() })
}

/// Reads an item that [`get_all`] returned.
pub fn read<T: for<'de> Deserialize<'de>>(item: Option<Item>) -> Result<Option<T>, Error> {
    Ok(item.map(serde_dynamo::from_item).transpose()?)
}

/// `value` in DynamoDB's own form, for [`insert_all`].
pub fn item(value: &impl Serialize) -> Result<Item, Error> {
    Ok(serde_dynamo::to_item(value)?)
}

/// What kind of thing `item` is: the part of its key before `#`.
pub fn kind(item: &Item) -> Option<&str> {
    item.get(KEY)?.as_s().ok()?.split_once('#').map(|(kind, _)| kind)
}

/// Puts all of `items`, or none: none may be there yet. For administration.
pub async fn insert_all(table: &Table, items: impl IntoIterator<Item = Item>) -> Result<Written<()>, Error> {
    let insert = |all: Transaction, item| all.insert(item);
    items.into_iter().try_fold(Transaction::on(table), insert)?.commit().await
}

/// Deletes all the items with these keys, or none: all must be there. For administration, of things that do not
/// expire.
pub async fn delete_all(table: &Table, keys: impl IntoIterator<Item = String>) -> Result<Written<()>, Error> {
    let delete = |all: Transaction, key: String| all.delete(&key);
    keys.into_iter().try_fold(Transaction::on(table), delete)?.commit().await
}

fn consistently(keys: Vec<Item>) -> KeysAndAttributes {
    let builder = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys));
    #[expect(clippy::expect_used, reason = "keys are set, which is all that the builder requires")]
    builder.build().expect("keys are set")
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// What went wrong, without the request: the SDK's own messages may quote it.
fn unavailable<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Error {
    let reason = match error {
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timed out",
        SdkError::DispatchFailure(failure) if failure.is_io() => "no connection",
        SdkError::DispatchFailure(_) => "could not be sent",
        SdkError::ConstructionFailure(_) => "could not be made",
        SdkError::ResponseError(_) => "an answer that is none",
        SdkError::ServiceError(_) => error.code().unwrap_or("an error without a code"),
        _ => "an unknown kind of error",
    };
    Error::Unavailable { operation, reason: reason.to_owned() }
}

impl From<Error> for crate::http::Refusal {
    fn from(error: Error) -> Self {
        Self::temporarily_unavailable(error.to_string())
    }
}
