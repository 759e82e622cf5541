//! Registering a client: what may be asked for, and what becomes of it (RFC 6749 §2, RFC 7591 §2).

use super::{AuthMethod, Client, ClientId, GrantType, Lifetimes, RegisteredSecret, redirect_uri};
use crate::{
    compat::{Holder, Switch, Switches},
    line,
    scope::{IllFormed, Scope},
    secret::{ClientSecret, Id, Secret, random},
    time::Timestamp,
};

/// What is asked for when a client is registered.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own, as RFC 7591 has them")]
pub struct Registration {
    /// What people are told it is called.
    pub name: String,
    /// Whether it has no secret: a native or browser application.
    pub public: bool,
    /// The grants it may use; none means those that its other properties suggest.
    pub grant_types: Vec<GrantType>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// The scope values it may ask for.
    pub scope: Vec<String>,
    /// The scope values it gets if it asks for none; none means all of them.
    pub default_scope: Vec<String>,
    /// How it may authenticate; none means by its secret in either way, or not at all if it is public.
    pub auth_methods: Vec<AuthMethod>,
    /// Whether it may introspect access tokens that others were issued.
    pub resource_server: bool,
    /// Whether it belongs to the deployment's owner.
    pub first_party: bool,
    /// Whether it may do without PKCE.
    pub pkce_optional: bool,
    /// The compatibility switches that it has.
    pub compat: Switches,
    /// How long what it is issued lives.
    pub lifetimes: Lifetimes,
}

/// Why a client cannot be registered like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRegistrable {
    /// The name is empty, too long or not one line of text.
    #[error("a name is one line of 1 to 100 characters")]
    Name,
    /// A redirect URI is refused.
    #[error("redirect URI {uri:?}: {problem}")]
    RedirectUri {
        /// The URI.
        uri: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A lifetime is out of its range.
    #[error("the {what} must be {least} to {most} seconds")]
    Lifetime {
        /// Which one.
        what: &'static str,
        /// The least it may be.
        least: u32,
        /// The most it may be.
        most: u32,
    },
    /// A scope value is ill-formed.
    #[error("{0}")]
    Scope(#[from] IllFormed),
    /// Properties that do not go together, or too many of something.
    #[error("{0}")]
    Inconsistent(&'static str),
}

impl Registration {
    /// The most redirect URIs a client may have.
    pub const MOST_REDIRECT_URIS: usize = 20;
    /// The most bytes in a redirect URI.
    pub const MOST_REDIRECT_URI_BYTES: usize = 512;
    /// The most scope values a client may have; one grant carries fewer, see [`Scope::MOST_VALUES`].
    pub const MOST_SCOPE_VALUES: usize = 100;

    /// The client called `id` that this registers at `now`, and its secret if it has one.
    pub fn accept(
        self,
        id: ClientId,
        now: Timestamp,
    ) -> Result<(Client, Option<Secret<ClientSecret>>), NotRegistrable> {
        check_name(&self.name)?;
        self.check_switches()?;
        check_lifetimes(&self.lifetimes, &self.compat)?;
        self.redirect_uris.iter().try_for_each(|uri| redirect_uri::check(uri))?;
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

    /// What `client` is registered as: to change something about it.
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

    /// `client`, registered as this from now on: its id, secrets and owner stay.
    pub fn amend(self, client: &Client) -> Result<Client, NotRegistrable> {
        if self.public != client.is_public() {
            return Err(NotRegistrable::Inconsistent("a client stays public, or confidential"));
        }
        let (amended, _) = self.accept(client.id.clone(), client.created_at)?;
        Ok(Client { secrets: client.secrets.clone(), owner: client.owner, ..amended })
    }

    fn check_switches(&self) -> Result<(), NotRegistrable> {
        if self.compat.iter().any(|switch| switch.about().holder == Holder::Deployment) {
            return Err(NotRegistrable::Inconsistent(
                "one of the switches is the deployment's (JETON_COMPAT), not a client's",
            ));
        }
        if self.public && self.compat.has(Switch::NoRotation) {
            return Err(NotRegistrable::Inconsistent(
                "a public client's refresh tokens rotate (RFC 9700 §4.14.2)",
            ));
        }
        let lacks =
            |grant_type: &GrantType| grant_type.switch().is_some_and(|switch| !self.compat.has(switch));
        if self.grant_types.iter().any(lacks) {
            return Err(NotRegistrable::Inconsistent(
                "password and implicit are grants that each need the switch of the same name: --compat",
            ));
        }
        Ok(())
    }

    fn scopes(&self) -> Result<(Scope, Scope), NotRegistrable> {
        let of = |values: &[String]| Scope::of(values.iter().map(String::as_str));
        let scope = of(&self.scope)?;
        let default_scope =
            if self.default_scope.is_empty() { scope.clone() } else { of(&self.default_scope)? };
        if scope.values().count() > Self::MOST_SCOPE_VALUES
            || scope.values().any(|value| value.len() > Scope::MOST_VALUE_BYTES)
        {
            return Err(NotRegistrable::Inconsistent("at most 100 scope values, of 128 characters each"));
        }
        if !scope.tags_are_distinct() {
            return Err(NotRegistrable::Inconsistent(
                "two of the scope values cannot be told apart by their tags; rename one",
            ));
        }
        if !default_scope.is_within(&scope) {
            return Err(NotRegistrable::Inconsistent("the default scope must be part of the scope"));
        }
        if !default_scope.fits_a_grant() {
            return Err(NotRegistrable::Inconsistent(
                "one grant carries at most 20 scope values of 224 bytes together: name a smaller default scope",
            ));
        }
        Ok((scope, default_scope))
    }

    fn grant_types(&self) -> Result<Vec<GrantType>, NotRegistrable> {
        use GrantType::{AuthorizationCode, ClientCredentials, Implicit, Password, RefreshToken};

        // A switch for a grant registers the client for it.
        let by_switch =
            |grant_type: GrantType| grant_type.switch().is_some_and(|switch| self.compat.has(switch));
        let has = |grant_type| self.grant_types.contains(&grant_type) || by_switch(grant_type);
        if has(ClientCredentials) && self.public {
            return Err(NotRegistrable::Inconsistent(
                "a public client cannot use client_credentials (RFC 6749 §4.4)",
            ));
        }
        if self.pkce_optional && self.public {
            return Err(NotRegistrable::Inconsistent("a public client must use PKCE (RFC 9700 §2.1.1)"));
        }
        if has(RefreshToken) && !has(AuthorizationCode) && !has(Password) {
            return Err(NotRegistrable::Inconsistent(
                "refresh_token needs a grant that issues one: authorization_code",
            ));
        }
        if (has(AuthorizationCode) || has(Implicit)) && self.redirect_uris.is_empty() {
            return Err(NotRegistrable::Inconsistent("authorization_code and implicit need a redirect URI"));
        }
        if self.redirect_uris.len() > Self::MOST_REDIRECT_URIS {
            return Err(NotRegistrable::Inconsistent("at most 20 redirect URIs"));
        }
        let suggested = match (self.grant_types.is_empty(), self.redirect_uris.is_empty()) {
            (true, false) => &[AuthorizationCode, RefreshToken][..],
            (true, true) if has(Password) => &[RefreshToken],
            (true, true) if self.public => {
                return Err(NotRegistrable::Inconsistent("a public client needs a redirect URI"));
            }
            (true, true) if self.resource_server => &[],
            (true, true) => &[ClientCredentials],
            (false, _) => &[],
        };
        let is_its = |grant_type: &GrantType| has(*grant_type) || suggested.contains(grant_type);
        Ok(GrantType::ALL.iter().copied().filter(is_its).collect())
    }

    fn auth_methods(&self) -> Result<Vec<AuthMethod>, NotRegistrable> {
        let has = |method| self.auth_methods.contains(&method);
        let secretive = has(AuthMethod::ClientSecretBasic) || has(AuthMethod::ClientSecretPost);
        match (self.public, has(AuthMethod::None), secretive) {
            (true, _, true) => {
                Err(NotRegistrable::Inconsistent("a public client has no secret to authenticate with"))
            }
            (true, _, false) => Ok(vec![AuthMethod::None]),
            (false, true, _) => {
                Err(NotRegistrable::Inconsistent("a client that need not authenticate is public"))
            }
            (false, false, false) => Ok(vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost]),
            (false, false, true) => {
                Ok(AuthMethod::ALL.iter().copied().filter(|method| has(*method)).collect())
            }
        }
    }
}

impl RegisteredSecret {
    /// What is kept of `secret`, made at `now`.
    pub fn new(secret: &Secret<ClientSecret>, now: Timestamp) -> Self {
        Self { id: secret.id(), digest: secret.digest(), created_at: now, expires_at: None }
    }
}

fn check_name(name: &str) -> Result<(), NotRegistrable> {
    if line::reads_as_it_is(name, 100) { Ok(()) } else { Err(NotRegistrable::Name) }
}

fn check_lifetimes(lifetimes: &Lifetimes, compat: &Switches) -> Result<(), NotRegistrable> {
    const MOST: u32 = 90 * 86_400;

    let by_request = compat.has(Switch::Ttl);
    if lifetimes.longest_access_token.is_some() && !by_request {
        return Err(NotRegistrable::Inconsistent("a longest access token needs --compat ttl"));
    }
    // 0 is no lifetime, but none at all.
    let bounded = |seconds: u32| if by_request && seconds == 0 { MOST } else { seconds };
    let access_token = bounded(lifetimes.access_token);
    let longest = lifetimes.longest_access_token.map_or(access_token, bounded);
    let most_access_token = if by_request { MOST } else { Lifetimes::MOST_ACCESS_TOKEN };
    for (what, value, least, most) in [
        ("code's lifetime", lifetimes.code, 10, 600),
        ("access token's lifetime", access_token, 60, most_access_token),
        ("longest access token's lifetime", longest, access_token, MOST),
        ("refresh token's lifetime", lifetimes.refresh_token, 60, MOST),
        ("refresh grace", lifetimes.refresh_grace, 0, 300),
    ] {
        if !(least..=most).contains(&value) {
            return Err(NotRegistrable::Lifetime { what, least, most });
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

    fn accepted(registration: Registration) -> Result<Client, NotRegistrable> {
        registration.accept(ClientId::random(), Timestamp::from_millis(1)).map(|(client, _)| client)
    }

    #[test]
    fn properties_must_go_together() {
        let public = || Registration { public: true, ..registration() };
        for (why, registration) in [
            (
                "public with client_credentials",
                Registration { grant_types: vec![GrantType::ClientCredentials], ..public() },
            ),
            (
                "public with a secret",
                Registration {
                    redirect_uris: vec!["https://a.example/".to_owned()],
                    auth_methods: vec![AuthMethod::ClientSecretPost],
                    ..public()
                },
            ),
            ("public without a redirect URI", public()),
            (
                "confidential without authentication",
                Registration { auth_methods: vec![AuthMethod::None], ..registration() },
            ),
            (
                "a code without a redirect URI",
                Registration { grant_types: vec![GrantType::AuthorizationCode], ..registration() },
            ),
            (
                "refreshing nothing",
                Registration { grant_types: vec![GrantType::RefreshToken], ..registration() },
            ),
            (
                "a default outside the scope",
                Registration {
                    scope: vec!["read".to_owned()],
                    default_scope: vec!["write".to_owned()],
                    ..registration()
                },
            ),
        ] {
            assert!(matches!(accepted(registration), Err(NotRegistrable::Inconsistent(_))), "{why}");
        }
    }

    #[test]
    fn scope_values_that_a_narrowed_token_could_not_tell_apart_are_refused() {
        let mut seen = std::collections::HashMap::new();
        let (one, other) = (0..)
            .find_map(|nth: u32| {
                let value = format!("scope-{nth}");
                let tags = Scope::of([value.as_str()]).unwrap().tags();
                seen.insert(tags, value.clone()).map(|before| (before, value))
            })
            .unwrap();
        let asking = |scope: &[&String]| Registration {
            scope: scope.iter().map(|value| (*value).clone()).collect(),
            ..registration()
        };
        assert!(matches!(accepted(asking(&[&one, &other])), Err(NotRegistrable::Inconsistent(_))));
        assert!(accepted(asking(&[&one])).is_ok() && accepted(asking(&[&other])).is_ok());
    }

    #[test]
    fn what_is_not_said_has_a_safe_default() {
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
                Some(NotRegistrable::Name)
            );
        }
    }
}
