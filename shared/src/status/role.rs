//! Roles: permissions that an administrator gives to a user.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_with::DeserializeFromStr;

/// The name of a role. Jeton gives a meaning to [`Role::developer`] and [`Role::admin`]; a deployment may use others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, DeserializeFromStr)]
#[serde(transparent)]
pub struct Role(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is 1 to 32 lower-case letters, digits or dashes")]
pub struct InvalidRole;

impl Role {
    /// The most roles that one user may have.
    pub const MOST: usize = 20;

    /// Lets a user create clients, which work for as long as the user has the role.
    pub fn developer() -> Self {
        Self("developer".to_owned())
    }

    /// Lets a user revoke other users' tokens, where a compatibility switch offers that.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRole)
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_one_spelling() {
        for name in ["developer", "admin", "a", "team-7"] {
            assert_eq!(name.parse::<Role>().unwrap().as_str(), name);
        }
        for name in ["", "Developer", "a b", "é", "developer\n", &"a".repeat(33)] {
            assert_eq!(name.parse::<Role>(), Err(InvalidRole), "{name:?}");
        }
    }
}
