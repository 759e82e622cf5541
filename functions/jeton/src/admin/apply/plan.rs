//! The plan: what applying the files changes.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use serde_json::{Map, Value, json};
use strum::Display;

use crate::admin::{configuration::Kind, connection::Admin, error::Error};

/// What happens to one declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Action {
    Create,
    Update,
    Delete,
}

/// The old and the new value of a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Values {
    old: Value,
    new: Value,
}

/// One change to the deployment.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Change {
    pub(super) action: Action,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Empty unless the action is an update.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fields: BTreeMap<String, Values>,
}

impl Change {
    pub(super) fn new(action: Action, kind: Kind, name: &impl ToString) -> Self {
        Self { action, kind, name: name.to_string(), fields: BTreeMap::new() }
    }

    /// Returns the update from `old` to `new`, two JSON objects, with the fields that differ.
    pub(super) fn update(kind: Kind, name: &impl ToString, old: Value, new: Value) -> Self {
        let (old, mut new) = (members(old), members(new));
        let differs = |(field, old): (String, Value)| {
            let new = new.remove(&field).unwrap_or_default();
            (old != new).then_some((field, Values { old, new }))
        };
        let mut fields: BTreeMap<_, _> = old.into_iter().filter_map(differs).collect();
        fields.extend(new.into_iter().map(|(field, new)| (field, Values { old: Value::Null, new })));
        Self { fields, ..Self::new(Action::Update, kind, name) }
    }

    fn text(&self) -> String {
        let mut text = format!("{} {:<8} {}", self.action, self.kind.to_string(), self.name);
        for (field, Values { old, new }) in &self.fields {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n         {field}: {old} -> {new}");
        }
        text
    }
}

fn members(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

/// The result of comparing the files with the deployment.
#[derive(Debug, Default, Serialize)]
pub(super) struct Plan {
    /// The changes, in the order in which they are made.
    pub(super) changes: Vec<Change>,
    /// The number of declarations that are in the deployment already.
    pub(super) unchanged: usize,
    /// What `--prune` would delete.
    pub(super) only_with_prune: Vec<Change>,
    /// What is probably a mistake in the files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

impl Plan {
    /// Adds the comparison of one declaration. `None`: no change.
    pub(super) fn add(&mut self, change: Option<Change>) {
        match change {
            Some(change) => self.changes.push(change),
            None => self.unchanged += 1,
        }
    }

    pub(super) fn print(&self, admin: &Admin) -> Result<(), Error> {
        admin.print(&json!(self), &self.text())
    }

    fn text(&self) -> String {
        let count = |action| self.changes.iter().filter(|change| change.action == action).count();
        let mut lines: Vec<_> = self.changes.iter().map(Change::text).collect();
        lines.push(format!(
            "{} to create, {} to update, {} to delete, {} unchanged.",
            count(Action::Create),
            count(Action::Update),
            count(Action::Delete),
            self.unchanged
        ));
        if !self.only_with_prune.is_empty() {
            lines.push("Not in the files; --prune would delete them:".to_owned());
            lines.extend(
                self.only_with_prune.iter().map(|change| format!("  {} {}", change.kind, change.name)),
            );
        }
        lines.extend(self.warnings.iter().map(|warning| format!("Warning: {warning}")));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_has_the_fields_that_differ() {
        let update = Change::update(
            Kind::Scope,
            &"read",
            json!({ "en": "See", "fr": "Voir", "de": "Sehen" }),
            json!({ "en": "See", "fr": "Lire", "es": "Ver" }),
        );
        let values = |old, new| Values { old, new };
        let expected = [
            ("de".to_owned(), values(json!("Sehen"), Value::Null)),
            ("es".to_owned(), values(Value::Null, json!("Ver"))),
            ("fr".to_owned(), values(json!("Voir"), json!("Lire"))),
        ];
        assert_eq!(update.fields, BTreeMap::from(expected));
    }
}
