//! The pages of a person's own account.

use std::time::Duration;

use askama::Template;

use super::{
    CsrfToken, View,
    span::Span,
    texts::{self, Texts},
};

/// The pages of an account that a person has, and which of them this is.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// The path of this one.
    pub path: &'static str,
    /// Whether the user may make personal tokens, or has some.
    pub has_personal_tokens: bool,
    /// Whether the person may make credentials.
    pub is_developer: bool,
}

impl Section {
    /// The page where the applications are.
    pub const APPLICATIONS: &str = "/account";
    /// The page where the tokens are.
    pub const TOKENS: &str = "/account/tokens";
    /// The page where the credentials are.
    pub const CREDENTIALS: &str = "/account/credentials";

    /// The paths to go to from here, each with what it is called.
    fn links(&self, texts: &texts::Account) -> Vec<(&'static str, &'static str)> {
        let tokens = self.has_personal_tokens.then_some((Self::TOKENS, texts.tokens));
        let credentials = self.is_developer.then_some((Self::CREDENTIALS, texts.credentials));
        [(Self::APPLICATIONS, texts.applications)].into_iter().chain(tokens).chain(credentials).collect()
    }
}

/// Why a form that would have made something is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The name is none.
    Name,
    /// Nothing was chosen that it may do.
    Scope,
    /// No lifetime was chosen.
    Lifetime,
    /// There are as many as there may be.
    TooMany,
}

impl Refused {
    const fn text(self, texts: &texts::Account) -> &'static str {
        match self {
            Self::Name => texts.bad_name,
            Self::Scope => texts.no_scope,
            Self::Lifetime => texts.no_lifetime,
            Self::TooMany => texts.too_many,
        }
    }
}

/// The applications that may use a person's account.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// Where it is.
    pub section: Section,
    /// Who.
    pub username: &'a str,
    /// The applications.
    pub applications: &'a [Allowed],
    /// Of the form that signs out.
    pub logout_csrf: CsrfToken,
}

/// An application that may use a person's account.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// Its client id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it may do, space-delimited.
    pub scope: String,
    /// The day since which it may.
    pub since: String,
    /// Of the form that ends it.
    pub csrf: CsrfToken,
}

/// A person's tokens, and the form for another.
#[derive(Debug, Template)]
#[template(path = "personal_tokens.html")]
pub struct PersonalTokensPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// Where it is.
    pub section: Section,
    /// What went wrong the last time.
    pub refused: Option<Refused>,
    /// Those that work.
    pub tokens: &'a [Personal],
    /// What a new token can be good for. Empty: none can be made.
    pub scope: Vec<&'a str>,
    /// How long a token may live: the field's value, and what it means.
    pub lifetimes: &'a [(&'static str, Lifetime)],
    /// What to fill in.
    pub name: &'a str,
    /// What tells this page from another.
    pub page: &'a str,
    /// Of the form that makes a token.
    pub csrf: CsrfToken,
}

/// How long a token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// For this long.
    For(Duration),
    /// For this long: a temporary token.
    Temporary(Duration),
    /// Until it is ended.
    Unlimited,
}

impl Lifetime {
    fn text(self, texts: &Texts) -> String {
        let span = |duration| (texts.span)(Span::of(duration));
        match self {
            Self::For(duration) => span(duration),
            Self::Temporary(duration) => format!("{} ({})", span(duration), texts.account.temporary),
            Self::Unlimited => texts.account.until_revoked.to_owned(),
        }
    }
}

/// One of a person's tokens.
#[derive(Clone, Debug)]
pub struct Personal {
    /// What it is ended by.
    pub id: String,
    /// What they call it.
    pub name: String,
    /// Whether it is a temporary one.
    pub temporary: bool,
    /// What it is good for, space-delimited.
    pub scope: String,
    /// The day it was made.
    pub made: String,
    /// The day it expires, if it does.
    pub expires: Option<String>,
    /// The day it was last used, if it was.
    pub last_used: Option<String>,
    /// Of the form that ends it.
    pub csrf: CsrfToken,
}

/// A developer's credentials, and the form for more.
#[derive(Debug, Template)]
#[template(path = "credentials.html")]
pub struct CredentialsPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// Where it is.
    pub section: Section,
    /// What went wrong the last time.
    pub refused: Option<Refused>,
    /// All of theirs.
    pub credentials: &'a [Credential],
    /// What credentials can be good for.
    pub scope: Vec<&'a str>,
    /// What to fill in.
    pub name: &'a str,
    /// What tells this page from another.
    pub page: &'a str,
    /// Of the form that makes credentials.
    pub csrf: CsrfToken,
}

/// One of a developer's clients.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its client id.
    pub id: String,
    /// What they call it.
    pub name: String,
    /// What it may ask for, space-delimited.
    pub scope: String,
    /// The day it was made.
    pub made: String,
    /// Of the form that deletes it.
    pub csrf: CsrfToken,
}

/// Something that was just made, with the secret that is shown this once.
#[derive(Debug, Template)]
#[template(path = "made.html")]
pub struct MadePage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// What it is called.
    pub name: &'a str,
    /// Its parts.
    pub parts: &'a [Part<'a>],
    /// Where to go on.
    pub back: &'static str,
}

/// A part of what was made.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// A personal token.
    Token(&'a str),
    /// A client's id.
    ClientId(&'a str),
    /// A client's secret.
    ClientSecret(&'a str),
}

impl<'a> Part<'a> {
    /// What it is, and itself.
    const fn told(self, texts: &texts::Account) -> (&'static str, &'a str) {
        match self {
            Self::Token(value) => (texts.token, value),
            Self::ClientId(value) => (texts.client_id, value),
            Self::ClientSecret(value) => (texts.client_secret, value),
        }
    }
}
