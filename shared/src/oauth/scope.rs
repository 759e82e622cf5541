//! Scope values (RFC 6749 §3.3).

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A set of scope values, which are case-sensitive. It may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(BTreeSet<String>);

/// Error for text that is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is made of printable ASCII values without quotes or backslashes, a single space between two"
)]
pub struct InvalidScope;

impl Scope {
    /// The most values that one grant may carry.
    pub const MOST_VALUES: usize = 20;
    /// The most bytes in all values of one grant together. Both limits keep a grant within one write unit.
    pub const MOST_BYTES: usize = 224;

    /// The most bytes in one value of a client's registration.
    pub const MOST_VALUE_BYTES: usize = 128;

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, value: &str) -> bool {
        self.0.contains(value)
    }

    /// Returns the union with `other`.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// Returns the values that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// Returns the values that are also in `other`.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// Returns the values that `keep` is true of.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|value| keep(value)).cloned().collect())
    }

    /// Returns whether all values are in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Returns whether one grant can store the scope: see [`Scope::MOST_VALUES`] and [`Scope::MOST_BYTES`].
    pub fn fits_a_grant(&self) -> bool {
        self.0.len() <= Self::MOST_VALUES && self.0.iter().map(String::len).sum::<usize>() <= Self::MOST_BYTES
    }

    /// Returns the values in order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the scope of these values, each a `scope-token` of the RFC.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidScope> {
        values.into_iter().map(scope_token).collect::<Result<_, _>>().map(Self)
    }
}

/// Parses one value: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn scope_token(value: &str) -> Result<String, InvalidScope> {
    let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    if value.is_empty() || !value.bytes().all(allowed) {
        return Err(InvalidScope);
    }
    Ok(value.to_owned())
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::of(text.split(' '))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, value) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str(" ")?;
            }
            f.write_str(value)?;
        }
        Ok(())
    }
}

/// Writes a String Set, which cannot be empty: an item leaves an empty scope out.
impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_dynamo::string_set::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Vec::<String>::deserialize(deserializer)?;
        Self::of(values.iter().map(String::as_str)).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_set_of_values_in_any_order() {
        assert_eq!("write read read".parse::<Scope>().unwrap(), "read write".parse().unwrap());
        assert_ne!("READ".parse::<Scope>().unwrap(), "read".parse().unwrap());
        assert_eq!("write read".parse::<Scope>().unwrap().to_string(), "read write");
    }

    #[test]
    fn invalid_scopes_are_refused() {
        for text in ["", " ", "read ", " read", "a  b", "a\\b", "a\"b", "é", "a\tb", "a\0"] {
            assert_eq!(text.parse::<Scope>(), Err(InvalidScope), "{text:?}");
        }
        for text in ["!", "#", "[]", "^~", "https://api.example.com/read"] {
            assert!(text.parse::<Scope>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_grant_carries_a_bounded_scope() {
        let values = |count: usize, width: usize| {
            let texts: Vec<String> = (0..count).map(|n| format!("{n:0>width$}")).collect();
            Scope::of(texts.iter().map(String::as_str)).unwrap()
        };
        assert!(values(20, 11).fits_a_grant());
        assert!(!values(21, 2).fits_a_grant());
        assert!(!values(14, 17).fits_a_grant());
    }
}
