//! The login page.

use std::{borrow::Cow, time::Duration};

use askama::Template;
use lambda_http::http::StatusCode;

use super::{
    Application, CsrfToken, Texts, View,
    duration::HumanDuration,
    texts::{Login, Phrase},
};
use crate::http::Response;

#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage<'a> {
    pub view: View<'a>,
    /// The client of the authorization request, if the request names a registered one.
    pub application: Option<&'a Application>,
    /// The query of the authorization request that continues after the login; empty if the user came without a request.
    pub query: &'a str,
    pub csrf: CsrfToken,
    /// The initial value of the user name field.
    pub username: &'a str,
    /// The error of the last attempt.
    pub error: Option<LoginError>,
}

/// The reason why the login form is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// Wrong user name or password.
    WrongCredentials,
    /// The form was not shown to this browser, or was shown too long ago.
    ExpiredForm,
    /// Rate limit; the next attempt is possible after this duration.
    TooManyAttempts(Duration),
}

impl LoginError {
    /// Returns the status of the response, and the duration in its `Retry-After`.
    pub(super) const fn status(self) -> (StatusCode, Option<Duration>) {
        match self {
            Self::WrongCredentials => (StatusCode::BAD_REQUEST, None),
            Self::ExpiredForm => (StatusCode::FORBIDDEN, None),
            Self::TooManyAttempts(wait) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
        }
    }

    pub(super) const fn title(self, texts: &Login) -> &'static str {
        match self {
            Self::WrongCredentials => texts.wrong_credentials.title,
            Self::ExpiredForm => texts.expired_form.title,
            Self::TooManyAttempts(_) => texts.too_many_attempts,
        }
    }

    pub(super) fn text(self, texts: &Texts) -> Cow<'static, str> {
        match self {
            Self::WrongCredentials => texts.login.wrong_credentials.text.into(),
            Self::ExpiredForm => texts.login.expired_form.text.into(),
            Self::TooManyAttempts(wait) => {
                let Phrase { before, after } = texts.login.try_again_in;
                format!("{before}{}{after}", (texts.duration)(HumanDuration::to_wait(wait))).into()
            }
        }
    }
}

impl LoginPage<'_> {
    pub fn response(&self) -> Response {
        self.view.show_form(self, self.error.map(LoginError::status))
    }

    /// Returns whether the fields are marked as invalid.
    fn has_invalid_fields(&self) -> bool {
        self.error == Some(LoginError::WrongCredentials)
    }
}
