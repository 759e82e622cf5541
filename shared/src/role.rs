//! Roles: what an administrator lets a person do beyond signing in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

/// The name of a role. Jeton gives a meaning to [`Role::developer`] and [`Role::admin`]; others are the deployment's
/// own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Role(String);

/// Text that no role is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is 1 to 32 lower-case letters, digits or dashes")]
pub struct NoRole;

impl Role {
    /// The most roles that one person may have.
    pub const MOST: usize = 20;

    /// May make clients of their own, which work for as long as they have the role.
    pub fn developer() -> Self {
        Self("developer".to_owned())
    }

    /// May end other people's tokens, where a compatibility switch offers that.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoRole)
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
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
            assert_eq!(name.parse::<Role>(), Err(NoRole), "{name:?}");
        }
    }
}
