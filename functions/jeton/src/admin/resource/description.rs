//! A resource on standard output.

use serde_json::{Value, json};
use shared::resources::Resource;

use crate::admin::output::{or_none, properties, yes_or_no};

pub(super) const HEADINGS: [&str; 5] = ["URI", "NAME", "SCOPE", "DEFAULT SCOPE", "OPEN"];

/// Returns the resource's row below [`HEADINGS`].
pub(super) fn row(resource: &Resource) -> [String; 5] {
    [
        resource.uri.to_string(),
        resource.name.clone(),
        resource.scope.to_string(),
        resource.default_scope.to_string(),
        yes_or_no(resource.open),
    ]
}

pub(super) fn text(resource: &Resource) -> String {
    properties([
        ("uri", resource.uri.to_string()),
        ("name", resource.name.clone()),
        ("scope", or_none(resource.scope.to_string())),
        ("default scope", or_none(resource.default_scope.to_string())),
        ("open to self-registered clients", yes_or_no(resource.open)),
        ("metadata", resource.uri.metadata_url()),
    ])
}

pub(in crate::admin) fn json(resource: &Resource) -> Value {
    json!({
        "uri": resource.uri,
        "name": resource.name,
        "scope": resource.scope.values().collect::<Vec<_>>(),
        "default_scope": resource.default_scope.values().collect::<Vec<_>>(),
        "open": resource.open,
        "metadata_url": resource.uri.metadata_url(),
    })
}
