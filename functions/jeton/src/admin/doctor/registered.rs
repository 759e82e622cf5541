//! Registered data: resources that clients name, secrets of clients, and descriptions of scope values.

use std::collections::BTreeSet;

use shared::{
    clients::{Client, Listed},
    dynamodb,
    oauth::{Scope, openid_scope::GRANTED},
    resources::Registry,
};

use super::check::Check;
use crate::admin::connection::Admin;

/// The most names that one line lists.
const MOST_NAMES: usize = 5;

pub(super) async fn checks(admin: &Admin) -> Vec<Check> {
    match read(admin).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::unavailable("registered clients", &error)],
    }
}

async fn read(admin: &Admin) -> Result<Vec<Check>, dynamodb::Error> {
    let registry = admin.app.resources.read().await?;
    let listing = admin.app.clients.list(Listed::Administered).await?;
    let described = admin.app.descriptions.list().await?;
    let clients: Vec<_> = listing.clients.into_iter().map(|(client, _)| client).collect();
    let now = admin.latest();
    let mut checks = Vec::new();
    let dangling: Vec<_> = clients.iter().filter_map(|client| dangling(client, &registry)).collect();
    checks.push(if dangling.is_empty() {
        Check::ok("resources of clients", "all are registered")
    } else {
        let advice = "register the resource, or update the client";
        Check::warning("resources of clients", format!("not registered: {}: {advice}", some(dangling)))
    });
    let lacks_secret =
        |client: &&Client| !client.is_public() && !client.secrets.iter().any(|secret| secret.works(now));
    let expired: Vec<_> = clients.iter().filter(lacks_secret).map(|client| client.id.to_string()).collect();
    checks.push(if expired.is_empty() {
        Check::ok("secrets of clients", "every confidential client has one that works")
    } else {
        let advice = "give each a new one with `jeton client rotate-secret`";
        Check::warning("secrets of clients", format!("none works of: {}: {advice}", some(expired)))
    });
    let described: BTreeSet<_> = described.iter().map(|description| description.value.as_str()).collect();
    let scopes = clients.iter().filter(|client| !client.first_party).map(|client| &client.scope);
    let scopes = scopes.chain(registry.resources().iter().map(|resource| &resource.scope));
    let used: BTreeSet<_> = scopes.flat_map(Scope::values).collect();
    let has_openid = admin.app.config.signing_keys.is_on();
    let is_claims = |value: &str| has_openid && GRANTED.contains(&value);
    let bare = used.difference(&described).filter(|value| !is_claims(value));
    let bare: Vec<_> = bare.map(|value| (*value).to_owned()).collect();
    checks.push(if bare.is_empty() {
        Check::ok("descriptions of scope values", "complete")
    } else {
        let advice = "users see the value itself; see `jeton scope describe`";
        Check::note("descriptions of scope values", format!("missing for {}: {advice}", some(bare)))
    });
    Ok(checks)
}

/// Returns the client, with the resources that it names and that are not registered, if there are any.
fn dangling(client: &Client, registry: &Registry) -> Option<String> {
    let named = client.resources.iter().chain(&client.serves);
    let unknown: Vec<_> = named.filter(|uri| registry.get(uri).is_none()).map(ToString::to_string).collect();
    (!unknown.is_empty()).then(|| format!("{} of client {}", unknown.join(" and "), client.id))
}

/// Returns the first of the names, and the number of the others.
fn some(mut names: Vec<String>) -> String {
    names.sort();
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}
