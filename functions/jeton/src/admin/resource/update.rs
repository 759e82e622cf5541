//! `jeton resource update`

use clap::{ArgAction, Args};
use shared::{audit::ResourceChange, oauth::ResourceUri, resources::Resource};

use super::{audit, description};
use crate::admin::{
    connection::Admin,
    error::Error,
    words::{resource_uri, scope_of},
};

#[derive(Debug, Args)]
pub struct Update {
    /// The resource's URI, which cannot change
    #[arg(value_parser = resource_uri)]
    uri: ResourceUri,
    /// The name that users see
    #[arg(long)]
    name: Option<String>,
    /// A scope value that a token for the resource may have; repeatable. Without --default-scope, they become the default
    /// scope, too
    #[arg(long = "scope", value_name = "S")]
    scope: Option<Vec<String>>,
    /// A scope value that the resource's metadata lists, and that a request without `scope` gets if the client has no default
    /// scope that the resource lists; repeatable
    #[arg(long = "default-scope", value_name = "S")]
    default_scope: Option<Vec<String>>,
    /// Whether clients that registered themselves may request tokens for the resource. With false, they also refresh none
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    open: Option<bool>,
}

impl Update {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let registry = admin.app.resources.read().await?;
        let updated = self.apply(registry.registered(&self.uri)?.clone())?;
        admin.app.resources.replace(&registry, &registry.updated(updated.clone())?).await?;
        audit(admin, &updated.uri, ResourceChange::Updated);
        admin.print(&description::json(&updated), &format!("Resource {} is updated.", updated.uri))
    }

    /// Returns the resource with the given options.
    fn apply(&self, registered: Resource) -> Result<Resource, Error> {
        let scope = self.scope.as_deref().map(scope_of).transpose()?;
        let default_scope = self.default_scope.as_deref().map(scope_of).transpose()?;
        let resource = Resource {
            uri: registered.uri,
            name: self.name.clone().unwrap_or(registered.name),
            default_scope: default_scope.or_else(|| scope.clone()).unwrap_or(registered.default_scope),
            scope: scope.unwrap_or(registered.scope),
            open: self.open.unwrap_or(registered.open),
        };
        Ok(resource.checked()?)
    }
}
