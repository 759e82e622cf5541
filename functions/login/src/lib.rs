//! Signing in and out: the only page code that reads password hashes.

mod sign_in;
mod sign_out;

use lambda_http::http::Method;
use shared::{
    app::App,
    http::{Call, Cookie, Cors, Request, Response, Route},
    page::Problem,
};

/// What a browser holds between being shown the login form and sending it: it seals the form (RFC 6749 §10.12).
const VISIT: Cookie = Cookie::new("jeton-visit");

/// Answers a request for `/login` or `/logout`.
pub async fn handle(app: &App, request: Request) -> Response {
    let sign_out = request.uri().path() == "/logout";
    let methods = if sign_out { "POST" } else { "GET, POST" };
    match Call::open(app, request, Route { methods, cors: Cors::None }) {
        Ok(call) => {
            let outcome = answer(&call, sign_out).await;
            call.close_page(outcome)
        }
        Err(response) => response,
    }
}

async fn answer(call: &Call<'_>, sign_out: bool) -> Result<Response, Problem> {
    if sign_out {
        sign_out::answer(call).await
    } else if call.request.method() == Method::POST {
        sign_in::attempt(call).await
    } else {
        sign_in::show(call).await
    }
}
