//! Personal tokens: a user creates them for their own programs, which then call APIs as that user.
//!
//! A personal token has no client and no grant. It is one item, `t#…`, and its scope is the part that its user chose of
//! the scope that the deployment offers. It is valid only while its user is in good standing, like a grant.

mod presented;
mod store;

pub use presented::{Kind, Presented};
pub use store::{NotCreated, Store};

use std::time::Duration;

use crate::{
    config::DisplayName,
    dynamodb::stored,
    grants::{DECISION_LIFETIME, TokenError},
    oauth::Scope,
    secret::{self, Digest, Id},
    status::{Principal, StandingError, Status},
    time::{Day, Timestamp},
};

stored! {
    /// The `t#…` item. Unlike a grant it is in no index: the id list `o#…` names a user's tokens and never lags behind.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PersonalToken {
        /// `t#` and the token's id.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        pub kind: Kind = "k",
        pub user: Id = "u",
        pub name: DisplayName = "n",
        /// A String Set; absent if empty.
        #[serde(default, skip_serializing_if = "Scope::is_empty")]
        pub scope: Scope = "sc",
        /// The token's digest; impossible once ended.
        digest: Digest<secret::PersonalToken> = "d",
        /// When the token was created. It is valid only if this is after the user's `not_before`.
        pub created_at: Timestamp = "ia",
        /// When the token expires. Absent: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires_at: Option<Timestamp> = "ax",
        /// The last day on which the token was used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_used: Option<Day> = "lu",
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ended_at: Option<Timestamp> = "e",
        /// When DynamoDB may delete the item, in epoch seconds; absent while the token neither expires nor was ended. The
        /// item outlives the form that created the token: sent again, the form would create the very same token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<u64> = "ttl",
    }
}

/// A request for a new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub user: Id,
    pub name: DisplayName,
    pub scope: Scope,
    /// How long the token lives. `None`: until the user ends it.
    pub lifetime: Option<Duration>,
}

impl PersonalToken {
    /// The most tokens that one user may have at a time.
    pub const MOST: usize = 50;
    /// The longest lifetime of a token that expires: ten years.
    pub const LONGEST: Duration = Duration::from_hours(3_650 * 24);
    /// How long the item of an ended token stays, so that a late write cannot revive the token.
    const TOMBSTONE: Duration = Duration::from_hours(24);
    pub(super) const PREFIX: &str = "t#";

    /// Returns the item of the requested token, which its holder will present as `presented`.
    pub fn new(request: NewToken, presented: &Presented, now: Timestamp) -> Self {
        let expires_at = request.lifetime.map(|lifetime| now.after(lifetime));
        Self {
            key: Self::key(presented.id()),
            version: 1,
            kind: presented.kind(),
            user: request.user,
            name: request.name,
            scope: request.scope,
            digest: presented.digest(),
            created_at: now,
            expires_at,
            last_used: None,
            ended_at: None,
            ttl: expires_at.map(|end| end.after(DECISION_LIFETIME).seconds() + 1),
        }
    }

    fn key(id: Id) -> String {
        format!("{}{id}", Self::PREFIX)
    }

    /// Returns the token's id, without the key's prefix.
    pub fn id(&self) -> &str {
        self.key.strip_prefix(Self::PREFIX).unwrap_or_default()
    }

    /// Checks that `presented` is this token and is valid at `now`, apart from the user's status.
    pub fn check(&self, presented: &Presented, now: Timestamp) -> Result<(), TokenError> {
        if self.digest == presented.digest() {
            self.has_time_left(now)
        } else {
            Err(if self.ended_at.is_some() { TokenError::Ended } else { TokenError::Unknown })
        }
    }

    /// Checks that the token has neither ended nor expired at `now`.
    pub fn has_time_left(&self, now: Timestamp) -> Result<(), TokenError> {
        match (self.ended_at, self.expires_at) {
            (Some(_), _) => Err(TokenError::Ended),
            (None, Some(end)) if end.has_passed(now) => Err(TokenError::Expired),
            (None, _) => Ok(()),
        }
    }

    /// Returns the token's scope in a deployment that offers `offered` for personal tokens: at most what is
    /// offered. `None`: the deployment offers none of its values, and the token is invalid.
    pub fn scope_within(&self, offered: &Scope) -> Option<Scope> {
        Some(self.scope.within(offered)).filter(|scope| !scope.is_empty())
    }

    /// Returns the user on whose standing the token depends.
    pub const fn depends_on(&self) -> Principal {
        Principal::User(self.user)
    }

    /// Checks that the user is in good standing and has not ended everything since the token was created.
    pub fn check_standing(&self, status: Option<&Status>) -> Result<(), StandingError> {
        self.depends_on().check(status, self.created_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn presented(kind: Kind) -> Presented {
        Presented::new(kind, Id::from_bits(7), &[9; 32])
    }

    fn token(lifetime: Option<Duration>) -> PersonalToken {
        let request = NewToken {
            user: Id::from_bits(1),
            name: "n".parse().unwrap(),
            scope: Scope::default(),
            lifetime,
        };
        PersonalToken::new(request, &presented(Kind::Api), NOW)
    }

    #[test]
    fn the_same_bits_make_another_token_of_each_kind() {
        let (api, temporary) = (presented(Kind::Api), presented(Kind::Temporary));
        assert_eq!(token(None).check(&api, NOW), Ok(()));
        assert_eq!(token(None).check(&temporary, NOW), Err(TokenError::Unknown));
    }

    #[test]
    fn a_token_is_valid_until_its_end_and_one_without_an_end_forever() {
        let (hour, api) = (Duration::from_hours(1), presented(Kind::Api));
        let last = Timestamp::from_millis(NOW.after(hour).millis() - 1);
        assert_eq!(token(Some(hour)).check(&api, last), Ok(()));
        assert_eq!(token(Some(hour)).check(&api, NOW.after(hour)), Err(TokenError::Expired));
        assert_eq!(token(None).check(&api, Timestamp::from_millis(u64::MAX)), Ok(()));
        assert_eq!(token(None).ttl, None);
    }

    #[test]
    fn the_largest_token_costs_one_write_unit() {
        let values: Vec<String> = (10..24).map(|nth| format!("{nth:0>16}")).collect();
        let scope = Scope::of(values.iter().map(String::as_str)).unwrap();
        assert!(scope.fits_a_grant());
        let name: DisplayName = "\u{1F600}".repeat(100).parse().unwrap();
        let request = NewToken { user: Id::random(), name, scope, lifetime: Some(PersonalToken::LONGEST) };
        let mut token = PersonalToken::new(request, &presented(Kind::Temporary), NOW);
        token.last_used = Some(NOW.day());
        token.ended_at = Some(NOW);
        // JSON is longer than DynamoDB's own form, with its quotes and its digits for bytes.
        let json = serde_json::to_string(&token).unwrap();
        assert!(json.len() < 1_024, "{}", json.len());
    }
}
