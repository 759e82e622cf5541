//! What a person is told on a page, because there is nobody else to tell.

use askama::Template;
use lambda_http::http::{HeaderValue, StatusCode, header};

use super::{
    View,
    texts::{Problems, Told},
};
use crate::http::Response;

/// Something that a person is told, and what the log is told.
#[derive(Clone, Debug)]
pub struct Problem {
    trouble: Trouble,
    /// What exactly was wrong: for the log only.
    pub(crate) reason: String,
    way_on: Option<String>,
}

/// What a person can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The client is unknown or disabled.
    UnknownApplication,
    /// The redirect URI is missing or not registered.
    UnknownAddress,
    /// The request is not well-formed: going back helps nobody but its maker.
    Unreadable,
    /// The consent page was not this browser's for this request, or is too old.
    StalePage,
    /// The page is for people with a role that this one does not have.
    NotForYou,
    /// The deployment does not offer this.
    NotOffered,
    /// The form that signs out was not this browser's, or is too old.
    StillSignedIn,
    /// Some of what an application was allowed may not be ended yet.
    Unfinished,
    /// DynamoDB is throttled or down.
    Unavailable,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    view: View<'a>,
    told: Told,
    /// Where to go on.
    way_on: Option<&'a str>,
    request_id: &'a str,
}

impl Problem {
    /// `trouble` for the person, `reason` for the log.
    pub const fn new(trouble: Trouble, reason: String) -> Self {
        Self { trouble, reason, way_on: None }
    }

    /// The same, with a way on: a path of this server's, with its query.
    #[must_use]
    pub fn with_way_on(self, path: String) -> Self {
        Self { way_on: Some(path), ..self }
    }

    /// For the log's `error`.
    pub(crate) const fn error(&self) -> &'static str {
        match self.trouble {
            Trouble::UnknownApplication | Trouble::UnknownAddress | Trouble::Unreadable => "invalid_request",
            Trouble::StalePage | Trouble::NotForYou | Trouble::StillSignedIn => "access_denied",
            Trouble::NotOffered => "not_found",
            Trouble::Unfinished | Trouble::Unavailable => "temporarily_unavailable",
        }
    }

    pub(crate) fn is_outage(&self) -> bool {
        matches!(self.trouble, Trouble::Unfinished | Trouble::Unavailable)
    }

    pub(crate) fn answer(&self, view: View<'_>, request_id: &str) -> Response {
        let way_on = self.way_on.as_deref();
        let told = self.trouble.told(&view.texts.problem);
        let mut response = view.show(self.trouble.status(), &ErrorPage { view, told, way_on, request_id });
        if self.is_outage() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl Trouble {
    const fn status(self) -> StatusCode {
        match self {
            Self::UnknownApplication | Self::UnknownAddress | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::StalePage | Self::NotForYou | Self::StillSignedIn => StatusCode::FORBIDDEN,
            Self::NotOffered => StatusCode::NOT_FOUND,
            Self::Unfinished | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn told(self, texts: &Problems) -> Told {
        match self {
            Self::UnknownApplication => texts.unknown_application,
            Self::UnknownAddress => texts.unknown_address,
            Self::Unreadable => texts.unreadable,
            Self::StalePage => texts.stale_page,
            Self::NotForYou => texts.not_for_you,
            Self::NotOffered => texts.not_offered,
            Self::StillSignedIn => texts.still_signed_in,
            Self::Unfinished => texts.unfinished,
            Self::Unavailable => texts.unavailable,
        }
    }
}

impl From<crate::table::Error> for Problem {
    fn from(error: crate::table::Error) -> Self {
        Self::new(Trouble::Unavailable, error.to_string())
    }
}

impl From<crate::http::UnknownIssuer> for Problem {
    fn from(error: crate::http::UnknownIssuer) -> Self {
        Self::new(Trouble::Unavailable, error.to_string())
    }
}

impl From<crate::http::FormError> for Problem {
    fn from(error: crate::http::FormError) -> Self {
        Self::new(Trouble::Unreadable, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        language::Language,
        page::{Look, Texts},
    };

    #[test]
    fn every_trouble_is_told_in_every_language_with_its_way_on() {
        let look = Look::new(&Config::read(|_| None).unwrap().brand);
        for language in Language::ALL {
            let view = View { language, texts: Texts::of(language), look: &look };
            for (trouble, status, retry_after) in [
                (Trouble::UnknownApplication, 400, None),
                (Trouble::UnknownAddress, 400, None),
                (Trouble::Unreadable, 400, None),
                (Trouble::StalePage, 403, None),
                (Trouble::NotForYou, 403, None),
                (Trouble::NotOffered, 404, None),
                (Trouble::StillSignedIn, 403, None),
                (Trouble::Unfinished, 503, Some("1")),
                (Trouble::Unavailable, 503, Some("1")),
            ] {
                let problem = Problem::new(trouble, String::new()).with_way_on("/login?a=1&b=\"".to_owned());
                let answer = problem.answer(view, "id");
                let told = trouble.told(&view.texts.problem);
                let lambda_http::Body::Text(text) = answer.body() else { panic!("no text") };
                assert_eq!(answer.status(), status);
                let header = answer.headers().get("retry-after");
                assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
                assert!(text.contains(&format!("<h1>{}</h1>", told.title)), "{text}");
                assert!(text.contains("href=\"/login?a=1&#38;b=&#34;\""), "{text}");
            }
        }
    }
}
