//! Requests as a function gets them, and answers as it gives them.

mod answer;
mod basic;
mod call;
mod cookie;
mod form;
mod refusal;

pub use answer::json;
pub use basic::Basic;
pub use call::{Call, Cors, Route, UnknownIssuer};
pub use cookie::Cookie;
pub use form::{Form, FormError, Query};
pub use refusal::Refusal;

/// A request, as `lambda_http` hands it over.
pub type Request = lambda_http::Request;
/// An answer, as `lambda_http` takes it.
pub type Response = lambda_http::Response<lambda_http::Body>;
