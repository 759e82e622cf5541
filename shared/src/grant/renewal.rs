//! Refreshing without rotation (a compatibility switch): when there is a new access token, and when the last one again.

use std::time::Duration;

use super::{Grant, Rotating};
use crate::{
    scope::Scope,
    table::{self, Update},
    time::Timestamp,
};

impl Rotating {
    /// How far the clock of one instance may lag behind another's.
    const SKEW: Duration = Duration::from_secs(1);

    /// Whether the presented token, which stays, is to lead to a new access token: it never led to one, or what it
    /// led to was revoked, has another scope than is asked for now, or has half or less left of the lifetime that a
    /// new one would have.
    pub(super) fn is_due(&self, grant: &Grant) -> bool {
        let last = grant.refresh.as_ref().and_then(|refresh| refresh.rotation.as_ref());
        if last.is_none_or(|last| last.previous != self.presented.token) {
            return true;
        }
        // This very write was done before, or it comes so late that others came after it: it would bring back an access
        // token that was revoked meanwhile.
        if grant.has_issued(&self.access) || last.is_some_and(|last| last.at > self.latest()) {
            return false;
        }
        let access = grant.access.as_ref();
        let narrowed = access.and_then(|access| access.narrowed.clone());
        narrowed != self.scope.as_ref().map(Scope::tags)
            || access.is_some_and(|access| {
                let old = access.expires_at.is_some_and(|end| self.half_way().is_none_or(|half| end <= half));
                old || access.revoked_at.is_some()
            })
    }

    /// The same, as DynamoDB is told.
    pub(super) fn due(&self) -> String {
        let other_scope = match self.scope {
            Some(_) => "attribute_not_exists(#a.#s) OR #a.#s <> :narrowed",
            None => "attribute_exists(#a.#s)",
        };
        let old = match self.access_lifetime {
            Some(_) => "#a.#x <= :half_way",
            None => "attribute_exists(#a.#x)",
        };
        format!(
            " AND (attribute_not_exists(#r.#o) OR #r.#o.#d <> :token \
             OR (#r.#o.#t <= :latest AND #a.#d <> :issued AND (attribute_not_exists(#pa) OR #pa.#d <> :issued) \
             AND (attribute_exists(#a.#rv) OR {other_scope} OR {old})))"
        )
    }

    /// The values that [`Rotating::due`] mentions.
    pub(super) fn due_values(&self, update: Update) -> Result<Update, table::Error> {
        let mut update = update.value("issued", &self.access)?.value("latest", &self.latest())?;
        if let Some(scope) = &self.scope {
            update = update.value("narrowed", &scope.tags())?;
        }
        if let Some(half_way) = self.half_way() {
            update = update.value("half_way", &half_way)?;
        }
        Ok(update)
    }

    /// The latest moment of another use that may lie before this one, if clocks differ.
    fn latest(&self) -> Timestamp {
        self.now.after(Self::SKEW)
    }

    /// When half the life of an access token that is made now is over.
    fn half_way(&self) -> Option<Timestamp> {
        self.access_lifetime.map(|lifetime| self.now.after(lifetime / 2))
    }
}
