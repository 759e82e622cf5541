//! The clients and users on whose standing a grant or a token depends.

use super::{StandingError, Status};
use crate::{oauth::ClientId, secret::Id, time::Timestamp};

/// A client or user on whose standing a grant or token depends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    Client(ClientId),
    User(Id),
    /// The user who owns the client. While the user is not a developer in good standing, no grant of the client is
    /// valid.
    Owner(Id),
}

impl Principal {
    /// Checks that this principal's `status` permits a grant or token that was issued at `issued_at`.
    pub fn check(&self, status: Option<&Status>, issued_at: Timestamp) -> Result<(), StandingError> {
        let status = status.ok_or(StandingError::Deleted)?;
        match self {
            Self::Client(_) | Self::User(_) => status.check(issued_at),
            Self::Owner(_) => status.check_ownership(issued_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Role;

    #[test]
    fn only_a_developer_in_good_standing_owns_clients_that_work() {
        let (now, user) = (Timestamp::from_millis(1), Status::new("s", "ada"));
        let developer = Status { roles: vec![Role::admin(), Role::developer()], ..user.clone() };
        let disabled = Status { disabled: true, ..developer.clone() };
        let owner = Principal::Owner(Id::from_bits(1));
        assert_eq!(owner.check(Some(&developer), now), Ok(()));
        assert_eq!(owner.check(Some(&user), now), Err(StandingError::NoDeveloper));
        assert_eq!(owner.check(Some(&disabled), now), Err(StandingError::Disabled));
        assert_eq!(owner.check(None, now), Err(StandingError::Deleted));
        assert_eq!(Principal::User(Id::from_bits(1)).check(Some(&user), now), Ok(()));
    }
}
