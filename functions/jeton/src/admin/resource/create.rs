//! `jeton resource create`

use clap::Args;
use shared::{audit::ResourceChange, oauth::ResourceUri, resources::Resource};

use super::{audit, description};
use crate::admin::{
    configuration::ResourceProperties,
    connection::Admin,
    error::Error,
    words::{resource_uri, scope_values},
};

#[derive(Debug, Args)]
pub struct Create {
    /// The resource's URI, which clients name in their requests, such as `https://api.example.com/mcp`: at most 128 bytes
    #[arg(value_parser = resource_uri)]
    uri: ResourceUri,
    /// The name that users see
    #[arg(long)]
    name: String,
    /// A scope value that a token for the resource may have; repeatable
    #[arg(long = "scope", value_name = "S")]
    scope: Vec<String>,
    /// A scope value that the resource's metadata lists, and that a request without `scope` gets if the client has no default
    /// scope that the resource lists; repeatable [default: all of --scope]
    #[arg(long = "default-scope", value_name = "S")]
    default_scope: Vec<String>,
    /// Let clients that registered themselves request tokens for the resource
    #[arg(long)]
    open: bool,
}

impl Create {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let resource = self.resource()?;
        let registry = admin.app.resources.read().await?;
        admin.app.resources.replace(&registry, &registry.with(resource.clone())?).await?;
        audit(admin, &resource.uri, ResourceChange::Created);
        admin.print(&description::json(&resource), &format!("Resource {} is registered.", resource.uri))
    }

    fn resource(self) -> Result<Resource, Error> {
        let properties = ResourceProperties {
            name: self.name,
            scope: scope_values(&self.scope),
            default_scope: scope_values(&self.default_scope),
            open: self.open,
        };
        Ok(properties.resource(&self.uri)?)
    }
}
