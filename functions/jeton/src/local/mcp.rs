//! The demo MCP server: a REST API behind the authorizer, over notes in memory.
//!
//! # Design
//! The gateway's part is a REST API's with Jeton's authorizer and gateway responses: it knows no tool, and lets every
//! token for this resource pass. Which scope a call needs stands in its body, so the server itself asks for it, by a 403
//! (RFC 6750 §3.1) that names the token's scope, too: clients replace a scope by the one that a challenge names. A REST API
//! would rename the server's own header; a container would not.
//!
//! The server has no sessions: MCP's revision 2026-07-28 has none, and in the earlier ones they are optional. So a client
//! goes on after a restart, and a client that never ends a session costs nothing.

mod metadata;
mod notes;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{self, Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
    routing::any,
};
use rmcp::{
    model::{ClientJsonRpcMessage, ClientRequest},
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};
use shared::{
    config::Config,
    endpoint::App,
    oauth::{InvalidResourceUri, Issuer, ResourceUri, Scope, Switches},
    resources::Resource,
};
use strum::VariantArray as _;

use super::{
    authorization::{Context, Decision},
    cors::Cors,
    event::GatewayRequest,
    response::{forbidden, message, unauthorized, unavailable},
};
use notes::{NotesServer, Tool};

/// The path of the MCP server.
const PATH: &str = "/api/mcp";
/// The limit of a request's body, in bytes.
const MOST_BODY_BYTES: usize = 64 * 1024;
/// Every method needs a valid token, of any scope.
const ROUTE_SCOPES: &str = "ANY /api/mcp=";

const CORS: Cors = Cors {
    methods: "GET, POST, DELETE",
    headers: "Authorization, Content-Type, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id",
    exposed: "Mcp-Session-Id, Retry-After, WWW-Authenticate",
};

/// The MCP server, with the authorizer before it.
struct McpServer {
    /// The authorizer's own state: its configuration is that of this API.
    authorizer: App,
    resource: ResourceUri,
    service: StreamableHttpService<NotesServer, NeverSessionManager>,
}

/// The user, or the client, that calls a tool.
#[derive(Clone)]
struct Caller(String);

/// Returns the resource that the MCP server is. Clients reach it, like the other endpoints, at the issuer.
pub(super) fn resource(issuer: &Issuer) -> Result<Resource, InvalidResourceUri> {
    let scopes = Tool::VARIANTS.iter().map(|tool| tool.scope());
    Ok(Resource {
        uri: issuer.endpoint(PATH).parse()?,
        name: "Demo notes".to_owned(),
        scope: scopes.fold(Scope::default(), |all, scope| all.with(&scope)),
        default_scope: Tool::ListNotes.scope(),
        open: true,
    })
}

/// Returns the routes of the MCP server and of its metadata.
pub(super) fn router(app: &App) -> Router<Arc<App>> {
    let issuer = app.config.issuer.as_ref();
    let Some((issuer, resource)) = issuer.and_then(|issuer| Some((issuer, resource(issuer).ok()?))) else {
        return Router::new();
    };
    let metadata = metadata::router(&resource, issuer);
    let server = McpServer::new(app, resource.uri);
    // To a REST API, a slash at the end of a path makes no difference.
    let server = [PATH, &format!("{PATH}/")]
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, any(respond)))
        .with_state(Arc::new(server));
    server.merge(metadata)
}

impl McpServer {
    fn new(app: &App, resource: ResourceUri) -> Self {
        let config = Config {
            resource: Some(resource.clone()),
            route_scopes: ROUTE_SCOPES.parse().unwrap_or_default(),
            // MCP knows bearer tokens in the header only.
            compat: Switches::default(),
            ..app.config.clone()
        };
        let dynamodb = app.grants.table().client();
        let notes = NotesServer::default();
        let transport = transport(&resource);
        Self {
            authorizer: App::new(config, dynamodb, app.clock.clone(), app.log.clone()),
            resource,
            service: StreamableHttpService::new(move || Ok(notes.clone()), Arc::default(), transport),
        }
    }

    /// Returns a challenge with the `parameters`, and the URL of the metadata (RFC 9728 §5.1).
    fn challenge(&self, parameters: &str) -> String {
        format!("Bearer {parameters}resource_metadata=\"{}\"", self.resource.metadata_url())
    }

    /// Passes a request to the API if the authorizer allows it.
    async fn authorize(&self, parts: &Parts, peer: SocketAddr) -> Result<Context, Response<Body>> {
        // The identity source: without it, a gateway does not ask the authorizer.
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(unauthorized(&self.challenge("")));
        }
        let request = GatewayRequest { parts, body: &[], peer, now: self.authorizer.clock.now() };
        match Decision::on(&self.authorizer, &request.authorizer_event(PATH)).await {
            Decision::Allowed(context) => Ok(context),
            Decision::Denied { challenge } => Err(forbidden(&challenge)),
            Decision::Unauthorized => Err(unauthorized(&self.challenge("error=\"invalid_token\", "))),
            Decision::Unavailable => Err(unavailable()),
        }
    }

    /// Serves an authorized request.
    async fn serve(&self, mut parts: Parts, body: Bytes, context: &Context) -> Response<Body> {
        let granted = context.get("scope").and_then(|scope| scope.parse().ok()).unwrap_or_default();
        if let Some(required) = required_scope(&body).filter(|required| !required.is_within(&granted)) {
            let scope = granted.with(&required);
            return forbidden(&self.challenge(&format!("error=\"insufficient_scope\", scope=\"{scope}\", ")));
        }
        parts.extensions.insert(Caller(context.get("sub").cloned().unwrap_or_default()));
        let request = Request::from_parts(parts, Body::from(body));
        self.service.handle(request).await.map(Body::new)
    }
}

/// Returns the settings of the transport. A page cannot reach the server under a name of its own (DNS rebinding): the
/// `Host` must be loopback, or the resource's. Pages of any origin may send a token.
fn transport(resource: &ResourceUri) -> StreamableHttpServerConfig {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MOST_BODY_BYTES);
    let own = resource.host().to_owned();
    let hosts: Vec<_> = config.allowed_hosts.iter().cloned().chain([own]).collect();
    config.with_allowed_hosts(hosts)
}

/// Returns the scope that a message requires, if it calls a tool. The message is read as the transport reads it.
fn required_scope(body: &[u8]) -> Option<Scope> {
    match serde_json::from_slice(body) {
        Ok(ClientJsonRpcMessage::Request(message)) => match message.request {
            ClientRequest::CallToolRequest(call) => Some(call.params.name.parse::<Tool>().ok()?.scope()),
            _ => None,
        },
        _ => None,
    }
}

async fn respond(
    State(server): State<Arc<McpServer>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return CORS.expose(CORS.preflight());
    }
    let (parts, body) = request.into_parts();
    let mut response = match server.authorize(&parts, peer).await {
        Err(response) => response,
        Ok(context) => match body::to_bytes(body, MOST_BODY_BYTES).await {
            Ok(body) => server.serve(parts, body, &context).await,
            Err(_) => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        },
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    CORS.expose(response)
}
