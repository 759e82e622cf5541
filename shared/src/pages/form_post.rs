//! The page that posts an authorization response to the client (OAuth 2.0 Form Post Response Mode §2).

use askama::Template;
use lambda_http::http::StatusCode;

use super::View;
use crate::http::Response;

#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    pub view: View<'a>,
    pub client_name: &'a str,
    /// The redirect URI.
    pub action: &'a str,
    /// The names and values of the response's parameters.
    pub fields: &'a [(&'static str, String)],
}

impl FormPostPage<'_> {
    /// Returns the response that shows this page; its policy allows the one script that submits the form.
    pub fn response(&self) -> Response {
        self.view.show_with_policy(StatusCode::OK, self, &self.view.theme.policy_with_submit)
    }
}
