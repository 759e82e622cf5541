//! What the fuzz targets share: a deployment in memory, requests to it, and what every answer must be.
//!
//! # Design
//! Inputs are text: a form, a list of headers, a JSON document, or requests as HTTP writes them. So the seeds in `corpus/`
//! can be read, and a found input can be sent to `jeton serve`. `{name}` in a request stands for a value that only the
//! deployment knows, such as a token.

pub mod answer;
pub mod deployment;
pub mod exchange;
pub mod names;

pub use answer::Answer;
pub use deployment::{Deployment, with_deployment};

use lambda_http::{Body, http::header};
use shared::http::Request;

/// Returns a request with this content type, query and body; `None` if the query cannot be part of a URI.
pub fn request(content_type: &'static str, query: &str, body: &[u8]) -> Option<Request> {
    let mut request = Request::new(Body::from(body));
    *request.uri_mut() = format!("https://as.example/oauth/token?{query}").parse().ok()?;
    request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    Some(request)
}
