//! The names in an input, and the values that they stand for.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

/// The values that `{name}` stands for.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Returns `text` with every known `{name}` replaced by its value, and `{basic:TEXT}` by the base64 of TEXT, in which
    /// `<name>` stands for a value.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let value = after.split_once('}').and_then(|(name, after)| Some((self.value(name)?, after)));
            match value {
                Some((value, after)) => {
                    filled.push_str(&value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled + rest
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(text) = name.strip_prefix("basic:") {
            let text = self.0.iter().fold(text.to_owned(), |text, (name, value)| {
                if text.contains('<') { text.replace(&format!("<{name}>"), value) } else { text }
            });
            return Some(STANDARD.encode(text));
        }
        self.0.get(name).cloned()
    }

    /// Returns the values that are secrets: those in the form of one.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str).filter(|value| is_token(value))
    }

    /// Returns whether `text` is a value that is no secret.
    pub fn is_public(&self, text: &str) -> bool {
        self.0.values().any(|value| value.contains(text) && !is_token(value))
    }
}

/// Returns whether `text` has the form of a token string.
pub fn is_token(text: &str) -> bool {
    text.len() >= 76 && text.starts_with("jt") && text.as_bytes().get(3) == Some(&b'_')
}

/// Returns whether a token string is somewhere in `text`.
pub fn has_token(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(is_token)
}
