//! Users and their names.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_with::DeserializeFromStr;

use super::{PasswordHash, reset_link::ResetLink};
use crate::{dynamodb::stored, secret::Id, time::Timestamp};

/// The name that a user signs in with. It keeps its spelling; names are compared by [`UserName::key`].
///
/// # Design
/// Two names are the same if they are equal in lower case. Nothing else is folded: two Unicode spellings that look alike
/// are two names, and the administrator who creates users must keep them distinct.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct UserName(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user name is 1 to 64 bytes, without control characters, and without white space at either end")]
pub struct InvalidUserName;

impl UserName {
    /// The most bytes in a name.
    pub const MOST_BYTES: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the lower-case form, the same for every spelling of the name.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(text: &str) -> Result<Self, InvalidUserName> {
        let fits = (1..=Self::MOST_BYTES).contains(&text.len());
        if fits && !text.chars().any(char::is_control) && text.trim() == text {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidUserName)
        }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

stored! {
    /// The `user#…` item: a user.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct User {
        /// `user#` and the user's `sub`.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The user's identifier: random, never used again.
        pub sub: Id = "sub",
        pub username: UserName = "username",
        pub password: PasswordHash = "password",
        pub created_at: Timestamp = "created_at",
        /// The outstanding reset link. A newer one takes its place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reset_link: Option<ResetLink> = "reset" { ResetLink },
    }
}

impl User {
    pub fn new(sub: Id, username: UserName, password: PasswordHash, created_at: Timestamp) -> Self {
        Self { key: Self::key(sub), version: 1, sub, username, password, created_at, reset_link: None }
    }

    /// Returns the key of the user with this `sub`.
    pub fn key(sub: Id) -> String {
        format!("user#{sub}")
    }
}

stored! {
    /// The `name#…` item: it reserves a name for one user. A key exists once, so a name has one owner.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(super) struct Name {
        /// `name#` and the name's key.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        pub(super) sub: Id = "sub",
    }
}

impl Name {
    pub(super) fn of(user: &User) -> Self {
        Self { key: Self::key(&user.username), version: 1, sub: user.sub }
    }

    pub(super) fn key(name: &UserName) -> String {
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
    fn a_name_holds_no_control_characters_or_outer_space() {
        let long = "é".repeat(33);
        for text in ["", " ", " ada", "ada ", "ada\n", "a\0da", "a\tda", "\u{a0}ada", "a\u{85}a", &long] {
            assert_eq!(text.parse::<UserName>(), Err(InvalidUserName), "{text:?}");
        }
        for text in ["a", "ada@example.com", "é", "#", "user#x", &"é".repeat(32)] {
            assert_eq!(text.parse::<UserName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_stored_name_is_validated_like_a_new_one() {
        assert!(serde_json::from_str::<UserName>(r#"" ada""#).is_err());
        assert_eq!(serde_json::from_str::<UserName>(r#""ada""#).unwrap().as_str(), "ada");
    }

    #[test]
    fn nothing_prints_a_password_hash() {
        let hash: PasswordHash = crate::users::password::tests::OLD.parse().unwrap();
        let user = User::new(Id::from_bits(7), "ada".parse().unwrap(), hash, Timestamp::from_millis(1));
        let printed = format!("{user:?}");
        assert!(printed.contains("ada") && !printed.contains("argon2"), "{printed}");
    }
}
