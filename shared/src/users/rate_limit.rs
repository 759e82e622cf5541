//! The rate limits of attempts to verify a password (RFC 6749 §10.10), and of registrations (RFC 7591 §3).
//!
//! Before a password is verified, the attempt is *reserved* on every counter that it is charged to, by a conditional
//! write that fails at the limit. So of any number of simultaneous guesses, at most as many as the limit reach the
//! hash. A right password gets its reservation back: users who sign in often or share an address do not use up the
//! limit, and an attacker gains nothing by signing in to an account of their own.
//!
//! An attempt is charged to the address that it comes from and then to the account, whether or not the account
//! exists. Each [`Channel`] has its own counters, so wrong guesses at one do not lock the others. Three kinds of
//! origin are treated differently:
//! - a browser with a device cookie of the account's user has its own counter instead;
//! - a [known caller](known_caller) has its own counter, at API calls and token requests, once the shared counters are
//!   full;
//! - an attempt that an authenticated client's server passes on is charged to the account alone, because all users of
//!   that client share the server's address.
//!
//! A registration is charged to the address that it comes from and then to the total. It is never given back.
//!
//! # Design
//! A counter belongs to one window of time, whose end is part of its key. So a reservation is exactly one request (a
//! counter that started with its first attempt would need a second request to start again), its window ends at the
//! same time for every counter, and a reservation that is given back late does no harm. The price: up to twice the
//! limit fits around the end of a window.
//!
//! The address is charged first, so an address at its limit cannot use up any account's limit. An attempt that the
//! account's counter refuses stays charged to the address.
//!
//! A counter tells attempts in progress from failed ones. Where attempts in progress fill the counter, a new attempt
//! waits for their result, three seconds at most: right passwords make room, however many come at once, and wrong
//! ones do not. So the first wave of an attack is no larger than the limit, and the second is refused without a wait.
//!
//! A write whose response is lost is retried and then counts twice. An attacker cannot cause that, and it changes the
//! limit by one guess at most.

mod address;
mod attempt;
mod counter;
pub mod known_caller;
mod store;

pub use address::Address;
pub use attempt::{Account, Attempt, Channel, KnownCaller, Origin};
pub use counter::Counter;
pub use store::{Admission, RateLimited, RegistrationAdmission, Reservation, Store, WaitBudget};
