//! Grant types (RFC 6749 §1.3, RFC 7591 §2).

use serde_with::{DeserializeFromStr, SerializeDisplay};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{Switch, must_be_one_of};

/// A grant type (RFC 6749 §1.3) that a client can be registered for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    SerializeDisplay,
    DeserializeFromStr,
)]
#[strum(serialize_all = "snake_case", const_into_str, parse_err_ty = String, parse_err_fn = must_be_one_of::<GrantType>)]
pub enum GrantType {
    /// A user signs in and consents (§4.1).
    AuthorizationCode,
    /// The client uses its own credentials (§4.4).
    ClientCredentials,
    /// The client exchanges a refresh token for new tokens (§6).
    RefreshToken,
    /// The client sends a user's name and password (§4.3); needs the switch of that name.
    Password,
    /// A user signs in and consents, and the client gets a token without a code (§4.2); needs the switch of that name.
    Implicit,
}

impl GrantType {
    /// Returns the compatibility switch that the grant type needs, if any.
    pub const fn switch(self) -> Option<Switch> {
        match self {
            Self::AuthorizationCode | Self::ClientCredentials | Self::RefreshToken => None,
            Self::Password => Some(Switch::Password),
            Self::Implicit => Some(Switch::Implicit),
        }
    }
}
