//! The authorization endpoint (RFC 6749 §3.1): a user decides about the access of a client.
//!
//! # Design
//! Nothing is stored until the user has decided. Until then the request stays in the URL and is validated again at
//! every step. The form of the consent page is sealed with the session's secret, so that neither the request nor the
//! page can be exchanged for another.

mod authorization;
mod consent;
mod consent_page;
mod destination;
mod error;
mod grant;
mod openid;
mod request;
mod response;

use shared::{
    endpoint::{self, App, Call, Cors, FrontChannel, FrontChannelRequest, Input, Route, SignedIn},
    http::{self, Request, Response},
    pages::ErrorPage,
};

use authorization::Authorization;
use destination::Destination;
use error::Failure;
pub use error::{Code, Error};
use request::{AuthorizationRequest, LONGEST_REQUEST, Prompt};

/// No CORS: the endpoint is for browser windows, not for scripts (RFC 9700 §2.6).
const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::None };

const FRONT_CHANNEL: FrontChannel =
    FrontChannel { path: "/oauth/authorize", longest_request: LONGEST_REQUEST, own_field: "decision" };

/// Serves an authorization request, or the user's decision about one.
pub async fn handle(app: &App, request: Request) -> Response {
    Call::serve_page(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, ErrorPage> {
    // Parse (§3.1).
    let input = match FRONT_CHANNEL.read(call)? {
        Input::PostedRequest { location } => return Ok(http::see_other(&location)),
        Input::Request(request) => request,
    };
    // Find the client and its redirect URI. Until both are known, errors are shown to the user (§4.1.2.1).
    let destination = Destination::find(call, &input.query).await?;
    // Sign in. Even an error goes to the client only after that. Developers register clients, and a server that
    // redirects every visitor is a tool for phishing (RFC 9700 §4.11.2). But a client that sends `prompt=none` waits in
    // a frame, where no page may be shown (OpenID Connect Core §3.1.2.1). A self-registered client, which can be anyone's,
    // gets no response without a page, and waits for none.
    let user = endpoint::signed_in(call).await?;
    let is_silent = Prompt::is_none(&input.query) && !destination.client.is_self_registered();
    if user.is_none() && !is_silent {
        return Ok(redirect_to_login(&input.text));
    }
    // Ask or decide. From here on errors are sent to the client (§4.1.2.1). To a self-registered client the user goes by
    // a link, until the user has decided on a page: it could be an imitation of this server's login page.
    match authorize(call, &destination, &input, user).await {
        Ok(response) => Ok(response),
        Err(Failure::ToClient(error)) if destination.is_unchecked() && !error.is_decision() => {
            Err(destination.show_error(error, &input.text))
        }
        Err(Failure::ToClient(error)) => Ok(destination.send_error(call, &error)),
        Err(Failure::ToUser(page)) => Err(page),
    }
}

/// Validates the request. Then has the user sign in again, shows the consent page, or carries out the decision that the
/// user has sent.
async fn authorize(
    call: &Call<'_>,
    destination: &Destination,
    input: &FrontChannelRequest,
    user: Option<SignedIn>,
) -> Result<Response, Failure> {
    let request = AuthorizationRequest::parse(call, &input.query, destination).await?; // §4.1.1
    let user = user.ok_or(Error::LoginRequired)?;
    let authorization = Authorization { call, destination, request, query: &input.text, user };
    // The consent page was shown after the check of the sign-in below, so a decision needs no second check.
    if let Some(form) = &input.form {
        return consent::decide(&authorization, form).await;
    }
    if authorization.must_sign_in_again().await? {
        authorization.request.prompt.allows_page(Error::LoginRequired)?;
        return Ok(redirect_to_login(&input.text));
    }
    consent::ask(&authorization).await
}

/// Returns the redirect to the login page, which redirects back to this request.
fn redirect_to_login(query: &str) -> Response {
    http::see_other(&format!("/login?{query}"))
}
