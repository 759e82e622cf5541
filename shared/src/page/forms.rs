//! The pages that hold a form, and what ties each form to the browser it was shown to.

use std::{borrow::Cow, time::Duration};

use askama::Template;

use super::{
    View,
    span::Span,
    texts::{Around, Login, Texts},
};
use crate::{
    grant::DECISION_LIFETIME,
    secret::{Id, Kind, Secret},
    time::Timestamp,
};

/// What only this browser's own page can send back (RFC 6749 §10.12): an HMAC, under the secret in its cookie, over
/// what the form is for. It is not stored.
#[derive(Clone, Debug)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The token of the form that is for `parts`.
    pub fn seal<K: Kind>(secret: &Secret<K>, parts: &[&str]) -> Self {
        Self(hex::encode(*secret.seal(parts)))
    }
}

impl std::fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What tells one showing of a page from another, and when it was: the form on it sends it back.
pub fn showing(now: Timestamp) -> String {
    format!("{now}.{}", Id::random())
}

/// Whether what was shown as `showing` is too old for its form to be taken.
pub fn is_over(showing: &str, now: Timestamp) -> bool {
    let shown = showing.split('.').next().and_then(|ms| ms.parse().ok()).map(Timestamp::from_millis);
    shown.is_none_or(|shown| shown.after(DECISION_LIFETIME).has_passed(now))
}

/// Signing in.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// The application that they sign in for, if it is known.
    pub application: Option<&'a Application>,
    /// The authorization request to go on with, as a query; empty if there is none.
    pub query: &'a str,
    /// Of the form.
    pub csrf: CsrfToken,
    /// What to fill in.
    pub username: &'a str,
    /// What went wrong the last time.
    pub problem: Option<LoginProblem>,
}

/// An application, as people know it.
#[derive(Clone, Debug)]
pub struct Application {
    /// What it is called.
    pub name: String,
    /// Where people will be sent back to.
    pub destination: String,
}

/// Why somebody who sent the login form sees it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// Wrong user name or password.
    Wrong,
    /// The form was not this browser's, or too old.
    Stale,
    /// There were too many attempts; after this long there may be another.
    TooMany(Duration),
}

impl LoginProblem {
    const fn title(self, texts: &Login) -> &'static str {
        match self {
            Self::Wrong => texts.wrong.title,
            Self::Stale => texts.stale.title,
            Self::TooMany(_) => texts.too_many.0,
        }
    }

    fn text(self, texts: &Texts) -> Cow<'static, str> {
        match self {
            Self::Wrong => texts.login.wrong.text.into(),
            Self::Stale => texts.login.stale.text.into(),
            Self::TooMany(wait) => {
                let Around { before, after } = texts.login.too_many.1;
                format!("{before}{}{after}", (texts.span)(Span::to_wait(wait))).into()
            }
        }
    }
}

impl LoginPage<'_> {
    /// Whether it is the fields that were wrong.
    fn has_wrong_fields(&self) -> bool {
        self.problem == Some(LoginProblem::Wrong)
    }
}

/// Signed in, with nothing to go on with.
#[derive(Debug, Template)]
#[template(path = "signed_in.html")]
pub struct SignedInPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// Who.
    pub username: &'a str,
    /// Of the form that signs out.
    pub logout_csrf: CsrfToken,
}

/// Signed out.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
}

/// Asking for consent.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// Who asks.
    pub application: Application,
    /// Whom they belong to.
    pub owner: Owner,
    /// Who is asked.
    pub username: &'a str,
    /// What is asked for.
    pub permissions: Vec<Permission<'a>>,
    /// Whether the application gets its access in the address it is sent back to (RFC 6749 §4.2).
    pub at_once: bool,
    /// How long it lasts.
    pub lasting: Lasting,
    /// The authorization request, as a query.
    pub query: &'a str,
    /// What tells this page from another of the same request.
    pub page: &'a str,
    /// Of the form.
    pub csrf: CsrfToken,
    /// Of the form that signs out.
    pub logout_csrf: CsrfToken,
}

/// One scope value that is asked for.
#[derive(Debug)]
pub struct Permission<'a> {
    /// The value.
    pub value: &'a str,
    /// What it means, if somebody has said so.
    pub description: Option<String>,
}

/// Whom an application belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The deployment: it is its own.
    Deployment,
    /// Somebody else, for whom the administrators registered it.
    Administrators,
    /// A person, by their login name.
    Person(String),
    /// A person who was deleted.
    Gone,
}

/// How long what a person allows lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// For this long.
    For(Duration),
    /// For `at_most`, or until it is not used for `unused`.
    WhileUsed {
        /// From one use to the next.
        unused: Duration,
        /// In all.
        at_most: Duration,
    },
    /// Until somebody ends it (a compatibility switch).
    UntilRevoked,
}

impl ConsentPage<'_> {
    /// What is said of the owner, and who it is.
    fn owner_told(&self) -> (&str, &str) {
        let texts = &self.view.texts.consent;
        match &self.owner {
            Owner::Deployment => (texts.made_by, texts.this_service),
            Owner::Administrators => (texts.registered_by, texts.administrators),
            Owner::Person(name) => (texts.made_by, name),
            Owner::Gone => (texts.made_by, texts.somebody_gone),
        }
    }

    fn lasting_told(&self) -> String {
        let span = |duration| (self.view.texts.span)(Span::of(duration));
        match self.lasting {
            Lasting::For(duration) => span(duration),
            Lasting::UntilRevoked => self.view.texts.consent.until_revoked.to_owned(),
            Lasting::WhileUsed { unused, at_most } => {
                let less = self.view.texts.consent.less_if_unused;
                format!("{}{}{}{}", span(at_most), less.before, span(unused), less.after)
            }
        }
    }
}

/// An answer on its way to a client that asked for `response_mode=form_post`.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    /// How it is seen.
    pub view: View<'a>,
    /// To whom.
    pub client_name: &'a str,
    /// Where to.
    pub action: &'a str,
    /// What: names and values.
    pub fields: &'a [(&'static str, String)],
}
