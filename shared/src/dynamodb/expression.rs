//! Update and condition expressions in DynamoDB's own language.
//!
//! A field is written `#name`, a field of a Map `#name.#field`, and a value `:name`. The names are those of the
//! [`Stored`] type's fields; here they become those of the attributes. Every attribute is aliased, so no reserved word
//! can be hit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Error, Field, Item, KEY, Stored};

/// A change to one item, its condition, and the values of both.
#[derive(Debug)]
pub struct Update {
    change: String,
    condition: String,
    values: HashMap<String, AttributeValue>,
    /// A name in the expressions that no field has: such an update is never sent.
    unknown: Option<String>,
}

impl Update {
    /// Makes `change` to an item of `T` if the item exists and `condition` holds. Without the check for existence,
    /// `UpdateItem` would create an incomplete item.
    pub fn when<T: Stored>(condition: &str, change: &str) -> Self {
        Self::of::<T>(&format!("attribute_exists(#{KEY}) AND "), condition, change)
    }

    /// Makes `change` if `condition` holds, or creates the item with it if the item does not exist.
    pub fn or_create<T: Stored>(condition: &str, change: &str) -> Self {
        Self::of::<T>(&format!("attribute_not_exists(#{KEY}) OR "), condition, change)
    }

    /// Makes `change` if the item exists.
    pub fn always<T: Stored>(change: &str) -> Self {
        Self::of::<T>(&format!("attribute_exists(#{KEY})"), "", change)
    }

    fn of<T: Stored>(existence: &str, condition: &str, change: &str) -> Self {
        let mut unknown = None;
        let condition = format!("{existence}{}", in_attributes(condition, T::FIELDS, &mut unknown));
        let change = in_attributes(change, T::FIELDS, &mut unknown);
        Self { change, condition, values: HashMap::new(), unknown }
    }

    /// Checks that every name in the expressions is that of a field.
    pub(super) fn checked(mut self) -> Result<Self, Error> {
        self.unknown.take().map_or(Ok(self), |name| Err(Error::UnknownField(name)))
    }

    /// Changes what differs between `old` and `new`, if the item is still `stored`. `old` has the attributes of `stored`
    /// that this version knows; the others stay, also within maps.
    pub fn exchange(stored: &Item, old: &Item, new: &Item) -> Self {
        let (unchanged, values) = unchanged(stored);
        let added: BTreeSet<_> = new.keys().filter(|name| !stored.contains_key(*name)).collect();
        let absent = added.into_iter().map(|name| format!("attribute_not_exists(#{name})"));
        let conditions: Vec<_> = [unchanged].into_iter().chain(absent).collect();
        let mut difference = Difference { set: Vec::new(), removed: Vec::new(), values };
        difference.between("", stored, old, new);
        let clause =
            |word, parts: &[String]| (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")));
        let clauses = [clause("SET", &difference.set), clause("REMOVE", &difference.removed)];
        let change: Vec<_> = clauses.into_iter().flatten().collect();
        let (condition, change) = (conditions.join(" AND "), change.join(" "));
        Self { change, condition, values: difference.values, unknown: None }
    }

    /// Sets the value of `:name`.
    pub fn value(mut self, name: &str, value: &impl Serialize) -> Result<Self, Error> {
        self.values.insert(format!(":{name}"), serde_dynamo::to_attribute_value(value)?);
        Ok(self)
    }

    /// Sets the value of `:name` to a String Set.
    #[must_use]
    pub fn strings<'a>(mut self, name: &str, members: impl IntoIterator<Item = &'a str>) -> Self {
        let members = members.into_iter().map(str::to_owned).collect();
        self.values.insert(format!(":{name}"), AttributeValue::Ss(members));
        self
    }

    /// Sets the value of `:name` to a List of Maps.
    #[must_use]
    pub fn maps(mut self, name: &str, maps: Vec<Item>) -> Self {
        let maps = maps.into_iter().map(AttributeValue::M).collect();
        self.values.insert(format!(":{name}"), AttributeValue::L(maps));
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
        // DynamoDB refuses an empty map.
        Some(self.values).filter(|values| !values.is_empty())
    }
}

/// Returns the condition that an item is still `stored`, in attributes, with its values.
pub(super) fn unchanged(stored: &Item) -> (String, HashMap<String, AttributeValue>) {
    let mut conditions = vec![format!("attribute_exists(#{KEY})")];
    let mut values = HashMap::new();
    let sorted: BTreeMap<_, _> = stored.iter().filter(|(name, _)| *name != KEY).collect();
    for (name, value) in sorted {
        conditions.push(format!("#{name} = :old_{name}"));
        values.insert(format!(":old_{name}"), value.clone());
    }
    (conditions.join(" AND "), values)
}

/// The clauses of a change, and their values.
struct Difference {
    set: Vec<String>,
    removed: Vec<String>,
    values: HashMap<String, AttributeValue>,
}

impl Difference {
    /// Adds what differs between `old` and `new`, the known parts of the map `stored` at `path` in the item.
    fn between(&mut self, path: &str, stored: &Item, old: &Item, new: &Item) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            match (stored.get(name), old.get(name), new.get(name)) {
                (
                    Some(AttributeValue::M(stored)),
                    Some(AttributeValue::M(old)),
                    Some(AttributeValue::M(new)),
                ) => {
                    self.between(&format!("{path}#{name}."), stored, old, new);
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

/// Replaces the names of `fields` in `expression` by those of their attributes.
fn in_attributes(expression: &str, fields: &'static [Field], unknown: &mut Option<String>) -> String {
    let mut parts = expression.split('#');
    let mut translated = parts.next().unwrap_or_default().to_owned();
    let mut within = fields;
    for part in parts {
        let rest = part.trim_start_matches(is_in_a_name);
        let name = part.strip_suffix(rest).unwrap_or_default();
        // A name after `.` is of the Map before it.
        let among = if translated.ends_with('.') { within } else { fields };
        let field = among.iter().find(|field| field.name == name);
        if field.is_none() && !among.is_empty() {
            unknown.get_or_insert_with(|| name.to_owned());
        }
        within = field.map_or(&[], |field| field.within);
        translated.extend(["#", field.map_or(name, |field| field.attribute), rest]);
    }
    translated
}

/// Returns every `#name` in `expression`, with its attribute.
pub(super) fn aliases(expression: &str) -> impl Iterator<Item = (String, String)> {
    expression.split('#').skip(1).map(|rest| {
        let name: String = rest.chars().take_while(|c| is_in_a_name(*c)).collect();
        (format!("#{name}"), name)
    })
}

fn is_in_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::stored;

    stored! {
        struct Outer {
            key: String = "pk",
            state: String = "st",
            token: Inner = "t" { Inner },
            texts: HashMap<String, String> = "texts",
        }
    }

    stored! {
        struct Inner {
            digest: String = "d",
            state: String = "s",
        }
    }

    #[test]
    fn a_field_becomes_its_attribute_and_every_attribute_is_aliased() {
        let update = Update::when::<Outer>(
            "#token.#digest = :digest AND #state = :old",
            "SET #token.#state = :new, #texts.#en = :text REMOVE #state",
        );
        assert_eq!(update.condition(), "attribute_exists(#pk) AND #t.#d = :digest AND #st = :old");
        assert_eq!(update.change(), "SET #t.#s = :new, #texts.#en = :text REMOVE #st");
        let mut names: Vec<_> = update.names().into_iter().collect();
        names.sort();
        let expected = ["d", "en", "pk", "s", "st", "t", "texts"];
        assert_eq!(names, expected.map(|name| (format!("#{name}"), name.to_owned())));
        assert!(update.checked().is_ok());
    }

    #[test]
    fn a_name_that_no_field_has_is_refused() {
        for wrong in ["SET #st = :x", "SET #digest = :x", "SET #token.#d = :x", "REMOVE #token.#texts"] {
            let refused = Update::always::<Outer>(wrong).checked();
            assert!(matches!(refused, Err(Error::UnknownField(_))), "{wrong}");
        }
    }

    #[test]
    fn an_exchange_leaves_unknown_attributes_as_they_are() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = |pairs: &[(&str, AttributeValue)]| -> Item {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let map = |pairs: &[(&str, AttributeValue)]| AttributeValue::M(item(pairs));
        let old = [("name", text("x")), ("gone", text("1")), ("map", map(&[("a", text("1"))]))];
        let stored = [
            old.as_slice(),
            &[("later", text("!")), ("map", map(&[("a", text("1")), ("later", text("!"))]))],
        ];
        let new = item(&[("name", text("y")), ("map", map(&[("a", text("2")), ("b", text("3"))]))]);
        let update = Update::exchange(&item(&stored.concat()), &item(&old), &new);
        assert_eq!(update.change(), "SET #map.#a = :new0, #map.#b = :new1, #name = :new2 REMOVE #gone");
        assert_eq!(
            update.condition(),
            "attribute_exists(#pk) AND #gone = :old_gone AND #later = :old_later AND #map = :old_map AND #name = :old_name"
        );
    }

    #[test]
    fn every_update_requires_an_existing_item_or_is_declared_to_create_one() {
        assert_eq!(
            Update::when::<Item>("#c = :c", "SET #x = :x").condition(),
            "attribute_exists(#pk) AND #c = :c"
        );
        assert_eq!(Update::always::<Item>("SET #x = :x").condition(), "attribute_exists(#pk)");
        let counting = Update::or_create::<Item>("#n < :most", "ADD #n :one");
        assert_eq!(counting.condition(), "attribute_not_exists(#pk) OR #n < :most");
    }
}
