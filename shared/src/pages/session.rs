//! The pages after a login that no authorization request continues, and around a logout.

use askama::Template;

use super::{Back, CsrfToken, View};

#[derive(Debug, Template)]
#[template(path = "signed_in.html")]
pub struct SignedInPage<'a> {
    pub view: View<'a>,
    pub username: &'a str,
    pub logout_csrf: CsrfToken,
}

/// The page that asks whether to sign out.
#[derive(Debug, Template)]
#[template(path = "sign_out_request.html")]
pub struct SignOutPage<'a> {
    pub view: View<'a>,
    pub username: &'a str,
    /// The application that asks to sign the user out, if its request has an ID token.
    pub client_name: Option<&'a str>,
    /// The query of the logout request.
    pub query: &'a str,
    pub csrf: CsrfToken,
}

#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    pub view: View<'a>,
    pub way_back: WayBack<'a>,
}

/// The way back to the application that asked to sign the user out.
#[derive(Clone, Copy, Debug)]
pub enum WayBack<'a> {
    None,
    Link(&'a Back),
    /// The application has not registered the address that it gave.
    Unregistered,
}
