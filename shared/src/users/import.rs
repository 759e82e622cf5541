//! Users from another system, or from an export.

use super::{Store, Unchanged, User, UserName, user::Name};
use crate::{
    dynamodb,
    openid::Claims,
    secret::Id,
    status::{Role, Status},
};

/// A user to import.
#[derive(Clone, Debug)]
pub struct Import {
    pub user: User,
    pub disabled: bool,
    pub roles: Vec<Role>,
    /// `None`: nothing is recorded about the user.
    pub claims: Option<Claims>,
}

/// Outcome of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The user is new, perhaps by an earlier attempt of the same write.
    Created,
    /// Another user has the name, with this `sub`. Nothing was changed.
    Existing(Id),
    /// Another user has the `sub`, or a deleted user had it. Nothing was changed.
    SubTaken,
}

impl Import {
    fn status(&self) -> Status {
        let user = &self.user;
        Status {
            disabled: self.disabled,
            roles: self.roles.clone(),
            ..Status::new(user.sub, user.username.as_str())
        }
    }
}

impl Store {
    /// Creates the user with its status and claims, in one transaction, unless the name or the `sub` is taken. So an import that
    /// was interrupted can be run again.
    pub async fn import(&self, import: &Import) -> Result<Imported, dynamodb::Error> {
        match self.create_with(&import.user, &import.status(), import.claims.as_ref()).await {
            Ok(()) => Ok(Imported::Created),
            Err(Unchanged::Table(error)) => Err(error),
            Err(_) => Ok(match self.sub_of(&import.user.username).await? {
                Some(owner) if owner == import.user.sub => Imported::Created,
                Some(owner) => Imported::Existing(owner),
                None => Imported::SubTaken,
            }),
        }
    }

    /// Reads the `sub` of each of the users with these `names`, at most [`dynamodb::MOST_AT_ONCE`], in that order.
    pub async fn subs_of(&self, names: &[&UserName]) -> Result<Vec<Option<Id>>, dynamodb::Error> {
        let keys: Vec<_> = names.iter().map(|name| (self.table(), Name::key(name))).collect();
        let reserved = dynamodb::get_all(&keys).await?.into_iter().map(dynamodb::read::<Name>);
        reserved.map(|name| Ok(name?.map(|name| name.sub))).collect()
    }
}
