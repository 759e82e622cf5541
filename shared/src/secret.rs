//! Secrets and the digests that stand for them at rest.
//!
//! A [`Secret`] is a token string as its holder knows it; [`text`](self::text) has its spelling. A [`Digest`] is
//! what the tables keep. Both carry their kind as a type, so a refresh token cannot be looked up as an access
//! token.
//!
//! # Design
//! The digest is a plain SHA-256: a secret has 256 random bits, which no dictionary covers, and a slow hash would
//! cost every request what only passwords need. It covers the whole string, prefix and id included, so a digest
//! fits one kind and one grant only.

mod digest;
mod kind;
mod text;

pub use digest::Digest;
pub use kind::{
    AccessToken, AccountName, ApiToken, AuthorizationCode, Browser, CallerAddress, ClientSecret, Family,
    Kind, KnownCaller, PersonalToken, RedirectUri, RefreshToken, Session, TemporaryToken, Verifier, Visit,
};
pub use text::{Id, Lineage, Malformed, Secret};

use rand::{Rng, rand_core::UnwrapErr};
use zeroize::Zeroizing;

/// `N` bytes from the operating system's generator, wiped when dropped.
///
/// # Panics
/// If the system has no entropy to give. Such a machine must not issue anything.
pub fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    UnwrapErr(rand::rngs::SysRng).fill_bytes(bytes.as_mut());
    bytes
}
