//! The login form.

use lambda_http::http::StatusCode;
use shared::{
    endpoint::Call,
    http::{Query, Response},
    pages::{Application, CsrfToken, ErrorPage, LoginError, LoginPage, SignedInPage},
};

use crate::visit::{VISIT, VISIT_LIFETIME, visit, visit_or_new};

/// The purpose in the form's CSRF token.
const PURPOSE: &str = "login";

/// Shows the login form. If the query is empty and the user is signed in, shows the page that says so instead.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let query = query(call);
    if query.is_empty()
        && let Some(user) = shared::endpoint::signed_in(call).await?
    {
        let logout_csrf = user.csrf(&["logout"]);
        let view = call.view();
        return Ok(view.show(StatusCode::OK, &SignedInPage { view, username: &user.username, logout_csrf }));
    }
    let hint = Query::parse(query).ok();
    let hint = hint.as_ref().and_then(|query| query.get("login_hint").ok().flatten()).unwrap_or_default();
    page(call, hint, None).await
}

/// Makes the login page: with the user name filled in, and with the `error` of the last attempt.
pub(crate) async fn page(
    call: &Call<'_>,
    username: &str,
    error: Option<LoginError>,
) -> Result<Response, ErrorPage> {
    let query = query(call);
    let visit = visit_or_new(call)?;
    let csrf = CsrfToken::seal(&visit, &[PURPOSE, query]);
    let (view, application) = (call.view(), application(call).await);
    let page = LoginPage { view, application: application.as_ref(), query, csrf, username, error };
    let mut response = page.response();
    VISIT.set(&mut response, &call.issuer()?, visit.expose(), VISIT_LIFETIME);
    Ok(response)
}

/// Returns whether `csrf` comes from a form that this browser was sent for this query, within the last hour.
pub(crate) fn is_own_form(call: &Call<'_>, csrf: &str) -> Result<bool, ErrorPage> {
    Ok(visit(call)?.is_some_and(|visit| visit.has_sealed(&[PURPOSE, query(call)], csrf)))
}

/// Returns the query of the request: the authorization request to go on with, if it is not empty.
pub(crate) fn query<'a>(call: &'a Call<'_>) -> &'a str {
    call.request.uri().query().unwrap_or_default()
}

/// Returns the application that sent the authorization request in the query, if the client and its redirect URI are
/// registered: an attacker can put any name into a URL. If the tables fail, the page goes without it, since signing in
/// does not need it.
async fn application(call: &Call<'_>) -> Option<Application> {
    let query = Query::parse(query(call)).ok()?;
    let id = query.get("client_id").ok()??.parse().ok()?;
    let client = call.app.clients.registered(&id, call.now).await.ok()??;
    let redirect_uri = client.redirect_uri(query.get("redirect_uri").ok()?)?;
    Some(Application::of(&client, redirect_uri))
}
