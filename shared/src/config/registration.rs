//! Dynamic client registration (RFC 7591).

use std::{collections::BTreeSet, str::FromStr};

use strum::{Display, EnumString, VariantArray};

use super::{InvalidVariable, Variables};

/// The settings of dynamic client registration.
#[derive(Clone, Debug)]
pub struct DynamicRegistration {
    /// `JETON_REGISTRATION`: `off`, the default, or `open`.
    pub mode: RegistrationMode,
    /// `JETON_REGISTRATION_SCHEMES`, else `cursor vscode vscode-insiders`: the private-use schemes without a dot,
    /// separated by spaces, that the redirect URI of a self-registered client may have.
    pub schemes: Schemes,
    /// `JETON_REGISTRATIONS_PER_ADDRESS`, 1 to 1,000,000, else 200: how many clients may register from one address
    /// within an hour. The users of one service share its addresses.
    pub per_address: u64,
    /// `JETON_REGISTRATIONS`, 1 to 1,000,000, else 5,000: how many clients may register within an hour.
    pub in_all: u64,
}

/// The way in which clients may register themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum RegistrationMode {
    /// Only administrators and developers register clients.
    Off,
    /// Any program may register itself (RFC 7591 §3).
    Open,
}

/// Private-use schemes of redirect URIs (RFC 8252 §7.1) that an administrator permits although they have no dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schemes(BTreeSet<String>);

/// Error for text that is not a list of schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "at most 20 schemes with spaces between them, each of 2 to 32 lower-case letters, digits, dots, dashes and plus signs, \
     and none that browsers know"
)]
pub struct InvalidSchemes;

/// Schemes that lead to a web page, a script or a file, not to an application.
const KNOWN_TO_BROWSERS: [&str; 14] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "javascript",
    "mailto",
    "vbscript",
    "ws",
    "wss",
];

impl Schemes {
    /// The most schemes.
    const MOST: usize = 20;

    pub fn has(&self, scheme: &str) -> bool {
        self.0.contains(scheme)
    }
}

impl Default for Schemes {
    fn default() -> Self {
        Self(["cursor", "vscode", "vscode-insiders"].map(str::to_owned).into())
    }
}

impl FromStr for Schemes {
    type Err = InvalidSchemes;

    fn from_str(text: &str) -> Result<Self, InvalidSchemes> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-+".contains(&byte);
        let is_scheme = |text: &&str| {
            (2..=32).contains(&text.len())
                && text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(allowed)
                && !KNOWN_TO_BROWSERS.contains(text)
        };
        let schemes: Vec<_> = text.split(' ').collect();
        if schemes.len() > Self::MOST || !schemes.iter().all(is_scheme) {
            return Err(InvalidSchemes);
        }
        Ok(Self(schemes.into_iter().map(str::to_owned).collect()))
    }
}

impl DynamicRegistration {
    pub(super) fn read(
        variables: &Variables<impl Fn(&str) -> Option<String>>,
    ) -> Result<Self, InvalidVariable> {
        Ok(Self {
            mode: variables.parsed("JETON_REGISTRATION", "off or open")?.unwrap_or(RegistrationMode::Off),
            schemes: variables.parsed("JETON_REGISTRATION_SCHEMES", InvalidSchemes)?.unwrap_or_default(),
            per_address: variables.number("JETON_REGISTRATIONS_PER_ADDRESS", 1..=1_000_000, 200)?,
            in_all: variables.number("JETON_REGISTRATIONS", 1..=1_000_000, 5_000)?,
        })
    }

    /// Returns whether a program may register itself.
    pub fn is_open(&self) -> bool {
        self.mode == RegistrationMode::Open
    }
}
