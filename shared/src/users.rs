//! Users: their passwords, sessions, consents, device cookies and personal tokens, and the rate limit of sign-ins.

pub mod consent;
pub mod device_cookie;
pub mod password;
pub mod personal;
pub mod rate_limit;
pub mod session;
mod store;
mod user;

pub use password::{InvalidPassword, Password, PasswordHash, Verification};
pub use store::{Store, Unchanged};
pub use user::{InvalidUserName, User, UserName};
