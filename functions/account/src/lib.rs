//! A user's own account: the applications that use it, sessions, personal tokens, and a developer's credentials.
//!
//! # Design
//! Every form has a CSRF token: an HMAC of the form's purpose under the session's secret, so no other site and no other
//! page can send the form. A secret that is shown once is derived from the session's secret and the page that offered
//! its form. So the same form sent twice creates one thing, and shows it again. That is why this one response to a POST
//! is a page and not a redirect: the secret is stored nowhere.

mod applications;
mod credentials;
mod error;
mod expire;
mod form;
mod revoke_tokens;
mod section;
mod service;
mod sessions;
mod token_request;
mod tokens;

use lambda_http::http::Method;
use shared::{
    endpoint::{App, Call, Cors, Route},
    http::{self, Form, Request, Response},
    pages::{ErrorPage, Section},
};

use service::Service;

/// The root of the server: a browser that is given no path is sent to the account.
const HOME: &str = "/";

/// No CORS: users visit these pages, scripts do not read them.
const PAGES: Route = Route { methods: "GET, POST", cors: Cors::None };

/// Serves the account's pages, and the endpoints for programs of other services.
pub async fn handle(app: &App, request: Request) -> Response {
    match Service::at(request.uri().path()) {
        None if request.uri().path() == HOME => {
            let route = Route { methods: "GET", cors: Cors::None };
            Call::serve_page(app, request, route, redirect_to_account).await
        }
        None => Call::serve_page(app, request, PAGES, respond).await,
        Some(service) if app.config.compat.has(service.switch()) => service.serve(app, request).await,
        Some(_) => http::not_found(),
    }
}

async fn redirect_to_account(_: &Call<'_>) -> Result<Response, ErrorPage> {
    Ok(http::see_other(Section::APPLICATIONS))
}

async fn respond(call: &Call<'_>) -> Result<Response, ErrorPage> {
    let Some(user) = shared::endpoint::signed_in(call).await? else {
        return Ok(http::see_other("/login?to=account"));
    };
    let is_post = call.request.method() == Method::POST;
    let form = if is_post { Some(Form::parse(&call.request)?) } else { None };
    match (call.request.uri().path(), form) {
        (Section::TOKENS, None) => tokens::show(call, &user).await,
        (Section::TOKENS, Some(form)) => tokens::create_or_end(call, &user, &form).await,
        (Section::CREDENTIALS, None) => credentials::show(call, &user).await,
        (Section::CREDENTIALS, Some(form)) => credentials::create_or_delete(call, &user, &form).await,
        (Section::SESSIONS, None) => sessions::show(call, &user).await,
        (Section::SESSIONS, Some(form)) => sessions::end(call, &user, &form).await,
        (_, None) => applications::show(call, &user).await,
        (_, Some(form)) => applications::end(call, &user, &form).await,
    }
}
