//! Registration of a client: the requested properties, their checks and defaults (RFC 6749 §2, RFC 7591 §2).

use strum::VariantArray as _;

use super::{Client, InvalidRegistration, Lifetimes, RegisteredSecret};
use crate::{
    config::display_name,
    oauth::{AuthMethod, ClientId, GrantType, Holder, Scope, Switch, Switches, redirect_uri},
    secret::{ClientSecret, Id, Secret, random},
    time::Timestamp,
};

/// The requested properties of a client.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own, as in RFC 7591")]
pub struct Registration {
    /// The name that users see.
    pub name: String,
    /// Whether the client has no secret: a native or browser application (RFC 6749 §2.1).
    pub public: bool,
    /// Empty: the defaults for the other properties.
    pub grant_types: Vec<GrantType>,
    pub redirect_uris: Vec<String>,
    /// The scope values that the client may request.
    pub scope: Vec<String>,
    /// The scope values of a request without `scope`. Empty: all of `scope`.
    pub default_scope: Vec<String>,
    /// Empty: both methods with a secret; for a public client, none.
    pub auth_methods: Vec<AuthMethod>,
    /// Whether the client may introspect the access tokens of other clients.
    pub resource_server: bool,
    /// Whether the client belongs to the deployment's owner.
    pub first_party: bool,
    /// Whether the client may omit PKCE.
    pub pkce_optional: bool,
    pub compat: Switches,
    pub lifetimes: Lifetimes,
}

impl Registration {
    /// The most redirect URIs of a client.
    pub const MOST_REDIRECT_URIS: usize = 20;
    /// The most scope values of a client. One grant carries fewer: [`Scope::MOST_VALUES`].
    pub const MOST_SCOPE_VALUES: usize = 100;

    /// Checks the properties, and returns the client with its secret, if it has one.
    pub fn accept(
        self,
        id: ClientId,
        now: Timestamp,
    ) -> Result<(Client, Option<Secret<ClientSecret>>), InvalidRegistration> {
        check_name(&self.name)?;
        self.check_switches()?;
        check_lifetimes(&self.lifetimes, &self.compat)?;
        self.check_redirect_uris()?;
        let (scope, default_scope) = self.scopes()?;
        let (grant_types, auth_methods) = (self.grant_types()?, self.auth_methods()?);
        let secret = (!self.public).then(|| Secret::<ClientSecret>::new(Id::random(), &random()));
        let client = Client {
            key: Client::key(&id),
            version: 1,
            id,
            name: self.name,
            created_at: now,
            secrets: secret.iter().map(|secret| RegisteredSecret::new(secret, now)).collect(),
            auth_methods,
            grant_types,
            redirect_uris: self.redirect_uris,
            scope,
            default_scope,
            resource_server: self.resource_server,
            first_party: self.first_party,
            pkce_optional: self.pkce_optional,
            compat: self.compat,
            lifetimes: self.lifetimes,
            owner: None,
        };
        Ok((client, secret))
    }

    /// Returns the properties of `client`.
    pub fn of(client: &Client) -> Self {
        let values = |scope: &Scope| scope.values().map(str::to_owned).collect();
        Self {
            name: client.name.clone(),
            public: client.is_public(),
            grant_types: client.grant_types.clone(),
            redirect_uris: client.redirect_uris.clone(),
            scope: values(&client.scope),
            default_scope: values(&client.default_scope),
            auth_methods: client.auth_methods.clone(),
            resource_server: client.resource_server,
            first_party: client.first_party,
            pkce_optional: client.pkce_optional,
            compat: client.compat.clone(),
            lifetimes: client.lifetimes,
        }
    }

    /// Checks the properties, and returns `client` with them. Its id, secrets and owner stay.
    pub fn update(self, client: &Client) -> Result<Client, InvalidRegistration> {
        if self.public != client.is_public() {
            return Err(InvalidRegistration::TypeChanged);
        }
        let (updated, _) = self.accept(client.id.clone(), client.created_at)?;
        // Every field is named, so that a new one is either a property or carried over.
        let Client {
            secrets,
            owner,
            key: _,
            version: _,
            id: _,
            name: _,
            created_at: _,
            auth_methods: _,
            grant_types: _,
            redirect_uris: _,
            scope: _,
            default_scope: _,
            resource_server: _,
            first_party: _,
            pkce_optional: _,
            compat: _,
            lifetimes: _,
        } = client.clone();
        Ok(Client { secrets, owner, ..updated })
    }

    fn check_switches(&self) -> Result<(), InvalidRegistration> {
        let is_deployments = |switch: &Switch| switch.about().holder == Holder::Deployment;
        if let Some(switch) = self.compat.iter().find(is_deployments) {
            return Err(InvalidRegistration::DeploymentSwitch(switch));
        }
        if self.public && self.compat.has(Switch::NoRotation) {
            return Err(InvalidRegistration::PublicWithoutRotation);
        }
        let lacks_switch =
            |grant_type: &&GrantType| grant_type.switch().is_some_and(|switch| !self.compat.has(switch));
        match self.grant_types.iter().find(lacks_switch) {
            Some(grant_type) => Err(InvalidRegistration::GrantNeedsSwitch(*grant_type)),
            None => Ok(()),
        }
    }

    fn check_redirect_uris(&self) -> Result<(), InvalidRegistration> {
        if self.redirect_uris.len() > Self::MOST_REDIRECT_URIS {
            return Err(InvalidRegistration::TooManyRedirectUris);
        }
        self.redirect_uris.iter().try_for_each(|uri| {
            redirect_uri::check(uri).map_err(|reason| InvalidRegistration::RedirectUri {
                uri: uri.chars().take(100).collect(),
                reason,
            })
        })
    }

    fn scopes(&self) -> Result<(Scope, Scope), InvalidRegistration> {
        let of = |values: &[String]| Scope::of(values.iter().map(String::as_str));
        let scope = of(&self.scope)?;
        let default_scope =
            if self.default_scope.is_empty() { scope.clone() } else { of(&self.default_scope)? };
        if scope.values().count() > Self::MOST_SCOPE_VALUES
            || scope.values().any(|value| value.len() > Scope::MOST_VALUE_BYTES)
        {
            return Err(InvalidRegistration::ScopeTooLarge);
        }
        if !default_scope.is_within(&scope) {
            return Err(InvalidRegistration::DefaultScopeOutsideScope);
        }
        if !default_scope.fits_a_grant() {
            return Err(InvalidRegistration::DefaultScopeTooLarge);
        }
        Ok((scope, default_scope))
    }

    /// Returns the client's grant types: the requested ones, those of its switches, and the defaults.
    fn grant_types(&self) -> Result<Vec<GrantType>, InvalidRegistration> {
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

    fn auth_methods(&self) -> Result<Vec<AuthMethod>, InvalidRegistration> {
        let has = |method| self.auth_methods.contains(&method);
        let by_secret = has(AuthMethod::ClientSecretBasic) || has(AuthMethod::ClientSecretPost);
        match (self.public, has(AuthMethod::None), by_secret) {
            (true, _, true) => Err(InvalidRegistration::PublicWithSecret),
            (true, _, false) => Ok(vec![AuthMethod::None]),
            (false, true, _) => Err(InvalidRegistration::ConfidentialWithoutSecret),
            (false, false, false) => Ok(vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost]),
            (false, false, true) => {
                Ok(AuthMethod::VARIANTS.iter().copied().filter(|method| has(*method)).collect())
            }
        }
    }
}

fn check_name(name: &str) -> Result<(), InvalidRegistration> {
    if display_name::is_plain_line(name, Client::MOST_NAME_CHARACTERS) {
        Ok(())
    } else {
        Err(InvalidRegistration::Name)
    }
}

fn check_lifetimes(lifetimes: &Lifetimes, compat: &Switches) -> Result<(), InvalidRegistration> {
    const MOST: u32 = 90 * 86_400;

    let by_request = compat.has(Switch::Ttl);
    if lifetimes.longest_access_token.is_some() && !by_request {
        return Err(InvalidRegistration::LongestLifetimeNeedsSwitch);
    }
    // 0 means without end.
    let bounded = |seconds: u32| if by_request && seconds == 0 { MOST } else { seconds };
    let access_token = bounded(lifetimes.access_token);
    let longest = lifetimes.longest_access_token.map_or(access_token, bounded);
    let most_access_token = if by_request { MOST } else { Lifetimes::MOST_ACCESS_TOKEN };
    for (name, value, least, most) in [
        ("code's lifetime", lifetimes.code, 10, 600),
        ("access token's lifetime", access_token, 60, most_access_token),
        ("longest access token's lifetime", longest, access_token, MOST),
        ("refresh token's lifetime", lifetimes.refresh_token, 60, MOST),
        ("refresh grace", lifetimes.refresh_grace, 0, 300),
    ] {
        if !(least..=most).contains(&value) {
            return Err(InvalidRegistration::Lifetime { name, least, most });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration() -> Registration {
        Registration { name: "An application".to_owned(), ..Registration::default() }
    }

    fn accepted(registration: Registration) -> Result<Client, InvalidRegistration> {
        registration.accept(ClientId::random(), Timestamp::from_millis(1)).map(|(client, _)| client)
    }

    #[test]
    fn properties_must_go_together() {
        let public = || Registration { public: true, ..registration() };
        for (expected, registration) in [
            (
                InvalidRegistration::PublicClientCredentials,
                Registration { grant_types: vec![GrantType::ClientCredentials], ..public() },
            ),
            (
                InvalidRegistration::PublicWithSecret,
                Registration {
                    redirect_uris: vec!["https://a.example/".to_owned()],
                    auth_methods: vec![AuthMethod::ClientSecretPost],
                    ..public()
                },
            ),
            (InvalidRegistration::PublicNeedsRedirectUri, public()),
            (
                InvalidRegistration::ConfidentialWithoutSecret,
                Registration { auth_methods: vec![AuthMethod::None], ..registration() },
            ),
            (
                InvalidRegistration::GrantNeedsRedirectUri(GrantType::AuthorizationCode),
                Registration { grant_types: vec![GrantType::AuthorizationCode], ..registration() },
            ),
            (
                InvalidRegistration::NothingToRefresh,
                Registration { grant_types: vec![GrantType::RefreshToken], ..registration() },
            ),
            (
                InvalidRegistration::DefaultScopeOutsideScope,
                Registration {
                    scope: vec!["read".to_owned()],
                    default_scope: vec!["write".to_owned()],
                    ..registration()
                },
            ),
        ] {
            assert_eq!(accepted(registration), Err(expected));
        }
    }

    #[test]
    fn a_property_that_is_left_out_has_a_safe_default() {
        let machine = accepted(registration()).unwrap();
        assert_eq!(machine.grant_types, [GrantType::ClientCredentials]);
        assert_eq!(machine.auth_methods, [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost]);
        let redirect_uris = vec!["https://app.example.com/callback".to_owned()];
        let web = accepted(Registration { redirect_uris, ..registration() }).unwrap();
        assert_eq!(web.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    }

    #[test]
    fn lifetimes_and_names_are_bounded() {
        let lifetimes = |change: fn(&mut Lifetimes)| {
            let mut lifetimes = Lifetimes::default();
            change(&mut lifetimes);
            accepted(Registration { lifetimes, ..registration() }).is_err()
        };
        assert!(lifetimes(|of| of.code = 9) && lifetimes(|of| of.code = 601));
        assert!(lifetimes(|of| of.access_token = 59) && lifetimes(|of| of.access_token = 86_401));
        assert!(lifetimes(|of| of.refresh_token = 59) && lifetimes(|of| of.refresh_grace = 301));
        for name in ["", " a", "a\nb", &"a".repeat(101)] {
            assert_eq!(
                accepted(Registration { name: name.to_owned(), ..registration() }).err(),
                Some(InvalidRegistration::Name)
            );
        }
    }
}
