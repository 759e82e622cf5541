//! The user who is signed in with the browser that sent a request.

use super::Call;
use crate::{
    http::{Cookie, Form},
    pages::{CsrfToken, ErrorKind, ErrorPage},
    secret::{self, Id, Secret},
    status::{Role, Status},
    time::Timestamp,
};

/// The cookie that holds a browser's session.
pub const SESSION_COOKIE: Cookie = Cookie::new("jeton-session");

/// A user who is signed in and in good standing.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's secret, which also makes the CSRF tokens of the user's forms.
    pub secret: Secret<secret::Session>,
    pub user: Id,
    pub username: String,
    pub authenticated_at: Timestamp,
    /// The user's status at this moment.
    pub status: Status,
}

impl SignedIn {
    pub fn is_developer(&self) -> bool {
        self.status.has(&Role::developer())
    }

    /// Returns the CSRF token of the form for this `purpose`.
    pub fn csrf(&self, purpose: &[&str]) -> CsrfToken {
        CsrfToken::seal(&self.secret, purpose)
    }

    /// Checks that `form` was sent to this session for this `purpose`.
    pub fn check_csrf(&self, form: &Form, purpose: &[&str]) -> Result<(), ErrorPage> {
        if self.secret.has_sealed(purpose, form.get("csrf").unwrap_or_default()) {
            return Ok(());
        }
        let reason = "the form was not sent to this session for this purpose";
        Err(ErrorPage::new(ErrorKind::ExpiredPage, reason.to_owned()))
    }
}

/// Returns the user who is signed in with the browser that sent `call`.
pub async fn signed_in(call: &Call<'_>) -> Result<Option<SignedIn>, ErrorPage> {
    let Some(secret) = call.cookie_secret(SESSION_COOKIE)? else { return Ok(None) };
    let Some(session) = call.app.sessions.open(&secret, call.now).await? else { return Ok(None) };
    let status = call.app.statuses.find_user(session.user).await?;
    let Some(status) = status.filter(|status| status.is_signed_in_since(session.authenticated_at)) else {
        return Ok(None);
    };
    Ok(Some(SignedIn {
        secret,
        user: session.user,
        username: status.name.clone(),
        authenticated_at: session.authenticated_at,
        status,
    }))
}
