//! A new client secret on standard output.

use serde_json::json;
use shared::{
    oauth::ClientId,
    secret::{ClientSecret, Secret},
};

use crate::admin::{connection::Admin, error::Error, output::properties};

pub(super) const SHOWN_ONCE: &str = "Store the secret now: it is not shown again.";

/// Prints the secret; `note` follows it for people.
pub(super) fn print(
    admin: &Admin,
    id: &ClientId,
    secret: &Secret<ClientSecret>,
    note: &str,
) -> Result<(), Error> {
    let rows = [("client id", id.to_string()), ("client secret", secret.expose().to_owned())];
    let json = json!({ "client_id": id, "client_secret": secret.expose() });
    admin.print(&json, &format!("{}\n\n{note}", properties(rows)))
}
