//! Requests of MCP clients to the demo's MCP server.

use serde_json::{Value, json};
use shared::{clients::Registration, oauth::Scope, secret::Id};

use super::{
    Call, Registered, Response, Stack,
    code_flow::{Pair, Request},
    machine,
};

pub const PATH: &str = "/api/mcp";
/// A resource of another host.
pub const OTHER: &str = "https://api.example.com/mcp";
pub const METADATA: &str = "/.well-known/oauth-protected-resource/api/mcp";
/// The parameters of a challenge to an invalid token.
pub const INVALID: &str = "error=\"invalid_token\", ";

/// Returns the body of a request, a JSON-RPC message.
pub fn rpc(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

pub fn list_notes() -> Value {
    rpc("tools/call", &json!({ "name": "list_notes" }))
}

pub fn add_note(text: &str) -> Value {
    rpc("tools/call", &json!({ "name": "add_note", "arguments": { "text": text } }))
}

pub fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    rpc("initialize", &json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client }))
}

/// Begins a request of an MCP client with this body.
pub fn message(call: Call, body: impl Into<String>) -> Call {
    call.header("accept", "application/json, text/event-stream").body("application/json", body.into())
}

impl Stack {
    /// Sends a message with this token.
    pub async fn mcp(&self, token: &str, body: impl ToString) -> Response {
        message(self.with_token("POST", token), body.to_string()).send().await
    }

    pub fn with_token(&self, method: &str, token: &str) -> Call {
        self.request(method, PATH).header("authorization", &format!("Bearer {token}"))
    }

    /// Returns the URI of the MCP server.
    pub fn mcp_server(&self) -> String {
        format!("{}{PATH}", self.url)
    }

    /// Starts a deployment with the demo's APIs, and registers the MCP server and another resource.
    pub async fn with_mcp_server() -> Self {
        let stack = Self::with_sample_api().await;
        for uri in [stack.mcp_server(), OTHER.to_owned()] {
            stack
                .resource_with(&uri, |resource| {
                    resource.scope = "other read write".parse().unwrap();
                    resource.default_scope = Scope::default();
                })
                .await;
        }
        stack
    }

    /// Returns a token for `resource` with exactly this scope, of a client of its own.
    pub async fn token_for_resource(&self, resource: Option<&str>, scope: &[&str]) -> String {
        let (values, scope) = (scope.iter().map(|&value| value.to_owned()).collect(), scope.join(" "));
        let client = self.register(Registration { scope: values, ..machine() }).await;
        let resource = resource.iter().map(|&uri| ("resource", uri));
        let scope = Some(scope.as_str()).filter(|scope| !scope.is_empty()).map(|scope| ("scope", scope));
        let parameters: Vec<_> = resource.chain(scope).collect();
        let response = self.request_token(&client, &parameters).await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn mcp_token(&self, scope: &[&str]) -> String {
        self.token_for_resource(Some(&self.mcp_server()), scope).await
    }

    /// Returns the tokens for the MCP server that `user` consents to.
    pub async fn mcp_pair(&self, client: &Registered, user: Id) -> Pair {
        let uri = self.mcp_server();
        let request = Request { resource: Some(&uri), ..Request::default() };
        let code = self.issue_code(client, user, request).await;
        self.redeem(client, &code).await.pair()
    }

    /// Returns the notes of the token's user or client.
    pub async fn notes(&self, token: &str) -> Value {
        let response = self.mcp(token, list_notes()).await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()["result"]["structuredContent"]["notes"].clone()
    }

    /// Returns a challenge of the MCP server.
    pub fn challenge(&self, parameters: &str) -> String {
        format!("Bearer {parameters}resource_metadata=\"{}{METADATA}\"", self.url)
    }

    /// Asserts a refusal with this challenge, which pages of any origin can read.
    #[track_caller]
    pub fn refuses(&self, response: &Response, status: u16, parameters: &str) {
        let challenge = self.challenge(parameters);
        let found = (response.status, response.header("www-authenticate"));
        assert_eq!(found, (status, Some(challenge.as_str())), "{}", response.text);
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        let exposed = response.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Mcp-Session-Id"), "{exposed}");
    }
}
