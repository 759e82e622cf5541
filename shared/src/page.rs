//! Pages: what a person sees.
//!
//! A page is a struct and a template of the same name, escaped by askama. Pages need no JavaScript and load nothing
//! from anywhere; their one style sheet is part of them, and allowed by its digest.

mod account;
mod forms;
mod look;
mod problem;
mod span;
mod texts;

pub use account::{
    AccountPage, Allowed, Credential, CredentialsPage, Lifetime, MadePage, Part, Personal,
    PersonalTokensPage, Refused, Section,
};
pub use forms::{
    Application, ConsentPage, CsrfToken, FormPostPage, Lasting, LoginPage, LoginProblem, Owner, Permission,
    SignedInPage, SignedOutPage, is_over, showing,
};
pub use look::Look;
pub use problem::{Problem, Trouble};
pub use texts::Texts;

use askama::Template;
use lambda_http::http::{HeaderValue, StatusCode, header};

use crate::{
    http::{Call, Query, Response},
    language::Language,
};

/// How a visitor sees pages: in their language, in the deployment's look.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The visitor's language.
    pub language: Language,
    /// What pages say in it.
    pub texts: &'static Texts,
    look: &'a Look,
}

impl<'a> View<'a> {
    /// How whoever sent `call` sees pages.
    pub fn of(call: &Call<'a>) -> Self {
        let query = Query::parse(call.request.uri().query().unwrap_or_default()).ok();
        let ui_locales = query.as_ref().and_then(|query| query.get("ui_locales").ok().flatten());
        let accepted = call.request.headers().get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
        let offered = &call.app.config.languages;
        let language = offered.choose(ui_locales.unwrap_or_default(), accepted.unwrap_or_default());
        Self { language, texts: Texts::of(language), look: &call.app.look }
    }

    /// The answer that shows `page`.
    pub fn show(self, status: StatusCode, page: &impl Template) -> Response {
        self.with_policy(status, page, &self.look.policy)
    }

    /// The answer that shows `page`, whose only script sends its form.
    pub fn show_and_submit(self, page: &FormPostPage<'_>) -> Response {
        self.with_policy(StatusCode::OK, page, &self.look.policy_with_submit)
    }

    fn with_policy(self, status: StatusCode, page: &impl Template, policy: &HeaderValue) -> Response {
        // Rendering into memory fails only if a template does, and ours do nothing that could.
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
