//! A person's name and password by HTTP Basic (RFC 7617).

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// A name and a password: nothing is proven yet.
pub(crate) struct Basic {
    pub(crate) name: String,
    pub(crate) password: Zeroizing<String>,
}

impl Basic {
    /// What stands after `Basic`, in base64 and UTF-8 (§2.1). A name has no colon.
    pub(crate) fn parse(encoded: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
        let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self { name: name.to_owned(), password: Zeroizing::new(password.to_owned()) })
    }
}
