//! `jeton export`

use std::{collections::BTreeMap, io};

use serde_json::json;
use shared::{clients::Listed, status::Role, users::UserName};

use super::{
    configuration::{ClientProperties, Configuration, ResourceProperties, SCHEMA_FILE},
    connection::Admin,
    error::Error,
};

/// Prints the configuration.
pub(super) async fn export(admin: &Admin) -> Result<(), Error> {
    let configuration = read(admin).await?;
    let yaml = serde_saphyr::to_string(&configuration).map_err(io::Error::other)?;
    let file = format!("# yaml-language-server: $schema={SCHEMA_FILE}\n{}", yaml.trim_end());
    admin.print(&json!(configuration), &file)
}

/// Reads the configuration that administrators made. Each kind is present, even if it is empty, so that the file manages it.
async fn read(admin: &Admin) -> Result<Configuration, Error> {
    let registry = admin.app.resources.read().await?;
    let resources = registry.resources().iter().map(|one| (one.uri.clone(), ResourceProperties::of(one)));
    let descriptions = admin.app.descriptions.list().await?;
    let scopes = descriptions.iter().map(|description| {
        let texts = description.texts();
        let known = texts.filter_map(|(tag, text)| Some((tag.parse().ok()?, text.to_owned())));
        (description.value.clone(), known.collect())
    });
    let clients = admin.app.clients.list(Listed::Administered).await?.clients;
    let clients = clients.into_iter().filter(|(client, _)| client.owner.is_none());
    let clients: BTreeMap<_, _> =
        clients.map(|(client, status)| (client.id.clone(), ClientProperties::of(&client, &status))).collect();
    let mut roles: BTreeMap<Role, Vec<UserName>> = BTreeMap::new();
    for (user, status) in admin.app.users.list().await? {
        for role in status.roles {
            roles.entry(role).or_default().push(user.username.clone());
        }
    }
    for users in roles.values_mut() {
        users.sort_by_cached_key(UserName::key);
    }
    Ok(Configuration {
        resources: Some(resources.collect()),
        scopes: Some(scopes.collect()),
        clients: Some(clients.into_iter().collect()),
        roles: Some(roles.into_iter().collect()),
    })
}
