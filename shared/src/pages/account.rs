//! The pages of the user's own account.

use std::time::Duration;

use askama::Template;

use super::{CsrfToken, Texts, View, duration::HumanDuration, texts::Account};

/// The current account page, and the others that the user has.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// The path of the current page.
    pub path: &'static str,
    /// Whether the user may create personal tokens, or has any.
    pub has_personal_tokens: bool,
    /// Whether the user may create credentials.
    pub is_developer: bool,
}

impl Section {
    pub const APPLICATIONS: &str = "/account";
    pub const TOKENS: &str = "/account/tokens";
    pub const CREDENTIALS: &str = "/account/credentials";
    pub const SESSIONS: &str = "/account/sessions";
    pub const PASSWORD: &str = "/account/password";

    /// Returns the paths and names of the user's account pages.
    pub(super) fn links(&self, texts: &Texts) -> Vec<(&'static str, &'static str)> {
        let all = [
            Some((Self::APPLICATIONS, texts.account.applications)),
            self.has_personal_tokens.then_some((Self::TOKENS, texts.account.tokens)),
            self.is_developer.then_some((Self::CREDENTIALS, texts.account.credentials)),
            Some((Self::SESSIONS, texts.sessions.title)),
            Some((Self::PASSWORD, texts.login.password)),
        ];
        all.into_iter().flatten().collect()
    }
}

/// The reason why a form created nothing and is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    #[error("the name is invalid")]
    InvalidName,
    #[error("the form has no scope that may be chosen")]
    NoScope,
    #[error("the form has no lifetime that may be chosen")]
    NoLifetime,
    #[error("the user has as many as a user may have")]
    TooMany,
}

impl CreateError {
    const fn text(self, texts: &Account) -> &'static str {
        match self {
            Self::InvalidName => texts.invalid_name,
            Self::NoScope => texts.no_scope,
            Self::NoLifetime => texts.no_lifetime,
            Self::TooMany => texts.too_many,
        }
    }
}

/// The applications that have access to the user's account.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    pub view: View<'a>,
    pub section: Section,
    pub username: &'a str,
    pub applications: &'a [ListedApplication],
    pub logout_csrf: CsrfToken,
}

#[derive(Clone, Debug)]
pub struct ListedApplication {
    /// Its client id.
    pub id: String,
    pub name: String,
    /// Whether the client registered itself, so that its name says nothing.
    pub is_self_registered: bool,
    /// The granted scope, space-delimited.
    pub scope: String,
    /// The day of the first grant.
    pub since: String,
    /// The day on which the application last got a token, or the day of the grant.
    pub last_used: String,
    /// Token of the form that ends the access.
    pub csrf: CsrfToken,
}

/// The user's personal tokens, and the form that creates one.
#[derive(Debug, Template)]
#[template(path = "personal_tokens.html")]
pub struct PersonalTokensPage<'a> {
    pub view: View<'a>,
    pub section: Section,
    /// The error of the last attempt.
    pub error: Option<CreateError>,
    pub tokens: &'a [ListedToken],
    /// The scope values that a new token may have. Empty: no token can be created.
    pub scope: Vec<&'a str>,
    /// The lifetimes that a new token may have, each after its value in the form.
    pub lifetimes: &'a [(&'static str, Lifetime)],
    /// The initial value of the name field.
    pub name: &'a str,
    pub page_id: &'a str,
    pub csrf: CsrfToken,
}

/// The lifetime of a personal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    For(Duration),
    /// The lifetime of a temporary token.
    Temporary(Duration),
    Unlimited,
}

impl Lifetime {
    fn text(self, texts: &Texts) -> String {
        let text = |duration| (texts.duration)(HumanDuration::of(duration));
        match self {
            Self::For(duration) => text(duration),
            Self::Temporary(duration) => format!("{} ({})", text(duration), texts.account.temporary),
            Self::Unlimited => texts.account.until_revoked.to_owned(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct ListedToken {
    pub id: String,
    pub name: String,
    pub temporary: bool,
    /// Space-delimited.
    pub scope: String,
    /// The day of creation.
    pub created: String,
    /// The day of expiry, if it expires.
    pub expires: Option<String>,
    /// The day of the last use.
    pub last_used: Option<String>,
    /// Token of the form that revokes it.
    pub csrf: CsrfToken,
}

/// The clients that a developer created, and the form that creates one.
#[derive(Debug, Template)]
#[template(path = "credentials.html")]
pub struct CredentialsPage<'a> {
    pub view: View<'a>,
    pub section: Section,
    /// The error of the last attempt.
    pub error: Option<CreateError>,
    pub credentials: &'a [ListedCredential],
    /// The scope values that a new client may have.
    pub scope: Vec<&'a str>,
    /// The initial value of the name field.
    pub name: &'a str,
    pub page_id: &'a str,
    pub csrf: CsrfToken,
}

#[derive(Clone, Debug)]
pub struct ListedCredential {
    /// Its client id.
    pub id: String,
    pub name: String,
    /// Space-delimited.
    pub scope: String,
    /// The day of creation.
    pub created: String,
    /// Token of the form that deletes it.
    pub csrf: CsrfToken,
}

/// A new token or client, with its secret, which is shown this once.
#[derive(Debug, Template)]
#[template(path = "secret_once.html")]
pub struct SecretOncePage<'a> {
    pub view: View<'a>,
    pub name: &'a str,
    pub values: &'a [CreatedValue<'a>],
    /// The path of the page that lists the new token or client.
    pub back: &'static str,
}

/// A value that the user must copy.
#[derive(Clone, Copy, Debug)]
pub enum CreatedValue<'a> {
    /// A personal token.
    Token(&'a str),
    ClientId(&'a str),
    ClientSecret(&'a str),
}

impl<'a> CreatedValue<'a> {
    /// Returns the label of the value, and the value.
    const fn labelled(self, texts: &Account) -> (&'static str, &'a str) {
        match self {
            Self::Token(value) => (texts.token, value),
            Self::ClientId(value) => (texts.client_id, value),
            Self::ClientSecret(value) => (texts.client_secret, value),
        }
    }
}
