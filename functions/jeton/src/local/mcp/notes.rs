//! The tools of the demo MCP server: they list a user's notes, and add one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::request::Parts;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject,
        ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, ToolAnnotations,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use shared::oauth::Scope;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::Caller;

/// The most notes of a user.
const MOST_NOTES: usize = 100;
/// The most bytes in a note.
const MOST_BYTES: usize = 1_000;

/// A tool, by its name.
#[derive(Clone, Copy, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Tool {
    ListNotes,
    AddNote,
}

impl Tool {
    /// Returns the scope that a call requires.
    pub(super) fn scope(self) -> Scope {
        let value = match self {
            Self::ListNotes => "read",
            Self::AddNote => "write",
        };
        value.parse().unwrap_or_default()
    }

    fn describe(self) -> rmcp::model::Tool {
        let (text, schema, annotations) = match self {
            Self::ListNotes => (
                "Lists your notes. Needs the scope `read`.",
                json!({ "type": "object", "properties": {} }),
                ToolAnnotations::new().read_only(true),
            ),
            Self::AddNote => (
                "Adds a note. Needs the scope `write`.",
                json!({
                    "type": "object",
                    "properties": { "text": { "type": "string", "maxLength": MOST_BYTES } },
                    "required": ["text"],
                }),
                ToolAnnotations::new().read_only(false).destructive(false),
            ),
        };
        let schema: JsonObject = serde_json::from_value(schema).unwrap_or_default();
        let name: &'static str = self.into();
        rmcp::model::Tool::new(name, text, schema).with_annotations(annotations.open_world(false))
    }
}

/// The notes of all users, by `sub`. They are gone when the server stops.
#[derive(Clone, Default)]
pub(super) struct NotesServer(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl NotesServer {
    fn list(&self, user: &str) -> CallToolResult {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        CallToolResult::structured(json!({ "notes": all.get(user).map(Vec::as_slice).unwrap_or_default() }))
    }

    fn add(&self, user: String, text: &str) -> CallToolResult {
        if text.len() > MOST_BYTES {
            return failed(&format!("A note has at most {MOST_BYTES} bytes."));
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = all.entry(user).or_default();
        if notes.len() == MOST_NOTES {
            return failed(&format!("You have {MOST_NOTES} notes already."));
        }
        notes.push(text.to_owned());
        CallToolResult::success(vec![ContentBlock::text("The note is added.")])
    }
}

fn failed(text: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

impl ServerHandler for NotesServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("jeton-demo", env!("CARGO_PKG_VERSION")))
            .with_instructions("Notes of the signed-in user. They are gone when the server stops.")
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Tool::VARIANTS.iter().map(|tool| tool.describe()).collect()))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = context.extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<Caller>());
        let Caller(user) = caller.ok_or_else(|| ErrorData::internal_error("The caller is unknown.", None))?;
        let tool = call.name.parse();
        let tool = tool.map_err(|_| ErrorData::invalid_params("There is no such tool.", None))?;
        let argument = |name| call.arguments.as_ref().and_then(|all| all.get(name)).and_then(Value::as_str);
        let result = match tool {
            Tool::ListNotes => self.list(user),
            Tool::AddNote => match argument("text") {
                Some(text) => self.add(user.clone(), text),
                None => failed("Give the note as the argument `text`."),
            },
        };
        Ok(result.into())
    }
}
