//! `jeton user set`, and the claims of a new user.

use std::collections::BTreeSet;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::json;
use shared::{
    openid::{Claim, Claims},
    secret::Id,
    users::User,
};

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
    /// The claim and its value, such as `name="Ada Lovelace"`. A new `email` is not verified
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

/// The claims of a new user.
#[derive(Debug, Args)]
pub(super) struct NewClaims {
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

impl NewClaims {
    /// Returns the claims of the new user `user`, called `username`. `None`: there are none.
    pub(super) async fn read(
        &self,
        admin: &Admin,
        user: Id,
        username: &str,
    ) -> Result<Option<Claims>, Error> {
        let mut claims = Claims::none(user);
        if let Some(name) = &self.full_name {
            claims.set(Claim::Name, name)?;
        }
        if let Some(email) = &self.email {
            claims.set(Claim::Email, email)?;
        }
        if self.verified_email {
            claims.verify_email()?;
        }
        claims.check_size(username)?;
        if claims.is_empty() {
            return Ok(None);
        }
        if !self.shared_email {
            check_email_is_free(admin, &claims, user).await?;
        }
        claims.updated_at = Some(admin.app.clock.now());
        Ok(Some(claims))
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
        admin.print(&json, &[text].into_iter().chain(hint(&user, &claims)).collect::<Vec<_>>().join("\n"))
    }

    /// Makes the change to `claims`, and returns the names of the claims in it.
    fn change(&self, claims: &mut Claims) -> Result<Vec<&'static str>, Error> {
        let mut names = BTreeSet::new();
        let mut once = |claim: Claim| {
            if names.insert(claim.as_str()) { Ok(()) } else { Err(InvalidInput::ClaimTwice(claim.as_str())) }
        };
        for assignment in &self.claims {
            let (name, value) = assignment.split_once('=').ok_or(InvalidInput::NoClaimValue)?;
            let claim = Claim::named(name)?;
            once(claim)?;
            claims.set(claim, value)?;
        }
        for name in &self.unset {
            let claim = Claim::named(name)?;
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

/// Checks that no user but `user` has the e-mail address. It is advice, and no reservation: an address identifies nobody.
async fn check_email_is_free(admin: &Admin, claims: &Claims, user: Id) -> Result<(), Error> {
    let Some(email) = claims.get(Claim::Email) else { return Ok(()) };
    match admin.app.users.user_with_email(email, user).await? {
        Some(other) => Err(InvalidInput::EmailInUse(other).into()),
        None => Ok(()),
    }
}

/// Returns how an e-mail address becomes a verified one, if `user` has one that is not.
pub(super) fn hint(user: &User, claims: &Claims) -> Option<String> {
    let is_unverified = claims.get(Claim::Email).is_some() && !claims.has_verified_email();
    is_unverified.then(|| {
        format!(
            "The e-mail address is not verified: Kubernetes, oauth2-proxy and other applications refuse it. \
             Once you know that {} receives mail there, run `jeton user set {} --verified email`.",
            user.username, user.username,
        )
    })
}
