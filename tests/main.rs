//! Jeton from the outside: through HTTP, over a real DynamoDB engine, with a clock that the tests move.
//!
//! `README.md` beside this file maps the rules that Jeton keeps to the tests that hold it to them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails panics"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows, and nobody imports it")]

mod harness;
mod interop_oauth2;
mod rfc6749_client_credentials;
mod user_command;
