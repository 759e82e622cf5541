//! What Jeton's functions share: the OAuth concepts, their rules and their storage.
//!
//! A function uses concepts ([`client`], [`grant`], [`bearer`], [`status`], [`user`]); no function imports another. A
//! concept uses values ([`secret`], [`scope`], [`time`], [`language`], [`config`]), which know neither requests nor
//! tables, and the [`table`], which knows no concept. Between concepts, [`http`], [`page`] and [`app`] imports go both
//! ways: a [`Call`](http::Call) holds the [`App`](app::App), which holds every concept's store.

pub mod app;
pub mod audit;
pub mod bearer;
pub mod browser;
pub mod client;
pub mod color;
pub mod compat;
pub mod config;
pub mod consent;
pub mod description;
pub mod dynamodb;
pub mod grant;
pub mod http;
pub mod label;
pub mod lambda;
pub mod language;
pub mod line;
pub mod log;
pub mod owned;
pub mod page;
pub mod personal;
pub mod pkce;
pub mod role;
pub mod scope;
pub mod secret;
pub mod session;
pub mod status;
pub mod table;
pub mod throttle;
pub mod time;
pub mod user;
mod words;
