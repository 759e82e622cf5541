//! Claims about users (OpenID Connect Core §5.1): the `claims#…` item, and what a scope releases of it.

use serde_json::{Map, Value};

use crate::{
    dynamodb::{self, Table, stored},
    oauth::{Scope, openid_scope},
    secret::Id,
    status::Status,
};

stored! {
    /// The `claims#…` item of the users table: what an administrator has recorded about a user. It has an item of its own, so
    /// that no function that serves claims can read the hash of a password.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Claims {
        /// `claims#` and the user's `sub`.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String> = "name",
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String> = "email",
        /// Whether an administrator said that the user receives mail at `email`.
        #[serde(default)]
        pub email_verified: bool = "email_verified",
    }
}

impl Claims {
    /// Returns the claims of a user about whom nothing is recorded.
    pub fn none(user: Id) -> Self {
        Self { key: Self::key(user), version: 1, name: None, email: None, email_verified: false }
    }

    fn key(user: Id) -> String {
        format!("claims#{user}")
    }

    /// Returns the claims that an ID token contains for `scope`: `name`, `preferred_username`, `email`, `email_verified` and
    /// `groups`.
    pub fn in_id_token(&self, scope: &Scope, status: &Status) -> Map<String, Value> {
        let mut claims = Map::new();
        if scope.has(openid_scope::PROFILE) {
            claims.extend(self.name.clone().map(|name| ("name".to_owned(), name.into())));
            claims.insert("preferred_username".to_owned(), status.name.clone().into());
        }
        if scope.has(openid_scope::EMAIL)
            && let Some(email) = &self.email
        {
            claims.insert("email".to_owned(), email.clone().into());
            claims.insert("email_verified".to_owned(), self.email_verified.into());
        }
        if scope.has(openid_scope::GROUPS) {
            let roles = status.roles.iter().map(|role| Value::from(role.as_str()));
            claims.insert("groups".to_owned(), roles.collect());
        }
        claims
    }
}

/// The claims in the users table.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// Reads the claims of `user`.
    pub async fn find(&self, user: Id) -> Result<Claims, dynamodb::Error> {
        Ok(self.0.get(&Claims::key(user)).await?.unwrap_or_else(|| Claims::none(user)))
    }
}
