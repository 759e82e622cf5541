//! Changing the password of the signed-in user.

use std::time::Duration;

use lambda_http::http::{Method, StatusCode};
use shared::{
    audit::UserChange,
    endpoint::{Call, SignedIn},
    http::{self, Form, Response},
    pages::{ChangePasswordPage, ErrorKind, ErrorPage, NewPasswordError, PasswordChangedPage, Section},
    status::Ending,
    time::Timestamp,
    users::{Password, Unchanged, User, password},
};

use crate::{new_password, session, verify::verify};

/// The purpose in the form's CSRF token.
const PURPOSE: &str = "change-password";

/// Shows the form, or changes the password.
pub(crate) async fn serve(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let Some(user) = shared::endpoint::signed_in(call).await? else {
        return Ok(http::see_other("/login?to=account"));
    };
    if call.request.method() == Method::POST {
        change(call, &user).await
    } else {
        Ok(page(call, &user, Ending::Everything, None))
    }
}

/// Returns the page, with the error of the form that was sent and the choice in that form.
fn page(call: &Call<'_>, user: &SignedIn, ending: Ending, error: Option<NewPasswordError>) -> Response {
    // This function may not read personal tokens. If none can be created, only the other pages link to existing ones.
    let has_personal_tokens = !call.app.config.account.personal_scopes.is_empty();
    let page = ChangePasswordPage {
        view: call.view(),
        section: Section { path: Section::PASSWORD, has_personal_tokens, is_developer: user.is_developer() },
        username: &user.username,
        ending,
        error,
        csrf: user.csrf(&[PURPOSE]),
    };
    page.response()
}

/// Changes the password, and ends what the form says. This browser goes on with a new session.
async fn change(call: &Call<'_>, user: &SignedIn) -> Result<Response, ErrorPage> {
    let form = Form::parse(&call.request)?;
    user.check_csrf(&form, &[PURPOSE]).map_err(|page| page.with_retry(Section::PASSWORD.to_owned()))?;
    let ending = if form.get("everything").is_some() { Ending::Everything } else { Ending::Sessions };
    let rejected = |error| page(call, user, ending, Some(error));
    let new = match Password::new(form.get("new").unwrap_or_default().to_owned()) {
        Ok(new) => new,
        Err(invalid) => {
            call.log_failure("invalid_request", &invalid.to_string(), false);
            return Ok(rejected(NewPasswordError::Invalid(invalid)));
        }
    };
    let current = form.get("current").unwrap_or_default();
    let (verified, cookie) = match verify(call, &user.username, current).await? {
        Ok((verified, cookie)) => (verified.user, cookie),
        Err(error) => return Ok(rejected(NewPasswordError::Refused(error))),
    };
    if verified.sub != user.user {
        return Err(changed_meanwhile("the user name belongs to another user now"));
    }
    let end = set_password(call, &verified, new, ending).await?;
    call.audit_user(verified.sub, UserChange::PasswordChanged);
    let end = new_password::end_again(call, verified.sub, ending, end).await;
    let view = call.view();
    let page = PasswordChangedPage { view, ending, is_developer: user.is_developer() };
    let mut response = view.show(StatusCode::OK, &page);
    // What begins at the moment of the end is ended, too.
    let after = end.after(Duration::from_millis(1));
    // The password is changed even if these writes fail: then the user signs in with it.
    match session::begin(call, &mut response, verified.sub, after).await {
        Ok(()) => session::renew_device_cookie(call, &mut response, verified.sub, cookie, after).await?,
        Err(error) => {
            let reason = format!("the browser got no session after the new password: {}", error.reason);
            call.log_failure(error.error(), &reason, error.is_outage());
        }
    }
    Ok(response)
}

/// Sets the password, if the current one is still that of `verified`. Returns the moment until which `ending` is ended.
async fn set_password(
    call: &Call<'_>,
    verified: &User,
    new: Password,
    ending: Ending,
) -> Result<Timestamp, ErrorPage> {
    let hash = password::hash_async(new).await;
    let changed = call.app.users.set_password(verified, &hash, ending, call.app.clock.now()).await;
    changed.map_err(|unchanged| match unchanged {
        Unchanged::Table(error) => error.into(),
        unchanged => changed_meanwhile(&unchanged.to_string()),
    })
}

/// Returns the page for a user whose password was changed, or who was deleted, since the request arrived.
fn changed_meanwhile(reason: &str) -> ErrorPage {
    ErrorPage::new(ErrorKind::PasswordChangedMeanwhile, reason.to_owned()).with_retry("/login".to_owned())
}
