//! Requests through the browser, by GET or by POST (RFC 6749 §3.1, OpenID Connect RP-Initiated Logout §2).
//!
//! # Design
//! A request by POST continues by GET, so that the request is always in the URL: a browser sends the session's cookie with
//! no form of another site.

use lambda_http::http::Method;

use super::Call;
use crate::{
    http::{Form, FormError, Query},
    pages::{ErrorKind, ErrorPage},
};

/// Maximum bytes in a `state`.
pub const LONGEST_STATE: usize = 1_024;

/// An endpoint that gets its requests through the browser.
#[derive(Clone, Copy, Debug)]
pub struct FrontChannel {
    pub path: &'static str,
    /// Maximum bytes in a request. It becomes a part of `Location` headers; every step sends it on unchanged, so it never
    /// grows.
    pub longest_request: usize,
    /// The field that only the form of this server's own page has.
    pub own_field: &'static str,
}

/// The input of an endpoint.
pub enum Input {
    /// A request in the body; `location` has it in the URL.
    PostedRequest {
        location: String,
    },
    Request(FrontChannelRequest),
}

/// A request in the URL.
pub struct FrontChannelRequest {
    /// The query as the client sent it.
    pub text: String,
    pub query: Query,
    /// The form of this server's page about the request, with the user's decision.
    pub form: Option<Form>,
}

impl FrontChannel {
    /// Reads a request, or the user's decision about one.
    pub fn read(self, call: &Call<'_>) -> Result<Input, ErrorPage> {
        let text = call.request.uri().query().unwrap_or_default();
        let is_post = call.request.method() == Method::POST;
        let form = match is_post.then(|| Form::parse(&call.request)).transpose() {
            Ok(None) => None,
            Ok(Some(form)) if form.get(self.own_field).is_some() => Some(form),
            Ok(Some(_)) => return self.posted_request(call),
            // A repeated parameter is an error of the request, and is found in the URL like every other.
            Err(FormError::Repeated) if text.is_empty() => return self.posted_request(call),
            Err(error) => return Err(error.into()),
        };
        self.check_length(text)?;
        let query = Query::parse(text)?;
        Ok(Input::Request(FrontChannelRequest { text: text.to_owned(), query, form }))
    }

    /// Returns the path of the endpoint with the request `query`.
    pub fn location(self, query: &str) -> String {
        if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) }
    }

    fn posted_request(self, call: &Call<'_>) -> Result<Input, ErrorPage> {
        let query = Query::text(call.request.body().as_ref());
        self.check_length(&query)?;
        Ok(Input::PostedRequest { location: self.location(&query) })
    }

    fn check_length(self, query: &str) -> Result<(), ErrorPage> {
        if query.len() <= self.longest_request {
            return Ok(());
        }
        Err(ErrorPage::new(ErrorKind::MalformedRequest, String::from("the request is too long")))
    }
}
