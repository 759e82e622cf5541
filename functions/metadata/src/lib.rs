//! Authorization server metadata (RFC 8414).

use shared::{
    endpoint::{
        App, Call, Cors, Route,
        metadata::{Metadata, cacheable},
    },
    http::{OAuthError, Request, Response},
};

const ROUTE: Route = Route { methods: "GET", cors: Cors::AnyOrigin };

/// Serves a metadata request (§3.1). It reads no table.
pub async fn handle(app: &App, request: Request) -> Response {
    Call::serve(app, request, ROUTE, respond).await
}

async fn respond(call: &Call<'_>) -> Result<Response, OAuthError> {
    Ok(cacheable(&Metadata::of(&call.issuer()?, &call.app.config))) // §3.2
}
