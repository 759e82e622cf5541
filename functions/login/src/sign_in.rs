//! Signing in with a name and a password.

use shared::{
    audit::Event,
    endpoint::{Call, SESSION_COOKIE, VerifiedUser},
    http::{self, Form, Query, Response},
    pages::{ErrorPage, LoginError},
    users::{Password, User, password},
};

use crate::{
    login_form, session,
    verify::verify,
    visit::{VISIT, VISIT_LIFETIME},
    without_sign_in::without_sign_in,
};

/// Signs in the user whose name and password the login form holds.
pub(crate) async fn sign_in(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let form = Form::parse(&call.request)?;
    let username = form.get("username").unwrap_or_default();
    if !login_form::is_own_form(call, form.get("csrf").unwrap_or_default())? {
        return stale_form(call, username).await;
    }
    let password = form.get("password").unwrap_or_default();
    let (verified, cookie) = match verify(call, username, password).await? {
        Ok(verified) => verified,
        Err(error) => return login_form::page(call, username, Some(error)).await,
    };
    let user = with_current_hash(call, verified, password).await;
    let mut response = begin_session(call, &user).await?;
    session::renew_device_cookie(call, &mut response, user.sub, cookie, call.now).await?;
    Ok(response)
}

/// Handles a form that this browser was not sent, or that is too old. A user who has signed in meanwhile, in another
/// tab, goes on; in all other cases there is a new form.
async fn stale_form(call: &Call<'_>, username: &str) -> Result<Response, ErrorPage> {
    let user = shared::endpoint::signed_in(call).await?.filter(|user| {
        // An older sign-in may be older than the form, which then asked the user to sign in again.
        let meanwhile = call.now.since(user.authenticated_at) <= VISIT_LIFETIME;
        meanwhile && username.to_lowercase() == user.username.to_lowercase()
    });
    if user.is_some() {
        // The whole request, with the sign-in that it demands: this form signed in no user.
        return Ok(http::see_other(&next_location(call, login_form::query(call))));
    }
    call.log_failure("access_denied", "the login form was not sent to this browser or is too old", false);
    login_form::page(call, username, Some(LoginError::ExpiredForm)).await
}

/// Hashes the user's password again if the stored hash is outdated. A failure changes nothing for the user: the next
/// sign-in tries again.
async fn with_current_hash(call: &Call<'_>, verified: VerifiedUser, password: &str) -> User {
    let VerifiedUser { user, outdated_hash } = verified;
    if let Some(password) = Password::entered(password).filter(|_| outdated_hash) {
        let _ = call.app.users.replace_hash(&user, &password::hash_async(password).await).await;
    }
    user
}

/// Begins a session, ends the browser's earlier one, and redirects to the request that the user came for.
async fn begin_session(call: &Call<'_>, user: &User) -> Result<Response, ErrorPage> {
    if let Some(earlier) = call.cookie_secret(SESSION_COOKIE)? {
        call.app.sessions.end(&earlier, call.now).await?;
    }
    let request = without_sign_in(login_form::query(call));
    let mut response = http::see_other(&next_location(call, &request));
    session::begin(call, &mut response, user.sub, call.now).await?;
    call.audit(Event::SignedIn { user: user.sub });
    VISIT.clear(&mut response, &call.issuer()?);
    Ok(response)
}

/// Returns the page after signing in, always on this server: the authorization endpoint with `request` if the query is
/// an authorization request, else the account or the login page.
fn next_location(call: &Call<'_>, request: &str) -> String {
    let query = Query::parse(login_form::query(call)).ok();
    let get = |name| query.as_ref().and_then(|query| query.get(name).ok().flatten());
    match (get("client_id"), get("to")) {
        (Some(_), _) => format!("/oauth/authorize?{request}"),
        (None, Some("account")) => "/account".to_owned(),
        (None, _) => "/login".to_owned(),
    }
}
