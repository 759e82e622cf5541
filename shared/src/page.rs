//! Pages: what a person sees.
//!
//! A page is a struct and a template of the same name, escaped by askama. Pages need no JavaScript and load nothing
//! from anywhere; their one style sheet is part of them, and allowed by its digest.

mod account;
mod forms;

pub use account::{
    AccountPage, Application, Credential, CredentialsPage, MadePage, Personal, PersonalTokensPage,
};
pub use forms::{
    ConsentPage, CsrfToken, FormPostPage, LoginPage, SignedInPage, SignedOutPage, is_over, showing,
};

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::http::Response;

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("../templates/style.css");
/// The script of the one page that has any: it sends the form that a client asked for (`response_mode=form_post`).
pub const SUBMIT: &str = "document.forms[0].submit()";

/// The answer that shows `page`.
///
/// Its policy has no `form-action`: browsers apply that to every redirect that follows a form, the application's own
/// included.
pub fn html(status: StatusCode, page: &impl Template) -> Response {
    with_policy(status, page, "")
}

/// The answer that shows `page`, whose only script is [`SUBMIT`].
pub fn html_that_submits(page: &impl Template) -> Response {
    with_policy(StatusCode::OK, page, &format!("; script-src '{}'", digest(SUBMIT)))
}

fn with_policy(status: StatusCode, page: &impl Template, script: &str) -> Response {
    // Rendering into memory fails only if a template does, and ours do nothing that could.
    let mut response = Response::new(page.render().unwrap_or_default().into());
    *response.status_mut() = status;
    let policy = format!(
        "default-src 'none'; style-src '{}'{script}; base-uri 'none'; frame-ancestors 'none'",
        digest(STYLE)
    );
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn digest(source: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(source)))
}

/// A redirect that turns a POST into a GET (RFC 9110 §15.4.4): it never repeats what a form held.
pub fn see_other(location: &str) -> Response {
    let mut response = Response::new(lambda_http::Body::Empty);
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Something that a person is told on a page, because there is nobody else to tell.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    /// For the log's `error`.
    pub(crate) error: &'static str,
    title: &'static str,
    text: &'static str,
    /// What exactly was wrong: for the log only.
    pub(crate) reason: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    text: &'a str,
    request_id: &'a str,
}

impl Problem {
    /// A request that is wrong in itself: going back helps nobody but its maker.
    pub const fn bad_request(title: &'static str, text: &'static str, reason: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_request", title, text, reason }
    }

    /// A form that was not ours, or is too old.
    pub const fn forbidden(title: &'static str, text: &'static str, reason: String) -> Self {
        Self { status: StatusCode::FORBIDDEN, error: "access_denied", title, text, reason }
    }

    /// A page that is not there, or not for this person.
    pub const fn not_found(title: &'static str, text: &'static str, reason: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, error: "not_found", title, text, reason }
    }

    /// DynamoDB is throttled or down.
    pub const fn unavailable(reason: String) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: "temporarily_unavailable",
            title: "Please try again in a moment",
            text: "The server cannot answer right now. Nothing was lost: load this page again.",
            reason,
        }
    }

    pub(crate) fn is_outage(&self) -> bool {
        self.status.is_server_error()
    }

    pub(crate) fn answer(&self, request_id: &str) -> Response {
        let mut response = html(self.status, &ErrorPage { title: self.title, text: self.text, request_id });
        if self.is_outage() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<crate::table::Error> for Problem {
    fn from(error: crate::table::Error) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<crate::http::UnknownIssuer> for Problem {
    fn from(error: crate::http::UnknownIssuer) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<crate::http::FormError> for Problem {
    fn from(error: crate::http::FormError) -> Self {
        let reason = error.to_string();
        Self::bad_request(
            "This request cannot be read",
            "The application that sent you here made a mistake.",
            reason,
        )
    }
}
