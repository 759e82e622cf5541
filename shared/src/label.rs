//! What people call their things: an application, a token, a set of credentials.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::line::reads_as_it_is;

/// A name for people to read: one line that reads as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Label(String);

/// Text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is one line of 1 to 100 characters")]
pub struct NoLabel;

impl Label {
    /// The most characters in a name.
    pub const MOST_CHARACTERS: usize = 100;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = NoLabel;

    fn from_str(text: &str) -> Result<Self, NoLabel> {
        if reads_as_it_is(text, Self::MOST_CHARACTERS) { Ok(Self(text.to_owned())) } else { Err(NoLabel) }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_as_it_is() {
        for name in ["a", "My laptop", "<b>", "\"; DROP", "é".repeat(100).as_str()] {
            assert_eq!(name.parse::<Label>().unwrap().as_str(), name);
        }
        for name in ["", " a", "a ", "a\nb", "a\r\nSet-Cookie: x", "a\u{202E}b", "a\0", &"a".repeat(101)] {
            assert_eq!(name.parse::<Label>(), Err(NoLabel), "{name:?}");
        }
    }
}
