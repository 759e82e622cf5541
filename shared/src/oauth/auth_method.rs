//! Methods of client authentication (RFC 6749 §2.3, RFC 7591 §2).

use serde_with::{DeserializeFromStr, SerializeDisplay};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::must_be_one_of;

/// A method of client authentication at the token endpoint (RFC 7591 §2, `token_endpoint_auth_method`).
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
#[strum(serialize_all = "snake_case", const_into_str, parse_err_ty = String, parse_err_fn = must_be_one_of::<AuthMethod>)]
pub enum AuthMethod {
    /// HTTP Basic with the client's id and secret.
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// No authentication: a public client.
    None,
}
