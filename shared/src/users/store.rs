//! Users in the users table.

use std::collections::HashMap;

use super::{PasswordHash, User, UserName, user::Name};
use crate::{
    dynamodb::{self, Outcome, Table, Transaction, Update},
    openid::Claims,
    secret::Id,
    status::{Ending, NOT_DELETED, Role, Status},
    time::Timestamp,
};

/// The users in the users table: read for a sign-in, written by an administrator.
#[derive(Debug)]
pub struct Store(Table);

/// The reason why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    #[error("there is no user with sub {0}")]
    Unknown(Id),
    /// Another user has the name, perhaps in another spelling.
    #[error("there is a user called {0} already")]
    Exists(UserName),
    /// The user has [`Role::MOST`] roles.
    #[error("user {0} has as many roles as one may have: remove one first")]
    TooManyRoles(Id),
    /// The user's roles would have more than [`Claims::MOST_GROUPS`] bytes.
    #[error(
        "the roles of user {0} would have more than {most} bytes, which an ID token has no room for: remove one first",
        most = Claims::MOST_GROUPS
    )]
    GroupsTooLarge(Id),
    /// Another request changed the user at the same time.
    #[error("user {0} was changed by another command at the same time; check the user and try again")]
    Raced(UserName),
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// Reads the user with this `name`, in any spelling. The user's status, which says whether the user is in good
    /// standing, is not read.
    pub async fn find_by_name(&self, name: &UserName) -> Result<Option<User>, dynamodb::Error> {
        match self.0.get::<Name>(&Name::key(name)).await? {
            Some(reserved) => self.0.get(&User::key(reserved.sub)).await,
            // An unknown name must take as long: time must not reveal which names exist.
            None => self.0.get::<User>(&User::key(Id::random())).await.map(|_| None),
        }
    }

    /// Reads the `sub` of the user with this `name`, in any spelling, and nothing else of the user.
    pub async fn sub_of(&self, name: &UserName) -> Result<Option<Id>, dynamodb::Error> {
        Ok(self.0.get::<Name>(&Name::key(name)).await?.map(|reserved| reserved.sub))
    }

    /// Reads the user with this `sub`, and the user's status.
    pub async fn read(&self, sub: Id) -> Result<Option<(User, Status)>, dynamodb::Error> {
        let keys = [(&self.0, User::key(sub)), (&self.0, Status::key(sub))];
        let mut items = dynamodb::get_all(&keys).await?.into_iter();
        let user: Option<User> = dynamodb::read(items.next().flatten())?;
        let status = Status::read(items.next().flatten())?;
        Ok(user.zip(status))
    }

    /// Reads the user with this `name`, in any spelling, and the user's status.
    pub async fn read_by_name(&self, name: &UserName) -> Result<Option<(User, Status)>, dynamodb::Error> {
        match self.sub_of(name).await? {
            Some(sub) => self.read(sub).await,
            None => Ok(None),
        }
    }

    /// Reads all users with their statuses, in no particular order. It scans the table: for administration.
    pub async fn list(&self) -> Result<Vec<(User, Status)>, dynamodb::Error> {
        let (mut users, mut statuses) = (Vec::new(), HashMap::new());
        for item in self.0.all().await? {
            match dynamodb::kind(&item) {
                Some("user") => users.extend(dynamodb::read::<User>(Some(item))?),
                Some("status") => {
                    let status = Status::read(Some(item))?;
                    statuses.extend(status.map(|status| (status.key.clone(), status)));
                }
                _ => {}
            }
        }
        let with_status = |user: User| statuses.remove(&Status::key(user.sub)).map(|status| (user, status));
        Ok(users.into_iter().filter_map(with_status).collect())
    }

    /// Creates a user. The name of a deleted user, which a restored backup may have brought back, is free.
    pub async fn create(&self, user: &User) -> Result<(), Unchanged> {
        self.create_with_claims(user, None).await
    }

    /// Creates a user with these claims.
    pub async fn create_with_claims(&self, user: &User, claims: Option<&Claims>) -> Result<(), Unchanged> {
        self.create_with(user, &Status::new(user.sub, user.username.as_str()), claims).await
    }

    /// Creates a user with this status and these claims.
    pub(super) async fn create_with(
        &self,
        user: &User,
        status: &Status,
        claims: Option<&Claims>,
    ) -> Result<(), Unchanged> {
        let claims = claims.map(dynamodb::item).transpose()?;
        let items = [dynamodb::item(user)?, dynamodb::item(status)?, dynamodb::item(&Name::of(user))?];
        let items = items.into_iter().chain(claims.clone());
        if let Outcome::Applied(()) = dynamodb::insert_all(&self.0, items).await? {
            return Ok(());
        }
        let taken = || Unchanged::Exists(user.username.clone());
        let owner = self.sub_of(&user.username).await?.ok_or_else(taken)?;
        let owner_status: Option<Status> = self.0.get(&Status::key(owner)).await?;
        if !owner_status.is_some_and(|status| status.deleted) {
            return Err(taken());
        }
        let rename = Update::when::<Name>("#sub = :deleted", "SET #sub = :sub");
        let rename = rename.value("deleted", &owner)?.value("sub", &user.sub)?;
        let mut all = Transaction::on(&self.0)
            .insert(dynamodb::item(user)?)?
            .insert(dynamodb::item(status)?)?
            .update(&Name::key(&user.username), rename)?
            .delete_any(&Claims::key(owner))?;
        if let Some(claims) = claims {
            all = all.insert(claims)?;
        }
        if self.0.get::<User>(&User::key(owner)).await?.is_some() {
            all = all.delete(&User::key(owner))?;
        }
        match all.commit().await? {
            Outcome::Applied(()) => Ok(()),
            Outcome::ConditionFailed(_) => Err(taken()),
        }
    }

    /// Replaces the hash of the user's password by another hash of the same password, if the stored one is still that
    /// of `user`. It ends nothing.
    pub async fn replace_hash(&self, user: &User, new: &PasswordHash) -> Result<(), Unchanged> {
        let update = Update::when::<User>("#password = :old", "SET #password = :new")
            .value("old", &user.password)?
            .value("new", new)?;
        match self.0.change::<User>(&User::key(user.sub), update).await? {
            Outcome::Applied(()) => Ok(()),
            // The response to the first attempt was lost, and the SDK's retry found the new hash: no other hash has
            // this salt.
            Outcome::ConditionFailed(Some(stored)) if stored.password == *new => Ok(()),
            Outcome::ConditionFailed(Some(_)) => Err(Unchanged::Raced(user.username.clone())),
            Outcome::ConditionFailed(None) => Err(Unchanged::Unknown(user.sub)),
        }
    }

    /// Sets another password if the stored one is still that of `user`, removes an outstanding
    /// [reset link](super::reset_link) and ends what `ending` names until `at`, in one transaction. Returns the end, which
    /// is later than `at` if a later one was stored.
    pub async fn set_password(
        &self,
        user: &User,
        new: &PasswordHash,
        ending: Ending,
        mut at: Timestamp,
    ) -> Result<Timestamp, Unchanged> {
        loop {
            let password =
                Update::when::<User>("#password = :old", "SET #password = :new REMOVE #reset_link");
            let password = password.value("old", &user.password)?.value("new", new)?;
            let both = Transaction::on(&self.0)
                .update(&User::key(user.sub), password)?
                .update(&Status::key(user.sub), Status::ending(ending, at)?)?;
            if let Outcome::Applied(()) = both.commit().await? {
                return Ok(at);
            }
            let (stored, status) = self.read(user.sub).await?.ok_or(Unchanged::Unknown(user.sub))?;
            if stored.password == *new {
                return Ok(at); // A retry of this very write: no other hash has this salt.
            }
            match status.later_end(ending, at) {
                Some(later) if stored.password == user.password => at = later,
                Some(_) | None => return Err(Unchanged::Raced(user.username.clone())),
            }
        }
    }

    /// Disables the user and ends everything of the user until `at` (see [`Status::not_before`]): one write, which takes
    /// effect at the next introspection.
    pub async fn disable(&self, sub: Id, at: Timestamp) -> Result<(), Unchanged> {
        Status::disable(&self.0, sub, at).await?.ok_or(Unchanged::Unknown(sub))
    }

    /// Enables the user. What was ended stays ended.
    pub async fn enable(&self, sub: Id) -> Result<(), Unchanged> {
        Status::enable(&self.0, sub).await?.ok_or(Unchanged::Unknown(sub))
    }

    /// Gives the user `role`, unless the user has it: one write.
    pub async fn grant_role(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let room = "(attribute_not_exists(#roles) OR size(#roles) < :most OR contains(#roles, :one))";
        let update = Update::when::<Status>(&format!("{NOT_DELETED} AND {room}"), "ADD #roles :role")
            .value("most", &Role::MOST)?
            .value("one", role)?
            .strings("role", [role.as_str()]);
        match self.0.update::<Status>(&Status::key(sub), update).await? {
            Outcome::Applied(_) => Ok(()),
            Outcome::ConditionFailed(Some(status)) if !status.deleted => Err(Unchanged::TooManyRoles(sub)),
            Outcome::ConditionFailed(_) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Takes `role` from the user: one write, which takes effect at the next introspection.
    pub async fn remove_role(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let update = Status::change("DELETE #roles :role").strings("role", [role.as_str()]);
        match self.0.update::<Status>(&Status::key(sub), update).await? {
            Outcome::Applied(_) => Ok(()),
            Outcome::ConditionFailed(_) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Ends everything of the user until `now` (see [`Status::not_before`]): one write, which takes effect at the next
    /// introspection.
    pub async fn end_everything(&self, sub: Id, now: Timestamp) -> Result<(), Unchanged> {
        let ended = Status::end(&self.0, sub, Ending::Everything, now).await?;
        ended.ok_or(Unchanged::Unknown(sub))
    }

    /// Signs the user out of every browser: one write, which takes effect at the next page. Grants go on. A deleted user
    /// is signed out already.
    pub async fn sign_out_everywhere(&self, sub: Id, now: Timestamp) -> Result<(), dynamodb::Error> {
        Status::end(&self.0, sub, Ending::Sessions, now).await.map(drop)
    }

    /// Deletes the user and the user's claims: the status becomes a tombstone, and everything of the user is invalid. The
    /// name is free again, the `sub` is not.
    pub async fn delete(&self, sub: Id) -> Result<(), Unchanged> {
        let (user, _) = self.read(sub).await?.ok_or(Unchanged::Unknown(sub))?;
        let all = Transaction::on(&self.0)
            .delete(&User::key(sub))?
            .delete_any(&Claims::key(sub))?
            .delete_of::<Name>(&Name::key(&user.username), "sub", &sub)?
            .update(&Status::key(sub), Status::deletion()?)?;
        match all.commit().await? {
            Outcome::Applied(()) => Ok(()),
            Outcome::ConditionFailed(_) => Err(Unchanged::Unknown(sub)),
        }
    }
}
