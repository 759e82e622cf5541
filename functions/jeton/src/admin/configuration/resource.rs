//! A resource in the file.

use std::ops::Not;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    oauth::{ResourceUri, Scope},
    resources::{InvalidResource, Resource},
};

/// A resource: an API that tokens can be issued for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Resource")]
pub(in crate::admin) struct ResourceProperties {
    /// The name that users see.
    #[schemars(length(min = 1, max = 100))]
    pub(in crate::admin) name: String,
    /// The scope values that a token for the resource may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub(in crate::admin) scope: Vec<String>,
    /// The scope values that the resource's metadata lists, and that a request without `scope` gets if the client has no
    /// default scope that the resource lists. Default: all of `scope`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::admin) default_scope: Vec<String>,
    /// Whether clients that registered themselves may request tokens for the resource.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub(in crate::admin) open: bool,
}

impl ResourceProperties {
    /// Checks the properties, and returns the resource.
    pub(in crate::admin) fn resource(&self, uri: &ResourceUri) -> Result<Resource, InvalidResource> {
        let of = |values: &[String]| Scope::of(values.iter().map(String::as_str));
        let scope = of(&self.scope)?;
        let default_scope =
            if self.default_scope.is_empty() { scope.clone() } else { of(&self.default_scope)? };
        Resource { uri: uri.clone(), name: self.name.clone(), scope, default_scope, open: self.open }
            .checked()
    }

    /// Returns the properties of a registered resource, without those that have their default.
    pub(in crate::admin) fn of(resource: &Resource) -> Self {
        let values = |scope: &Scope| scope.values().map(str::to_owned).collect();
        Self {
            name: resource.name.clone(),
            scope: values(&resource.scope),
            default_scope: if resource.default_scope == resource.scope {
                Vec::new()
            } else {
                values(&resource.default_scope)
            },
            open: resource.open,
        }
    }
}
