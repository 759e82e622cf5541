//! The login page and signing out. No other page code reads password hashes.

mod login_form;
mod sign_in;
mod sign_out;
mod without_sign_in;

use lambda_http::http::Method;
use shared::{
    endpoint::{App, Call, Cors, Route},
    http::{Request, Response},
    pages::ErrorPage,
};

const LOGIN: Route = Route { methods: "GET, POST", cors: Cors::None };
const LOGOUT: Route = Route { methods: "POST", cors: Cors::None };

/// Serves `/login` and `/logout`.
pub async fn handle(app: &App, request: Request) -> Response {
    if request.uri().path() == "/logout" {
        Call::serve_page(app, request, LOGOUT, sign_out::sign_out).await
    } else {
        Call::serve_page(app, request, LOGIN, login).await
    }
}

async fn login(call: &Call<'_>) -> Result<Response, ErrorPage> {
    if call.request.method() == Method::POST {
        sign_in::sign_in(call).await
    } else {
        login_form::show(call).await
    }
}
