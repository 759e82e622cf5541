//! One table: consistent reads and conditional writes.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Item, KEY, Outage, Outcome, Transaction, Update, text, unavailable};

/// The most items of one [`get_all`].
pub const MOST_AT_ONCE: usize = 100;

/// The number of requests of one batch read, each for the keys that DynamoDB left unprocessed.
const BATCH_ATTEMPTS: usize = 4;

#[derive(Clone, Debug)]
pub struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

impl Table {
    pub fn new(client: &Client, name: &str) -> Self {
        Self { client: client.clone(), name: name.to_owned() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the connection, for creating tables.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the item with this key, by a consistent read.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        #[expect(clippy::disallowed_methods, reason = "this is the consistent read")]
        let request = self.client.get_item();
        let request = request.table_name(&self.name).key(KEY, text(key)).consistent_read(true);
        let response = request.send().await.map_err(|error| unavailable("GetItem", &error))?;
        Ok(response.item.map(serde_dynamo::from_item).transpose()?)
    }

    /// Inserts `item`; if there is an item with its key, returns that one instead.
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
                // Without the existing item in the response, the failure cannot be told from an outage.
                Some(PutItemError::ConditionalCheckFailedException(failed)) if failed.item.is_some() => {
                    Ok(failed.item.clone().map(serde_dynamo::from_item).transpose()?)
                }
                _ => Err(unavailable("PutItem", &error)),
            },
        }
    }

    /// Writes `item`, and replaces any item with its key: for items that no two writers race for.
    pub async fn put(&self, item: &impl Serialize) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "an unconditional write, as documented")]
        let request = self.client.put_item();
        let request = request.table_name(&self.name).set_item(Some(serde_dynamo::to_item(item)?));
        request.send().await.map(drop).map_err(|error| unavailable("PutItem", &error))
    }

    /// Updates the item with this key, and returns it as it is then.
    pub async fn update<T: DeserializeOwned>(&self, key: &str, update: Update) -> Result<Outcome<T>, Error> {
        Ok(match self.send(key, update, ReturnValue::AllNew).await? {
            Outcome::Applied(item) => Outcome::Applied(serde_dynamo::from_item(item)?),
            Outcome::ConditionFailed(there) => Outcome::ConditionFailed(there),
        })
    }

    /// Updates the item like [`Table::update`], but does not return it: for functions whose policy limits the attributes
    /// that they may write (`dynamodb:Attributes`).
    pub async fn change<T: DeserializeOwned>(
        &self,
        key: &str,
        update: Update,
    ) -> Result<Outcome<(), T>, Error> {
        Ok(match self.send(key, update, ReturnValue::None).await? {
            Outcome::Applied(_) => Outcome::Applied(()),
            Outcome::ConditionFailed(there) => Outcome::ConditionFailed(there),
        })
    }

    async fn send<T: DeserializeOwned>(
        &self,
        key: &str,
        update: Update,
        returned: ReturnValue,
    ) -> Result<Outcome<Item, T>, Error> {
        let update = update.checked()?;
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
            Ok(response) => Ok(Outcome::Applied(response.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let item = failed.item.clone().filter(|item| !item.is_empty());
                    Ok(Outcome::ConditionFailed(item.map(serde_dynamo::from_item).transpose()?))
                }
                _ => Err(unavailable("UpdateItem", &error)),
            },
        }
    }
}

/// Returns the items with these keys, of several tables, by one consistent read: in the order of `wanted`, with `None`
/// where there is no item.
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
        let response = request.send().await.map_err(|error| unavailable("BatchGetItem", &error))?;
        for (table, items) in response.responses.unwrap_or_default() {
            for item in items {
                if let Some(AttributeValue::S(key)) = item.get(KEY) {
                    found.insert((table.clone(), key.clone()), item);
                }
            }
        }
        left = response.unprocessed_keys.unwrap_or_default();
        if left.is_empty() {
            return Ok(wanted
                .iter()
                .map(|(table, key)| found.get(&(table.name.clone(), key.clone())).cloned())
                .collect());
        }
    }
    Err(Error::Unavailable { operation: "BatchGetItem", outage: Outage::LeftOver })
}

/// Inserts all of `items`, or none if one exists. For administration.
pub async fn insert_all(table: &Table, items: impl IntoIterator<Item = Item>) -> Result<Outcome<()>, Error> {
    let insert = |all: Transaction, item| all.insert(item);
    items.into_iter().try_fold(Transaction::on(table), insert)?.commit().await
}

/// Deletes all items with these keys, or none if one is missing. For administration, of items that do not expire.
pub async fn delete_all(table: &Table, keys: impl IntoIterator<Item = String>) -> Result<Outcome<()>, Error> {
    let delete = |all: Transaction, key: String| all.delete(&key);
    keys.into_iter().try_fold(Transaction::on(table), delete)?.commit().await
}

fn consistently(keys: Vec<Item>) -> KeysAndAttributes {
    let builder = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys));
    #[expect(clippy::expect_used, reason = "keys are set, which is all that the builder requires")]
    builder.build().expect("keys are set")
}
