//! Reading variables, one kind of value at a time.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

/// A variable that holds something it cannot.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is {value:?}, but must be {expected}")]
pub struct Invalid {
    variable: &'static str,
    value: String,
    expected: String,
}

/// Variables by name, as the environment has them. An empty one counts as absent.
pub struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    /// The variables that `read` finds.
    pub const fn new(read: F) -> Self {
        Self(read)
    }

    /// What `variable` holds, if it holds anything.
    pub fn text(&self, variable: &'static str) -> Option<String> {
        (self.0)(variable).filter(|value| !value.is_empty())
    }

    /// What `variable` holds, read as a `T`, which is one of `expected`.
    pub fn parsed<T: FromStr>(
        &self,
        variable: &'static str,
        expected: impl Display,
    ) -> Result<Option<T>, Invalid> {
        self.such_that(variable, expected, |_| true)
    }

    /// The same, if `holds` is true of it, too.
    pub fn such_that<T: FromStr>(
        &self,
        variable: &'static str,
        expected: impl Display,
        holds: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Invalid> {
        let Some(value) = self.text(variable) else { return Ok(None) };
        match value.parse().ok().filter(holds) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(Invalid { variable, value, expected: expected.to_string() }),
        }
    }

    /// A whole number within `range`.
    pub fn number(
        &self,
        variable: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Invalid> {
        let expected = format!("{} to {}", range.start(), range.end());
        Ok(self.such_that(variable, expected, |number| range.contains(number))?.unwrap_or(default))
    }

    /// A number of seconds within `range`.
    pub fn seconds(
        &self,
        variable: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<Duration, Invalid> {
        let expected = format!("{} to {} seconds", range.start(), range.end());
        let seconds = self.such_that(variable, expected, |seconds| range.contains(seconds))?;
        Ok(Duration::from_secs(seconds.unwrap_or(default)))
    }
}
