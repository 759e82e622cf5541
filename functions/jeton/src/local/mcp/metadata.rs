//! Protected resource metadata (RFC 9728) of the demo MCP server.

use axum::{
    Router,
    body::Body,
    http::{Method, Response, StatusCode, header},
    response::IntoResponse,
    routing::any,
};
use shared::{
    oauth::{Issuer, ResourceUri},
    resources::{ProtectedResourceMetadata, Resource},
};

use super::super::{cors::Cors, response::message};

const CORS: Cors = Cors { methods: "GET", headers: "Mcp-Protocol-Version", exposed: "Retry-After" };

/// Returns the routes of the document, also at the path without that of the resource: some clients do not insert it (§3.1).
pub(super) fn router<S: Clone + Send + Sync + 'static>(resource: &Resource, issuer: &Issuer) -> Router<S> {
    let document =
        serde_json::to_string(&ProtectedResourceMetadata::of(resource, issuer)).unwrap_or_default();
    let path = resource.uri.metadata_path();
    let respond = any(async move |method| CORS.expose(respond(&method, document.clone())));
    [&path, &format!("{path}/"), ResourceUri::WELL_KNOWN]
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, respond.clone()))
}

fn respond(method: &Method, document: String) -> Response<Body> {
    match *method {
        Method::OPTIONS => CORS.preflight(),
        Method::GET | Method::HEAD => {
            ([(header::CONTENT_TYPE, "application/json")], document).into_response()
        }
        _ => message(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
    }
}
