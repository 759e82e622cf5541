//! Signing out.

use super::{Call, SESSION_COOKIE, SignedIn};
use crate::{
    audit::Event,
    http::{Form, Response},
    pages::{ErrorKind, ErrorPage},
};

/// The sessions that a user signs out of. Grants go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOut {
    ThisBrowser,
    /// The user's sessions in all browsers.
    Everywhere,
}

impl SignedIn {
    /// Checks that `form` was sent to this session for this `purpose`: another site must not sign users out.
    pub fn check_sign_out(&self, form: &Form, purpose: &[&str]) -> Result<(), ErrorPage> {
        self.check_csrf(form, purpose).map_err(|page| ErrorPage::new(ErrorKind::StillSignedIn, page.reason))
    }

    /// Ends the sessions, and deletes the cookie in the browser that gets `response`.
    pub async fn sign_out(
        &self,
        call: &Call<'_>,
        sessions: SignOut,
        response: &mut Response,
    ) -> Result<(), ErrorPage> {
        let everywhere = sessions == SignOut::Everywhere;
        if everywhere {
            call.app.users.sign_out_everywhere(self.user, call.now).await?;
        }
        call.app.sessions.end(&self.secret, call.now).await?;
        call.audit(Event::SignedOut { user: self.user, everywhere });
        SESSION_COOKIE.clear(response, &call.issuer()?);
        Ok(())
    }
}
