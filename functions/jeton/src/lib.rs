//! The `jeton` command: the local server, and administration.

pub mod admin;
pub mod local;
