//! Grants: each the state of one authorization, from its code to its last token.
//!
//! A grant is one sign-in and consent of one user at one client, one issuance of `client_credentials`, or one use of a
//! user's password. It is **one item**. Its code, access tokens and refresh tokens all carry its id, so one read serves a request that
//! presents any of them, and every change of state is one conditional write.
//!
//! # Design
//! A change to a grant is a [`Transition`]. It is written down twice: as pure functions (the precondition and the
//! change), and as a DynamoDB update with a condition, which decides every race. `model.rs` explores the pure functions
//! exhaustively; a test compares them with the updates on a real engine. When the condition fails, DynamoDB returns the
//! item, and a pure `classify` function decides from it what the failure means: a retry, a replay or a theft.
//!
//! A refresh takes four files:
//! - `refresh.rs`: the refresh token itself, its creation and validity;
//! - `rotation.rs`: the transition that issues the next pair of tokens;
//! - `renewal.rs`: the additional condition of a refresh without rotation;
//! - `reuse.rs`: the classification of a failed rotation as a retry or a theft.

mod access;
mod end;
mod issue;
mod item;
#[cfg(test)]
mod model;
mod redemption;
mod refresh;
mod renewal;
mod reuse;
mod rotation;
mod scope_removal;
mod store;
mod transition;

pub use access::{AccessRevocation, Revocation, Slot, TokenError};
pub use end::{Ending, EndingByRefresh};
pub use issue::{CodeGrant, DirectGrant, Terms};
pub use item::{
    Access, Code, DECISION_LIFETIME, End, EndReason, Grant, Kind, LONGEST_GRANT, Nonce, Refresh, Rotation,
    State,
};
pub use redemption::{CodeProof, Redemption, RedemptionError, Tokens};
pub use reuse::{Classification, RotationError};
pub use rotation::{RefreshProof, RefreshRotation};
pub use scope_removal::ScopeRemoval;
pub use store::{Issued, Page, Selection, Store};
pub use transition::Transition;
