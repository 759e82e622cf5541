//! Registration of a client: the requested properties, their checks and defaults (RFC 6749 §2, RFC 7591 §2).

mod grant_types;
mod redirect_uris;

use strum::VariantArray as _;

use super::{Client, InvalidRegistration, Lifetimes, RegisteredSecret};
use crate::{
    config::display_name,
    oauth::{AuthMethod, ClientId, GrantType, Holder, ResourceUri, Scope, Switch, Switches, openid_scope},
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
    /// The resources that the client may request tokens for. Empty: any.
    pub resources: Vec<ResourceUri>,
    /// Whether the client may introspect the access tokens of other clients.
    pub resource_server: bool,
    /// The resources that the resource server serves. Empty: it may introspect the tokens for all.
    pub serves: Vec<ResourceUri>,
    /// Whether the client belongs to the deployment's owner.
    pub first_party: bool,
    /// Whether the client may omit PKCE.
    pub pkce_optional: bool,
    pub compat: Switches,
    /// Whether a refresh response contains an ID token, too.
    pub id_token_on_refresh: bool,
    /// Where a user's browser may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    pub lifetimes: Lifetimes,
}

impl Registration {
    /// The most redirect URIs of a client, and the most of its post-logout redirect URIs.
    pub const MOST_REDIRECT_URIS: usize = 20;
    /// The most scope values of a client. One grant carries fewer: [`Scope::MOST_VALUES`].
    pub const MOST_SCOPE_VALUES: usize = 100;
    /// The most resources that a client may name.
    pub const MOST_RESOURCES: usize = 20;

    /// Checks the properties, and returns the client with its secret, if it has one.
    pub fn accept(
        self,
        id: ClientId,
        now: Timestamp,
    ) -> Result<(Client, Option<Secret<ClientSecret>>), InvalidRegistration> {
        if id.is_self_registered() {
            return Err(InvalidRegistration::ReservedId);
        }
        self.checked(id, now, &[])
    }

    /// Checks the properties, and returns the client of any id with a secret, if it has one. The redirect URIs among
    /// `accepted` were checked before, by the rules for the client that sent them.
    pub(super) fn checked(
        self,
        id: ClientId,
        now: Timestamp,
        accepted: &[String],
    ) -> Result<(Client, Option<Secret<ClientSecret>>), InvalidRegistration> {
        check_name(&self.name)?;
        self.check_switches()?;
        self.check_resources()?;
        self.lifetimes.check(&self.compat)?;
        self.check_redirect_uris(accepted)?;
        self.check_post_logout_redirect_uris()?;
        let (scope, default_scope) = self.scopes()?;
        let (grant_types, auth_methods) = (self.grant_types()?, self.auth_methods()?);
        self.check_openid(&scope, &grant_types)?;
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
            resources: self.resources,
            resource_server: self.resource_server,
            serves: self.serves,
            first_party: self.first_party,
            pkce_optional: self.pkce_optional,
            compat: self.compat,
            id_token_on_refresh: self.id_token_on_refresh,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            lifetimes: self.lifetimes,
            owner: None,
            expires_at: None,
            ttl: None,
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
            resources: client.resources.clone(),
            resource_server: client.resource_server,
            serves: client.serves.clone(),
            first_party: client.first_party,
            pkce_optional: client.pkce_optional,
            compat: client.compat.clone(),
            id_token_on_refresh: client.id_token_on_refresh,
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            lifetimes: client.lifetimes,
        }
    }

    /// Checks the properties, and returns `client` with them. Its id, secrets and owner stay.
    pub fn update(self, client: &Client) -> Result<Client, InvalidRegistration> {
        if self.public != client.is_public() {
            return Err(InvalidRegistration::TypeChanged);
        }
        let is_trusted = self.first_party
            || self.resource_server
            || self.pkce_optional
            || !self.compat.is_empty()
            || !self.scope.is_empty()
            || !self.resources.is_empty()
            || self.id_token_on_refresh
            || !self.post_logout_redirect_uris.is_empty();
        if client.is_self_registered()
            && (is_trusted || self.grant_types.contains(&GrantType::ClientCredentials))
        {
            return Err(InvalidRegistration::SelfRegistered);
        }
        let (updated, _) = self.checked(client.id.clone(), client.created_at, &client.redirect_uris)?;
        // Every field is named, so that a new one is either a property or carried over.
        let Client {
            secrets,
            owner,
            expires_at,
            ttl,
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
            resources: _,
            resource_server: _,
            serves: _,
            first_party: _,
            pkce_optional: _,
            compat: _,
            id_token_on_refresh: _,
            post_logout_redirect_uris: _,
            lifetimes: _,
        } = client.clone();
        Ok(Client { secrets, owner, expires_at, ttl, ..updated })
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

    /// Checks that the properties of OpenID Connect have an effect.
    fn check_openid(&self, scope: &Scope, grant_types: &[GrantType]) -> Result<(), InvalidRegistration> {
        let has_openid = scope.has(openid_scope::OPENID);
        if self.id_token_on_refresh && !(has_openid && grant_types.contains(&GrantType::RefreshToken)) {
            return Err(InvalidRegistration::IdTokenOnRefresh);
        }
        if !self.post_logout_redirect_uris.is_empty() && !has_openid {
            return Err(InvalidRegistration::PostLogoutWithoutOpenId);
        }
        Ok(())
    }

    fn check_resources(&self) -> Result<(), InvalidRegistration> {
        if self.resources.len().max(self.serves.len()) > Self::MOST_RESOURCES {
            return Err(InvalidRegistration::TooManyResources);
        }
        if !self.serves.is_empty() && !self.resource_server {
            return Err(InvalidRegistration::ServesNeedsResourceServer);
        }
        Ok(())
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
