//! Whole requests, as a client or a browser sends them one after the other.
//!
//! The input is requests in text; `src/exchange.rs` describes it.

#![no_main]

use fuzz::{exchange, with_deployment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    with_deployment(|deployment| exchange::run(deployment, text));
});
