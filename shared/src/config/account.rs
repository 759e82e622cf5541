//! What people may make for themselves.

use std::time::Duration;

use super::{Invalid, Variables};
use crate::scope::{IllFormed, Scope};

/// What people may make for themselves, and how much of it.
#[derive(Clone, Debug)]
pub struct Account {
    /// `JETON_PERSONAL_SCOPES`: the scope values, separated by spaces, that a person may give to a personal token. At
    /// most 20 of 224 bytes together. None, the default, means that there are no personal tokens. One that is made is good
    /// for what is both in its own scope and here.
    pub personal_scopes: Scope,
    /// `JETON_TEMPORARY_TOKEN_SECONDS`, 60 to 604,800, else 21,600: how long a temporary token lives at most.
    pub temporary_token: Duration,
    /// `JETON_DEVELOPER_SCOPES`: the scope values, separated by spaces, that a developer may give to credentials of
    /// their own. At most 20 of 224 bytes together. None, the default, means credentials without a scope.
    pub developer_scopes: Scope,
    /// `JETON_DEVELOPER_TOKEN_SECONDS`, 60 to 86,400, else 3,600: how long an access token lives that a developer's own
    /// credentials get.
    pub developer_token: Duration,
}

impl Account {
    pub(super) fn read(variables: &Variables<impl Fn(&str) -> Option<String>>) -> Result<Self, Invalid> {
        let scope = |variable| -> Result<Scope, Invalid> {
            let expected = format!("{IllFormed}, and at most 20 values of 224 bytes together");
            let holds = |scope: &Scope| scope.fits_a_grant() && scope.tags_are_distinct();
            Ok(variables.such_that(variable, expected, holds)?.unwrap_or_default())
        };
        Ok(Self {
            personal_scopes: scope("JETON_PERSONAL_SCOPES")?,
            temporary_token: variables.seconds("JETON_TEMPORARY_TOKEN_SECONDS", 60..=604_800, 21_600)?,
            developer_scopes: scope("JETON_DEVELOPER_SCOPES")?,
            developer_token: variables.seconds("JETON_DEVELOPER_TOKEN_SECONDS", 60..=86_400, 3_600)?,
        })
    }
}
