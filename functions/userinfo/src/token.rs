//! The access token of a request (RFC 6750 §2): in the header or in a form.

use lambda_http::http::{Method, header};
use shared::{
    http::{Form, Request},
    secret::{AccessToken, Secret},
};

use crate::error::Error;

/// Returns the access token that the client presents. A token of another kind, such as a user's personal token, is invalid.
pub(crate) fn presented(request: &Request) -> Result<Secret<AccessToken>, Error> {
    let form = form(request)?;
    let in_form = form.as_ref().and_then(|form| form.get("access_token"));
    let text = match (in_header(request)?, in_form) {
        (Some(_), Some(_)) => return Err(Error::TwoMethods), // §2
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => return Err(Error::NoToken),
    };
    Secret::parse(text).map_err(|_| Error::OtherKind)
}

/// Returns the token in the header (§2.1). Credentials of another scheme are no token.
fn in_header(request: &Request) -> Result<Option<&str>, Error> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Error::TwoMethods);
    }
    let header = header.to_str().map_err(|_| Error::MalformedHeader)?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Ok(None);
    }
    // A gateway joins two headers by a comma, which no token has.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let token = token.trim_start_matches(' ');
    if token.is_empty() || !token.bytes().all(is_token) {
        return Err(Error::MalformedHeader);
    }
    Ok(Some(token))
}

/// Returns the form in the body of a POST (§2.2). A client with the token in the header needs none.
fn form(request: &Request) -> Result<Option<Form>, Error> {
    if request.method() != Method::POST || !Form::is_form(request) {
        return Ok(None);
    }
    Ok(Some(Form::parse(request)?))
}
