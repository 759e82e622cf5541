//! Protection of the forms against cross-site request forgery (RFC 6749 §10.12).

use std::fmt;

use crate::secret::{Kind, Secret};

/// Proof that a form comes from a page that this browser was shown: an HMAC over the purpose of the form, under the
/// secret in the browser's cookie. It is not stored.
#[derive(Clone, Debug)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// Returns the token of a form; `parts` are its purpose and the values that the form must not exchange for others.
    pub fn seal<K: Kind>(secret: &Secret<K>, parts: &[&str]) -> Self {
        Self(hex::encode(*secret.seal(parts)))
    }
}

impl fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
