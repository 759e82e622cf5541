//! What scope values mean, in words for people: configuration, which administrators write and the consent page reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    language::Language,
    line,
    scope::{IllFormed, Scope},
    table::{self, Table, Update, Written},
};

/// The `scope#…` item: what one scope value means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// `scope#` and the value.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The scope value.
    pub value: String,
    /// What it means, by the language's tag. A Map.
    texts: BTreeMap<String, String>,
}

/// Why a value cannot be described like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDescribable {
    /// The value is none, or more than one.
    #[error("a scope value is one to 128 printable ASCII characters without spaces, quotes or backslashes")]
    Value,
    /// The text is empty, too long or not one line.
    #[error("a description is one line of 1 to 200 characters")]
    Text,
}

impl From<IllFormed> for NotDescribable {
    fn from(_: IllFormed) -> Self {
        Self::Value
    }
}

impl Description {
    /// The most characters in a text.
    pub const MOST_CHARACTERS: usize = 200;

    /// The key of what `value` means.
    pub fn key(value: &str) -> String {
        format!("scope#{value}")
    }

    /// `value` means `text` in `language`.
    pub fn new(value: &str, language: Language, text: &str) -> Result<Self, NotDescribable> {
        Scope::of([value])?;
        if value.len() > Scope::MOST_VALUE_BYTES {
            return Err(NotDescribable::Value);
        }
        if !line::reads_as_it_is(text, Self::MOST_CHARACTERS) {
            return Err(NotDescribable::Text);
        }
        let texts = BTreeMap::from([(language.tag().to_owned(), text.to_owned())]);
        Ok(Self { key: Self::key(value), version: 1, value: value.to_owned(), texts })
    }

    /// What it means in `language`; or else in another, which says more than the value alone.
    pub fn text(&self, language: Language) -> Option<&str> {
        self.texts.get(language.tag()).or_else(|| self.texts.values().next()).map(String::as_str)
    }

    /// What it means in each language, with the language's tag.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(tag, text)| (tag.as_str(), text.as_str()))
    }
}

/// Writes descriptions, for administration.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    /// Descriptions in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// The table the descriptions are in.
    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// Keeps `description`, beside what the value means in other languages. One write decides, whoever else describes
    /// the same value.
    pub async fn describe(&self, description: &Description) -> Result<(), table::Error> {
        if self.0.insert(description).await?.is_none() {
            return Ok(());
        }
        for (tag, text) in description.texts() {
            let update = Update::always(&format!("SET #texts.#{tag} = :text")).value("text", &text)?;
            match self.0.update::<Description>(&description.key, update).await? {
                Written::Done(_) => {}
                Written::Refused(_) => {
                    let reason = String::from("somebody else removed it at the same time");
                    return Err(table::Error::Unavailable { operation: "UpdateItem", reason });
                }
            }
        }
        Ok(())
    }

    /// Every description, by its value. It goes through the whole table: for administration.
    pub async fn list(&self) -> Result<Vec<Description>, table::Error> {
        let items = self.0.all().await?.into_iter().filter(|item| table::kind(item) == Some("scope"));
        let all: Result<Vec<Option<Description>>, _> = items.map(|item| table::read(Some(item))).collect();
        let mut all: Vec<_> = all?.into_iter().flatten().collect();
        all.sort_by(|one, other| one.value.cmp(&other.value));
        Ok(all)
    }

    /// Forgets what `value` means, in every language. Whether it was known.
    pub async fn forget(&self, value: &str) -> Result<bool, table::Error> {
        Ok(match table::delete_all(&self.0, [Description::key(value)]).await? {
            Written::Done(()) => true,
            Written::Refused(_) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line_about_one_value() {
        for (value, text, expected) in [
            ("read", "See your photos", Ok(())),
            ("https://api.example.com/read#x", "é", Ok(())),
            ("read write", "Both", Err(NotDescribable::Value)),
            ("", "Nothing", Err(NotDescribable::Value)),
            (&"v".repeat(129), "Long", Err(NotDescribable::Value)),
            ("read", "", Err(NotDescribable::Text)),
            ("read", "two\nlines", Err(NotDescribable::Text)),
            ("read", &"x".repeat(201), Err(NotDescribable::Text)),
        ] {
            assert_eq!(
                Description::new(value, Language::English, text).map(drop),
                expected,
                "{value} {text}"
            );
        }
    }

    #[test]
    fn a_text_in_another_language_says_more_than_none() {
        let french = Description::new("read", Language::French, "Voir vos photos").unwrap();
        assert_eq!(french.text(Language::English), Some("Voir vos photos"));
    }
}
