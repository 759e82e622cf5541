//! The result of one check.

use serde::Serialize;
use shared::dynamodb;
use strum::Display;

use crate::admin::output::printable;

/// The severity of what a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Level {
    Ok,
    /// Something that an administrator may want to know.
    Note,
    /// The deployment works, but is less safe than it could be; or the check could not be made.
    Warning,
    /// The deployment does not work.
    Failure,
}

/// One check, and the advice that follows from it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    name: String,
    #[serde(rename = "outcome")]
    pub(super) level: Level,
    message: String,
}

impl Check {
    pub(super) fn ok(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), level: Level::Ok, message: message.into() }
    }

    pub(super) fn note(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::ok(name, message) }
    }

    pub(super) fn warning(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::ok(name, message) }
    }

    pub(super) fn failure(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level: Level::Failure, ..Self::ok(name, message) }
    }

    /// Returns the failure of a request that the check needs.
    pub(super) fn unavailable(name: impl Into<String>, error: &dynamodb::Error) -> Self {
        Self::failure(name, error.to_string())
    }

    /// Returns the check as a line. Its message may have text of another server.
    pub(super) fn text(&self) -> String {
        format!("{:<8} {}: {}", self.level.to_string(), self.name, printable(&self.message))
    }
}
