//! Whether a client or a user is in good standing.
//!
//! Every client and every user has a small status item beside its record. Introspection and the authorizer read the
//! status, but not the record with its secret digests or its password hash. Disabling a client or user, and revoking
//! everything that was issued to one, are one write to the status.

mod item;
mod principal;
mod role;
mod store;
mod update;

pub use item::{StandingError, Status};
pub use principal::Principal;
pub use role::{InvalidRole, Role};
pub use store::Store;
pub use update::Ending;
pub(crate) use update::NOT_DELETED;
