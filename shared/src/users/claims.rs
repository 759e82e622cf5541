//! Users' claims (OpenID Connect Core §5.1), as administrators write them.

use super::{Store, Unchanged, User};
use crate::{
    dynamodb::{self, Outcome, Transaction, Update},
    openid::{Claim, Claims},
    secret::Id,
    status::{NOT_DELETED, Role, Status},
};

/// The number of attempts of a change that other administrators' changes overtake.
const ATTEMPTS: usize = 4;

impl Store {
    /// Changes the claims of `user`, as they were read, to `changed`, in one transaction with a check that the user exists.
    /// Attributes of later versions stay.
    pub async fn set_claims(&self, user: &User, read: &Claims, changed: &Claims) -> Result<(), Unchanged> {
        let key = Claims::key(user.sub);
        let stored = dynamodb::get_all(&[(self.table(), key.clone())]).await?.pop().flatten();
        let there = dynamodb::read::<Claims>(stored.clone())?.unwrap_or_else(|| Claims::none(user.sub));
        if there != *read {
            return Err(Unchanged::Raced(user.username.clone()));
        }
        if read == changed {
            return Ok(());
        }
        let all = Transaction::on(self.table()).require(&User::key(user.sub))?;
        let (old, new) = (dynamodb::item(read)?, dynamodb::item(changed)?);
        let all = match stored {
            Some(stored) => all.update(&key, Update::exchange(&stored, &old, &new))?,
            None => all.insert(new)?,
        };
        if let Outcome::Applied(()) = all.commit().await? {
            return Ok(());
        }
        if self.read(user.sub).await?.is_none() {
            return Err(Unchanged::Unknown(user.sub));
        }
        // The response to the first attempt may be lost: the second finds that change.
        let there: Option<Claims> = self.table().get(&key).await?;
        let is_done = there.unwrap_or_else(|| Claims::none(user.sub)) == *changed;
        if is_done { Ok(()) } else { Err(Unchanged::Raced(user.username.clone())) }
    }

    /// Returns a user other than `except` with this e-mail address, in any case of its letters. It scans the table, and
    /// reserves nothing: two writers may still give one address to two users.
    pub async fn user_with_email(&self, email: &str, except: Id) -> Result<Option<Id>, dynamodb::Error> {
        let wanted = email.to_lowercase();
        let mut after = None;
        loop {
            let (items, next) = self.table().page("claims", after).await?;
            for item in items {
                let Some(claims) = dynamodb::read::<Claims>(Some(item))? else { continue };
                let has_it = claims.get(Claim::Email).is_some_and(|email| email.to_lowercase() == wanted);
                if let Some(other) = claims.user().filter(|user| has_it && *user != except) {
                    return Ok(Some(other));
                }
            }
            if next.is_none() {
                return Ok(None);
            }
            after = next;
        }
    }

    /// Gives the user `role` like [`Store::grant_role`], if an ID token has room for all of the user's roles as `groups`. It
    /// is made only to the roles that were read, so two such writes cannot exceed the room together.
    pub async fn grant_group(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let key = Status::key(sub);
        for _ in 0..ATTEMPTS {
            let status: Option<Status> = self.table().get(&key).await?;
            let status = status.filter(|status| !status.deleted).ok_or(Unchanged::Unknown(sub))?;
            if status.has(role) {
                return Ok(());
            }
            if status.roles.len() == Role::MOST {
                return Err(Unchanged::TooManyRoles(sub));
            }
            if !Claims::has_room_for(status.roles.iter().chain([role])) {
                return Err(Unchanged::GroupsTooLarge(sub));
            }
            let same =
                if status.roles.is_empty() { "attribute_not_exists(#roles)" } else { "#roles = :read" };
            let condition = format!("{NOT_DELETED} AND {same}");
            let mut update =
                Update::when::<Status>(&condition, "ADD #roles :role").strings("role", [role.as_str()]);
            if !status.roles.is_empty() {
                update = update.strings("read", status.roles.iter().map(Role::as_str));
            }
            if let Outcome::Applied(_) = self.table().update::<Status>(&key, update).await? {
                return Ok(());
            }
        }
        Err(dynamodb::Error::Conflict("a user's roles: other commands kept changing them").into())
    }
}
