//! How a user sees the pages: in their language and in the deployment's theme.

use std::time::Duration;

use askama::Template;
use lambda_http::http::{HeaderValue, StatusCode, header};

use super::{Texts, Theme};
use crate::{
    config::Language,
    http::{Response, rounded_up_to_seconds},
};

/// The language and theme of a page.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub language: Language,
    /// The texts of the pages in `language`.
    pub texts: &'static Texts,
    pub(super) theme: &'a Theme,
}

impl<'a> View<'a> {
    pub fn new(language: Language, theme: &'a Theme) -> Self {
        Self { language, texts: Texts::of(language), theme }
    }

    /// Returns the response that shows `page`.
    pub fn show(self, status: StatusCode, page: &impl Template) -> Response {
        self.show_with_policy(status, page, &self.theme.policy)
    }

    /// Returns the response that shows a form: at first, or again with the status and the `Retry-After` of an error.
    pub(super) fn show_form(
        self,
        page: &impl Template,
        error: Option<(StatusCode, Option<Duration>)>,
    ) -> Response {
        let (status, retry_after) = error.unwrap_or((StatusCode::OK, None));
        let mut response = self.show(status, page);
        if let Some(wait) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, rounded_up_to_seconds(wait).into());
        }
        response
    }

    /// Returns the response that shows `page` under the content security policy `policy`.
    pub(super) fn show_with_policy(
        self,
        status: StatusCode,
        page: &impl Template,
        policy: &HeaderValue,
    ) -> Response {
        // Rendering into memory fails only if a template fails, and no template here calls anything that can fail.
        let mut response = Response::new(page.render().unwrap_or_default().into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language.tag()));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        response
    }
}
