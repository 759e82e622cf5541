//! One line of an import: a user, as Jeton, Django or Amazon Cognito exports it.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::{
    openid::InvalidClaim,
    secret::Id,
    status::Role,
    time::Timestamp,
    users::{Import, PasswordHash, User, UserName},
};
use uuid::Uuid;

use super::{
    import_claims::NewClaims,
    import_error::BadLine,
    import_value::{Object, flag, is_true, kind, optional_text, text, time},
};

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
    pub(super) claims: NewClaims,
}

impl Line {
    /// The most bytes in a line.
    pub(super) const MOST_BYTES: usize = 64 * 1_024;
    /// The names in a line of Jeton's own.
    const NAMES: [&str; 7] = ["username", "sub", "password", "disabled", "roles", "created_at", "claims"];

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

    /// Returns the user to import at `now`.
    pub(super) fn import(&self, now: Timestamp) -> Result<Import, InvalidClaim> {
        let sub = self.sub.unwrap_or_else(Id::random);
        let created_at = self.created_at.unwrap_or(now);
        Ok(Import {
            user: User::new(sub, self.username.clone(), self.password.clone(), created_at),
            disabled: self.disabled,
            roles: self.roles.clone(),
            claims: self.claims.of(sub, self.username.as_str(), now)?,
        })
    }

    /// Parses a user of `jeton user export`. An unknown name may be a misspelt one.
    fn own(object: &Object) -> Result<Self, BadLine> {
        if !object.keys().all(|name| Self::NAMES.contains(&name.as_str())) {
            return Err(BadLine::Unknown(&Self::NAMES));
        }
        let password = optional_text(object, "password")?;
        Ok(Self {
            username: text(object, "username")?.parse()?,
            sub: optional_text(object, "sub")?.map(|text| id("sub", text)).transpose()?,
            password: password.map_or_else(|| Ok(PasswordHash::of_no_password()), str::parse)?,
            disabled: flag(object, "disabled")?.unwrap_or(false),
            roles: roles(object)?,
            created_at: time(object, "created_at")?,
            claims: NewClaims::own(object)?,
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
            claims: NewClaims::django(fields)?,
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
            claims: NewClaims::cognito(attributes)?,
        })
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
