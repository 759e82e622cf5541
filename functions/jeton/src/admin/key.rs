//! `jeton key …`

mod add;
mod description;
pub(super) mod error;
mod kms;
mod remove;

use clap::Subcommand;
use serde_json::json;
use shared::{
    audit::{Event, KeyChange},
    config::SigningKeys,
};

use super::{connection::Admin, error::Error, output::columns};
use add::Add;
use remove::Remove;

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Add a key that signs ID tokens. The first signs at once; later ones are published for a day before they do
    Add(Add),
    /// List the signing keys, and when each is used
    List,
    /// Remove a signing key: nothing that it signed counts any more
    Remove(Remove),
}

impl KeyCommand {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Add(add) => add.run(admin).await,
            Self::List => list(admin).await,
            Self::Remove(remove) => remove.run(admin).await,
        }
    }
}

async fn list(admin: &Admin) -> Result<(), Error> {
    let list = admin.app.signing_keys.read().await?;
    let (deployed, now) = (deployed(admin), admin.latest());
    let rows = list.keys().iter().map(|key| description::row(&list, key, deployed, now));
    let table = columns(description::HEADINGS, rows);
    let json = json!({ "keys": description::json(&list, deployed, now) });
    match deployed {
        Some(_) => admin.print(&json, &table),
        None => admin.print(&json, &format!("{table}\n\n{}", description::UNKNOWN)),
    }
}

/// Returns the keys that the deployment may sign with, if the environment names them.
fn deployed(admin: &Admin) -> Option<&SigningKeys> {
    Some(&admin.app.config.signing_keys).filter(|keys| keys.is_on())
}

fn audit(admin: &Admin, kid: &str, change: KeyChange) {
    admin.audit(Event::KeyChanged { kid, change });
}
