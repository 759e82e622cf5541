//! The redirect URIs of a client (RFC 7591 §2, `redirect_uris`; OpenID Connect RP-Initiated Logout §3.1,
//! `post_logout_redirect_uris`).

use super::Registration;
use crate::{clients::InvalidRegistration, oauth::redirect_uri};

/// The most characters of a URI in an error.
const MOST_SHOWN: usize = 100;

impl Registration {
    /// Checks the redirect URIs, but not those that were `accepted` before.
    pub(super) fn check_redirect_uris(&self, accepted: &[String]) -> Result<(), InvalidRegistration> {
        if self.redirect_uris.len() > Self::MOST_REDIRECT_URIS {
            return Err(InvalidRegistration::TooManyRedirectUris);
        }
        self.redirect_uris.iter().filter(|uri| !accepted.contains(uri)).try_for_each(|uri| {
            redirect_uri::check(uri)
                .map_err(|reason| InvalidRegistration::RedirectUri { uri: shown(uri), reason })
        })
    }

    pub(super) fn check_post_logout_redirect_uris(&self) -> Result<(), InvalidRegistration> {
        if self.post_logout_redirect_uris.len() > Self::MOST_REDIRECT_URIS {
            return Err(InvalidRegistration::TooManyPostLogoutRedirectUris);
        }
        self.post_logout_redirect_uris.iter().try_for_each(|uri| {
            redirect_uri::check(uri)
                .map_err(|reason| InvalidRegistration::PostLogoutRedirectUri { uri: shown(uri), reason })
        })
    }
}

fn shown(uri: &str) -> String {
    uri.chars().take(MOST_SHOWN).collect()
}
