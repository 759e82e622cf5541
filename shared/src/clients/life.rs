//! The life of a self-registered client: it ends unless users consent to the client.
//!
//! # Design
//! A program registers itself and may never come back, so that its record would stay for ever. No grant outlives its
//! client: a consent leaves the client at least [`RENEWED_BELOW`] to live, and the longest grant lives half of that.

use std::time::Duration;

use super::{Client, Store};
use crate::{
    dynamodb::{self, Outcome, Update},
    status::Status,
    time::Timestamp,
};

/// The life of a client that no user has consented to yet.
pub const UNUSED: Duration = Duration::from_hours(30 * 24);
/// The life of a client after a consent.
pub const USED: Duration = Duration::from_hours(365 * 24);
/// A consent renews the life of a client that has less than this left.
pub const RENEWED_BELOW: Duration = Duration::from_hours(180 * 24);

impl Client {
    /// Returns whether the client has ended at `now`: it registered itself, and too few users have consented to it.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end.has_passed(now))
    }

    /// Returns whether a consent at `now` must renew the client's life.
    pub fn needs_renewal(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end.since(now) < RENEWED_BELOW)
    }

    /// Lets the record of a self-registered client live until `end`. The condition fails if it has a later end.
    pub(super) fn renewal(end: Timestamp) -> Result<Update, dynamodb::Error> {
        Update::when::<Self>("#expires_at <= :end", "SET #expires_at = :end, #ttl = :ttl")
            .value("end", &end)?
            .value("ttl", &ttl(end))
    }
}

impl Store {
    /// Lets the self-registered `client` live until `end`, unless it was deleted or disabled. First its status, then its
    /// record: if the second write is not made, the record still has the earlier end, and the next consent makes both. A
    /// record never outlives its status.
    pub async fn renew(&self, client: &Client, end: Timestamp) -> Result<(), dynamodb::Error> {
        let of_status = Status::renewal(end, ttl(end))?;
        match self.table().change::<Status>(&Status::key(&client.id), of_status).await? {
            Outcome::Applied(()) => {}
            // Another request has set a later end.
            Outcome::ConditionFailed(Some(status)) if !status.disabled && !status.deleted => {}
            // The client was deleted or disabled meanwhile: its tokens are refused.
            Outcome::ConditionFailed(_) => return Ok(()),
        }
        self.table().change::<Client>(&Client::key(&client.id), Client::renewal(end)?).await.map(drop)
    }
}

/// Returns when DynamoDB may delete an item that ends at `end`, in epoch seconds.
pub(super) fn ttl(end: Timestamp) -> u64 {
    end.seconds() + 1
}
