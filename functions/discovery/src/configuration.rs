//! The OpenID provider configuration (OpenID Connect Discovery 1.0 §3).

use serde::Serialize;
use shared::{
    config::Config,
    endpoint::metadata::Metadata,
    oauth::{Issuer, openid_scope},
    openid::Claim,
};
use strum::VariantArray as _;

use crate::KEYS;

/// The authorization server's metadata, and what OpenID Connect adds to them. An optional member is present where clients
/// read it, or where its default value would be wrong.
#[derive(Serialize)]
pub(crate) struct ProviderConfiguration {
    #[serde(flatten)]
    metadata: Metadata,
    jwks_uri: String,
    userinfo_endpoint: String,
    /// RP-Initiated Logout §2.1.
    end_session_endpoint: String,
    subject_types_supported: &'static [&'static str],
    id_token_signing_alg_values_supported: &'static [&'static str],
    scopes_supported: &'static [&'static str],
    claims_supported: Vec<&'static str>,
    /// Initiating User Registration (Prompt Create) §4.1.
    prompt_values_supported: &'static [&'static str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

/// The claims of every ID token (Core §2).
const OF_ID_TOKENS: [&str; 8] = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"];
/// The claims about the user that Jeton derives from others, or from the user's name and roles (Core §5.1).
const DERIVED: [&str; 4] = ["preferred_username", "updated_at", "email_verified", "groups"];

impl ProviderConfiguration {
    pub(crate) fn of(issuer: &Issuer, config: &Config) -> Self {
        let recorded: Vec<_> = Claim::VARIANTS.iter().map(|claim| claim.as_str()).collect();
        Self {
            metadata: Metadata::of(issuer, config),
            jwks_uri: issuer.endpoint(KEYS),
            userinfo_endpoint: issuer.endpoint("/oauth/userinfo"),
            end_session_endpoint: issuer.endpoint("/oauth/logout"),
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: &["RS256"],
            // `offline_access` is accepted, and never granted.
            scopes_supported: &[
                openid_scope::OPENID,
                openid_scope::PROFILE,
                openid_scope::EMAIL,
                openid_scope::GROUPS,
            ],
            claims_supported: [&OF_ID_TOKENS[..], &recorded, &DERIVED].concat(),
            prompt_values_supported: &["none", "login", "consent", "select_account"],
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
        }
    }
}
