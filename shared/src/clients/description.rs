//! Descriptions of scope values: administrators write them, and the consent page shows them to users.

use std::collections::BTreeMap;

use crate::{
    config::{Language, display_name},
    dynamodb::{self, Outcome, Table, Transaction, Update, stored},
    oauth::{InvalidScope, Scope},
};

stored! {
    /// The `scope#…` item: the description of a scope value.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Description {
        /// `scope#` and the value.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        pub value: String = "value",
        /// The text in each language, by the language's tag. A Map.
        texts: BTreeMap<String, String> = "texts",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescription {
    #[error("a scope value is one to 128 printable ASCII characters without spaces, quotes or backslashes")]
    Value,
    #[error("a description is one line of 1 to 200 characters")]
    Text,
}

impl From<InvalidScope> for InvalidDescription {
    fn from(_: InvalidScope) -> Self {
        Self::Value
    }
}

impl Description {
    /// The most characters in a text.
    pub const MOST_CHARACTERS: usize = 200;

    pub fn key(value: &str) -> String {
        format!("scope#{value}")
    }

    /// Describes `value` as `text` in `language`.
    pub fn new(value: &str, language: Language, text: &str) -> Result<Self, InvalidDescription> {
        Self::in_languages(value, [(language, text)])
    }

    /// Describes `value` in each of these languages: at least one.
    pub fn in_languages<'a>(
        value: &str,
        texts: impl IntoIterator<Item = (Language, &'a str)>,
    ) -> Result<Self, InvalidDescription> {
        Scope::of([value])?;
        if value.len() > Scope::MOST_VALUE_BYTES {
            return Err(InvalidDescription::Value);
        }
        let own = |(language, text): (Language, &str)| (language.tag().to_owned(), text.to_owned());
        let texts: BTreeMap<_, _> = texts.into_iter().map(own).collect();
        if texts.is_empty()
            || !texts.values().all(|text| display_name::is_plain_line(text, Self::MOST_CHARACTERS))
        {
            return Err(InvalidDescription::Text);
        }
        Ok(Self { key: Self::key(value), version: 1, value: value.to_owned(), texts })
    }

    /// Returns the description with the texts of `stored` in languages that only a later version knows.
    #[must_use]
    pub fn with_unknown_languages_of(mut self, stored: &Self) -> Self {
        let unknown = stored.texts.iter().filter(|(tag, _)| tag.parse::<Language>().is_err());
        self.texts.extend(unknown.map(|(tag, text)| (tag.clone(), text.clone())));
        self
    }

    /// Returns the text in `language`, else in the `default` of the deployment, else in any language: each says more
    /// than the value alone.
    pub fn text(&self, language: Language, default: Language) -> Option<&str> {
        let known = [language, default].into_iter().find_map(|language| self.texts.get(language.tag()));
        known.or_else(|| self.texts.values().next()).map(String::as_str)
    }

    /// Returns the text in each language, with the language's tag.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(tag, text)| (tag.as_str(), text.as_str()))
    }
}

/// The descriptions in the clients table.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// Stores `description`, beside the value's texts in other languages. Two administrators who describe one value at
    /// the same time overwrite nothing but a text in the same language.
    pub async fn describe(&self, description: &Description) -> Result<(), dynamodb::Error> {
        if self.0.insert(description).await?.is_none() {
            return Ok(());
        }
        for (tag, text) in description.texts() {
            let update =
                Update::always::<Description>(&format!("SET #texts.#{tag} = :text")).value("text", &text)?;
            match self.0.update::<Description>(&description.key, update).await? {
                Outcome::Applied(_) => {}
                Outcome::ConditionFailed(_) => {
                    return Err(dynamodb::Error::Conflict("a description that was deleted at the same time"));
                }
            }
        }
        Ok(())
    }

    /// Stores `description` in place of the one that was `read`, or of none. Returns whether that one was still stored.
    pub async fn replace(
        &self,
        read: Option<&Description>,
        description: &Description,
    ) -> Result<bool, dynamodb::Error> {
        let there = match read {
            None => self.0.insert(description).await?,
            Some(read) => {
                let update = Update::when::<Description>("#texts = :read", "SET #texts = :texts")
                    .value("read", &read.texts)?
                    .value("texts", &description.texts)?;
                match self.0.update::<Description>(&description.key, update).await? {
                    Outcome::Applied(_) => None,
                    Outcome::ConditionFailed(None) => return Ok(false),
                    Outcome::ConditionFailed(there) => there,
                }
            }
        };
        // The response to the SDK's first attempt got lost, and its second attempt found that write.
        Ok(there.is_none_or(|there| there == *description))
    }

    /// Deletes the description that was `read`. Returns whether it was still stored.
    pub async fn delete_read(&self, read: &Description) -> Result<bool, dynamodb::Error> {
        let all = Transaction::on(&self.0).delete_of::<Description>(&read.key, "texts", &read.texts)?;
        Ok(matches!(all.commit().await?, Outcome::Applied(())))
    }

    /// Returns every description, sorted by value. It scans the table: for administration only.
    pub async fn list(&self) -> Result<Vec<Description>, dynamodb::Error> {
        let mut all: Vec<Description> = Vec::new();
        self.0
            .for_each(|item| {
                if dynamodb::kind(&item) == Some("scope") {
                    all.extend(dynamodb::read::<Description>(Some(item))?);
                }
                Ok(())
            })
            .await?;
        all.sort_by(|one, other| one.value.cmp(&other.value));
        Ok(all)
    }

    /// Deletes the description of `value` in every language. Returns whether there was one.
    pub async fn delete(&self, value: &str) -> Result<bool, dynamodb::Error> {
        Ok(match dynamodb::delete_all(&self.0, [Description::key(value)]).await? {
            Outcome::Applied(()) => true,
            Outcome::ConditionFailed(_) => false,
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
            ("read write", "Both", Err(InvalidDescription::Value)),
            ("", "Nothing", Err(InvalidDescription::Value)),
            (&"v".repeat(129), "Long", Err(InvalidDescription::Value)),
            ("read", "", Err(InvalidDescription::Text)),
            ("read", "two\nlines", Err(InvalidDescription::Text)),
            ("read", &"x".repeat(201), Err(InvalidDescription::Text)),
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
        assert_eq!(french.text(Language::English, Language::English), Some("Voir vos photos"));
    }
}
