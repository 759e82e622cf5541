//! People: whoever may sign in.

pub mod password;
mod proof;
mod store;

pub use password::{Password, PasswordHash, Unusable, Verified};
pub use proof::Proven;
pub(crate) use proof::{is_in_good_standing, prove};
pub use store::{Store, Unchanged};

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{secret::Id, time::Timestamp};

/// What a person signs in as. They keep the spelling that they were created with; compared is [`UserName::key`].
///
/// # Design
/// Two names are the same if they are in lower case. Nothing else is folded: what Unicode has several ways to write
/// remains several names, and an administrator, who creates them, sees to it that they are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct UserName(String);

/// Text that nobody can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user name is 1 to 64 bytes, without control characters, and without white space at either end")]
pub struct NoUserName;

impl UserName {
    /// The most bytes in a name.
    pub const MOST_BYTES: usize = 64;

    /// The name, as the person spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is the same for every spelling of the name.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for UserName {
    type Err = NoUserName;

    fn from_str(text: &str) -> Result<Self, NoUserName> {
        let fits = (1..=Self::MOST_BYTES).contains(&text.len());
        if fits && !text.chars().any(char::is_control) && text.trim() == text {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoUserName)
        }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The `user#…` item: a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// `user#` and the person's `sub`.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The person's identifier, random and never used again.
    pub sub: Id,
    /// What they sign in as.
    pub username: UserName,
    /// What is kept of their password.
    pub password: PasswordHash,
    /// When they were created.
    pub created_at: Timestamp,
}

impl User {
    /// A new person.
    pub fn new(sub: Id, username: UserName, password: PasswordHash, created_at: Timestamp) -> Self {
        Self { key: Self::key(sub), version: 1, sub, username, password, created_at }
    }

    /// The key of the person called `sub`.
    pub fn key(sub: Id) -> String {
        format!("user#{sub}")
    }
}

/// The `name#…` item: whose a name is. There can be only one of a key, so a name has one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Name {
    /// `name#` and the name's key.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// Whose it is.
    sub: Id,
}

impl Name {
    fn of(user: &User) -> Self {
        Self { key: Self::key(&user.username), version: 1, sub: user.sub }
    }

    fn key(name: &UserName) -> String {
        format!("name#{}", name.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_spelling_and_is_compared_without_it() {
        let name: UserName = "Ada Lovelace".parse().unwrap();
        assert_eq!((name.as_str(), name.to_string().as_str()), ("Ada Lovelace", "Ada Lovelace"));
        for other in ["ada lovelace", "ADA LOVELACE", "Ada Lovelace"] {
            assert_eq!(other.parse::<UserName>().unwrap().key(), name.key());
        }
        assert_eq!("ÉMILIE".parse::<UserName>().unwrap().key(), "émilie");
    }

    #[test]
    fn what_cannot_be_typed_or_seen_is_no_name() {
        let long = "é".repeat(33);
        for text in ["", " ", " ada", "ada ", "ada\n", "a\0da", "a\tda", "\u{a0}ada", "a\u{85}a", &long] {
            assert_eq!(text.parse::<UserName>(), Err(NoUserName), "{text:?}");
        }
        for text in ["a", "ada@example.com", "é", "#", "user#x", &"é".repeat(32)] {
            assert_eq!(text.parse::<UserName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_stored_name_is_held_to_the_same_rules() {
        assert!(serde_json::from_str::<UserName>(r#"" ada""#).is_err());
        assert_eq!(serde_json::from_str::<UserName>(r#""ada""#).unwrap().as_str(), "ada");
    }

    #[test]
    fn nothing_prints_a_password_hash() {
        let hash: PasswordHash = password::tests::OLD.parse().unwrap();
        let user = User::new(Id::from_bits(7), "ada".parse().unwrap(), hash, Timestamp::from_millis(1));
        let printed = format!("{user:?}");
        assert!(printed.contains("ada") && !printed.contains("argon2"), "{printed}");
    }
}
