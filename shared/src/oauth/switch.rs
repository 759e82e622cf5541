//! Compatibility switches: behaviour of older services that the current RFCs advise against.
//!
//! # Design
//! All switches are defined here; all are off by default. `JETON_COMPAT` lists the switches that a deployment permits.
//! A switch that changes how one client is served is turned on per client (`jeton client create --compat SWITCH`), and
//! has no effect unless the deployment permits it, too: `clients::Store` removes switches that are not permitted from a
//! client when it reads the client, so an endpoint checks the client alone.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::must_be_one_of;

/// A compatibility switch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case", const_into_str, parse_err_ty = String, parse_err_fn = must_be_one_of::<Switch>)]
pub enum Switch {
    /// The resource owner password credentials grant (RFC 6749 §4.3).
    Password,
    /// The implicit grant, `response_type=token` (RFC 6749 §4.2).
    Implicit,
    /// Token requests in JSON.
    Json,
    /// `expires` and `refresh_token_expires_in` in the token response.
    Expires,
    /// Refresh without rotation of the refresh token.
    NoRotation,
    /// `ttl` in a token request: the lifetime of the access token in milliseconds; 0 is without end.
    Ttl,
    /// The parameters of a token request in its query.
    QueryCredentials,
    /// `Authorization: Token …` at the authorizer.
    TokenScheme,
    /// `Authorization: TempToken …` at the authorizer.
    TempTokenScheme,
    /// A user's name and password by HTTP Basic at the authorizer.
    #[strum(to_string = "basic-user", serialize = "basic-person")]
    BasicUser,
    /// A client's id and secret by HTTP Basic at the authorizer.
    BasicClient,
    /// `?access_token=` at the authorizer.
    QueryToken,
    /// `?client_id=&client_secret=` at the authorizer.
    QueryClient,
    /// Requests without credentials at the authorizer.
    Guest,
    /// `DELETE /user/expire`.
    UserExpire,
    /// `PUT …/revoketokens` and `…/revoketoken`.
    UsergridRevoke,
}

/// The owner of a switch: the client or the deployment that turns it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// One client, if the deployment permits the switch.
    Client,
    /// The deployment, for all clients.
    Deployment,
}

/// Description of a switch for administrators.
#[derive(Clone, Copy, Debug)]
pub struct About {
    pub holder: Holder,
    /// The effect of the switch, as a verb phrase.
    pub does: &'static str,
    /// The section that advises against it, or that describes the alternative.
    pub discouraged_by: &'static str,
}

impl Switch {
    /// Returns the switch's description.
    pub const fn about(self) -> About {
        use Holder::{Client, Deployment};

        let (holder, does, discouraged_by) = match self {
            Self::Password => (
                Client,
                "allows the client to exchange a user's name and password for tokens",
                "RFC 9700 §2.4",
            ),
            Self::Implicit => {
                (Client, "allows the client to get access tokens by redirect", "RFC 9700 §2.1.2")
            }
            Self::Json => (Client, "accepts token requests in JSON", "RFC 6749 §3.2, appendix B"),
            Self::Expires => {
                (Client, "adds `expires` and `refresh_token_expires_in` to token responses", "RFC 6749 §5.1")
            }
            Self::NoRotation => {
                (Client, "keeps the client's refresh tokens when they are used", "RFC 9700 §4.14.2")
            }
            Self::Ttl => (
                Client,
                "allows a token request to choose the lifetime of its access token, which may be long or without end",
                "RFC 6750 §5.3",
            ),
            Self::QueryCredentials => {
                (Client, "accepts the parameters of token requests in the query, too", "RFC 6749 §2.3.1")
            }
            Self::TokenScheme => {
                (Deployment, "accepts `Authorization: Token` like `Authorization: Bearer`", "RFC 6750 §2.1")
            }
            Self::TempTokenScheme => {
                (Deployment, "accepts `Authorization: TempToken` with temporary tokens", "RFC 6750 §2.1")
            }
            Self::BasicUser => {
                (Deployment, "accepts a user's name and password with API calls", "RFC 9700 §2.4")
            }
            Self::BasicClient => {
                (Deployment, "accepts a client's id and secret with API calls", "RFC 6749 §1.4")
            }
            Self::QueryToken => (Deployment, "accepts `?access_token=` with API calls", "RFC 9700 §4.3.2"),
            Self::QueryClient => {
                (Deployment, "accepts `?client_id=&client_secret=` with API calls", "RFC 6749 §2.3.1")
            }
            Self::Guest => (Deployment, "accepts API calls without credentials", "RFC 6750 §3"),
            Self::UserExpire => {
                (Deployment, "allows `DELETE /user/expire` to end temporary tokens", "RFC 7009 §2")
            }
            Self::UsergridRevoke => {
                (Deployment, "allows `PUT …/revoketokens` to end a user's tokens", "RFC 7009 §2")
            }
        };
        About { holder, does, discouraged_by }
    }
}

/// A set of switches, of a client or of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Switches(BTreeSet<Switch>);

impl Switches {
    /// Returns all switches that `holder` turns on.
    pub fn of(holder: Holder) -> Self {
        Switch::VARIANTS.iter().copied().filter(|switch| switch.about().holder == holder).collect()
    }

    pub fn has(&self, switch: Switch) -> bool {
        self.0.contains(&switch)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the switches in the order of [`Switch`].
    pub fn iter(&self) -> impl Iterator<Item = Switch> {
        self.0.iter().copied()
    }

    /// Returns the switches that are also in `other`.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }
}

impl FromIterator<Switch> for Switches {
    fn from_iter<I: IntoIterator<Item = Switch>>(switches: I) -> Self {
        Self(switches.into_iter().collect())
    }
}

/// Parses the form of `JETON_COMPAT`: comma-separated, or `none`.
impl FromStr for Switches {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::default()),
            _ => text.split(',').map(|word| word.trim().parse()).collect(),
        }
    }
}

impl fmt::Display for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(<&str>::from).collect();
        f.write_str(&words.join(","))
    }
}

/// Writes a String Set, which cannot be empty: an item leaves an empty set out.
impl Serialize for Switches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<_> = self.iter().map(<&str>::from).collect();
        serde_dynamo::string_set::serialize(&words, serializer)
    }
}

impl<'de> Deserialize<'de> for Switches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A switch of a later version is unknown here, and therefore off.
        let words = Vec::<String>::deserialize(deserializer)?;
        Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_switches_and_nothing_else() {
        let two: Switches = "ttl, password".parse().unwrap();
        assert!(two.has(Switch::Ttl) && two.has(Switch::Password) && !two.has(Switch::Json));
        assert_eq!(two.to_string(), "password,ttl");
        assert!("none".parse::<Switches>().unwrap().is_empty());
        for wrong in ["", "Password", "password,", "none,json", "everything"] {
            assert!(wrong.parse::<Switches>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_permitted_limits_what_is_on() {
        let on: Switches = "ttl,password".parse().unwrap();
        assert_eq!(on.within(&"password,json".parse().unwrap()).to_string(), "password");
        assert_eq!(on.within(&Switches::of(Holder::Client)), on);
        assert!(on.within(&Switches::of(Holder::Deployment)).is_empty());
        assert!(on.within(&Switches::default()).is_empty());
    }

    #[test]
    fn a_switch_that_this_version_does_not_know_is_off() {
        let read: Switches = serde_json::from_str(r#"["json", "time-travel"]"#).unwrap();
        assert_eq!(read, [Switch::Json].into_iter().collect());
    }
}
