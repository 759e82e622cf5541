//! Error pages, for errors that cannot be sent to a client.

use askama::Template;
use lambda_http::http::{HeaderValue, StatusCode, header};

use super::{
    View,
    texts::{Errors, Message},
};
use crate::{
    dynamodb,
    http::{FormError, Response},
};

/// An error that ends a request with a page.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    kind: ErrorKind,
    /// The exact reason, for the log only.
    pub reason: String,
    /// Target of the page's "Try again" link.
    retry: Option<String>,
    /// The application that the user may return to.
    back: Option<Back>,
}

/// A link to an application that the server does not send users to by itself.
#[derive(Clone, Debug)]
pub struct Back {
    /// The destination as users know it: see [`Application`](super::Application).
    pub destination: String,
    /// A registered URI of the application, with the parameters of the response.
    pub url: String,
}

/// The message, status and log code of an error page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The client is unknown or disabled.
    UnknownApplication,
    /// The client registered itself, and its registration has ended, or was deleted or disabled.
    EndedRegistration,
    /// The request of a client that registered itself has an error.
    UncheckedApplication,
    /// The redirect URI is missing or not registered.
    UnknownAddress,
    /// Only the client's developer can correct the request.
    MalformedRequest,
    /// The form was not shown to this browser for this request, or was shown too long ago.
    ExpiredPage,
    /// The user does not have the role `developer`.
    DevelopersOnly,
    /// The deployment does not offer this page.
    NotOffered,
    /// The logout form was not shown to this browser, or was shown too long ago.
    StillSignedIn,
    /// Some grants of an application may not be ended yet.
    AccessNotEnded,
    /// The reset link is malformed, unknown, used, replaced or too old, or its user is disabled.
    InvalidLink,
    /// The password was changed, or the user deleted, while the user changed the password.
    PasswordChangedMeanwhile,
    /// DynamoDB is throttled or down.
    Unavailable,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorTemplate<'a> {
    view: View<'a>,
    message: Message,
    retry: Option<&'a str>,
    back: Option<&'a Back>,
    request_id: &'a str,
}

impl ErrorPage {
    pub const fn new(kind: ErrorKind, reason: String) -> Self {
        Self { kind, reason, retry: None, back: None }
    }

    /// Adds a "Try again" link to `path`: a path of this server, with its query.
    #[must_use]
    pub fn with_retry(self, path: String) -> Self {
        Self { retry: Some(path), ..self }
    }

    /// Adds a link `back` to the application.
    #[must_use]
    pub fn with_link(self, back: Option<Back>) -> Self {
        Self { back, ..self }
    }

    /// Returns the `error` of the log line.
    pub const fn error(&self) -> &'static str {
        match self.kind {
            ErrorKind::UnknownApplication
            | ErrorKind::EndedRegistration
            | ErrorKind::UncheckedApplication
            | ErrorKind::UnknownAddress
            | ErrorKind::MalformedRequest
            | ErrorKind::InvalidLink => "invalid_request",
            ErrorKind::ExpiredPage
            | ErrorKind::DevelopersOnly
            | ErrorKind::StillSignedIn
            | ErrorKind::PasswordChangedMeanwhile => "access_denied",
            ErrorKind::NotOffered => "not_found",
            ErrorKind::AccessNotEnded | ErrorKind::Unavailable => "temporarily_unavailable",
        }
    }

    pub fn is_outage(&self) -> bool {
        matches!(self.kind, ErrorKind::AccessNotEnded | ErrorKind::Unavailable)
    }

    pub fn response(&self, view: View<'_>, request_id: &str) -> Response {
        let message = self.kind.message(&view.texts.error);
        let (retry, back) = (self.retry.as_deref(), self.back.as_ref());
        let page = ErrorTemplate { view, message, retry, back, request_id };
        let mut response = view.show(self.kind.status(), &page);
        if self.is_outage() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl ErrorKind {
    const fn status(self) -> StatusCode {
        match self {
            Self::UnknownApplication
            | Self::EndedRegistration
            | Self::UncheckedApplication
            | Self::UnknownAddress
            | Self::MalformedRequest
            | Self::InvalidLink => StatusCode::BAD_REQUEST,
            Self::ExpiredPage | Self::DevelopersOnly | Self::StillSignedIn => StatusCode::FORBIDDEN,
            Self::NotOffered => StatusCode::NOT_FOUND,
            Self::PasswordChangedMeanwhile => StatusCode::CONFLICT,
            Self::AccessNotEnded | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn message(self, texts: &Errors) -> Message {
        match self {
            Self::UnknownApplication => texts.unknown_application,
            Self::EndedRegistration => texts.ended_registration,
            Self::UncheckedApplication => texts.unchecked_application,
            Self::UnknownAddress => texts.unknown_address,
            Self::MalformedRequest => texts.malformed_request,
            Self::ExpiredPage => texts.expired_page,
            Self::DevelopersOnly => texts.developers_only,
            Self::NotOffered => texts.not_offered,
            Self::StillSignedIn => texts.still_signed_in,
            Self::AccessNotEnded => texts.access_not_ended,
            Self::InvalidLink => texts.invalid_link,
            Self::PasswordChangedMeanwhile => texts.password_changed_meanwhile,
            Self::Unavailable => texts.unavailable,
        }
    }
}

impl From<dynamodb::Error> for ErrorPage {
    fn from(error: dynamodb::Error) -> Self {
        Self::new(ErrorKind::Unavailable, error.to_string())
    }
}

impl From<FormError> for ErrorPage {
    fn from(error: FormError) -> Self {
        Self::new(ErrorKind::MalformedRequest, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::{
        config::{Config, Language},
        pages::Theme,
    };

    #[test]
    fn every_kind_has_its_status_and_message_and_link_in_every_language() {
        let theme = Theme::new(&Config::read(|_| None).unwrap().brand);
        for language in Language::VARIANTS {
            let view = View::new(*language, &theme);
            for (kind, status, retry_after) in [
                (ErrorKind::UnknownApplication, 400, None),
                (ErrorKind::EndedRegistration, 400, None),
                (ErrorKind::UncheckedApplication, 400, None),
                (ErrorKind::UnknownAddress, 400, None),
                (ErrorKind::MalformedRequest, 400, None),
                (ErrorKind::ExpiredPage, 403, None),
                (ErrorKind::DevelopersOnly, 403, None),
                (ErrorKind::NotOffered, 404, None),
                (ErrorKind::StillSignedIn, 403, None),
                (ErrorKind::InvalidLink, 400, None),
                (ErrorKind::PasswordChangedMeanwhile, 409, None),
                (ErrorKind::AccessNotEnded, 503, Some("1")),
                (ErrorKind::Unavailable, 503, Some("1")),
            ] {
                let page = ErrorPage::new(kind, String::new()).with_retry("/login?a=1&b=\"".to_owned());
                let response = page.response(view, "id");
                let lambda_http::Body::Text(text) = response.body() else { panic!("no text") };
                assert_eq!(response.status(), status);
                let header = response.headers().get("retry-after");
                assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
                let title = kind.message(&view.texts.error).title;
                assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
                assert!(text.contains("href=\"/login?a=1&#38;b=&#34;\""), "{text}");
            }
        }
    }
}
