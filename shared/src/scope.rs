//! Scope values (RFC 6749 §3.3).

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::secret::Digest;

/// A set of scope values: case-sensitive, in no particular order. It may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(BTreeSet<String>);

/// Text that is not a scope: ill-formed, or larger than any scope Jeton deals in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is made of printable ASCII values without quotes or backslashes, a single space between two"
)]
pub struct IllFormed;

impl Scope {
    /// The most values that one grant may carry.
    pub const MOST_VALUES: usize = 20;
    /// The most bytes that the values of one grant may add up to. Together they keep a grant within one write unit.
    pub const MOST_BYTES: usize = 224;

    /// The most bytes in one value that a client is registered for.
    pub const MOST_VALUE_BYTES: usize = 128;

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `value` is in it.
    pub fn has(&self, value: &str) -> bool {
        self.0.contains(value)
    }

    /// Its values and those of `other`.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// Its values but for those of `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// Those of its values that are also in `other`.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// Whether every value here is also in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether one grant can carry it: see [`Scope::MOST_VALUES`] and [`Scope::MOST_BYTES`].
    pub fn fits_a_grant(&self) -> bool {
        self.0.len() <= Self::MOST_VALUES && self.0.iter().map(String::len).sum::<usize>() <= Self::MOST_BYTES
    }

    /// The values, sorted.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The scope of these values, each of them one scope-token.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Self, IllFormed> {
        values.into_iter().map(scope_token).collect::<Result<_, _>>().map(Self)
    }
}

/// Some values of a scope that is known elsewhere, three bytes each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(#[serde(with = "serde_bytes")] Vec<u8>);

/// The first three bytes of a value's SHA-256. A client's registered values all have different ones.
fn tag(value: &str) -> [u8; 3] {
    let [a, b, c, ..] = *Digest::<Tags>::of(value).as_bytes();
    [a, b, c]
}

impl Scope {
    /// The tags of its values.
    pub fn tags(&self) -> Tags {
        Tags(self.values().flat_map(tag).collect())
    }

    /// Those of its values that `tags` are for.
    #[must_use]
    pub fn tagged(&self, tags: &Tags) -> Self {
        let wanted = |value: &&String| tags.0.chunks_exact(3).any(|wanted| wanted == tag(value));
        Self(self.0.iter().filter(wanted).cloned().collect())
    }

    /// Whether each of its values has a tag of its own.
    pub fn tags_are_distinct(&self) -> bool {
        self.values().map(tag).collect::<BTreeSet<_>>().len() == self.0.len()
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`
fn scope_token(value: &str) -> Result<String, IllFormed> {
    let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    if value.is_empty() || !value.bytes().all(allowed) {
        return Err(IllFormed);
    }
    Ok(value.to_owned())
}

impl FromStr for Scope {
    type Err = IllFormed;

    fn from_str(text: &str) -> Result<Self, IllFormed> {
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

/// Stored as a String Set, which cannot be empty: leave an empty scope out.
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
    fn ill_formed_scopes_are_refused() {
        for text in ["", " ", "read ", " read", "a  b", "a\\b", "a\"b", "é", "a\tb", "a\0"] {
            assert_eq!(text.parse::<Scope>(), Err(IllFormed), "{text:?}");
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
