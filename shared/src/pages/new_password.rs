//! The pages on which a user changes a password, or sets a new one by a reset link.

use std::{borrow::Cow, time::Duration};

use askama::Template;
use lambda_http::http::StatusCode;

use super::{CsrfToken, LoginError, Section, Texts, View, texts::Phrase};
use crate::{
    http::Response,
    status::Ending,
    users::{InvalidPassword, Password, reset_link},
};

/// The form that changes the password of the signed-in user.
#[derive(Debug, Template)]
#[template(path = "change_password.html")]
pub struct ChangePasswordPage<'a> {
    pub view: View<'a>,
    pub section: Section,
    /// For the browser's password manager.
    pub username: &'a str,
    /// Whether the box is checked that ends everything, and not sessions only.
    pub ending: Ending,
    /// The error of the last attempt.
    pub error: Option<NewPasswordError>,
    pub csrf: CsrfToken,
}

impl ChangePasswordPage<'_> {
    pub fn response(&self) -> Response {
        self.view.show_form(self, self.error.map(NewPasswordError::status))
    }
}

/// The page after the password was changed.
#[derive(Debug, Template)]
#[template(path = "password_changed.html")]
pub struct PasswordChangedPage<'a> {
    pub view: View<'a>,
    /// What ended.
    pub ending: Ending,
    /// Whether the user may have credentials, which stay.
    pub is_developer: bool,
}

/// The form behind a reset link.
#[derive(Debug, Template)]
#[template(path = "reset_password.html")]
pub struct ResetPasswordPage<'a> {
    pub view: View<'a>,
    pub username: &'a str,
    /// The token of the link.
    pub token: &'a str,
    /// The error of the last attempt.
    pub error: Option<NewPasswordError>,
    pub csrf: CsrfToken,
}

impl ResetPasswordPage<'_> {
    pub fn response(&self) -> Response {
        self.view.show_form(self, self.error.map(NewPasswordError::status))
    }
}

/// The page after the password was set by a reset link.
#[derive(Debug, Template)]
#[template(path = "password_reset.html")]
pub struct PasswordResetPage<'a> {
    pub view: View<'a>,
    /// Whether the user may have credentials, which stay.
    pub is_developer: bool,
}

/// The reason why the password was not changed and the form is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPasswordError {
    /// The form, or the current password in it, is refused as at the login page.
    Refused(LoginError),
    /// The new password is invalid.
    Invalid(InvalidPassword),
}

impl NewPasswordError {
    /// Returns the status of the response, and the duration in its `Retry-After`.
    const fn status(self) -> (StatusCode, Option<Duration>) {
        match self {
            Self::Refused(error) => error.status(),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, None),
        }
    }

    fn text(self, texts: &Texts) -> Cow<'static, str> {
        let new_password = &texts.new_password;
        match self {
            Self::Refused(LoginError::WrongCredentials) => new_password.wrong_password.into(),
            Self::Refused(LoginError::ExpiredForm) => new_password.expired_form.into(),
            Self::Refused(error @ LoginError::TooManyAttempts(_)) => {
                format!("{}. {}", error.title(&texts.login), error.text(texts)).into()
            }
            Self::Invalid(InvalidPassword::TooShort) => {
                format!("{} {}", new_password.too_short, length(texts)).into()
            }
            Self::Invalid(InvalidPassword::TooLong) => new_password.too_long.into(),
        }
    }

    /// Returns whether the field of the current password is marked as invalid.
    fn is_of_current(self) -> bool {
        self == Self::Refused(LoginError::WrongCredentials)
    }

    /// Returns whether the field of the new password is marked as invalid.
    fn is_of_new(self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}

/// Returns the rule that a new password must keep. A character has one byte or more.
fn length(texts: &Texts) -> String {
    let Phrase { before, after } = texts.new_password.length;
    format!("{before}{}{after}", Password::FEWEST_BYTES)
}
