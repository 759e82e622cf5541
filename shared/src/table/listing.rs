//! Reads of many items at once: for lists, cleaning up and administration. No decision rests on one.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Error, Item, KEY, Table, text, unavailable};

impl Table {
    /// Every item, a page at a time, in no particular order. For administration: no request path goes through a table.
    pub async fn all(&self) -> Result<Vec<Item>, Error> {
        let (mut items, mut last) = (Vec::new(), None);
        loop {
            #[expect(clippy::disallowed_methods, reason = "administration only")]
            let request = self.client.scan();
            let request = request.table_name(&self.name).consistent_read(true).set_exclusive_start_key(last);
            let page = request.send().await.map_err(|error| unavailable("Scan", &error))?;
            items.extend(page.items.unwrap_or_default());
            last = page.last_evaluated_key;
            if last.is_none() {
                return Ok(items);
            }
        }
    }

    /// The keys that begin with `prefix`, of items whose `attribute` is `value`. It goes through the whole table: for
    /// administration.
    pub async fn keys_with(
        &self,
        prefix: &str,
        attribute: &str,
        value: &impl Serialize,
    ) -> Result<Vec<String>, Error> {
        let value = serde_dynamo::to_attribute_value(value)?;
        let (mut keys, mut last) = (Vec::new(), None);
        loop {
            #[expect(clippy::disallowed_methods, reason = "administration only")]
            let request = self.client.scan();
            let request = request
                .table_name(&self.name)
                .consistent_read(true)
                .filter_expression("#value = :value AND begins_with(#pk, :prefix)")
                .projection_expression("#pk")
                .expression_attribute_names("#pk", KEY)
                .expression_attribute_names("#value", attribute)
                .expression_attribute_values(":prefix", text(prefix))
                .expression_attribute_values(":value", AttributeValue::clone(&value))
                .set_exclusive_start_key(last);
            let page = request.send().await.map_err(|error| unavailable("Scan", &error))?;
            keys.extend(page.items.unwrap_or_default().iter().filter_map(key));
            last = page.last_evaluated_key;
            if last.is_none() {
                return Ok(keys);
            }
        }
    }

    /// The keys that begin with `prefix`, of items that `index` has under `value`: as they were a moment ago, for an
    /// index lags behind its table.
    pub async fn keys_indexed(
        &self,
        prefix: &str,
        index: Index,
        value: &impl Serialize,
    ) -> Result<Vec<String>, Error> {
        let value = serde_dynamo::to_attribute_value(value)?;
        let (mut keys, mut last) = (Vec::new(), None);
        loop {
            #[expect(clippy::disallowed_methods, reason = "for lists and cleaning up: it decides nothing")]
            let request = self.client.query();
            let request = request
                .table_name(&self.name)
                .index_name(index.name)
                .key_condition_expression("#value = :value AND begins_with(#pk, :prefix)")
                .expression_attribute_names("#pk", KEY)
                .expression_attribute_names("#value", index.attribute)
                .expression_attribute_values(":prefix", text(prefix))
                .expression_attribute_values(":value", AttributeValue::clone(&value))
                .set_exclusive_start_key(last);
            let page = request.send().await.map_err(|error| unavailable("Query", &error))?;
            keys.extend(page.items.unwrap_or_default().iter().filter_map(key));
            last = page.last_evaluated_key;
            if last.is_none() {
                return Ok(keys);
            }
        }
    }
}

/// An index, sorted by the table's own key.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// What it is called.
    pub name: &'static str,
    /// What it is keyed by.
    pub attribute: &'static str,
}

fn key(item: &Item) -> Option<String> {
    item.get(KEY)?.as_s().ok().cloned()
}
