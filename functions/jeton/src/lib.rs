//! The `jeton` command: the local server, and administration.

pub mod admin;
mod arguments;
mod generated;
pub mod local;

pub use arguments::Arguments;
