//! `jeton key add`

use clap::Args;
use serde_json::json;
use shared::{
    audit::KeyChange,
    config::{InvalidKeyName, KeyName},
    openid::{KeyList, SigningKey, Start},
};

use super::{audit, deployed, description, error::InvalidKey, kms};
use crate::{
    admin::{connection::Admin, error::Error, output::utc},
    local::{self, PrivateKey},
};

const NOT_DEPLOYED: &str = "The deployment lacks it: it signs only once the parameter SigningKeys names it.";

#[derive(Debug, Args)]
pub struct Add {
    /// The ARN of a KMS key: RSA of 2,048 to 4,096 bits, to sign. Deploy it in the parameter `SigningKeys` first
    #[arg(value_name = "ARN", value_parser = kms_key, required_unless_present = "local")]
    arn: Option<KeyName>,
    /// Make a key in the database of `jeton serve` on this machine
    #[arg(long, conflicts_with = "arn")]
    local: bool,
    /// Let the key sign at once, because the one before it was stolen. Given for a key that is waiting, it waits no
    /// longer. Applications that have read the keys before refuse new ID tokens until they read them again
    #[arg(long)]
    now: bool,
}

/// Parses the ARN of a KMS key.
fn kms_key(text: &str) -> Result<KeyName, InvalidKeyName> {
    let name: KeyName = text.parse()?;
    if name.is_local() { Err(InvalidKeyName) } else { Ok(name) }
}

impl Add {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let (store, now) = (&admin.app.signing_keys, admin.app.clock.now());
        let read = store.read().await?;
        let deployed = deployed(admin);
        let list = deployed.map_or_else(|| read.clone(), |keys| read.without_expired(keys, now));
        let key = self.key(admin, &list).await?;
        let waits = list.find(&key.kid).is_some();
        // Without a key that signs, there is nothing to wait for.
        let none_signs = deployed.is_some_and(|keys| list.signing(keys, admin.latest()).is_none());
        let start = if self.now || none_signs { Start::Now } else { Start::AfterPublication };
        let changed = list.with(key.clone(), start, now);
        store.replace(&read, &changed).await?;
        audit(admin, &key.kid, if waits { KeyChange::UsedAtOnce } else { KeyChange::Added });
        let added = changed.find(&key.kid).unwrap_or(&key);
        let json = description::json(&changed, deployed, admin.latest());
        let json = json!({ "kid": added.kid, "use_from": added.use_from.seconds(), "keys": json });
        admin.print(&json, &text(&changed, added, self.now, admin))
    }

    /// Returns the key to add to `list`, or the one in it that shall not wait any longer.
    async fn key(&self, admin: &Admin, list: &KeyList) -> Result<SigningKey, Error> {
        let now = admin.app.clock.now();
        let has_room = list.keys().len() < KeyList::MOST;
        let Some(arn) = &self.arn else {
            if !admin.is_local() {
                return Err(InvalidKey::NotLocal.into());
            }
            if !has_room {
                return Err(InvalidKey::TooMany.into());
            }
            let (private, key) = PrivateKey::make(now).map_err(local::Error::from)?;
            private.store(admin.app.clients.table()).await?;
            return Ok(key);
        };
        let key = kms::public_key(arn.clone(), now).await?;
        match list.find(&key.kid) {
            Some(known) if self.now && known.use_from > now => Ok(known.clone()),
            Some(known) => Err(InvalidKey::Exists(known.kid.clone()).into()),
            None if has_room => Ok(key),
            None => Err(InvalidKey::TooMany.into()),
        }
    }
}

/// Returns what follows from the addition, as text.
fn text(list: &KeyList, added: &SigningKey, stolen: bool, admin: &Admin) -> String {
    let (deployed, now) = (deployed(admin), admin.latest());
    let SigningKey { kid, name, use_from, .. } = added;
    let mut lines = vec![if *use_from > now {
        format!("Key {kid} ({name}) is published from now on, and signs from {} on.", utc(*use_from))
    } else {
        format!("Key {kid} ({name}) signs from now on: each function reads it within five minutes.")
    }];
    let others = || list.keys().iter().filter(|key| key.kid != *kid);
    let takes_over =
        |key: &SigningKey| format!("Key {} ({}) takes over at {}.", key.kid, key.name, utc(key.use_from));
    lines.extend(others().filter(|key| key.use_from > now).map(takes_over));
    let stays = |key: &SigningKey| {
        key.published_until
            .map(|published_until| format!("Key {} stays published until {}.", key.kid, utc(published_until)))
    };
    lines.extend(others().filter(|key| !key.is_retired(now)).filter_map(stays));
    if stolen {
        lines.push("If one of them was stolen, remove it: `jeton key remove KID --force`.".to_owned());
    }
    match deployed {
        Some(keys) if keys.permit(name) => {}
        Some(_) => lines.push(NOT_DEPLOYED.to_owned()),
        None if name.is_local() => {}
        None => lines.push(description::UNKNOWN.to_owned()),
    }
    lines.join("\n")
}
