//! `jeton key remove`

use clap::Args;
use serde_json::json;
use shared::audit::KeyChange;

use super::{
    audit, deployed,
    description::{State, state},
    error::InvalidKey,
};
use crate::admin::{
    confirmation::confirm,
    connection::Admin,
    error::{Error, NotFound},
};

#[derive(Debug, Args)]
pub struct Remove {
    /// The key's `kid`, as `jeton key list` shows it
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Remove the key though it signs or is published: see the message without this option for what breaks
    #[arg(long)]
    force: bool,
    /// Remove the key without asking. Needed unless standard input and output are a terminal
    #[arg(long, short)]
    yes: bool,
}

impl Remove {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let (store, now) = (&admin.app.signing_keys, admin.app.clock.now());
        let list = store.read().await?;
        let Some(key) = list.find(&self.kid) else { return Err(NotFound::Key(self.kid).into()) };
        let kid = &key.kid;
        // A function whose clock is ahead may have begun to use a key that waits by the earliest time.
        let broken = match state(&list, key, deployed(admin), admin.latest()) {
            State::Signing => Some(format!(
                "key {kid} signs: without it, applications refuse the ID tokens of the last day, and unless another \
                 key takes over, users cannot sign in. Add one with --now first"
            )),
            State::Published => Some(format!(
                "key {kid} is published: without it, applications refuse ID tokens that it signed. Wait until it is gone"
            )),
            State::Waiting | State::Hints | State::Expired => None,
        };
        if let Some(broken) = broken.filter(|_| !self.force) {
            return Err(InvalidKey::InUse(broken).into());
        }
        confirm(self.yes, &format!("Nothing that key {kid} signed will count. Remove it?"))?;
        let changed = list.without(kid, now);
        store.replace(&list, &changed).await?;
        audit(admin, kid, KeyChange::Removed);
        let text = format!("Key {kid} is removed: each function reads the list within five minutes.");
        admin.print(&json!({ "kid": kid, "removed": true }), &text)
    }
}
