//! Personal tokens and developers' credentials: what users may create for themselves.

use std::time::Duration;

use super::{InvalidVariable, Variables};
use crate::oauth::{InvalidScope, Scope};

/// The settings of the account pages: the personal tokens and the credentials that users may create there.
#[derive(Clone, Debug)]
pub struct AccountPages {
    /// `JETON_PERSONAL_SCOPES`: the scope values, separated by spaces, that a user may give to a personal token; at
    /// most 20 values of 224 bytes together. Empty, the default: there are no personal tokens. The scope of a token is
    /// limited to this list whenever the token is used.
    pub personal_scopes: Scope,
    /// `JETON_TEMPORARY_TOKEN_SECONDS`, 60 to 604,800, else 21,600: the longest lifetime of a temporary token.
    pub temporary_token: Duration,
    /// `JETON_DEVELOPER_SCOPES`: the scope values, separated by spaces, that a developer may give to their own
    /// credentials; at most 20 values of 224 bytes together. Empty, the default: credentials have no scope.
    pub developer_scopes: Scope,
    /// `JETON_DEVELOPER_TOKEN_SECONDS`, 60 to 86,400, else 3,600: the lifetime of an access token for a developer's
    /// own credentials.
    pub developer_token: Duration,
}

impl AccountPages {
    pub(super) fn read(
        variables: &Variables<impl Fn(&str) -> Option<String>>,
    ) -> Result<Self, InvalidVariable> {
        let scope = |variable| -> Result<Scope, InvalidVariable> {
            let expected = format!("{InvalidScope}, and at most 20 values of 224 bytes together");
            Ok(variables.parsed_if(variable, expected, Scope::fits_a_grant)?.unwrap_or_default())
        };
        Ok(Self {
            personal_scopes: scope("JETON_PERSONAL_SCOPES")?,
            temporary_token: variables.seconds("JETON_TEMPORARY_TOKEN_SECONDS", 60..=604_800, 21_600)?,
            developer_scopes: scope("JETON_DEVELOPER_SCOPES")?,
            developer_token: variables.seconds("JETON_DEVELOPER_TOKEN_SECONDS", 60..=86_400, 3_600)?,
        })
    }
}
