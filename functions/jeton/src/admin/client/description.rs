//! A client on standard output.

use serde_json::{Value, json};
use shared::{
    clients::{Client, RegisteredSecret},
    oauth::{ResourceUri, Switch},
    status::Status,
    time::Timestamp,
};

use crate::admin::output::{lines, or_none, properties, seconds, utc, words, yes_or_no};

/// Returns the client's row in a list.
pub(super) type Row = fn(&Client, &Status, Timestamp) -> [String; 6];

pub(super) const HEADINGS: [&str; 6] = ["CLIENT ID", "NAME", "TYPE", "GRANTS", "SCOPE", "STATUS"];

pub(super) const SELF_REGISTERED_HEADINGS: [&str; 6] =
    ["CLIENT ID", "NAME", "TYPE", "REGISTERED", "ENDS", "STATUS"];

/// Returns the client's row below [`HEADINGS`].
pub(super) fn row(client: &Client, status: &Status, now: Timestamp) -> [String; 6] {
    [
        client.id.to_string(),
        client.name.clone(),
        client_type(client).to_owned(),
        words(&client.grant_types),
        client.scope.to_string(),
        standing(client, status, now).to_owned(),
    ]
}

/// Returns the client's row below [`SELF_REGISTERED_HEADINGS`].
pub(super) fn self_registered_row(client: &Client, status: &Status, now: Timestamp) -> [String; 6] {
    [
        client.id.to_string(),
        client.name.clone(),
        client_type(client).to_owned(),
        utc(client.created_at),
        end(client),
        standing(client, status, now).to_owned(),
    ]
}

pub(super) fn text(client: &Client, status: &Status, now: Timestamp) -> String {
    let lifetimes = &client.lifetimes;
    let longest = lifetimes.longest_access_token.map(lifetime);
    properties([
        ("client id", client.id.to_string()),
        ("name", client.name.clone()),
        ("type", client_type(client).to_owned()),
        ("status", standing(client, status, now).to_owned()),
        ("created", utc(client.created_at)),
        ("self-registered", self_registered(client)),
        ("owner", client.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
        ("first party", yes_or_no(client.first_party)),
        ("resources", or_any(&client.resources)),
        ("resource server", yes_or_no(client.resource_server)),
        ("serves", if client.resource_server { or_any(&client.serves) } else { "none".to_owned() }),
        ("authentication methods", words(&client.auth_methods)),
        ("secrets", lines(client.secrets.iter().map(|secret| secret_line(secret, now)))),
        ("grants", or_none(words(&client.grant_types))),
        ("redirect URIs", lines(client.redirect_uris.iter().cloned())),
        ("post-logout redirect URIs", lines(client.post_logout_redirect_uris.iter().cloned())),
        ("scope", or_none(client.scope.to_string())),
        ("default scope", or_none(client.default_scope.to_string())),
        ("PKCE", if client.pkce_optional { "optional" } else { "required" }.to_owned()),
        ("ID token on refresh", yes_or_no(client.id_token_on_refresh)),
        ("compatibility switches", lines(client.compat.iter().map(switch_line))),
        ("code lifetime", seconds(lifetimes.code.into())),
        ("access token lifetime", lifetime(lifetimes.access_token)),
        ("longest on request", or_none(longest.unwrap_or_default())),
        ("refresh token lifetime", seconds(lifetimes.refresh_token.into())),
        ("refresh grace", seconds(lifetimes.refresh_grace.into())),
    ])
}

pub(in crate::admin) fn json(client: &Client, status: &Status, now: Timestamp) -> Value {
    let secrets: Vec<Value> = client
        .secrets
        .iter()
        .map(|secret| {
            json!({
                "id": secret.id,
                "created_at": secret.created_at.seconds(),
                "expires_at": secret.expires_at.map(Timestamp::seconds),
                "works": secret.works(now),
            })
        })
        .collect();
    json!({
        "client_id": client.id,
        "name": client.name,
        "public": client.is_public(),
        "disabled": status.disabled,
        "created_at": client.created_at.seconds(),
        "self_registered": client.is_self_registered(),
        "expires_at": client.expires_at.map(Timestamp::seconds),
        "auth_methods": client.auth_methods,
        "grants": client.grant_types,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "scope": client.scope.values().collect::<Vec<_>>(),
        "default_scope": client.default_scope.values().collect::<Vec<_>>(),
        "resources": client.resources,
        "resource_server": client.resource_server,
        "serves": client.serves,
        "first_party": client.first_party,
        "owner": client.owner,
        "pkce_optional": client.pkce_optional,
        "id_token_on_refresh": client.id_token_on_refresh,
        "compat": client.compat.iter().map(<&str>::from).collect::<Vec<_>>(),
        "code_ttl": client.lifetimes.code,
        "access_token_ttl": client.lifetimes.access_token,
        "longest_access_token_ttl": client.lifetimes.longest_access_token,
        "refresh_token_ttl": client.lifetimes.refresh_token,
        "refresh_grace": client.lifetimes.refresh_grace,
        "secrets": secrets,
    })
}

/// Returns the client's type (RFC 6749 §1.1, §2.1).
fn client_type(client: &Client) -> &'static str {
    match (client.is_public(), client.resource_server) {
        (true, _) => "public",
        (false, true) => "resource server",
        (false, false) => "confidential",
    }
}

fn standing(client: &Client, status: &Status, now: Timestamp) -> &'static str {
    match (status.disabled, client.has_ended(now)) {
        (true, _) => "disabled",
        (false, true) => "ended",
        (false, false) => "enabled",
    }
}

/// Returns when a self-registered client ends.
fn end(client: &Client) -> String {
    client.expires_at.map_or_else(|| "never".to_owned(), utc)
}

/// Returns whether the client registered itself, and then when it ends.
fn self_registered(client: &Client) -> String {
    if client.is_self_registered() {
        format!("yes; ends {} unless a user consents to it before", end(client))
    } else {
        "no".to_owned()
    }
}

/// Returns the resources, or `any` if there is no limit.
fn or_any(resources: &[ResourceUri]) -> String {
    if resources.is_empty() { "any".to_owned() } else { lines(resources.iter().map(ResourceUri::to_string)) }
}

fn switch_line(switch: Switch) -> String {
    let about = switch.about();
    format!("{switch}: {} (see {})", about.does, about.discouraged_by)
}

fn lifetime(lifetime: u32) -> String {
    if lifetime == 0 { "without end".to_owned() } else { seconds(lifetime.into()) }
}

fn secret_line(secret: &RegisteredSecret, now: Timestamp) -> String {
    match secret.expires_at {
        None => format!("{} (current)", secret.id),
        Some(end) if end.has_passed(now) => format!("{} (expired)", secret.id),
        Some(end) => format!("{} (works for another {} s)", secret.id, end.since(now).as_secs()),
    }
}
