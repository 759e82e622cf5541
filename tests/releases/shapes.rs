//! The kinds of items, their attributes, and the words of attributes that are enums.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::oauth::{AuthMethod, GrantType, Holder, Switches};
use strum::VariantArray as _;

use crate::docs::storage::{Attributes, has_other_names, stored_words};

/// The words of an attribute, by kind of item and attribute.
pub type Words = BTreeMap<(&'static str, &'static str), BTreeSet<String>>;

/// The attributes that are enums, or sets of them.
const ENUMS: [(&str, &str); 7] = [
    ("client", "auth_methods"),
    ("client", "compat"),
    ("client", "grant_types"),
    ("g", "e.w"),
    ("g", "k"),
    ("g", "st"),
    ("t", "k"),
];

#[derive(Debug, Default)]
pub struct Shapes {
    pub attributes: Attributes,
    pub words: Words,
}

impl Shapes {
    /// Adds those of an item in DynamoDB's JSON.
    pub fn add(&mut self, table: &str, item: &Value) {
        let kind = item["pk"]["S"].as_str().unwrap().split('#').next().unwrap();
        let attributes = self.attributes.entry((table.to_owned(), kind.to_owned())).or_default();
        for (name, value) in item.as_object().unwrap() {
            collect(name, value, attributes);
        }
        for (of, path) in ENUMS.into_iter().filter(|(of, _)| *of == kind) {
            let value = path
                .split('.')
                .fold(item, |map, name| if map["M"].is_object() { &map["M"][name] } else { &map[name] });
            let set = value["SS"].as_array().into_iter().flatten();
            let words = set.chain(value.get("S")).map(|word| word.as_str().unwrap().to_owned());
            self.words.entry((of, path)).or_default().extend(words);
        }
    }
}

/// Returns the words that the code writes.
pub fn words_of_the_code() -> Words {
    let words = |path: (&str, &str)| match path {
        ("client", "auth_methods") => AuthMethod::VARIANTS.iter().map(ToString::to_string).collect(),
        ("client", "compat") => {
            Switches::of(Holder::Client).iter().map(|switch| switch.to_string()).collect()
        }
        ("client", "grant_types") => GrantType::VARIANTS.iter().map(ToString::to_string).collect(),
        ("g", "e.w") => stored_words("item::EndReason"),
        ("g", "k") => stored_words("item::Kind"),
        ("g", "st") => stored_words("item::State"),
        _ => stored_words("presented::Kind"),
    };
    ENUMS.into_iter().map(|path| (path, words(path))).collect()
}

/// Collects the name of an attribute, or those of the attributes in it, as docs/storage.md writes them.
fn collect(name: &str, value: &Value, found: &mut BTreeSet<String>) {
    let (start, maps) = match (&value["M"], &value["L"]) {
        (map @ Value::Object(_), _) => (format!("{name}."), vec![map]),
        (_, Value::Array(list)) => {
            let maps = list.iter().map(|value| &value["M"]).filter(|map| map.is_object());
            (format!("{name}[]."), maps.collect())
        }
        _ => (String::new(), Vec::new()),
    };
    if maps.is_empty() || has_other_names(name) {
        found.insert(name.to_owned());
        return;
    }
    for (name, value) in maps.into_iter().filter_map(Value::as_object).flatten() {
        collect(&format!("{start}{name}"), value, found);
    }
}
