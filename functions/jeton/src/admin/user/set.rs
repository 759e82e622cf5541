//! `jeton user set`, and the claims of a new user.

use std::collections::BTreeSet;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::json;
use shared::{
    openid::{Claim, Claims, InvalidClaim},
    secret::Id,
    users::User,
};

use super::import_claims::{NewClaims, present};
use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput},
    output::or_none,
};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("change").required(true).multiple(true).args(["claims", "verified", "unset"])))]
pub struct Set {
    /// The user's login name
    name: String,
    /// The claim and its value, such as `name="Ada Lovelace"`. A new `email` is not verified, and a
    /// `zoneinfo` is not looked up in the time zone database
    #[arg(value_name = "CLAIM=VALUE")]
    claims: Vec<String>,
    /// Record that the user receives mail at the address, so that applications may know the user by it
    #[arg(long, value_name = "CLAIM")]
    verified: Option<Verifiable>,
    /// Remove a claim; may be repeated
    #[arg(long, value_name = "CLAIM")]
    unset: Vec<String>,
    /// Set the e-mail address even if another user has it
    #[arg(long)]
    shared_email: bool,
}

/// A claim that an administrator may have verified.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verifiable {
    Email,
}

/// The options that give a new user claims.
#[derive(Debug, Args)]
pub(super) struct ClaimOptions {
    /// The user's e-mail address, for clients that sign in with OpenID Connect
    #[arg(long)]
    email: Option<String>,
    /// Record that the user receives mail at the address
    #[arg(long, requires = "email")]
    verified_email: bool,
    /// The user's full name
    #[arg(long = "name", value_name = "NAME")]
    full_name: Option<String>,
    /// Take the e-mail address even if another user has it
    #[arg(long, requires = "email")]
    shared_email: bool,
}

impl ClaimOptions {
    /// Returns the claims of the new user `user`, called `username`. `None`: there are none.
    pub(super) async fn read(
        &self,
        admin: &Admin,
        user: Id,
        username: &str,
    ) -> Result<Option<Claims>, Error> {
        let values = [(Claim::Name, self.full_name.as_deref()), (Claim::Email, self.email.as_deref())];
        let email_verified = self.verified_email;
        let claims = NewClaims { values: present(values), email_verified, updated_at: None };
        let claims = claims.of(user, username, admin.app.clock.now())?;
        if let Some(claims) = claims.as_ref().filter(|_| !self.shared_email) {
            check_email_is_free(admin, claims, user).await?;
        }
        Ok(claims)
    }
}

impl Set {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let user = admin.user(&self.name).await?;
        let read = admin.app.claims.find(user.sub).await?;
        let mut claims = read.clone();
        let names = self.change(&mut claims)?;
        claims.check_size(user.username.as_str())?;
        if !self.shared_email && claims.get(Claim::Email) != read.get(Claim::Email) {
            check_email_is_free(admin, &claims, user.sub).await?;
        }
        if claims != read {
            claims.updated_at = Some(admin.app.clock.now());
            admin.app.users.set_claims(&user, &read, &claims).await?;
            admin.audit_claims(user.sub, &names);
        }
        let json = json!({ "sub": user.sub, "username": user.username, "claims": claims.all() });
        let listed = or_none(claims.names().join(", "));
        let text = format!("The claims of {} are now: {listed}.", user.username);
        admin.print(&json, &with_hint(text, &user, &claims))
    }

    /// Makes the change to `claims`, and returns the names of the claims in it.
    fn change(&self, claims: &mut Claims) -> Result<Vec<&'static str>, Error> {
        let mut names = BTreeSet::new();
        let mut once = |claim: Claim| {
            if names.insert(claim.as_str()) { Ok(()) } else { Err(InvalidInput::ClaimTwice(claim.as_str())) }
        };
        for assignment in &self.claims {
            let (name, value) = assignment.split_once('=').ok_or(InvalidInput::NoClaimValue)?;
            let claim = named(name)?;
            once(claim)?;
            if value.is_empty() {
                return Err(InvalidInput::EmptyClaim(claim.as_str()).into());
            }
            claims.set(claim, value)?;
        }
        for name in &self.unset {
            let claim = named(name)?;
            once(claim)?;
            claims.unset(claim);
        }
        if let Some(Verifiable::Email) = self.verified {
            claims.verify_email()?;
            names.insert("email_verified");
        }
        Ok(names.into_iter().collect())
    }
}

/// Returns the claim called `name`. Only a text that looks like a name is quoted: another may be a value.
fn named(name: &str) -> Result<Claim, InvalidInput> {
    let is_name =
        (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    Claim::named(name).map_err(|error| match error {
        InvalidClaim::Unknown if is_name => InvalidInput::UnknownClaim(name.to_owned()),
        error => error.into(),
    })
}

/// Checks that no user but `user` has the e-mail address. It is advice, and no reservation: an address does not identify a
/// user.
async fn check_email_is_free(admin: &Admin, claims: &Claims, user: Id) -> Result<(), Error> {
    let Some(email) = claims.get(Claim::Email) else { return Ok(()) };
    match admin.app.users.user_with_email(email, user).await? {
        Some(other) => Err(InvalidInput::EmailInUse(other).into()),
        None => Ok(()),
    }
}

/// Returns `text`, with how an e-mail address becomes a verified one if `user` has one that is not.
pub(super) fn with_hint(text: String, user: &User, claims: &Claims) -> String {
    if claims.get(Claim::Email).is_none() || claims.has_verified_email() {
        return text;
    }
    format!(
        "{text}\nThe e-mail address is not verified: Kubernetes, oauth2-proxy and other applications refuse it. \
         Once you know that {name} receives mail there, run `jeton user set {name} --verified email`.",
        name = user.username,
    )
}
