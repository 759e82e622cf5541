//! Refresh without rotation (a compatibility switch): whether a request gets a new access token, or the last one again.

use std::time::Duration;

use super::{Grant, RefreshRotation};
use crate::{
    dynamodb::{self, Update},
    time::Timestamp,
};

impl RefreshRotation {
    /// The most that the clock of one instance lags behind another's.
    const SKEW: Duration = Duration::from_secs(1);

    /// Returns whether the presented token, which stays, gets a new access token. It does in these cases:
    /// - it never got one;
    /// - its last one was revoked;
    /// - its last one was requested with another scope than this request has;
    /// - the remaining lifetime of its last one is at most half the lifetime of a new one.
    ///
    /// It does not if this very write was made before, or if a later renewal has overtaken it.
    pub(super) fn is_due(&self, grant: &Grant) -> bool {
        let last = grant.refresh.as_ref().and_then(|refresh| refresh.rotation.as_ref());
        if last.is_none_or(|last| last.previous != self.proof.token) {
            return true;
        }
        // A write that is made again, or that others have overtaken, could restore an access token that was revoked
        // meanwhile.
        if grant.has_issued(&self.access) || last.is_some_and(|last| last.at > self.latest()) {
            return false;
        }
        let access = grant.access.as_ref();
        let requested_scope = access.and_then(|access| access.requested_scope.clone());
        requested_scope != self.scope
            || access.is_some_and(|access| {
                let old = access.expires_at.is_some_and(|end| self.half_way().is_none_or(|half| end <= half));
                old || access.revoked_at.is_some()
            })
    }

    /// Returns [`RefreshRotation::is_due`] as a condition expression.
    pub(super) fn due_condition(&self) -> String {
        let other_scope = match self.scope {
            Some(_) => {
                "attribute_not_exists(#access.#requested_scope) OR #access.#requested_scope <> :requested_scope"
            }
            None => "attribute_exists(#access.#requested_scope)",
        };
        let old = match self.access_lifetime {
            Some(_) => "#access.#expires_at <= :half_way",
            None => "attribute_exists(#access.#expires_at)",
        };
        format!(
            " AND (attribute_not_exists(#refresh.#rotation) OR #refresh.#rotation.#previous <> :token \
             OR (#refresh.#rotation.#at <= :latest AND #access.#digest <> :issued \
             AND (attribute_not_exists(#previous_access) OR #previous_access.#digest <> :issued) \
             AND (attribute_exists(#access.#revoked_at) OR {other_scope} OR {old})))"
        )
    }

    /// Adds the values of [`RefreshRotation::due_condition`] to `update`.
    pub(super) fn due_values(&self, update: Update) -> Result<Update, dynamodb::Error> {
        let mut update = update.value("issued", &self.access)?.value("latest", &self.latest())?;
        if let Some(scope) = &self.scope {
            update = update.value("requested_scope", scope)?;
        }
        if let Some(half_way) = self.half_way() {
            update = update.value("half_way", &half_way)?;
        }
        Ok(update)
    }

    /// Returns the latest time of another renewal that may have happened before this one, as clocks differ.
    fn latest(&self) -> Timestamp {
        self.now.after(Self::SKEW)
    }

    /// Returns the time at which a new access token has half its lifetime left.
    fn half_way(&self) -> Option<Timestamp> {
        self.access_lifetime.map(|lifetime| self.now.after(lifetime / 2))
    }
}
