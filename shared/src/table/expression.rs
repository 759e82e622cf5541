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

    /// Changes what differs between `old` and `new`, if the item is still `kept`. `old` is what this version knows of
    /// `kept`; what it does not know stays, also within maps.
    pub fn exchange(kept: &Item, old: &Item, new: &Item) -> Self {
        let mut conditions = Vec::new();
        let mut values = HashMap::new();
        let names: BTreeSet<&String> = kept.keys().chain(new.keys()).filter(|name| *name != KEY).collect();
        for name in names {
            match kept.get(name) {
                Some(value) => {
                    conditions.push(format!("#{name} = :old_{name}"));
                    values.insert(format!(":old_{name}"), value.clone());
                }
                None => conditions.push(format!("attribute_not_exists(#{name})")),
            }
        }
        let mut difference = Difference { set: Vec::new(), removed: Vec::new(), values };
        difference.between("", kept, old, new);
        let clause =
            |word, parts: &[String]| (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")));
        let clauses = [clause("SET", &difference.set), clause("REMOVE", &difference.removed)];
        let change: Vec<_> = clauses.into_iter().flatten().collect();
        Self { values: difference.values, ..Self::when(&conditions.join(" AND "), &change.join(" ")) }
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

/// What a change sets and removes, and the values that it mentions.
struct Difference {
    set: Vec<String>,
    removed: Vec<String>,
    values: HashMap<String, AttributeValue>,
}

impl Difference {
    /// Adds what differs between `old` and `new`, which are at `path` in the item; `kept` is what is really there.
    fn between(&mut self, path: &str, kept: &Item, old: &Item, new: &Item) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            match (kept.get(name), old.get(name), new.get(name)) {
                (
                    Some(AttributeValue::M(kept)),
                    Some(AttributeValue::M(old)),
                    Some(AttributeValue::M(new)),
                ) => {
                    self.between(&format!("{path}#{name}."), kept, old, new);
                }
                (_, _, Some(value)) => {
                    let placeholder = format!(":new{}", self.set.len());
                    self.set.push(format!("{path}#{name} = {placeholder}"));
                    self.values.insert(placeholder, value.clone());
                }
                (_, _, None) => self.removed.push(format!("{path}#{name}")),
            }
        }
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
    fn an_exchange_leaves_alone_what_it_does_not_know() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = |pairs: &[(&str, AttributeValue)]| -> Item {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let map = |pairs: &[(&str, AttributeValue)]| AttributeValue::M(item(pairs));
        let old = [("name", text("x")), ("gone", text("1")), ("map", map(&[("a", text("1"))]))];
        let kept = [
            old.as_slice(),
            &[("later", text("!")), ("map", map(&[("a", text("1")), ("later", text("!"))]))],
        ];
        let new = item(&[("name", text("y")), ("map", map(&[("a", text("2")), ("b", text("3"))]))]);
        let update = Update::exchange(&item(&kept.concat()), &item(&old), &new);
        assert_eq!(update.change(), "SET #map.#a = :new0, #map.#b = :new1, #name = :new2 REMOVE #gone");
        assert_eq!(
            update.condition(),
            "attribute_exists(#pk) AND #gone = :old_gone AND #later = :old_later AND #map = :old_map AND #name = :old_name"
        );
    }

    #[test]
    fn every_update_requires_that_its_item_exists_or_says_that_it_makes_one() {
        assert_eq!(Update::when("#c = :c", "SET #x = :x").condition(), "attribute_exists(#pk) AND #c = :c");
        assert_eq!(Update::always("SET #x = :x").condition(), "attribute_exists(#pk)");
        let counting = Update::or_create("#n < :most", "ADD #n :one");
        assert_eq!(counting.condition(), "attribute_not_exists(#pk) OR #n < :most");
    }
}
