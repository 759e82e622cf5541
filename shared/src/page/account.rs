//! The pages of a person's own account.

use askama::Template;

use super::CsrfToken;

/// What a person has, and where they change it.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// Who.
    pub username: &'a str,
    /// The applications that may use their account.
    pub applications: &'a [Application],
    /// Whether the deployment has personal tokens.
    pub has_personal_tokens: bool,
    /// Whether they may make credentials.
    pub is_developer: bool,
    /// Of the form that signs out.
    pub logout_csrf: CsrfToken,
}

/// An application that may use a person's account.
#[derive(Clone, Debug)]
pub struct Application {
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
    /// What went wrong the last time.
    pub problem: Option<&'static str>,
    /// Those that work.
    pub tokens: &'a [Personal],
    /// What a token can be good for.
    pub scope: Vec<&'a str>,
    /// How long a token may live: the field's value, and in words.
    pub lifetimes: &'a [(&'static str, String)],
    /// What to fill in.
    pub name: &'a str,
    /// What tells this page from another.
    pub page: &'a str,
    /// Of the form that makes a token.
    pub csrf: CsrfToken,
}

/// One of a person's tokens.
#[derive(Clone, Debug)]
pub struct Personal {
    /// What it is ended by.
    pub id: String,
    /// What they call it.
    pub name: String,
    /// Which kind, in a word.
    pub kind: &'static str,
    /// What it is good for, space-delimited.
    pub scope: String,
    /// The day it was made.
    pub created: String,
    /// The day it expires, or that it never does.
    pub expires: String,
    /// The day it was last used, or that it never was.
    pub last_used: String,
    /// Of the form that ends it.
    pub csrf: CsrfToken,
}

/// A developer's credentials, and the form for more.
#[derive(Debug, Template)]
#[template(path = "credentials.html")]
pub struct CredentialsPage<'a> {
    /// What went wrong the last time.
    pub problem: Option<&'static str>,
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
    pub created: String,
    /// Of the form that deletes it.
    pub csrf: CsrfToken,
}

/// Something that was just made, with the secret that is shown this once.
#[derive(Debug, Template)]
#[template(path = "made.html")]
pub struct MadePage<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its parts, each under what it is.
    pub parts: &'a [(&'static str, &'a str)],
    /// Where to go on.
    pub back: &'static str,
}
