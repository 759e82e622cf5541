//! Conditional writes to a status.

use std::fmt::Display;

use super::Status;
use crate::{
    dynamodb::{self, Outcome, Table, Update},
    time::Timestamp,
};

/// The condition of every write: the status is not a tombstone.
pub(crate) const NOT_DELETED: &str = "attribute_not_exists(#deleted)";

/// What ends at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything: see [`Status::not_before`].
    Everything,
    /// A user's sessions: see [`Status::signed_out_at`].
    Sessions,
}

impl Ending {
    /// Returns the field of the status that holds the moment.
    const fn field(self) -> &'static str {
        match self {
            Self::Everything => "not_before",
            Self::Sessions => "signed_out_at",
        }
    }
}

impl Status {
    /// Makes `change`, unless the status is a tombstone.
    pub(crate) fn change(change: &str) -> Update {
        Update::when::<Self>(NOT_DELETED, change)
    }

    /// Makes a tombstone of a status.
    pub(crate) fn deletion() -> Result<Update, dynamodb::Error> {
        let change = "SET #deleted = :yes, #disabled = :yes REMOVE #name, #roles, #not_before, #signed_out_at, #expires_at, #ttl";
        Self::change(change).value("yes", &true)
    }

    /// Lets the status of a self-registered client live until `end`. The condition fails if the client is deleted or
    /// disabled (a disabled status has no end), or if the status has a later end.
    pub(crate) fn renewal(end: Timestamp, ttl: u64) -> Result<Update, dynamodb::Error> {
        let not_later = "(attribute_not_exists(#expires_at) OR #expires_at <= :end)";
        let condition = format!("{NOT_DELETED} AND #disabled = :no AND {not_later}");
        Update::when::<Self>(&condition, "SET #expires_at = :end, #ttl = :ttl")
            .value("no", &false)?
            .value("end", &end)?
            .value("ttl", &ttl)
    }

    /// Ends what `ending` names until `at`. The condition fails if a later end is stored.
    pub(crate) fn ending(ending: Ending, at: Timestamp) -> Result<Update, dynamodb::Error> {
        Self::advancing(ending, at, "")
    }

    /// Ends everything until `at`, by an item that began at `since`. The condition fails if everything ended since then:
    /// disabling ends everything, too.
    pub(crate) fn ending_since(since: Timestamp, at: Timestamp) -> Result<Update, dynamodb::Error> {
        let valid = format!("{NOT_DELETED} AND (attribute_not_exists(#not_before) OR #not_before < :since)");
        Update::when::<Self>(&valid, "SET #not_before = :at")
            .value("since", &since)?
            .value("at", &at.max(since))
    }

    /// Ends what `ending` names until `at` and makes `more` changes. The condition fails if a later end is stored.
    fn advancing(ending: Ending, at: Timestamp, more: &str) -> Result<Update, dynamodb::Error> {
        let moment = ending.field();
        let not_later = format!("{NOT_DELETED} AND (attribute_not_exists(#{moment}) OR #{moment} <= :at)");
        Update::when::<Self>(&not_later, &format!("SET #{moment} = :at{more}")).value("at", &at)
    }

    /// Ends what `ending` names, of the client or user with this `id`, until `at`. A later end stays, if two clocks differ.
    /// `None`: there is no such status in `table`.
    pub(crate) async fn end(
        table: &Table,
        id: impl Display,
        ending: Ending,
        at: Timestamp,
    ) -> Result<Option<()>, dynamodb::Error> {
        let outcome = table.change(&Self::key(id), Self::ending(ending, at)?).await?;
        Ok(is_there(outcome))
    }

    /// Disables the client or user with this `id`, and ends everything (see [`Status::not_before`]) until `at`, in one
    /// write: enabling it again brings nothing back. `None`: there is no such status in `table`.
    pub(crate) async fn disable(
        table: &Table,
        id: impl Display,
        mut at: Timestamp,
    ) -> Result<Option<()>, dynamodb::Error> {
        let key = Self::key(id);
        loop {
            let update =
                Self::advancing(Ending::Everything, at, ", #disabled = :yes REMOVE #expires_at, #ttl")?
                    .value("yes", &true)?;
            let stored = match table.update::<Self>(&key, update).await? {
                Outcome::Applied(_) => return Ok(Some(())),
                Outcome::ConditionFailed(stored) => stored,
            };
            let Some(later) = stored.and_then(|status| status.later_end(Ending::Everything, at)) else {
                return Ok(None);
            };
            at = later;
        }
    }

    /// Enables the client or user with this `id`. `None`: there is no such status in `table`.
    pub(crate) async fn enable(table: &Table, id: impl Display) -> Result<Option<()>, dynamodb::Error> {
        let update = Self::change("SET #disabled = :no").value("no", &false)?;
        Ok(is_there(table.change(&Self::key(id), update).await?))
    }

    /// Returns the stored end of what `ending` names, if it is later than `at`.
    pub(crate) fn later_end(&self, ending: Ending, at: Timestamp) -> Option<Timestamp> {
        let stored = match ending {
            Ending::Everything => self.not_before,
            Ending::Sessions => self.signed_out_at,
        };
        stored.filter(|later| *later > at && !self.deleted)
    }
}

/// Returns whether the status exists: the write was made, or was not needed.
fn is_there(outcome: Outcome<(), Status>) -> Option<()> {
    match outcome {
        Outcome::Applied(()) => Some(()),
        Outcome::ConditionFailed(stored) => stored.filter(|status| !status.deleted).map(drop),
    }
}
