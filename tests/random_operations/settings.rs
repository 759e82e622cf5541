//! The settings of a client that an administrator changes while its grants live.

use shared::{
    clients::{Lifetimes, Registration},
    oauth::{Switch, Switches},
};

use crate::harness::oracle::{Values, values};

/// What an administrator can change of a client at any time.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The scope that the client is registered for.
    pub scope: &'static str,
    /// The scope of a request without `scope`. Empty: all of `scope`.
    pub default_scope: &'static str,
    /// The resources that the client may have tokens for. Empty: any, and none in particular.
    pub resources: &'static [&'static str],
    pub lifetimes: Lifetimes,
    /// Whether a refresh spends the refresh token.
    pub rotates: bool,
    /// Switches for other forms of token requests and responses.
    pub forms: &'static [Switch],
    /// Whether the client's users see no consent page.
    pub first_party: bool,
    /// Whether the client, a confidential one, may leave out the code challenge.
    pub pkce_optional: bool,
}

impl Settings {
    pub fn write_to(&self, registration: &mut Registration) {
        let list = |scope: &str| scope.split_ascii_whitespace().map(str::to_owned).collect();
        registration.scope = list(self.scope);
        registration.default_scope = list(self.default_scope);
        registration.resources = self.resources.iter().map(|uri| uri.parse().unwrap()).collect();
        registration.lifetimes = self.lifetimes;
        registration.compat = self.switches();
        registration.first_party = self.first_party;
        registration.pkce_optional = self.pkce_optional;
    }

    /// Returns the scope of a request without `scope`.
    pub fn scope_by_default(&self) -> Values {
        values(if self.default_scope.is_empty() { self.scope } else { self.default_scope })
    }

    /// Returns whether the client may have tokens for the resource, or for none in particular.
    pub fn allow(&self, resource: Option<&str>) -> bool {
        self.resources.is_empty() || resource.is_some_and(|uri| self.resources.contains(&uri))
    }

    fn switches(&self) -> Switches {
        let rotation = (!self.rotates).then_some(Switch::NoRotation);
        self.forms.iter().copied().chain(rotation).collect()
    }
}
