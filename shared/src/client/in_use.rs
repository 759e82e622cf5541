//! Which compatibility switches clients have, all together: what a deployment really offers (RFC 8414 §2).

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::{GrantType, Store};
use crate::{
    compat::Switches,
    table::{self, Update, Written},
    time::Timestamp,
};

/// The `compat#` item.
#[derive(Debug, Serialize, Deserialize)]
struct InUse {
    /// `compat#`: there is one.
    #[serde(rename = "pk")]
    key: String,
    /// The version of this format: 1.
    #[serde(rename = "v")]
    version: u8,
    /// The switches. A String Set, left out if empty.
    #[serde(default, skip_serializing_if = "Switches::is_empty")]
    switches: Switches,
    /// How often it was written: whoever counted the clients before somebody else wrote must count again.
    #[serde(rename = "n")]
    writes: u64,
}

impl Store {
    const IN_USE: &str = "compat#";
    /// How often the clients are counted again because somebody else wrote meanwhile.
    const COUNTS: usize = 5;

    /// The switches that the deployment permits and at least one client has; perhaps from memory, for as long as
    /// clients are remembered. Where no switch for a grant is permitted nothing is read: no one asks about others.
    pub async fn offered(&self, now: Timestamp) -> Result<Switches, table::Error> {
        let mut switches = GrantType::ALL.iter().filter_map(|grant_type| grant_type.switch());
        if !switches.any(|switch| self.permitted.has(switch)) {
            return Ok(Switches::default());
        }
        if let Some((read_at, switches)) = &*self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
            && *read_at <= now
            && now.since(*read_at) < self.cache_age
        {
            return Ok(switches.clone());
        }
        let in_use: Option<InUse> = self.table.get(Self::IN_USE).await?;
        let switches = in_use.map(|in_use| in_use.switches.within(&self.permitted)).unwrap_or_default();
        *self.in_use.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, switches.clone()));
        Ok(switches)
    }

    /// Counts which switches clients have: after every change to a client that may matter. It goes through the whole
    /// table: for administration.
    pub async fn count_switches(&self) -> Result<(), table::Error> {
        for _ in 0..Self::COUNTS {
            let before: Option<InUse> = self.table.get(Self::IN_USE).await?;
            let clients = self.list().await?;
            let switches: Switches = clients.iter().flat_map(|(client, _)| client.compat.iter()).collect();
            let written = match before {
                None if switches.is_empty() => return Ok(()),
                Some(before) if before.switches == switches => return Ok(()),
                None => {
                    let first = InUse { key: Self::IN_USE.to_owned(), version: 1, switches, writes: 1 };
                    self.table.insert(&first).await?.is_none()
                }
                Some(before) => {
                    let change = if switches.is_empty() {
                        "SET #n = :next REMOVE #switches"
                    } else {
                        "SET #n = :next, #switches = :switches"
                    };
                    let mut update = Update::when("#n = :n", change)
                        .value("n", &before.writes)?
                        .value("next", &(before.writes + 1))?;
                    if !switches.is_empty() {
                        update = update.value("switches", &switches)?;
                    }
                    matches!(self.table.update::<InUse>(Self::IN_USE, update).await?, Written::Done(_))
                }
            };
            if written {
                return Ok(());
            }
        }
        let reason = String::from("others kept changing clients at the same time");
        Err(table::Error::Unavailable { operation: "UpdateItem", reason })
    }
}
