//! One line of an import: a user, as Jeton, Django or Amazon Cognito exports it.
//!
//! # Design
//! Reasons never quote a value: any value of a bad line may be a hash.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Map, Value};
use shared::{
    secret::Id,
    status::Role,
    time::Timestamp,
    users::{InvalidUserName, PasswordHash, UserName, password::InvalidPasswordHash},
};
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known};
use uuid::Uuid;

use super::import_names::RefusedName;

type Object = Map<String, Value>;

/// The user in a line.
pub(super) struct Line {
    pub(super) username: UserName,
    /// `None`: the user gets a new one.
    pub(super) sub: Option<Id>,
    pub(super) password: PasswordHash,
    pub(super) disabled: bool,
    pub(super) roles: Vec<Role>,
    /// `None`: now.
    pub(super) created_at: Option<Timestamp>,
}

/// The reason why a line is not imported.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadLine {
    #[error("a line has at most {} bytes", Line::MOST_BYTES)]
    TooLong,
    #[error("not a JSON object: each line must be a whole one")]
    NotJson,
    #[error("`{0}` is missing")]
    Missing(String),
    /// A member, and the values that it may have.
    #[error("`{0}` must be {1}")]
    Kind(String, &'static str),
    /// The name is not quoted: it may be a secret, or control a terminal.
    #[error("a name is unknown; a line of Jeton has {}", Line::NAMES.join(", "))]
    Unknown,
    #[error(transparent)]
    UserName(#[from] InvalidUserName),
    #[error("the user name is a UUID: choose another attribute by --username-from, such as email")]
    UuidAsName,
    #[error("`{0}` is not verified, so it cannot become the user name")]
    Unverified(String),
    #[error("`password`: {0}. Leave it out to import the user without a password")]
    PasswordHash(#[from] InvalidPasswordHash),
    #[error("a user of a Jeton export has the user name in `username`: leave out --username-from")]
    OwnUserName,
    #[error("a user has at most {} roles", Role::MOST)]
    TooManyRoles,
    #[error(transparent)]
    RefusedName(#[from] RefusedName),
    #[error("another user has the sub {0}, or a deleted user had it")]
    SubTaken(Id),
    /// A resource server must not take a client for a user (RFC 9700 §4.15).
    #[error("the sub {0} is the id of a client")]
    SubOfClient(Id),
}

impl Line {
    /// The most bytes in a line.
    pub(super) const MOST_BYTES: usize = 64 * 1_024;
    /// The names in a line of Jeton's own.
    const NAMES: [&str; 6] = ["username", "sub", "password", "disabled", "roles", "created_at"];

    /// Parses a line. `username_from` is the attribute or field that becomes the user name, if it is not the usual one.
    pub(super) fn parse(text: &str, username_from: Option<&str>) -> Result<Self, BadLine> {
        let Ok(Value::Object(object)) = serde_json::from_str(text) else { return Err(BadLine::NotJson) };
        let has = |name: &&str| object.contains_key(*name);
        if let Some(fields) = object.get("fields") {
            // `manage.py dumpdata`
            return Self::django(
                fields.as_object().ok_or_else(|| kind("fields", "an object"))?,
                username_from,
            );
        }
        if has(&"Username") {
            return Self::cognito_user(&object, username_from);
        }
        if has(&"cognito:username") {
            return Self::cognito(&object, "cognito:username", username_from);
        }
        if ["is_active", "date_joined", "is_superuser"].iter().any(has) {
            return Self::django(&object, username_from);
        }
        if username_from.is_some() { Err(BadLine::OwnUserName) } else { Self::own(&object) }
    }

    /// Parses a user of `jeton user export`. An unknown name may be a misspelt one.
    fn own(object: &Object) -> Result<Self, BadLine> {
        if !object.keys().all(|name| Self::NAMES.contains(&name.as_str())) {
            return Err(BadLine::Unknown);
        }
        let password = optional_text(object, "password")?;
        Ok(Self {
            username: text(object, "username")?.parse()?,
            sub: optional_text(object, "sub")?.map(|text| id("sub", text)).transpose()?,
            password: password.map_or_else(|| Ok(PasswordHash::of_no_password()), str::parse)?,
            disabled: flag(object, "disabled")?.unwrap_or(false),
            roles: roles(object)?,
            created_at: time(object, "created_at")?,
        })
    }

    /// Parses the columns of Django's `auth_user`.
    fn django(fields: &Object, username_from: Option<&str>) -> Result<Self, BadLine> {
        let password = match text(fields, "password")? {
            // What Django calls an unusable password.
            unusable if unusable.is_empty() || unusable.starts_with('!') => PasswordHash::of_no_password(),
            hash => hash.parse()?,
        };
        Ok(Self {
            username: text(fields, username_from.unwrap_or("username"))?.parse()?,
            sub: None,
            password,
            disabled: !flag(fields, "is_active")?.unwrap_or(true),
            roles: Vec::new(),
            created_at: time(fields, "date_joined")?,
        })
    }

    /// Parses a user of Cognito's `list-users`, with its attributes as a list of names and values.
    fn cognito_user(object: &Object, username_from: Option<&str>) -> Result<Self, BadLine> {
        let malformed = || kind("Attributes", "a list of objects with `Name` and `Value`");
        let list = object.get("Attributes").and_then(Value::as_array).ok_or_else(malformed)?;
        let pair =
            |attribute: &Value| Some((attribute["Name"].as_str()?.to_owned(), attribute["Value"].clone()));
        let attributes = list.iter().map(|attribute| pair(attribute).ok_or_else(malformed));
        let mut attributes = attributes.collect::<Result<Object, _>>()?;
        attributes.insert("Username".to_owned(), object["Username"].clone());
        let line = Self::cognito(&attributes, "Username", username_from)?;
        Ok(Self {
            disabled: !flag(object, "Enabled")?.unwrap_or(true),
            created_at: time(object, "UserCreateDate")?,
            ..line
        })
    }

    /// Parses a user by Cognito's attributes. Cognito exports no passwords.
    fn cognito(attributes: &Object, name: &str, username_from: Option<&str>) -> Result<Self, BadLine> {
        let username = text(attributes, username_from.unwrap_or(name))?;
        match username_from {
            // An unverified address may belong to another user.
            Some(from @ ("email" | "phone_number"))
                if !is_true(attributes.get(&format!("{from}_verified"))) =>
            {
                return Err(BadLine::Unverified(from.to_owned()));
            }
            None if Uuid::try_parse(username).is_ok() => return Err(BadLine::UuidAsName),
            _ => {}
        }
        Ok(Self {
            username: username.parse()?,
            sub: optional_text(attributes, "sub")?.map(|text| id("sub", text)).transpose()?,
            password: PasswordHash::of_no_password(),
            disabled: false,
            roles: Vec::new(),
            created_at: None,
        })
    }
}

fn kind(name: &str, expected: &'static str) -> BadLine {
    BadLine::Kind(name.to_owned(), expected)
}

/// Returns the text at `name`; `None` if it is absent or null.
fn optional_text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, BadLine> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| kind(name, "a text")),
    }
}

fn text<'a>(object: &'a Object, name: &str) -> Result<&'a str, BadLine> {
    optional_text(object, name)?.ok_or_else(|| BadLine::Missing(name.to_owned()))
}

/// Returns the boolean at `name`. Some databases write 1 and 0.
fn flag(object: &Object, name: &str) -> Result<Option<bool>, BadLine> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(value) => match value.as_u64() {
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            _ => Err(kind(name, "true or false")),
        },
    }
}

/// Returns whether an attribute of Cognito is true. Most exports write it as a text.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Returns the id in `text`: in Jeton's own form, or a UUID with the same 128 bits.
fn id(name: &str, text: &str) -> Result<Id, BadLine> {
    let uuid = || Uuid::try_parse(text).map(|uuid| Id::from_bits(uuid.as_u128()));
    text.parse().or_else(|_| uuid()).map_err(|_| kind(name, "a UUID or a sub of Jeton"))
}

fn roles(object: &Object) -> Result<Vec<Role>, BadLine> {
    let malformed = || kind("roles", "a list of roles, each of 1 to 32 lower-case letters, digits or dashes");
    let list = match object.get("roles") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(malformed)?,
    };
    let role = |value: &Value| value.as_str()?.parse::<Role>().ok();
    let roles: Option<BTreeSet<_>> = list.iter().map(role).collect();
    let roles = roles.ok_or_else(malformed)?;
    if roles.len() > Role::MOST { Err(BadLine::TooManyRoles) } else { Ok(roles.into_iter().collect()) }
}

/// Returns the time at `name`: seconds since the Unix epoch, or ISO 8601; without an offset it is UTC.
fn time(object: &Object, name: &str) -> Result<Option<Timestamp>, BadLine> {
    let millis = match object.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => {
            let with_offset = || OffsetDateTime::parse(text, &well_known::Iso8601::PARSING).ok();
            // PostgreSQL and Python write a space between date and time.
            let iso = text.replacen(' ', "T", 1);
            let utc = || PrimitiveDateTime::parse(&iso, &well_known::Iso8601::PARSING).ok();
            let parsed =
                with_offset().or_else(|| OffsetDateTime::parse(&iso, &well_known::Iso8601::PARSING).ok());
            let parsed = parsed.or_else(|| utc().map(PrimitiveDateTime::assume_utc));
            parsed.and_then(|at| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok())
        }
        Some(value) => {
            let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            // Half a millisecond more: a fraction such as 0.005 is stored as a little less.
            seconds.and_then(|since| u64::try_from((since + Duration::from_micros(500)).as_millis()).ok())
        }
    };
    millis
        .map(|millis| Some(Timestamp::from_millis(millis)))
        .ok_or_else(|| kind(name, "seconds since 1970 or ISO 8601"))
}
