//! Reads of many items at once, for lists, cleaning up and administration. No decision depends on them.

use std::{collections::BTreeSet, iter};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Error, Item, KEY, Stored, Table, attribute_of, text, unavailable};

impl Table {
    /// Returns every item, in no particular order. It scans the table: for administration only.
    pub async fn all(&self) -> Result<Vec<Item>, Error> {
        let mut all = Vec::new();
        self.for_each(|item| {
            all.push(item);
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// Passes every item to `visit`, in no particular order, page by page: the table may be larger than the memory. It scans
    /// the table: for administration only.
    pub async fn for_each(&self, mut visit: impl FnMut(Item) -> Result<(), Error>) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "administration only")]
        let request = self.client.scan();
        let request = request.table_name(&self.name).consistent_read(true);
        let mut items = request.into_paginator().items().send();
        while let Some(item) = items.next().await {
            visit(item.map_err(|error| unavailable("Scan", &error))?)?;
        }
        Ok(())
    }

    /// Reads one item at most by a scan, to find out whether the caller may scan the table: for administration only.
    pub async fn check_scan(&self) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "administration only")]
        let request = self.client.scan();
        let request = request.table_name(&self.name).limit(1);
        request.send().await.map(drop).map_err(|error| unavailable("Scan", &error))
    }

    /// Returns one page of the items of this kind, in no particular order, and the position of the next page. `after` is
    /// the position of this one; `None`: the first. It scans the table: for administration only.
    pub async fn page(&self, kind: &str, after: Option<Item>) -> Result<(Vec<Item>, Option<Item>), Error> {
        #[expect(clippy::disallowed_methods, reason = "administration only")]
        let request = self.client.scan();
        let request = request
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("begins_with(#pk, :prefix)")
            .expression_attribute_names("#pk", KEY)
            .expression_attribute_values(":prefix", text(&format!("{kind}#")))
            .set_exclusive_start_key(after);
        let page = request.send().await.map_err(|error| unavailable("Scan", &error))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    /// Returns the items one of whose `attributes` is `value`, and those whose key begins with `prefix`. It scans the
    /// table: for administration only.
    pub async fn all_with(
        &self,
        attributes: &BTreeSet<&'static str>,
        value: &impl Serialize,
        prefix: &str,
    ) -> Result<Vec<Item>, Error> {
        let value: AttributeValue = serde_dynamo::to_attribute_value(value)?;
        let is_value = attributes.iter().map(|attribute| format!(" OR #{attribute} = :value"));
        let filter: String = iter::once("begins_with(#pk, :prefix)".to_owned()).chain(is_value).collect();
        #[expect(clippy::disallowed_methods, reason = "administration only")]
        let mut request = self.client.scan();
        for attribute in attributes {
            request = request.expression_attribute_names(format!("#{attribute}"), *attribute);
        }
        let request = request
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression(filter)
            .expression_attribute_names("#pk", KEY)
            .expression_attribute_values(":prefix", text(prefix))
            .expression_attribute_values(":value", value);
        let items = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        items.map_err(|error| unavailable("Scan", &error))
    }

    /// Returns one page of the keys that begin with `prefix`, of items whose `field` is one of `values`: 1 to 100. `after` is
    /// the position of the page; `None`: the first. It scans the table: for administration only.
    pub async fn page_with<T: Stored>(
        &self,
        prefix: &str,
        field: &str,
        values: &[impl Serialize],
        after: Option<Item>,
    ) -> Result<Keys, Error> {
        let names: Vec<_> = (0..values.len()).map(|nth| format!(":value{nth}")).collect();
        #[expect(clippy::disallowed_methods, reason = "administration only")]
        let mut request = self.client.scan();
        for (name, value) in names.iter().zip(values) {
            request = request.expression_attribute_values(name, serde_dynamo::to_attribute_value(value)?);
        }
        let request = request
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression(format!("#value IN ({}) AND begins_with(#pk, :prefix)", names.join(", ")))
            .projection_expression("#pk")
            .expression_attribute_names("#pk", KEY)
            .expression_attribute_names("#value", attribute_of::<T>(field)?)
            .expression_attribute_values(":prefix", text(prefix))
            .set_exclusive_start_key(after);
        let page = request.send().await.map_err(|error| unavailable("Scan", &error))?;
        Ok(Keys::of(page.items, page.scanned_count, page.last_evaluated_key))
    }

    /// Returns one page of the keys in `index` under `value` that begin with `prefix`. `after` is the position of the page;
    /// `None`: the first. An index lags a moment behind its table.
    pub async fn page_indexed(
        &self,
        prefix: &str,
        index: Index,
        value: &impl Serialize,
        after: Option<Item>,
    ) -> Result<Keys, Error> {
        let value: AttributeValue = serde_dynamo::to_attribute_value(value)?;
        #[expect(clippy::disallowed_methods, reason = "for lists and cleaning up: no decision depends on it")]
        let request = self.client.query();
        let request = request
            .table_name(&self.name)
            .index_name(index.name)
            .key_condition_expression("#value = :value AND begins_with(#pk, :prefix)")
            .expression_attribute_names("#pk", KEY)
            .expression_attribute_names("#value", index.attribute)
            .expression_attribute_values(":prefix", text(prefix))
            .expression_attribute_values(":value", value)
            .set_exclusive_start_key(after);
        let page = request.send().await.map_err(|error| unavailable("Query", &error))?;
        Ok(Keys::of(page.items, page.scanned_count, page.last_evaluated_key))
    }

    /// Returns all keys in `index` under `value` that begin with `prefix`.
    pub async fn keys_indexed(
        &self,
        prefix: &str,
        index: Index,
        value: &impl Serialize,
    ) -> Result<Vec<String>, Error> {
        let mut page = self.page_indexed(prefix, index, value, None).await?;
        let mut all = page.keys;
        while let Some(after) = page.next {
            page = self.page_indexed(prefix, index, value, Some(after)).await?;
            all.append(&mut page.keys);
        }
        Ok(all)
    }
}

/// One page of keys.
#[derive(Debug)]
pub struct Keys {
    pub keys: Vec<String>,
    /// The number of items that DynamoDB read to find them.
    pub read: u64,
    /// The position of the next page. `None`: this is the last.
    pub next: Option<Item>,
}

impl Keys {
    /// Returns the keys of a page of `items`, to find which DynamoDB read `scanned` items.
    fn of(items: Option<Vec<Item>>, scanned: i32, next: Option<Item>) -> Self {
        let key = |mut item: Item| match item.remove(KEY)? {
            AttributeValue::S(key) => Some(key),
            _ => None,
        };
        let keys = items.into_iter().flatten().filter_map(key).collect();
        Self { keys, read: u64::try_from(scanned).unwrap_or_default(), next }
    }
}

/// An index, sorted by the table's key.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    pub name: &'static str,
    /// The hash key.
    pub attribute: &'static str,
}
