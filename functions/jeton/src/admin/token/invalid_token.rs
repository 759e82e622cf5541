//! The reasons why a token does not work, for `jeton token inspect`.

use shared::{
    grants::{End, TokenError},
    status::StandingError,
    time::Timestamp,
};

use crate::admin::output::utc;

#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidToken {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("{} at {}", .0.reason.description(), utc(.0.at))]
    GrantEnded(End),
    #[error("ended at {}", utc(*.0))]
    PersonalTokenEnded(Timestamp),
    #[error("revoked at {}", utc(*.0))]
    Revoked(Timestamp),
    #[error("its only token was revoked at {}", utc(*.0))]
    OnlyTokenRevoked(Timestamp),
    #[error("spent: its successor was issued")]
    Spent,
    #[error("redeemed already")]
    Redeemed,
    #[error("its client or user: {0}")]
    ClientOrUser(StandingError),
    #[error("its user: {0}")]
    User(StandingError),
}
