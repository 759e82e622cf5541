//! The pages that hold a form, and what ties each form to the browser it was shown to.

use askama::Template;

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
    /// The authorization request to go on with, as a query; empty if there is none.
    pub query: &'a str,
    /// Of the form.
    pub csrf: CsrfToken,
    /// What to fill in.
    pub username: &'a str,
    /// What went wrong the last time.
    pub problem: Option<&'a str>,
}

/// Signed in, with nothing to go on with.
#[derive(Debug, Template)]
#[template(path = "signed_in.html")]
pub struct SignedInPage<'a> {
    /// Who.
    pub username: &'a str,
    /// Of the form that signs out.
    pub csrf: CsrfToken,
}

/// Signed out.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage;

/// Asking for consent.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// Who asks.
    pub client_name: &'a str,
    /// Who is asked.
    pub username: &'a str,
    /// Where they will be sent.
    pub destination: &'a str,
    /// What is asked for, value by value.
    pub scope: Vec<&'a str>,
    /// How long it lasts.
    pub lasts: String,
    /// The authorization request, as a query.
    pub query: &'a str,
    /// What tells this page from another of the same request.
    pub page: &'a str,
    /// Of the form.
    pub csrf: CsrfToken,
    /// Of the form that signs out.
    pub logout_csrf: CsrfToken,
}

/// An answer on its way to a client that asked for `response_mode=form_post`.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    /// Where to.
    pub action: &'a str,
    /// What: names and values.
    pub fields: &'a [(&'static str, String)],
}
