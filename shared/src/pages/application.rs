//! A client, as users know it.

use crate::{clients::Client, oauth::redirect_uri};

#[derive(Clone, Debug)]
pub struct Application {
    pub name: String,
    /// The host of the redirect URI, or what stands in its place ([`redirect_uri::destination`]).
    pub destination: String,
    /// Whether the destination is a program on the user's computer ([`redirect_uri::is_on_this_computer`]).
    pub is_on_this_computer: bool,
    /// Whether the client registered itself, so that its name says nothing.
    pub is_self_registered: bool,
}

impl Application {
    /// Returns the application that sends the browser back to `redirect_uri`, a registered one of `client`.
    pub fn of(client: &Client, redirect_uri: &str) -> Self {
        Self {
            name: client.name.clone(),
            destination: redirect_uri::destination(redirect_uri).to_owned(),
            is_on_this_computer: redirect_uri::is_on_this_computer(redirect_uri),
            is_self_registered: client.is_self_registered(),
        }
    }
}
