//! Secrets, and the digests that the tables store instead of them.
//!
//! A [`Secret`] is a token string in plain text; `secret/text.rs` describes the string. Secrets and [`Digest`]s carry
//! their kind as a type, so a refresh token cannot be looked up as an access token.
//!
//! # Design
//! The digest is a plain SHA-256: a secret has 256 random bits, which no dictionary contains, and a slow hash would
//! cost every request what only passwords need. The digest covers the whole string, prefix and id included, so it
//! matches one kind and one grant only.

mod digest;
mod encoding;
mod id;
mod kind;
mod lineage;
mod refresh;
mod seal;
mod text;

pub use digest::Digest;
pub use encoding::InvalidToken;
pub use id::Id;
pub use kind::{
    AccessToken, AccountName, ApiToken, AuthorizationCode, CallerAddress, ClientMetadata, ClientSecret,
    DeviceCookie, Family, Kind, KnownCaller, PersonalToken, RedirectUri, RefreshToken, ResetLink, Session,
    TemporaryToken, Verifier, Visit,
};
pub use lineage::Lineage;
pub use text::Secret;

use rand::{Rng, rand_core::UnwrapErr};
use zeroize::Zeroizing;

/// Returns `N` random bytes from the operating system, wiped when dropped.
///
/// # Panics
/// If the operating system has no entropy. Such a machine must not issue anything.
pub fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    UnwrapErr(rand::rngs::SysRng).fill_bytes(bytes.as_mut());
    bytes
}
