//! Compatibility switches: what older services do, and the RFCs of today advise against.
//!
//! # Design
//! Every switch is defined here and nowhere else; all are off unless somebody turns them on. A deployment says which
//! it permits (`JETON_COMPAT`). Those that change how one client is served are turned on per client, by
//! `jeton client create --compat SWITCH`, and do nothing unless the deployment permits them, too:
//! [`client::Store`](crate::client::Store) takes what is not permitted out of a client as it reads it, so an endpoint
//! asks the client alone.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::words::words;

/// One thing that Jeton does only where it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Switch {
    /// The resource owner password credentials grant (RFC 6749 §4.3).
    Password,
    /// The implicit grant, `response_type=token` (RFC 6749 §4.2).
    Implicit,
    /// JSON in the body of a token request.
    Json,
    /// `expires` and `refresh_token_expires_in` in the answer to a token request.
    Expires,
    /// Refreshing leaves the refresh token as it is.
    NoRotation,
    /// A token request may say how long its access token lives, `ttl` in milliseconds; 0 is for ever.
    Ttl,
    /// The parameters of a token request may stand in its query.
    QueryCredentials,
    /// `Authorization: Token …` at the authorizer.
    TokenScheme,
    /// `Authorization: TempToken …` at the authorizer.
    TempTokenScheme,
    /// A person's name and password by HTTP Basic at the authorizer.
    BasicPerson,
    /// A client's id and secret by HTTP Basic at the authorizer.
    BasicClient,
    /// `?access_token=` at the authorizer.
    QueryToken,
    /// `?client_id=&client_secret=` at the authorizer.
    QueryClient,
    /// No credentials at all at the authorizer.
    Guest,
    /// `DELETE /user/expire`.
    UserExpire,
    /// `PUT …/revoketokens` and `…/revoketoken`.
    UsergridRevoke,
}

words!(Switch {
    Password = "password",
    Implicit = "implicit",
    Json = "json",
    Expires = "expires",
    NoRotation = "no-rotation",
    Ttl = "ttl",
    QueryCredentials = "query-credentials",
    TokenScheme = "token-scheme",
    TempTokenScheme = "temp-token-scheme",
    BasicPerson = "basic-person",
    BasicClient = "basic-client",
    QueryToken = "query-token",
    QueryClient = "query-client",
    Guest = "guest",
    UserExpire = "user-expire",
    UsergridRevoke = "usergrid-revoke",
});

/// Who turns a switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A client, where the deployment permits it.
    Client,
    /// The deployment, for all who call.
    Deployment,
}

/// What there is to know about a switch before turning it on.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Who turns it on.
    pub holder: Holder,
    /// What it does, as a part of a sentence.
    pub does: &'static str,
    /// Where the RFCs advise against it, or say what to do instead.
    pub discouraged_by: &'static str,
}

impl Switch {
    /// What there is to know about it.
    pub const fn about(self) -> About {
        use Holder::{Client, Deployment};

        let (holder, does, discouraged_by) = match self {
            Self::Password => {
                (Client, "lets it trade a person's name and password for tokens", "RFC 9700 §2.4")
            }
            Self::Implicit => (Client, "lets it get access tokens by redirect", "RFC 9700 §2.1.2"),
            Self::Json => (Client, "takes token requests in JSON", "RFC 6749 §3.2, appendix B"),
            Self::Expires => {
                (Client, "adds `expires` and `refresh_token_expires_in` to token answers", "RFC 6749 §5.1")
            }
            Self::NoRotation => {
                (Client, "leaves its refresh tokens as they are when they are used", "RFC 9700 §4.14.2")
            }
            Self::Ttl => (
                Client,
                "lets a token request choose its access token's lifetime, and lets that be long or without end",
                "RFC 6750 §5.3",
            ),
            Self::QueryCredentials => {
                (Client, "takes the parameters of token requests from the query, too", "RFC 6749 §2.3.1")
            }
            Self::TokenScheme => {
                (Deployment, "takes `Authorization: Token` as if it were `Bearer`", "RFC 6750 §2.1")
            }
            Self::TempTokenScheme => {
                (Deployment, "takes `Authorization: TempToken` with temporary tokens", "RFC 6750 §2.1")
            }
            Self::BasicPerson => {
                (Deployment, "takes a person's name and password with API calls", "RFC 9700 §2.4")
            }
            Self::BasicClient => {
                (Deployment, "takes a client's id and secret with API calls", "RFC 6749 §1.4")
            }
            Self::QueryToken => (Deployment, "takes `?access_token=` with API calls", "RFC 9700 §4.3.2"),
            Self::QueryClient => {
                (Deployment, "takes `?client_id=&client_secret=` with API calls", "RFC 6749 §2.3.1")
            }
            Self::Guest => (Deployment, "lets API calls without credentials through", "RFC 6750 §3"),
            Self::UserExpire => {
                (Deployment, "lets `DELETE /user/expire` end temporary tokens", "RFC 7009 §2")
            }
            Self::UsergridRevoke => {
                (Deployment, "lets `PUT …/revoketokens` end a person's tokens", "RFC 7009 §2")
            }
        };
        About { holder, does, discouraged_by }
    }
}

/// A set of switches: those that a client has, or that a deployment permits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Switches(BTreeSet<Switch>);

impl Switches {
    /// Every switch that is turned on by `holder`.
    pub fn of(holder: Holder) -> Self {
        Switch::ALL.iter().copied().filter(|switch| switch.about().holder == holder).collect()
    }

    /// Whether `switch` is on.
    pub fn has(&self, switch: Switch) -> bool {
        self.0.contains(&switch)
    }

    /// Whether all are off.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are on, in the order of [`Switch::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Switch> {
        self.0.iter().copied()
    }

    /// Those that are on here and in `other`.
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

/// As `JETON_COMPAT` has them: with commas between them, or `none`.
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
        let words: Vec<_> = self.iter().map(Switch::as_str).collect();
        f.write_str(&words.join(","))
    }
}

/// A String Set in an item: left out if empty.
impl Serialize for Switches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<_> = self.iter().map(Switch::as_str).collect();
        serde_dynamo::string_set::serialize(&words, serializer)
    }
}

impl<'de> Deserialize<'de> for Switches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A switch that a later version knows is off in this one.
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
