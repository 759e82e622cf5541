//! The status item, and the rules that decide standing.

use std::{fmt::Display, ops::Not};

use super::Role;
use crate::{
    dynamodb::{self, Item, stored},
    time::Timestamp,
};

stored! {
    /// The `status#…` item of a client or a user.
    ///
    /// # Design
    /// Deleting a client or a user leaves a tombstone. No write changes a tombstone, and restoring a backup, which
    /// creates only items that do not exist, does not replace it. Its key holds a random id and it has no name, so it
    /// holds no personal data. Only the stores see tombstones: to all other code a deleted client or user has no
    /// status.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Status {
        /// `status#` and the client's or user's id.
        pub key: String = "pk",
        /// The version of this format: 1.
        pub version: u8 = "v",
        /// While this is set, no session, grant or token of the client or user is valid.
        pub disabled: bool = "disabled",
        /// Set in a tombstone: the client or user was deleted. Absent otherwise.
        #[serde(default, skip_serializing_if = "Not::not")]
        pub deleted: bool = "deleted",
        /// When everything of the client or user was last ended. All that began at this moment or before is invalid:
        /// - of a client: its grants, with their codes and tokens;
        /// - of a user: sessions, grants, personal tokens, consents, device cookies and known callers; also the grants
        ///   of the clients that the user owns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub not_before: Option<Timestamp> = "not_before",
        /// Sessions that began at this moment or before have ended: the user signed out everywhere. Grants go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub signed_out_at: Option<Timestamp> = "signed_out",
        /// The user's login name or the client's name. Names may change, so grants do not hold them. Absent in a
        /// tombstone.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub name: String = "name",
        /// The user's roles. A String Set; absent if empty.
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            serialize_with = "serde_dynamo::string_set::serialize"
        )]
        pub roles: Vec<Role> = "roles",
        /// When a self-registered client ends unless a user consents to it before. Absent otherwise, and in the status of a
        /// disabled client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp> = "expires_at",
        /// When DynamoDB may delete the item, in epoch seconds. Absent: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ttl: Option<u64> = "ttl",
    }
}

/// The reason why a client or user is not in good standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StandingError {
    #[error("deleted")]
    Deleted,
    #[error("disabled")]
    Disabled,
    /// Everything was ended at that moment or later: see [`Status::not_before`].
    #[error("everything issued until then was revoked")]
    Ended,
    /// The client's owner no longer has the role of a developer.
    #[error("no longer a developer")]
    NoDeveloper,
}

impl Status {
    /// Returns the key of the status of the client or user with this `id`.
    pub fn key(id: impl Display) -> String {
        format!("status#{id}")
    }

    /// Returns the status of a new client or user.
    pub fn new(id: impl Display, name: &str) -> Self {
        Self {
            key: Self::key(id),
            version: 1,
            disabled: false,
            deleted: false,
            not_before: None,
            signed_out_at: None,
            name: name.to_owned(),
            roles: Vec::new(),
            expires_at: None,
            ttl: None,
        }
    }

    /// Reads a status that [`dynamodb::get_all`] returned; `None` for a tombstone.
    pub fn read(item: Option<Item>) -> Result<Option<Self>, dynamodb::Error> {
        Ok(dynamodb::read(item)?.filter(|status: &Self| !status.deleted))
    }

    /// Checks that the client or user exists and is enabled, and that everything of it was last ended (see
    /// [`Status::not_before`]) before `issued_at`.
    pub fn check(&self, issued_at: Timestamp) -> Result<(), StandingError> {
        if self.deleted {
            return Err(StandingError::Deleted);
        }
        if self.disabled {
            return Err(StandingError::Disabled);
        }
        if self.not_before.is_some_and(|not_before| issued_at <= not_before) {
            return Err(StandingError::Ended);
        }
        Ok(())
    }

    /// Checks that the user, who owns a client, is a developer, and [is in good standing](Self::check) for a grant that
    /// the client got at `issued_at`.
    pub fn check_ownership(&self, issued_at: Timestamp) -> Result<(), StandingError> {
        self.check(issued_at)?;
        if self.has(&Role::developer()) { Ok(()) } else { Err(StandingError::NoDeveloper) }
    }

    /// Returns whether a session that began at `authenticated_at` goes on.
    pub fn is_signed_in_since(&self, authenticated_at: Timestamp) -> bool {
        self.check(authenticated_at).is_ok()
            && self.signed_out_at.is_none_or(|signed_out_at| authenticated_at > signed_out_at)
    }

    pub fn has(&self, role: &Role) -> bool {
        self.roles.contains(role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_issued_at_the_very_moment_that_everything_ended_is_invalid() {
        let end = Timestamp::from_millis(1_000);
        let status = Status { not_before: Some(end), ..Status::new("c", "C") };
        assert_eq!(status.check(end), Err(StandingError::Ended));
        assert_eq!(status.check(Timestamp::from_millis(1_001)), Ok(()));
    }

    #[test]
    fn nothing_of_a_disabled_client_is_valid() {
        let status = Status { disabled: true, ..Status::new("c", "C") };
        assert_eq!(status.check(Timestamp::from_millis(u64::MAX)), Err(StandingError::Disabled));
    }
}
