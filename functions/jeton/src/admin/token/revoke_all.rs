//! `jeton token revoke-all`

use std::slice;

use clap::Args;
use serde_json::json;
use shared::{
    audit::{ClientChange, UserChange},
    oauth::ClientId,
};

use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput},
    sweep::{sweep_clients, sweep_user},
};

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RevokeAll {
    /// The user's login name. The user's sessions, grants, personal tokens, consents and device cookies end, and the
    /// grants of the clients that the user owns
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The client's id. The cleaning up afterwards scans the whole table
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

impl RevokeAll {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self { user: Some(name), .. } => revoke_all_of_user(admin, &name).await,
            Self { client: Some(id), .. } => revoke_all_of_client(admin, &id.parse()?).await,
            Self { user: None, client: None } => Err(InvalidInput::NeitherUserNorClient.into()),
        }
    }
}

/// Ends everything of a user (see `Status::not_before`). The first write is effective; ending the grants one by one is
/// cleaning up.
async fn revoke_all_of_user(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, end) = (admin.user(name).await?, admin.latest());
    admin.app.users.end_everything(user.sub, end).await?;
    admin.audit_user(user.sub, UserChange::EverythingEnded);
    let ended = sweep_user(admin, user.sub, end).await?;
    admin.wait_until_past(end).await;
    let json = json!({ "revoked": true, "sub": user.sub, "username": user.username, "grants_ended": ended });
    admin.print(&json, &format!("All grants of {} until now are ended, and all sessions.", user.username))
}

async fn revoke_all_of_client(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    let end = admin.latest();
    admin.app.clients.end_everything(id, end).await?;
    admin.audit_client(id, ClientChange::EverythingEnded);
    let ended = sweep_clients(admin, slice::from_ref(id), end).await?;
    admin.wait_until_past(end).await;
    let json = json!({ "revoked": true, "client_id": id, "grants_ended": ended });
    admin.print(&json, &format!("All grants of client {id} until now are ended."))
}
