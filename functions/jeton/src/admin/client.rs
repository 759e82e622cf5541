//! `jeton client …`

mod create;
pub(super) mod description;
mod options;
mod secret;
mod update;

use std::{slice, time::Duration};

use clap::{Subcommand, value_parser};
use serde_json::{Value, json};
use shared::{
    audit::ClientChange,
    clients::{Listed, Listing},
    oauth::ClientId,
    secret::{ClientSecret, Id, Secret, random},
};

use super::{
    connection::Admin,
    error::{Error, InvalidInput},
    output::{columns, seconds},
    sweep::sweep_clients,
};
use create::Create;
pub(super) use options::registered;
use update::Update;

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Register a client; its secret is shown only once
    Create(Box<Create>),
    /// Change a client's registration; options that are not given stay as they are, and a given list replaces the old one
    Update(Box<Update>),
    /// List the clients that administrators and developers registered
    List {
        /// List the clients that registered themselves instead
        #[arg(long)]
        self_registered: bool,
    },
    /// Show a client
    Show {
        /// The client's id
        client_id: String,
    },
    /// Give a client a new secret, which is shown only once; the previous one keeps working for a while
    RotateSecret {
        /// The client's id
        client_id: String,
        /// How long the previous secret keeps working: 0 (not at all) to 2592000
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = value_parser!(u64).range(0..=2_592_000))]
        overlap: u64,
    },
    /// Disable a client: it gets no tokens, and all its grants end. The cleaning up afterwards scans the whole table
    Disable {
        /// The client's id
        client_id: String,
    },
    /// Enable a client; ended grants stay ended
    Enable {
        /// The client's id
        client_id: String,
    },
    /// Delete a client; all its grants end
    Delete {
        /// The client's id
        client_id: String,
    },
}

impl ClientCommand {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(create) => create.run(admin).await,
            Self::Update(update) => update.run(admin).await,
            Self::List { self_registered } => list(admin, self_registered).await,
            Self::Show { client_id } => show(admin, &client_id.parse()?).await,
            Self::RotateSecret { client_id, overlap } => {
                rotate_secret(admin, &client_id.parse()?, Duration::from_secs(overlap)).await
            }
            Self::Disable { client_id } => print_disabled(admin, &client_id.parse()?).await,
            Self::Enable { client_id } => enable(admin, &client_id.parse()?).await,
            Self::Delete { client_id } => delete(admin, &client_id.parse()?).await,
        }
    }
}

async fn list(admin: &Admin, self_registered: bool) -> Result<(), Error> {
    let listed = if self_registered { Listed::SelfRegistered } else { Listed::Administered };
    let Listing { mut clients, others } = admin.app.clients.list(listed).await?;
    clients.sort_by(|(one, _), (other, _)| (&one.name, one.created_at).cmp(&(&other.name, other.created_at)));
    let now = admin.latest();
    let json: Value = clients.iter().map(|(client, status)| description::json(client, status, now)).collect();
    let (headings, row) = if self_registered {
        (description::SELF_REGISTERED_HEADINGS, description::self_registered_row as description::Row)
    } else {
        (description::HEADINGS, description::row as description::Row)
    };
    let table = columns(headings, clients.iter().map(|(client, status)| row(client, status, now)));
    if self_registered || others == 0 {
        return admin.print(&json, &table);
    }
    admin.print(&json, &format!("{table}\n\n{others} more registered themselves: see --self-registered."))
}

async fn show(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    let (client, status) = admin.client(id).await?;
    let now = admin.latest();
    admin.print(&description::json(&client, &status, now), &description::text(&client, &status, now))
}

async fn rotate_secret(admin: &Admin, id: &ClientId, overlap: Duration) -> Result<(), Error> {
    let (client, _) = admin.client(id).await?;
    if client.is_public() {
        return Err(InvalidInput::PublicClient(client.id).into());
    }
    let secret = Secret::<ClientSecret>::new(Id::random(), &random());
    let secrets = client.rotated(&secret, admin.app.clock.now(), overlap);
    admin.app.clients.replace_secrets(&client, &secrets).await?;
    admin.audit_client(id, ClientChange::SecretRotated);
    let previous = match overlap.as_secs() {
        0 => "The previous secret no longer works.".to_owned(),
        overlap => format!("The previous secret works for another {}.", seconds(overlap)),
    };
    secret::print(admin, id, &secret, &format!("{} {previous}", secret::SHOWN_ONCE))
}

async fn print_disabled(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    let ended = disable(admin, slice::from_ref(id)).await?;
    let json = json!({ "client_id": id, "disabled": true, "grants_ended": ended });
    admin.print(&json, &format!("Client {id} is disabled."))
}

/// Disables the clients, and ends their grants. Returns the number of grants that the cleaning up ended.
pub(super) async fn disable(admin: &Admin, ids: &[ClientId]) -> Result<usize, Error> {
    if ids.is_empty() {
        return Ok(0);
    }
    let end = admin.latest();
    for id in ids {
        admin.app.clients.disable(id, end).await?;
        admin.audit_client(id, ClientChange::Disabled);
    }
    let ended = sweep_clients(admin, ids, end).await?;
    admin.wait_until_past(end).await;
    Ok(ended)
}

async fn enable(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    admin.app.clients.enable(id).await?;
    admin.audit_client(id, ClientChange::Enabled);
    admin.print(&json!({ "client_id": id, "disabled": false }), &format!("Client {id} is enabled."))
}

async fn delete(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    admin.app.clients.delete(id).await?;
    admin.audit_client(id, ClientChange::Deleted);
    admin.print(&json!({ "client_id": id, "deleted": true }), &format!("Client {id} is deleted."))
}
