//! The authorization endpoint (RFC 6749 §3.1): a person decides what a client may do.
//!
//! # Design
//! Nothing is stored until the person has decided. Until then the request stays in the URL and is validated again at
//! every step; what the consent page sends back is sealed with the session's secret, so that neither the request nor
//! the page can be exchanged for another.

mod answer;
mod consent;
mod error;
mod question;
mod request;

use lambda_http::http::Method;
use shared::{
    app::App,
    http::{Call, Cors, Form, FormError, Query, Request, Response, Route},
    page::{self, Problem},
    session::{self, SignedIn},
};

use error::NoDestination;
pub use error::{Code, Error};
use request::{AuthorizationRequest, Destination, Prompt};

/// No CORS: a person comes here, not a script (RFC 9700 §2.6).
const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::None };

/// The most bytes in a request, which becomes a part of `Location` headers. Every step sends it on as it came, so none
/// makes it longer.
const LONGEST_REQUEST: usize = 3_072;

/// Answers an authorization request, or a decision about one.
pub async fn handle(app: &App, request: Request) -> Response {
    match Call::open(app, request, ROUTE) {
        Ok(call) => {
            let outcome = answer(&call).await;
            call.close_page(outcome)
        }
        Err(response) => response,
    }
}

async fn answer(call: &Call<'_>) -> Result<Response, Problem> {
    let text = query_text(call);
    let form = match posted(call, &text)? {
        None => None,
        Some(Posted::Request) => return by_get(call), // §3.1
        Some(Posted::Decision(form)) => Some(form),
    };
    if text.len() > LONGEST_REQUEST {
        return Err(NoDestination::TooLong.into());
    }
    let query = Query::parse(&text).map_err(|_| NoDestination::Encoding)?;
    let destination = Destination::find(call, &query).await?;
    let person = session::signed_in(call).await?;
    let asked = AuthorizationRequest::parse(&query, &destination);
    // From here on errors go to the client (§4.1.2.1); but not before somebody has signed in: anyone may register
    // a client, and a server that redirects whoever comes is a tool for phishing (RFC 9700 §4.11.2).
    let Some(person) = person else {
        return Ok(match asked {
            // Who asks for silence waits in a frame, where no page is shown (OpenID Connect Core §3.1.2.1).
            Ok(asked) if asked.prompt.none => refuse(call, &destination, &Error::LoginRequired),
            Err(error) if Prompt::is_none(&query) => refuse(call, &destination, &error),
            _ => sign_in(&text),
        });
    };
    let outcome = match asked {
        // A decision is about a page that was shown after all this: only what was true then counts.
        Ok(asked) if form.is_none() && must_sign_in_again(call, &asked, &person) => {
            if !asked.prompt.none {
                return Ok(sign_in(&text));
            }
            Err(Error::LoginRequired)
        }
        Ok(asked) => match form {
            Some(form) => return consent::decide(call, &destination, asked, person, &text, &form).await,
            None => consent::ask(call, &destination, asked, person).await,
        },
        Err(error) => Err(error),
    };
    Ok(outcome.unwrap_or_else(|error| refuse(call, &destination, &error)))
}

/// The answer to a request that was refused, which the client gets.
fn refuse(call: &Call<'_>, destination: &Destination, error: &Error) -> Response {
    call.note(error.code().as_str(), &error.to_string(), matches!(error, Error::Table(_)));
    destination.send_error(call, error)
}

/// The request as it stands in the URL.
fn query_text(call: &Call<'_>) -> String {
    call.request.uri().query().unwrap_or_default().to_owned()
}

/// What came by POST.
enum Posted {
    /// The request itself (§3.1).
    Request,
    /// What a person decided about the request in the URL.
    Decision(Form),
}

/// What came by POST, if anything did; `query` is what the URL has.
fn posted(call: &Call<'_>, query: &str) -> Result<Option<Posted>, FormError> {
    if call.request.method() != Method::POST {
        return Ok(None);
    }
    match Form::parse(&call.request) {
        Ok(form) if form.get("decision").is_none() && !call.request.body().is_empty() => {
            Ok(Some(Posted::Request))
        }
        Ok(form) => Ok(Some(Posted::Decision(form))),
        // That a request repeats a parameter is for its client to hear (§4.1.2.1), like any other fault of it.
        Err(FormError::Repeated) if query.is_empty() => Ok(Some(Posted::Request)),
        Err(error) => Err(error),
    }
}

/// A request that came as a form goes on in the URL.
fn by_get(call: &Call<'_>) -> Result<Response, Problem> {
    let query = Query::text(call.request.body().as_ref());
    if query.len() > LONGEST_REQUEST {
        return Err(NoDestination::TooLong.into());
    }
    Ok(page::see_other(&format!("/oauth/authorize?{query}")))
}

fn must_sign_in_again(call: &Call<'_>, asked: &AuthorizationRequest, person: &SignedIn) -> bool {
    let age = call.now.since(person.authenticated_at);
    asked.prompt.login
        || asked.max_age.is_some_and(|max_age| age.as_secs() > max_age.as_secs() || max_age.is_zero())
}

/// To the login page, with the request: it comes back from there, once they have signed in.
fn sign_in(query: &str) -> Response {
    page::see_other(&format!("/login?{query}"))
}
