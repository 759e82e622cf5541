//! Claims about users (OpenID Connect Core §5.1): the `claims#…` item, and what a scope releases of it.

mod claim;
mod store;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use strum::VariantArray as _;

use crate::{
    dynamodb::stored,
    oauth::{Scope, openid_scope},
    openid::json_bytes,
    secret::Id,
    status::{Role, Status},
    time::Timestamp,
};

pub use claim::{Claim, InvalidClaim};
pub use store::Store;

stored! {
    /// The `claims#…` item of the users table: what an administrator has recorded about a user. It has an item of its own, so
    /// that no function that serves claims can read the hash of a password.
    ///
    /// # Design
    /// The values are in one Map, by the names of their claims: an older version keeps a claim that it does not know.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Claims {
        /// `claims#` and the user's `sub`.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        values: BTreeMap<String, String> = "claims",
        /// Whether an administrator said that the user receives mail at `email`.
        #[serde(default)]
        email_verified: bool = "email_verified",
        /// When an administrator last changed a claim. Changes of the login name, of roles and of the password do not count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub updated_at: Option<Timestamp> = "updated_at",
    }
}

impl Claims {
    /// The most bytes in the item, as JSON, which is longer than DynamoDB's own form.
    pub const MOST_BYTES: usize = 2_048;
    /// The most bytes of login name, `name` and `email` together, as JSON texts without their quotes.
    ///
    /// # Design
    /// A whole ID token has at most [`Claims::MOST_OF_ID_TOKEN`] bytes, so that an `id_token_hint` fits into a query. The
    /// largest of everything else leaves 400 bytes for the user's claims: this part of them, which is in one item, and
    /// [`Claims::MOST_GROUPS`], which are in another. So each item is checked alone, and no two writers race for the sum.
    pub const MOST_IN_ID_TOKEN: usize = 192;
    /// The most bytes of `groups`, with two quotes and a comma for each. A user with more has no `groups` in ID tokens, and
    /// all of them in UserInfo.
    pub const MOST_GROUPS: usize = 208;
    /// The most bytes in a signed ID token with a `nonce` of at most 256 bytes as a JSON text.
    pub const MOST_OF_ID_TOKEN: usize = 1_800;

    /// Returns the claims of a user about whom nothing is recorded.
    pub fn none(user: Id) -> Self {
        let key = Self::key(user);
        Self { key, version: 1, values: BTreeMap::new(), email_verified: false, updated_at: None }
    }

    /// Returns the key of the claims of `user`.
    pub fn key(user: Id) -> String {
        format!("claims#{user}")
    }

    /// Returns the user whose claims these are. `None`: the key has another form.
    pub fn user(&self) -> Option<Id> {
        self.key.strip_prefix("claims#")?.parse().ok()
    }

    /// Returns the value of `claim`.
    pub fn get(&self, claim: Claim) -> Option<&str> {
        self.values.get(claim.as_str()).map(String::as_str)
    }

    /// Returns whether an administrator said that the user receives mail at `email`.
    pub fn has_verified_email(&self) -> bool {
        self.email_verified && self.get(Claim::Email).is_some()
    }

    /// Returns whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Sets `claim`. A new `email` is not verified.
    pub fn set(&mut self, claim: Claim, value: &str) -> Result<(), InvalidClaim> {
        claim.check(value)?;
        if claim == Claim::Email && self.get(claim) != Some(value) {
            self.email_verified = false;
        }
        self.values.insert(claim.as_str().to_owned(), value.to_owned());
        Ok(())
    }

    /// Removes `claim`.
    pub fn unset(&mut self, claim: Claim) {
        self.values.remove(claim.as_str());
        self.email_verified &= claim != Claim::Email;
    }

    /// Records that the user receives mail at `email`.
    pub fn verify_email(&mut self) -> Result<(), InvalidClaim> {
        self.email_verified = true;
        if self.has_verified_email() { Ok(()) } else { Err(InvalidClaim::NoEmail) }
    }

    /// Checks that the item, and the ID tokens of the user called `username`, have room for the claims.
    pub fn check_size(&self, username: &str) -> Result<(), InvalidClaim> {
        let in_id_token = [Some(username), self.get(Claim::Name), self.get(Claim::Email)];
        if in_id_token.into_iter().flatten().map(json_bytes).sum::<usize>() > Self::MOST_IN_ID_TOKEN {
            return Err(InvalidClaim::IdTokenTooLarge);
        }
        // Its own braces and names count, too.
        let bytes = serde_json::to_string(self).map_or(usize::MAX, |json| json.len());
        if bytes > Self::MOST_BYTES { Err(InvalidClaim::TooLarge) } else { Ok(()) }
    }

    /// Returns whether an ID token has room for these roles as `groups`.
    pub fn has_room_for<'a>(roles: impl IntoIterator<Item = &'a Role>) -> bool {
        roles.into_iter().map(|role| role.as_str().len() + 3).sum::<usize>() <= Self::MOST_GROUPS
    }

    /// Returns the claims that an ID token contains for `scope`: `name`, `preferred_username`, `email`, `email_verified` and
    /// `groups`.
    pub fn in_id_token(&self, scope: &Scope, status: &Status) -> Map<String, Value> {
        let mut claims = Map::new();
        if scope.has(openid_scope::PROFILE) {
            self.add(&mut claims, Claim::Name);
            claims.insert("preferred_username".to_owned(), status.name.clone().into());
        }
        self.add_email(&mut claims, scope);
        if Self::has_room_for(&status.roles) {
            add_groups(&mut claims, scope, status);
        }
        claims
    }

    /// Returns the claims that UserInfo contains for `scope` (Core §5.4), besides `sub`.
    pub fn in_user_info(&self, scope: &Scope, status: &Status) -> Map<String, Value> {
        let mut claims = Map::new();
        if scope.has(openid_scope::PROFILE) {
            let profile = Claim::VARIANTS.iter().filter(|claim| **claim != Claim::Email);
            profile.for_each(|claim| self.add(&mut claims, *claim));
            claims.insert("preferred_username".to_owned(), status.name.clone().into());
            claims.extend(self.updated_at.map(|at| ("updated_at".to_owned(), at.seconds().into())));
        }
        self.add_email(&mut claims, scope);
        add_groups(&mut claims, scope, status);
        claims
    }

    /// Returns everything that is recorded, for administrators: also claims of later versions.
    pub fn all(&self) -> Map<String, Value> {
        let values = self.values.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        let mut claims: Map<_, _> = values.collect();
        if self.get(Claim::Email).is_some() {
            claims.insert("email_verified".to_owned(), self.email_verified.into());
        }
        claims
    }

    /// Returns the names of all claims that are recorded.
    pub fn names(&self) -> Vec<&'static str> {
        let recorded = Claim::VARIANTS.iter().filter(|claim| self.get(**claim).is_some());
        let verified = self.has_verified_email().then_some("email_verified");
        recorded.map(|claim| claim.as_str()).chain(verified).collect()
    }

    fn add(&self, claims: &mut Map<String, Value>, claim: Claim) {
        claims.extend(self.get(claim).map(|value| (claim.as_str().to_owned(), value.into())));
    }

    fn add_email(&self, claims: &mut Map<String, Value>, scope: &Scope) {
        if scope.has(openid_scope::EMAIL) && self.get(Claim::Email).is_some() {
            self.add(claims, Claim::Email);
            claims.insert("email_verified".to_owned(), self.email_verified.into());
        }
    }
}

fn add_groups(claims: &mut Map<String, Value>, scope: &Scope, status: &Status) {
    if scope.has(openid_scope::GROUPS) {
        let roles = status.roles.iter().map(|role| Value::from(role.as_str()));
        claims.insert("groups".to_owned(), roles.collect());
    }
}

#[cfg(test)]
mod tests;
