//! A user's set of ids of one kind, limited in size: of personal tokens, or of owned clients.
//!
//! # Design
//! The set is written in one transaction with the items that it lists. So it never lags behind, as an index would, and a
//! condition on its size decides which of two requests gets the last place.

use std::fmt::Display;

use super::{Error, Table, Update, stored};
use crate::secret::Id;

stored! {
    /// The `owned#…` item of clients, and the `o#…` item of tokens. It is created by an update.
    #[derive(Clone, Debug)]
    struct Ids {
        /// `owned#` or `o#`, and the user's `sub`.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// A String Set; absent once it is empty.
        #[serde(default)]
        members: Vec<String> = "ids",
    }
}

/// One kind of set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdList {
    /// The part of the key before the user's `sub`.
    pub(crate) prefix: &'static str,
    /// The most ids in a set.
    pub(crate) most: usize,
}

impl IdList {
    pub(crate) fn key(self, user: Id) -> String {
        format!("{}{user}", self.prefix)
    }

    /// Adds `id`, if the set is not full.
    pub(crate) fn add(self, id: impl Display) -> Result<Update, Error> {
        let room = "attribute_not_exists(#members) OR size(#members) < :most";
        let update = Update::or_create::<Ids>(room, "SET #version = :version ADD #members :id");
        let update = update.value("most", &self.most)?.value("version", &1)?;
        Ok(update.strings("id", [id.to_string().as_str()]))
    }

    /// Removes `ids`.
    pub(crate) fn remove<'a>(ids: impl IntoIterator<Item = &'a str>) -> Update {
        Update::always::<Ids>("DELETE #members :ids").strings("ids", ids)
    }

    /// Returns the ids of `user`.
    pub(crate) async fn list(self, table: &Table, user: Id) -> Result<Vec<String>, Error> {
        Ok(table.get::<Ids>(&self.key(user)).await?.map(|stored| stored.members).unwrap_or_default())
    }

    /// Removes `ids` from those of `user`.
    pub(crate) async fn forget<'a>(
        self,
        table: &Table,
        user: Id,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Error> {
        table.update::<Ids>(&self.key(user), Self::remove(ids)).await.map(drop)
    }
}
