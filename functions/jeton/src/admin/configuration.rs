//! The configuration of a deployment as a file: what `jeton apply` reads and `jeton export` writes.
//!
//! # Design
//! The fields have the names of the command's options. A file states the complete properties of what it names: a field that
//! is left out has its default. The JSON Schema for editors is generated from these types.

mod client;
mod entries;
mod read;
mod resource;
mod schema;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    config::Language,
    oauth::{ClientId, ResourceUri},
    status::Role,
    users::UserName,
};
use strum::Display;

pub(super) use client::ClientProperties;
use entries::Entries;
pub(super) use read::{Declared, InvalidFile, Placed, read};
pub(super) use resource::ResourceProperties;
pub(super) use schema::SCHEMA_FILE;
pub(crate) use schema::schema;

/// The kind of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Kind {
    Resource,
    Scope,
    Client,
    Role,
}

/// The configuration of a Jeton deployment. A kind that is left out is not managed by the file.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Configuration {
    /// The resources: the APIs that tokens are for, by their URI, such as `https://api.example.com/mcp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, ResourceProperties>>")]
    pub(super) resources: Option<Entries<ResourceUri, ResourceProperties>>,
    /// The descriptions of scope values, which the consent page shows to users: for each value a text in each language, by
    /// the language's tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::scopes")]
    pub(super) scopes: Option<Entries<String, Entries<Language, String>>>,
    /// The clients of administrators, by their id: 1 to 22 letters, digits, dashes or underscores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::clients")]
    pub(super) clients: Option<Entries<ClientId, ClientProperties>>,
    /// The roles: for each, the login names of all users who have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::roles")]
    pub(super) roles: Option<Entries<Role, Vec<UserName>>>,
}
