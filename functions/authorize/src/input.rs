//! The input of the endpoint: an authorization request, or a user's decision about one (RFC 6749 §3.1).

use lambda_http::http::Method;
use shared::{
    endpoint::Call,
    http::{Form, FormError, Query},
    pages::ErrorPage,
};

use crate::error::NoDestination;

/// Maximum bytes in a request. It becomes a part of `Location` headers; every step sends it on unchanged, so it never
/// grows. An `id_token_hint`, a `state` and a `nonce` of the largest sizes fit in together.
const LONGEST_REQUEST: usize = 4_096;

pub(crate) enum Input {
    /// A request in the body; `location` has it in the URL.
    PostedRequest {
        location: String,
    },
    Request(Request),
}

/// A request in the URL.
pub(crate) struct Request {
    /// The query as the client sent it.
    pub(crate) text: String,
    pub(crate) query: Query,
    /// The form of the consent page, with the user's decision about the request.
    pub(crate) decision: Option<Form>,
}

pub(crate) fn read(call: &Call<'_>) -> Result<Input, ErrorPage> {
    let text = call.request.uri().query().unwrap_or_default();
    let decision = match body(call, text)? {
        Body::None => None,
        Body::Request => return posted_request(call),
        Body::Decision(form) => Some(form),
    };
    check_length(text)?;
    let query = Query::parse(text).map_err(|_| NoDestination::Encoding)?;
    Ok(Input::Request(Request { text: text.to_owned(), query, decision }))
}

enum Body {
    None,
    Request,
    Decision(Form),
}

fn body(call: &Call<'_>, query: &str) -> Result<Body, FormError> {
    if call.request.method() != Method::POST {
        return Ok(Body::None);
    }
    match Form::parse(&call.request) {
        Ok(form) if form.get("decision").is_none() && !call.request.body().is_empty() => Ok(Body::Request),
        Ok(form) => Ok(Body::Decision(form)),
        // A repeated parameter is reported to the client (§4.1.2.1), like every other error in its request.
        Err(FormError::Repeated) if query.is_empty() => Ok(Body::Request),
        Err(error) => Err(error),
    }
}

fn posted_request(call: &Call<'_>) -> Result<Input, ErrorPage> {
    let query = Query::text(call.request.body().as_ref());
    check_length(&query)?;
    Ok(Input::PostedRequest { location: format!("/oauth/authorize?{query}") })
}

fn check_length(query: &str) -> Result<(), NoDestination> {
    if query.len() > LONGEST_REQUEST { Err(NoDestination::TooLong) } else { Ok(()) }
}
