//! The pages after a login or logout that no authorization request continues.

use askama::Template;

use super::{CsrfToken, View};

#[derive(Debug, Template)]
#[template(path = "signed_in.html")]
pub struct SignedInPage<'a> {
    pub view: View<'a>,
    pub username: &'a str,
    pub logout_csrf: CsrfToken,
}

#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    pub view: View<'a>,
}
