//! The authorization endpoint (RFC 6749 §3.1): a person decides what a client may do.
//!
//! # Design
//! Nothing is stored until the person has decided. Until then the request stays in the URL and is validated again at
//! every step; what the consent page sends back is sealed with the session's secret, so that neither the request nor
//! the page can be exchanged for another.

mod answer;
mod consent;
mod error;
mod request;

use lambda_http::{Body, http::Method};
use shared::{
    app::App,
    http::{Call, Cors, Form, Query, Request, Response, Route},
    page::{self, Problem},
    session::{self, SignedIn},
};

use error::NoDestination;
pub use error::{Code, Error};
use request::{AuthorizationRequest, Destination};

/// No CORS: a person comes here, not a script (RFC 9700 §2.6).
const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::None };

/// The most bytes in a request. Some grow threefold when they are encoded again, and must still fit a header.
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
    let form = if call.request.method() == Method::POST { Some(Form::parse(&call.request)?) } else { None };
    let text = query_text(call);
    let posted = if form.as_ref().is_some_and(|form| form.get("decision").is_none()) {
        call.request.body()
    } else {
        &Body::Empty
    };
    if text.len() + posted.as_ref().len() > LONGEST_REQUEST {
        return Err(NoDestination::TooLong.into());
    }
    if !posted.as_ref().is_empty() {
        return Ok(by_get(call)); // §3.1: the request itself may come by POST
    }
    let query = Query::parse(&text).map_err(|_| NoDestination::Encoding)?;
    let destination = Destination::find(call, &query).await?;
    let person = session::signed_in(call).await?;
    let asked = AuthorizationRequest::parse(&query, &destination.client);
    // From here on errors go to the client (§4.1.2.1); but not before somebody has signed in: anyone may register
    // a client, and a server that redirects whoever comes is a tool for phishing (RFC 9700 §4.11.2).
    let Some(person) = person else { return Ok(sign_in_first(call, &destination, asked, &text)) };
    let outcome = match asked {
        // A decision is about a page that was shown after all this: only what was true then counts.
        Ok(asked) if form.is_none() && must_sign_in_again(call, &asked, &person) => match asked.prompt.none {
            true => Err(Error::LoginRequired),
            false => return Ok(sign_in(&text)),
        },
        Ok(asked) => match form {
            Some(form) => return consent::decide(call, &destination, asked, person, &text, &form).await,
            None => consent::ask(call, &destination, asked, person, &text).await,
        },
        Err(error) => Err(error),
    };
    Ok(outcome.unwrap_or_else(|error| refuse(call, &destination, &error)))
}

/// The answer to a request that was refused, which the client gets.
fn refuse(call: &Call<'_>, destination: &Destination, error: &Error) -> Response {
    call.note(error.code().as_str(), &error.to_string(), matches!(error, Error::Table(_)));
    destination.send_error(error)
}

/// The request as it stands in the URL.
fn query_text(call: &Call<'_>) -> String {
    call.request.uri().query().unwrap_or_default().to_owned()
}

/// A request that came as a form goes on in the URL.
fn by_get(call: &Call<'_>) -> Response {
    let parameters: Vec<_> = form_urlencoded::parse(call.request.body().as_ref()).collect();
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    page::see_other(&format!("/oauth/authorize?{query}"))
}

fn sign_in_first(
    call: &Call<'_>,
    destination: &Destination,
    asked: Result<AuthorizationRequest, Error>,
    query: &str,
) -> Response {
    match asked {
        Ok(asked) if asked.prompt.none => refuse(call, destination, &Error::LoginRequired),
        _ => sign_in(query),
    }
}

fn must_sign_in_again(call: &Call<'_>, asked: &AuthorizationRequest, person: &SignedIn) -> bool {
    let age = call.now.since(person.authenticated_at);
    asked.prompt.login
        || asked.max_age.is_some_and(|max_age| age.as_secs() > max_age.as_secs() || max_age.is_zero())
}

/// To the login page, with the request: it comes back from there, without what has been done by then.
fn sign_in(query: &str) -> Response {
    let mut left = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("max_age", age) if age.parse() == Ok(0_u64) => {}
            ("prompt", value) => {
                let kept: Vec<_> =
                    value.split(' ').filter(|prompt| !["login", "select_account"].contains(prompt)).collect();
                left.append_pair("prompt", &kept.join(" "));
            }
            (name, value) => drop(left.append_pair(name, value)),
        }
    }
    page::see_other(&format!("/login?{}", left.finish()))
}
