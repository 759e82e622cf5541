//! Grants: what one authorization is, from its code to its last token.
//!
//! A grant is one login-and-consent of one person at one client, or one issuance of `client_credentials`. It is
//! **one item**; its code, access tokens and refresh tokens all carry its id, so whoever holds one of them can be
//! answered from a single read, and every change of state is a single conditional write.
//!
//! # Design
//! What may happen to a grant is written down twice: as a [`Transition`]'s pure functions, which say when it may
//! happen and what it makes of the grant, and as the same thing in DynamoDB's language, which decides every race.
//! [`model`] explores the former exhaustively; a test holds the two to each other on a real engine. What a refused
//! transition *means* (a replay, a retry, a theft) is then decided by pure functions on the item that DynamoDB
//! returned with the refusal.

mod access;
mod end;
mod issue;
mod item;
#[cfg(test)]
mod model;
mod narrowing;
mod redemption;
mod renewal;
mod rotation;
mod store;
mod transition;

pub use access::{AccessRevocation, Dead, Revocation, Slot};
pub use end::{Ending, EndingByRefresh};
pub use issue::{Agreement, Codeless, Terms};
pub use item::{
    Access, Code, DECISION_LIFETIME, End, Grant, Kind, LONGEST_GRANT, Nonce, Refresh, Rotation, State, Why,
};
pub use narrowing::Narrowing;
pub use redemption::{NotRedeemed, Redemption, Shown, Tokens};
pub use rotation::{NotRotated, Presented, Rotating, Verdict};
pub use store::{Issued, Store};
pub use transition::Transition;
