//! The claims in one line of an import (OpenID Connect Core §5.1).

use serde_json::Value;
use shared::{
    openid::{Claim, Claims, InvalidClaim},
    secret::Id,
    time::Timestamp,
};
use strum::VariantArray as _;

use super::{
    import_error::BadLine,
    import_value::{Object, flag, is_true, kind, optional_text, time},
};

/// The claims of the user in a line.
#[derive(Default)]
pub(super) struct NewClaims {
    pub(super) values: Vec<(Claim, String)>,
    pub(super) email_verified: bool,
    /// `None`: now.
    pub(super) updated_at: Option<Timestamp>,
}

impl NewClaims {
    /// Reads the member `claims` of a line of Jeton. An unknown name may be a misspelt one.
    pub(super) fn own(object: &Object) -> Result<Self, BadLine> {
        let claims = match object.get("claims") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(claims) => claims.as_object().ok_or_else(|| kind("claims", "an object"))?,
        };
        let mut values = Vec::new();
        for name in claims.keys().filter(|name| !["email_verified", "updated_at"].contains(&name.as_str())) {
            let claim = Claim::named(name)?;
            values.extend(optional_text(claims, name)?.map(|value| (claim, value.to_owned())));
        }
        Ok(Self {
            values,
            email_verified: flag(claims, "email_verified")?.unwrap_or(false),
            updated_at: time(claims, "updated_at")?,
        })
    }

    /// Reads the columns of Django's `auth_user`. Django does not record whether an address is verified.
    pub(super) fn django(fields: &Object) -> Result<Self, BadLine> {
        let (given, family) = (filled(fields, "first_name")?, filled(fields, "last_name")?);
        let names: Vec<_> = given.into_iter().chain(family).collect();
        let name = Some(names.join(" ")).filter(|name| !name.is_empty());
        let values = [
            (Claim::Name, name.as_deref()),
            (Claim::GivenName, given),
            (Claim::FamilyName, family),
            (Claim::Email, filled(fields, "email")?),
        ];
        Ok(Self { values: present(values), ..Self::default() })
    }

    /// Reads the attributes of a user of Cognito, whose names are those of the claims.
    pub(super) fn cognito(attributes: &Object) -> Result<Self, BadLine> {
        let value = |claim: &Claim| Ok((*claim, filled(attributes, claim.as_str())?));
        let values = Claim::VARIANTS.iter().map(value).collect::<Result<Vec<_>, BadLine>>()?;
        let email_verified = is_true(attributes.get("email_verified"));
        Ok(Self { values: present(values), email_verified, updated_at: None })
    }

    /// Returns the claims of the user `sub`, called `username`. `None`: there are none.
    pub(super) fn of(&self, sub: Id, username: &str, now: Timestamp) -> Result<Option<Claims>, InvalidClaim> {
        let mut claims = Claims::none(sub);
        for (claim, value) in &self.values {
            claims.set(*claim, value)?;
        }
        if claims.get(Claim::Email).is_some() && self.email_verified {
            claims.verify_email()?;
        }
        claims.check_size(username)?;
        let is_recorded = !claims.is_empty() || self.updated_at.is_some();
        claims.updated_at = Some(self.updated_at.unwrap_or(now));
        Ok(Some(claims).filter(|_| is_recorded))
    }
}

/// Returns the text at `name` without white space at its ends; `None` if it is absent, null or empty.
fn filled<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, BadLine> {
    Ok(optional_text(object, name)?.map(str::trim).filter(|text| !text.is_empty()))
}

/// Returns the claims that have a value.
pub(super) fn present<'a>(
    values: impl IntoIterator<Item = (Claim, Option<&'a str>)>,
) -> Vec<(Claim, String)> {
    values.into_iter().filter_map(|(claim, value)| Some((claim, value?.to_owned()))).collect()
}
