//! Update and condition expressions in DynamoDB's own language.
//!
//! An attribute is written `#name` and a value `:name`. The map from `#name` to the attribute is made from the
//! expression itself, so every attribute is aliased and no reserved word can ever be hit.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Error, Item, KEY};

/// A change to one item, the condition under which it is made, and the values that both mention.
#[derive(Debug)]
pub struct Update {
    change: String,
    condition: String,
    values: HashMap<String, AttributeValue>,
}

impl Update {
    /// `change` is made if the item exists and `condition` holds: IAM's `UpdateItem` can create items, and an
    /// update that does would leave a stub.
    pub fn when(condition: &str, change: &str) -> Self {
        let condition = format!("attribute_exists(#{KEY}) AND {condition}");
        Self { change: change.to_owned(), condition, values: HashMap::new() }
    }

    /// `change` is made if `condition` holds, or makes the item if there is none: for what begins with its first change.
    pub fn or_create(condition: &str, change: &str) -> Self {
        let condition = format!("attribute_not_exists(#{KEY}) OR {condition}");
        Self { change: change.to_owned(), condition, values: HashMap::new() }
    }

    /// `change` is made if the item exists.
    pub fn always(change: &str) -> Self {
        Self {
            change: change.to_owned(),
            condition: format!("attribute_exists(#{KEY})"),
            values: HashMap::new(),
        }
    }

    /// `new` takes the place of `old`, if the item is still that, attribute by attribute.
    pub fn exchange(old: &Item, new: &Item) -> Self {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|name| *name != KEY).collect();
        let (mut conditions, mut set, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        let mut values = HashMap::new();
        for name in names {
            match old.get(name) {
                Some(value) => {
                    conditions.push(format!("#{name} = :old_{name}"));
                    values.insert(format!(":old_{name}"), value.clone());
                }
                None => conditions.push(format!("attribute_not_exists(#{name})")),
            }
            match new.get(name) {
                Some(value) if old.get(name) == Some(value) => {}
                Some(value) => {
                    set.push(format!("#{name} = :new_{name}"));
                    values.insert(format!(":new_{name}"), value.clone());
                }
                None => removed.push(format!("#{name}")),
            }
        }
        let clause =
            |word, parts: Vec<String>| (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")));
        let change: Vec<_> = [clause("SET", set), clause("REMOVE", removed)].into_iter().flatten().collect();
        Self { values, ..Self::when(&conditions.join(" AND "), &change.join(" ")) }
    }

    /// Gives `:name` its value.
    pub fn value(mut self, name: &str, value: &impl Serialize) -> Result<Self, Error> {
        self.values.insert(format!(":{name}"), serde_dynamo::to_attribute_value(value)?);
        Ok(self)
    }

    /// Gives `:name` a String Set.
    #[must_use]
    pub fn strings<'a>(mut self, name: &str, members: impl IntoIterator<Item = &'a str>) -> Self {
        let members = members.into_iter().map(str::to_owned).collect();
        self.values.insert(format!(":{name}"), AttributeValue::Ss(members));
        self
    }

    pub(super) fn change(&self) -> &str {
        &self.change
    }

    pub(super) fn condition(&self) -> &str {
        &self.condition
    }

    pub(super) fn names(&self) -> HashMap<String, String> {
        aliases(&self.change).chain(aliases(&self.condition)).collect()
    }

    pub(super) fn into_values(self) -> Option<HashMap<String, AttributeValue>> {
        // An empty map is refused by DynamoDB; none is fine.
        Some(self.values).filter(|values| !values.is_empty())
    }
}

/// Every `#name` in `expression`, with the attribute it stands for.
fn aliases(expression: &str) -> impl Iterator<Item = (String, String)> {
    expression.split('#').skip(1).map(|rest| {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (format!("#{name}"), name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_is_aliased_to_itself() {
        let update = Update::when("#a.#d = :digest", "SET #st = :ended REMOVE #a, #pa");
        let mut names: Vec<_> = update.names().into_iter().collect();
        names.sort();
        let expected = ["a", "d", "pa", "pk", "st"].map(|name| (format!("#{name}"), name.to_owned()));
        assert_eq!(names, expected);
    }

    #[test]
    fn every_update_requires_that_its_item_exists_or_says_that_it_makes_one() {
        assert_eq!(Update::when("#c = :c", "SET #x = :x").condition(), "attribute_exists(#pk) AND #c = :c");
        assert_eq!(Update::always("SET #x = :x").condition(), "attribute_exists(#pk)");
        let counting = Update::or_create("#n < :most", "ADD #n :one");
        assert_eq!(counting.condition(), "attribute_not_exists(#pk) OR #n < :most");
    }
}
