//! HTTP requests and responses: parameters, cookies, Basic authentication, JSON and OAuth errors.

mod basic;
mod cookie;
mod form;
mod json;
mod oauth_error;
mod query;
mod response;

pub use basic::Basic;
pub use cookie::Cookie;
pub use form::{Form, FormError};
pub use json::Members;
pub use oauth_error::OAuthError;
pub use query::Query;
pub use response::{empty, json, not_found, protect, rounded_up_to_seconds, see_other};

/// A request, as `lambda_http` converts it.
pub type Request = lambda_http::Request;
/// A response, as `lambda_http` converts it.
pub type Response = lambda_http::Response<lambda_http::Body>;
