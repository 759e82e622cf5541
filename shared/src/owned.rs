//! What a person has made of a kind: a set of ids, which gives the list and holds it to a limit.
//!
//! # Design
//! The set is written in one transaction with what it lists, so it is never behind, as an index would be, and its size
//! is the condition that no two requests can both meet for the last place.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::{
    secret::Id,
    table::{self, Table, Update},
};

/// The `owned#…` item of clients, and the `o#…` item of tokens. Written by an update, which sets `v` to 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Owned {
    /// `owned#` or `o#`, and the owner's `sub`.
    #[serde(rename = "pk")]
    key: String,
    /// The ids. A String Set; absent once the last one is gone.
    #[serde(rename = "ids", default)]
    ids: Vec<String>,
}

/// One kind of things that people make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What the set's key begins with.
    pub(crate) prefix: &'static str,
    /// The most of them that one person may have.
    pub(crate) most: usize,
}

impl Kind {
    /// The key of the set of the things that `person` has made.
    pub(crate) fn key(self, person: Id) -> String {
        format!("{}{person}", self.prefix)
    }

    /// Adds `id`, if there is room.
    pub(crate) fn add(self, id: impl Display) -> Result<Update, table::Error> {
        let room = "attribute_not_exists(#ids) OR size(#ids) < :most";
        let update = Update::or_create(room, "SET #v = :version ADD #ids :id");
        let update = update.value("most", &self.most)?.value("version", &1)?;
        Ok(update.strings("id", [id.to_string().as_str()]))
    }

    /// Takes `ids` out.
    pub(crate) fn remove<'a>(ids: impl IntoIterator<Item = &'a str>) -> Update {
        Update::always("DELETE #ids :ids").strings("ids", ids)
    }

    /// The ids of the things that `person` has made.
    pub(crate) async fn list(self, table: &Table, person: Id) -> Result<Vec<String>, table::Error> {
        Ok(table.get::<Owned>(&self.key(person)).await?.map(|owned| owned.ids).unwrap_or_default())
    }

    /// Takes `ids` out of what `person` has made.
    pub(crate) async fn forget<'a>(
        self,
        table: &Table,
        person: Id,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), table::Error> {
        table.update::<Owned>(&self.key(person), Self::remove(ids)).await.map(drop)
    }
}
