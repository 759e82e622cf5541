//! What Jeton's functions share: the OAuth concepts, their rules and their storage.
//!
//! # Design
//! The modules are rooms, listed here from the bottom up. A room imports only rooms above it in this list;
//! `tests/structure.rs` checks that. So a value of a protocol knows no table, a table knows no concept, a concept knows
//! no request, and a page knows no endpoint.

pub mod time;

pub mod log;

pub mod secret;

pub mod oauth;

pub mod audit;

pub mod config;

pub mod aws;

pub mod dynamodb;

pub mod status;

pub mod resources;

pub mod clients;

pub mod grants;

pub mod openid;

pub mod users;

pub mod http;

pub mod pages;

pub mod endpoint;
