//! Setting a new password by a reset link, which an administrator handed over.
//!
//! # Design
//! There is no rate limit: a token has 256 random bits, and one that does not work costs one read and no hash.

use lambda_http::http::{Method, StatusCode};
use shared::{
    audit::UserChange,
    endpoint::Call,
    http::{Form, Query, Response},
    pages::{
        CsrfToken, ErrorKind, ErrorPage, LoginError, NewPasswordError, PasswordResetPage, ResetPasswordPage,
    },
    secret::{ResetLink, Secret},
    status::Ending,
    users::{Password, password, reset_link::PresentedResetLink},
};

use crate::{
    new_password,
    visit::{VISIT, VISIT_LIFETIME, visit, visit_or_new},
};

/// The purpose in the form's CSRF token.
const PURPOSE: &str = "reset-password";

/// Shows the form to a browser with a link that works, or sets the password.
pub(crate) async fn serve(call: &Call<'_>) -> Result<Response, ErrorPage> {
    if call.request.method() == Method::POST {
        return reset(call).await;
    }
    let query = Query::parse(call.request.uri().query().unwrap_or_default()).map_err(|_| malformed())?;
    let token = parse(query.get("token").ok().flatten())?;
    let presented = find(call, &token).await?;
    page(call, &token, &presented, None)
}

/// Sets the password, and ends everything of the user. The user signs in with the new password then.
async fn reset(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let form = Form::parse(&call.request)?;
    let token = parse(form.get("token"))?;
    // Before the password is hashed: a link that does not work must not cost a hash.
    let presented = find(call, &token).await?;
    let csrf = form.get("csrf").unwrap_or_default();
    if !visit(call)?.is_some_and(|visit| visit.has_sealed(&[PURPOSE, token.expose()], csrf)) {
        call.log_failure("access_denied", "the form was not sent to this browser or is too old", false);
        let error = NewPasswordError::Refused(LoginError::ExpiredForm);
        return page(call, &token, &presented, Some(error));
    }
    let new = match Password::new(form.get("new").unwrap_or_default().to_owned()) {
        Ok(new) => new,
        Err(invalid) => {
            call.log_failure("invalid_request", &invalid.to_string(), false);
            let error = Some(NewPasswordError::Invalid(invalid));
            return page(call, &token, &presented, error);
        }
    };
    let hash = password::hash_async(new).await;
    let at = call.app.clock.now();
    if !call.app.users.reset_password(&presented, &hash, at).await? {
        return Err(does_not_work());
    }
    let user = presented.user.sub;
    call.audit_user(user, UserChange::PasswordReset);
    new_password::end_again(call, user, Ending::Everything, at).await;
    let view = call.view();
    let page = PasswordResetPage { view, is_developer: presented.is_developer };
    let mut response = view.show(StatusCode::OK, &page);
    VISIT.clear(&mut response, &call.issuer()?);
    Ok(response)
}

fn page(
    call: &Call<'_>,
    token: &Secret<ResetLink>,
    presented: &PresentedResetLink,
    error: Option<NewPasswordError>,
) -> Result<Response, ErrorPage> {
    let visit = visit_or_new(call)?;
    let page = ResetPasswordPage {
        view: call.view(),
        username: presented.user.username.as_str(),
        token: token.expose(),
        error,
        csrf: CsrfToken::seal(&visit, &[PURPOSE, token.expose()]),
    };
    let mut response = page.response();
    VISIT.set(&mut response, &call.issuer()?, visit.expose(), VISIT_LIFETIME);
    Ok(response)
}

fn parse(token: Option<&str>) -> Result<Secret<ResetLink>, ErrorPage> {
    token.and_then(|token| Secret::parse(token).ok()).ok_or_else(malformed)
}

async fn find(call: &Call<'_>, token: &Secret<ResetLink>) -> Result<PresentedResetLink, ErrorPage> {
    call.app.users.find_reset_link(token, call.now).await?.ok_or_else(does_not_work)
}

fn malformed() -> ErrorPage {
    ErrorPage::new(ErrorKind::InvalidLink, String::from("the request has no token of a reset link"))
}

fn does_not_work() -> ErrorPage {
    let reason = "the reset link is unknown, used, replaced or too old, or its user is not in good standing";
    ErrorPage::new(ErrorKind::InvalidLink, reason.to_owned())
}
