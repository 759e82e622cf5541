//! The login page, signing out, and new passwords. No other page code reads or writes password hashes.

mod change_password;
mod login_form;
mod new_password;
mod reset_password;
mod session;
mod sign_in;
mod sign_out;
mod verify;
mod visit;
mod without_sign_in;

use lambda_http::http::Method;
use shared::{
    endpoint::{App, Call, Cors, Route},
    http::{Request, Response},
    pages::{ErrorPage, Section},
    users::reset_link,
};

const FORM: Route = Route { methods: "GET, POST", cors: Cors::None };
const LOGOUT: Route = Route { methods: "POST", cors: Cors::None };

/// Serves `/login`, `/logout`, and the pages for a new password.
pub async fn handle(app: &App, request: Request) -> Response {
    match request.uri().path() {
        "/logout" => Call::serve_page(app, request, LOGOUT, sign_out::sign_out).await,
        Section::PASSWORD => Call::serve_page(app, request, FORM, change_password::serve).await,
        reset_link::PATH => Call::serve_page(app, request, FORM, reset_password::serve).await,
        _ => Call::serve_page(app, request, FORM, login).await,
    }
}

async fn login(call: &Call<'_>) -> Result<Response, ErrorPage> {
    if call.request.method() == Method::POST {
        sign_in::sign_in(call).await
    } else {
        login_form::show(call).await
    }
}
