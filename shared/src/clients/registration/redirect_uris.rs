//! The redirect URIs of a client (RFC 7591 §2, `redirect_uris`; OpenID Connect RP-Initiated Logout §3.1,
//! `post_logout_redirect_uris`).

use super::Registration;
use crate::{
    clients::InvalidRegistration,
    oauth::redirect_uri::{self, InvalidRedirectUri},
};

/// The most characters of a URI in an error.
const MOST_SHOWN: usize = 100;

impl Registration {
    /// Checks the redirect URIs, but not those that were `accepted` before.
    pub(super) fn check_redirect_uris(&self, accepted: &[String]) -> Result<(), InvalidRegistration> {
        if self.redirect_uris.len() > Self::MOST_REDIRECT_URIS {
            return Err(InvalidRegistration::TooManyRedirectUris);
        }
        let new = self.redirect_uris.iter().filter(|uri| !accepted.contains(uri));
        check(new).map_err(|(uri, reason)| InvalidRegistration::RedirectUri { uri, reason })
    }

    pub(super) fn check_post_logout_redirect_uris(&self) -> Result<(), InvalidRegistration> {
        if self.post_logout_redirect_uris.len() > Self::MOST_REDIRECT_URIS {
            return Err(InvalidRegistration::TooManyPostLogoutRedirectUris);
        }
        check(&self.post_logout_redirect_uris)
            .map_err(|(uri, reason)| InvalidRegistration::PostLogoutRedirectUri { uri, reason })
    }
}

/// Checks `uris`, and returns the start of the first one that is not valid, with the reason.
fn check<'a>(uris: impl IntoIterator<Item = &'a String>) -> Result<(), (String, InvalidRedirectUri)> {
    uris.into_iter().try_for_each(|uri| {
        redirect_uri::check(uri).map_err(|reason| (uri.chars().take(MOST_SHOWN).collect(), reason))
    })
}
