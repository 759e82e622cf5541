//! `jeton resource …`

mod create;
pub(super) mod description;
mod gateway;
mod update;

use clap::Subcommand;
use serde_json::{Value, json};
use shared::{
    audit::{Event, ResourceChange},
    oauth::{Issuer, ResourceUri},
};

use super::{
    connection::Admin,
    error::{Error, InvalidInput},
    output::columns,
    words::resource_uri,
};
use create::Create;
use gateway::Gateway;
use update::Update;

#[derive(Debug, Subcommand)]
pub enum ResourceCommand {
    /// Register a resource: an API that tokens can be issued for
    Create(Create),
    /// List all resources
    List,
    /// Show a resource
    Show {
        /// The resource's URI
        #[arg(value_parser = resource_uri)]
        uri: ResourceUri,
        /// Print what the resource's own host must serve: its metadata (RFC 9728) as JSON, and, for a REST API of Amazon API
        /// Gateway, the part of a template that serves it and challenges callers without a token
        #[arg(long)]
        gateway: bool,
        /// The issuer of the resource's tokens [default: `JETON_ISSUER`]
        #[arg(long, value_name = "URL", requires = "gateway")]
        issuer: Option<Issuer>,
    },
    /// Change a resource; options that are not given stay as they are, and a given list replaces the old one
    Update(Update),
    /// Delete a resource. No new grants are made for it. Access tokens work until they expire. A refresh is refused
    /// (`invalid_grant`) if it names the resource, or if the client registered itself. Other clients' grants go on: end them
    /// by `jeton token revoke-all --client ID`
    Delete {
        /// The resource's URI
        #[arg(value_parser = resource_uri)]
        uri: ResourceUri,
    },
}

impl ResourceCommand {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(create) => create.run(admin).await,
            Self::List => list(admin).await,
            Self::Show { uri, gateway: true, issuer } => show_gateway(admin, &uri, issuer).await,
            Self::Show { uri, .. } => show(admin, &uri).await,
            Self::Update(update) => update.run(admin).await,
            Self::Delete { uri } => delete(admin, &uri).await,
        }
    }
}

async fn list(admin: &Admin) -> Result<(), Error> {
    let registry = admin.app.resources.read().await?;
    let json: Value = registry.resources().iter().map(description::json).collect();
    let rows = registry.resources().iter().map(description::row);
    admin.print(&json, &columns(description::HEADINGS, rows))
}

async fn show(admin: &Admin, uri: &ResourceUri) -> Result<(), Error> {
    let registry = admin.app.resources.read().await?;
    let resource = registry.registered(uri)?;
    admin.print(&description::json(resource), &description::text(resource))
}

async fn show_gateway(admin: &Admin, uri: &ResourceUri, issuer: Option<Issuer>) -> Result<(), Error> {
    let issuer = issuer.as_ref().or(admin.app.config.issuer.as_ref()).ok_or(InvalidInput::NoIssuer)?;
    let registry = admin.app.resources.read().await?;
    let gateway = Gateway::new(registry.registered(uri)?, issuer)?;
    admin.print(&gateway.json(), gateway.text())
}

async fn delete(admin: &Admin, uri: &ResourceUri) -> Result<(), Error> {
    let registry = admin.app.resources.read().await?;
    let uri = &registry.registered(uri)?.uri;
    admin.app.resources.replace(&registry, &registry.without(uri)?).await?;
    audit(admin, uri, ResourceChange::Deleted);
    let json = json!({ "uri": uri, "deleted": true });
    let text = format!(
        "Resource {uri} is deleted. No new grants are made for it. Access tokens work until they expire. A refresh is refused \
         (invalid_grant) if it names the resource, or if the client registered itself. Other clients' grants go on: end them \
         by `jeton token revoke-all --client ID`."
    );
    admin.print(&json, &text)
}

pub(super) fn audit(admin: &Admin, resource: &ResourceUri, change: ResourceChange) {
    admin.audit(Event::ResourceChanged { resource, change });
}
