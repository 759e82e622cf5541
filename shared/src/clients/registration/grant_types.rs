//! The grant types of a client (RFC 7591 §2, `grant_types`).

use strum::VariantArray as _;

use super::Registration;
use crate::{
    clients::InvalidRegistration,
    oauth::{GrantType, Switch},
};

impl Registration {
    /// Returns the client's grant types: the requested ones, those of its switches, and the defaults.
    pub(super) fn grant_types(&self) -> Result<Vec<GrantType>, InvalidRegistration> {
        use GrantType::{AuthorizationCode, ClientCredentials, Implicit, Password, RefreshToken};

        // The switch of a grant registers the client for the grant.
        let by_switch =
            |grant_type: GrantType| grant_type.switch().is_some_and(|switch| self.compat.has(switch));
        let has = |grant_type| self.grant_types.contains(&grant_type) || by_switch(grant_type);
        if has(ClientCredentials) && self.public {
            return Err(InvalidRegistration::PublicClientCredentials);
        }
        if self.pkce_optional && self.public {
            return Err(InvalidRegistration::PublicWithoutPkce);
        }
        if has(RefreshToken) && !has(AuthorizationCode) && !has(Password) {
            return Err(InvalidRegistration::NothingToRefresh);
        }
        let redirecting = [AuthorizationCode, Implicit].into_iter().find(|grant_type| has(*grant_type));
        if let Some(grant_type) = redirecting
            && self.redirect_uris.is_empty()
        {
            return Err(InvalidRegistration::GrantNeedsRedirectUri(grant_type));
        }
        let defaults = if self.grant_types.is_empty() { self.default_grant_types()? } else { &[] };
        let is_its = |grant_type: &GrantType| has(*grant_type) || defaults.contains(grant_type);
        Ok(GrantType::VARIANTS.iter().copied().filter(is_its).collect())
    }

    fn default_grant_types(&self) -> Result<&'static [GrantType], InvalidRegistration> {
        use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};

        if !self.redirect_uris.is_empty() {
            Ok(&[AuthorizationCode, RefreshToken])
        } else if self.compat.has(Switch::Password) {
            Ok(&[RefreshToken])
        } else if self.public {
            Err(InvalidRegistration::PublicNeedsRedirectUri)
        } else if self.resource_server {
            Ok(&[])
        } else {
            Ok(&[ClientCredentials])
        }
    }
}
