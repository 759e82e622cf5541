//! Refresh without rotation (a compatibility switch): whether a request gets a new access token, or the last one again.
//!
//! # Design
//! A write that the network delayed could restore an access token that was revoked meanwhile. So each renewal has a time
//! that is later than that of the one before it, and a write is made only if its time is. Where the clock of another
//! instance is ahead, the request [writes again](super::Classification::Overtaken) with a time after the last one, as
//! Lamport's clocks do, and with another access token.

use super::{Grant, Nonce, RefreshRotation, Rotation};
use crate::{
    dynamodb::{self, Update},
    secret::{AccessToken, Digest},
    time::Timestamp,
};

impl RefreshRotation {
    /// Returns whether the presented token, which stays, gets a new access token: it never got one, or the last one cannot be
    /// returned again, and no other renewal has overtaken this one.
    pub(super) fn is_due(&self, grant: &Grant) -> bool {
        self.last_renewal(grant)
            .is_none_or(|last| last.at < self.at && self.needs_another_than_the_last(grant))
    }

    /// Returns the write of the same request after [`Classification::Overtaken`](super::Classification::Overtaken): at this
    /// time, and with the access token that the new nonce leads to.
    #[must_use]
    pub fn again(self, nonce: Nonce, access: Digest<AccessToken>, at: Timestamp) -> Self {
        Self { nonce, access, at, ..self }
    }

    /// Returns the last renewal of the presented token.
    pub(super) fn last_renewal<'a>(&self, grant: &'a Grant) -> Option<&'a Rotation> {
        let last = grant.refresh.as_ref().and_then(|refresh| refresh.rotation.as_ref());
        last.filter(|last| last.previous == self.proof.token)
    }

    /// Returns whether the last access token cannot be returned again, for one of these reasons:
    /// - it was revoked;
    /// - it was requested with another scope than this request has;
    /// - its remaining lifetime is at most half the lifetime of a new one.
    pub(super) fn needs_another_than_the_last(&self, grant: &Grant) -> bool {
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
             OR (#refresh.#rotation.#at < :at \
             AND (attribute_exists(#access.#revoked_at) OR {other_scope} OR {old})))"
        )
    }

    /// Adds the values of [`RefreshRotation::due_condition`] to `update`.
    pub(super) fn due_values(&self, update: Update) -> Result<Update, dynamodb::Error> {
        let mut update = update.value("at", &self.at)?;
        if let Some(scope) = &self.scope {
            update = update.value("requested_scope", scope)?;
        }
        if let Some(half_way) = self.half_way() {
            update = update.value("half_way", &half_way)?;
        }
        Ok(update)
    }

    /// Returns the time at which a new access token has half its lifetime left.
    fn half_way(&self) -> Option<Timestamp> {
        self.access_lifetime.map(|lifetime| self.now.after(lifetime / 2))
    }
}
