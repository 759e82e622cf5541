//! The logout endpoint (OpenID Connect RP-Initiated Logout 1.0 §2): a client asks to sign its user out of this browser.
//!
//! # Design
//! A client proves by an ID token that its user signed in here. Only the ID token of the browser's own session ends that
//! session at once. All other requests could come from any website, so the user confirms them, and only a valid ID token
//! lets the browser leave this server without a click.

mod destination;
mod request;

use lambda_http::http::StatusCode;
use shared::{
    endpoint::{self, App, Call, Cors, FrontChannel, Input, Route, SignOut, SignedIn},
    http::{self, Form, Request, Response},
    pages::{ErrorPage, SignOutPage},
};

use request::{LONGEST_LOGOUT, LogoutRequest};

/// The purpose in the CSRF token of the form.
const PURPOSE: &str = "logout-request";

/// No CORS: the endpoint is for browser windows, not for scripts.
const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::None };

const FRONT_CHANNEL: FrontChannel =
    FrontChannel { path: "/oauth/logout", longest_request: LONGEST_LOGOUT, own_field: "csrf" };

/// Serves a logout request, or the user's confirmation of one. The endpoint does not exist unless OpenID Connect is on.
pub async fn handle(app: &App, request: Request) -> Response {
    if !app.config.signing_keys.is_on() {
        return http::not_found();
    }
    Call::serve_page(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, ErrorPage> {
    // Parse (§2).
    let input = match FRONT_CHANNEL.read(call)? {
        Input::PostedRequest { location } => return Ok(http::see_other(&location)),
        Input::Request(request) => request,
    };
    let request = LogoutRequest::read(call, &input.query).await?;
    let Some(user) = endpoint::signed_in(call).await? else {
        return Ok(match input.form {
            // The session has ended since the form was shown, or another site has sent the form.
            Some(_) => http::see_other(&FRONT_CHANNEL.location(&input.text)),
            // To sign out a user who is not signed in is no error (§4).
            None => request.response(call),
        });
    };
    match input.form {
        Some(form) => check(&user, &form, &input.text)?,
        None if request.is_of(&user) => {}
        None => return Ok(ask(call, &request, &user, &input.text)),
    }
    let mut response = request.response(call);
    user.sign_out(call, SignOut::ThisBrowser, &mut response).await?;
    Ok(response)
}

/// Shows the page that asks the user whether to sign out.
fn ask(call: &Call<'_>, request: &LogoutRequest, user: &SignedIn, query: &str) -> Response {
    let view = call.view();
    let page = SignOutPage {
        view,
        username: &user.username,
        client_name: request.client_name(),
        query,
        csrf: user.csrf(&[PURPOSE, query]),
    };
    view.show(StatusCode::OK, &page)
}

/// Checks that `form` is from the page that this user was shown in this browser for the request `query`.
fn check(user: &SignedIn, form: &Form, query: &str) -> Result<(), ErrorPage> {
    user.check_sign_out(form, &[PURPOSE, query])
        .map_err(|page| page.with_retry(FRONT_CHANNEL.location(query)))
}
