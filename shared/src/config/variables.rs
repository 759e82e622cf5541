//! Typed reads of environment variables.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

/// The reason why the value of a variable cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is {value:?}, but must be {expected}")]
pub struct InvalidVariable {
    variable: &'static str,
    value: String,
    expected: String,
}

/// Variables by name. An empty variable counts as absent.
pub struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    pub const fn new(read: F) -> Self {
        Self(read)
    }

    /// Parses `variable`. `expected` describes its valid values.
    pub fn parsed<T: FromStr>(
        &self,
        variable: &'static str,
        expected: impl Display,
    ) -> Result<Option<T>, InvalidVariable> {
        self.parsed_if(variable, expected, |_| true)
    }

    /// Parses `variable`, whose value must satisfy `is_valid`.
    pub fn parsed_if<T: FromStr>(
        &self,
        variable: &'static str,
        expected: impl Display,
        is_valid: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, InvalidVariable> {
        let Some(value) = (self.0)(variable).filter(|value| !value.is_empty()) else { return Ok(None) };
        match value.parse().ok().filter(is_valid) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(InvalidVariable { variable, value, expected: expected.to_string() }),
        }
    }

    /// Parses a whole number within `range`.
    pub fn number(
        &self,
        variable: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, InvalidVariable> {
        let expected = format!("{} to {}", range.start(), range.end());
        Ok(self.parsed_if(variable, expected, |number| range.contains(number))?.unwrap_or(default))
    }

    /// Parses a number of seconds within `range`.
    pub fn seconds(
        &self,
        variable: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<Duration, InvalidVariable> {
        let expected = format!("{} to {} seconds", range.start(), range.end());
        let seconds = self.parsed_if(variable, expected, |seconds| range.contains(seconds))?;
        Ok(Duration::from_secs(seconds.unwrap_or(default)))
    }
}
