//! Names that users read: of an application, a token, a developer's credentials.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// A name of one [plain line](is_plain_line).
#[derive(Clone, Debug, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct DisplayName(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is one line of 1 to 100 characters")]
pub struct InvalidDisplayName;

impl DisplayName {
    /// The most characters in a name.
    pub const MOST_CHARACTERS: usize = 100;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = InvalidDisplayName;

    fn from_str(text: &str) -> Result<Self, InvalidDisplayName> {
        if is_plain_line(text, Self::MOST_CHARACTERS) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDisplayName)
        }
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether `text` is one line of 1 to `most` characters that shows as it is: no character reverses or hides
/// text, and no space begins or ends it.
pub fn is_plain_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(is_unfit) && text.trim() == text
}

/// Returns whether `c` is a control character, line break, format character or invisible letter.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_line() {
        for name in ["a", "My laptop", "<b>", "\"; DROP", "é".repeat(100).as_str()] {
            assert_eq!(name.parse::<DisplayName>().unwrap().as_str(), name);
        }
        for name in ["", " a", "a ", "a\nb", "a\r\nSet-Cookie: x", "a\u{202E}b", "a\0", &"a".repeat(101)] {
            assert_eq!(name.parse::<DisplayName>(), Err(InvalidDisplayName), "{name:?}");
        }
    }

    #[test]
    fn text_that_hides_reverses_or_breaks_the_line_is_refused() {
        for good in ["a", "Éloïse & fils", "日本", "a b"] {
            assert!(is_plain_line(good, 20), "{good:?}");
        }
        for bad in [
            "",
            " a",
            "a ",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "\u{FEFF}",
            "a\0",
            "a\u{2028}b",
            "\u{3164}",
            "a\u{E0041}",
        ] {
            assert!(!is_plain_line(bad, 20), "{bad:?}");
        }
        assert!(is_plain_line(&"é".repeat(20), 20) && !is_plain_line(&"é".repeat(21), 20));
    }
}
