//! A client on standard output.

use serde_json::{Value, json};
use shared::{
    clients::{Client, RegisteredSecret},
    oauth::Switch,
    status::Status,
    time::Timestamp,
};

use crate::admin::output::{lines, or_none, properties, seconds, utc, words, yes_or_no};

pub(super) const HEADINGS: [&str; 6] = ["CLIENT ID", "NAME", "TYPE", "GRANTS", "SCOPE", "STATUS"];

/// Returns the client's row below [`HEADINGS`].
pub(super) fn row(client: &Client, status: &Status) -> [String; 6] {
    [
        client.id.to_string(),
        client.name.clone(),
        client_type(client).to_owned(),
        words(&client.grant_types),
        client.scope.to_string(),
        standing(status).to_owned(),
    ]
}

pub(super) fn text(client: &Client, status: &Status, now: Timestamp) -> String {
    let lifetimes = &client.lifetimes;
    let longest = lifetimes.longest_access_token.map(lifetime);
    properties([
        ("client id", client.id.to_string()),
        ("name", client.name.clone()),
        ("type", client_type(client).to_owned()),
        ("status", standing(status).to_owned()),
        ("created", utc(client.created_at)),
        ("owner", client.owner.map_or_else(|| "none".to_owned(), |owner| owner.to_string())),
        ("first party", yes_or_no(client.first_party)),
        ("resource server", yes_or_no(client.resource_server)),
        ("authentication methods", words(&client.auth_methods)),
        ("secrets", lines(client.secrets.iter().map(|secret| secret_line(secret, now)))),
        ("grants", or_none(words(&client.grant_types))),
        ("redirect URIs", lines(client.redirect_uris.iter().cloned())),
        ("scope", or_none(client.scope.to_string())),
        ("default scope", or_none(client.default_scope.to_string())),
        ("PKCE", if client.pkce_optional { "optional" } else { "required" }.to_owned()),
        ("compatibility switches", lines(client.compat.iter().map(switch_line))),
        ("code lifetime", seconds(lifetimes.code.into())),
        ("access token lifetime", lifetime(lifetimes.access_token)),
        ("longest on request", or_none(longest.unwrap_or_default())),
        ("refresh token lifetime", seconds(lifetimes.refresh_token.into())),
        ("refresh grace", seconds(lifetimes.refresh_grace.into())),
    ])
}

pub(super) fn json(client: &Client, status: &Status, now: Timestamp) -> Value {
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
        "auth_methods": client.auth_methods,
        "grants": client.grant_types,
        "redirect_uris": client.redirect_uris,
        "scope": client.scope.values().collect::<Vec<_>>(),
        "default_scope": client.default_scope.values().collect::<Vec<_>>(),
        "resource_server": client.resource_server,
        "first_party": client.first_party,
        "owner": client.owner,
        "pkce_optional": client.pkce_optional,
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

fn standing(status: &Status) -> &'static str {
    if status.disabled { "disabled" } else { "enabled" }
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
