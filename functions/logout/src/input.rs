//! The input of the endpoint: a logout request (§2), or the user's confirmation of one.

use lambda_http::http::Method;
use shared::{
    endpoint::Call,
    http::{Form, Query},
    pages::{ErrorKind, ErrorPage},
};

use crate::location;

/// Maximum bytes in a request. It becomes a part of `Location` headers.
const MOST_BYTES: usize = 6_144;

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
    /// The form with which the user confirms the request.
    pub(crate) confirmation: Option<Form>,
}

pub(crate) fn read(call: &Call<'_>) -> Result<Input, ErrorPage> {
    let mut confirmation = None;
    if call.request.method() == Method::POST {
        let form = Form::parse(&call.request)?;
        // Only this server's own form has this field.
        if form.get("csrf").is_none() {
            let query = Query::text(call.request.body().as_ref());
            check_length(&query)?;
            return Ok(Input::PostedRequest { location: location(&query) });
        }
        confirmation = Some(form);
    }
    let text = call.request.uri().query().unwrap_or_default();
    check_length(text)?;
    let query = Query::parse(text)?;
    Ok(Input::Request(Request { text: text.to_owned(), query, confirmation }))
}

fn check_length(query: &str) -> Result<(), ErrorPage> {
    if query.len() <= MOST_BYTES {
        return Ok(());
    }
    Err(ErrorPage::new(ErrorKind::MalformedRequest, String::from("the request is too long")))
}
