//! Users: their passwords, reset links, sessions, consents, device cookies and personal tokens, and the rate limit of
//! sign-ins.

mod claims;
pub mod consent;
pub mod device_cookie;
mod import;
pub mod password;
pub mod personal;
pub mod personal_data;
pub mod rate_limit;
pub mod reset_link;
pub mod session;
mod store;
mod user;
pub mod user_agent;

pub use import::{Import, Imported};
pub use password::{InvalidPassword, Password, PasswordHash, Verification};
pub use store::{Store, Unchanged};
pub use user::{InvalidUserName, User, UserName};
