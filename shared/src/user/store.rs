//! People in the users table.

use std::collections::HashMap;

use super::{Name, PasswordHash, User, UserName};
use crate::{
    role::Role,
    secret::Id,
    status::Status,
    table::{self, Table, Update, Written},
    time::Timestamp,
};

/// Reads people for whoever signs them in; writes them for administration.
#[derive(Debug)]
pub struct Store(Table);

/// A change that was not made.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    /// There is no such person.
    #[error("there is no person with sub {0}")]
    Unknown(Id),
    /// Somebody has the name already, perhaps in another spelling.
    #[error("there is a person called {0} already")]
    Exists(UserName),
    /// They have as many roles as one may have.
    #[error("person {0} has as many roles as one may have: remove one first")]
    TooManyRoles(Id),
    /// Somebody else changed them at the same time.
    #[error("{0} was changed by somebody else at the same time; look, and try again")]
    Raced(UserName),
    /// The table did not answer.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Store {
    /// People in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// The table the people are in.
    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// The person who signs in as `name`, in whatever spelling. Whether they are in good standing is their status's
    /// to say.
    pub async fn find_by_name(&self, name: &UserName) -> Result<Option<User>, table::Error> {
        match self.0.get::<Name>(&Name::key(name)).await? {
            Some(owned) => self.0.get(&User::key(owned.sub)).await,
            // Looking for nobody takes as long: time must not tell which names there are.
            None => self.0.get::<User>(&User::key(Id::random())).await.map(|_| None),
        }
    }

    /// Whose name `name` is, in whatever spelling. Nothing else about them is read.
    pub async fn sub_of(&self, name: &UserName) -> Result<Option<Id>, table::Error> {
        Ok(self.0.get::<Name>(&Name::key(name)).await?.map(|owned| owned.sub))
    }

    /// The person called `sub`, and their status.
    pub async fn read(&self, sub: Id) -> Result<Option<(User, Status)>, table::Error> {
        let keys = [(&self.0, User::key(sub)), (&self.0, Status::key(sub))];
        let mut items = table::get_all(&keys).await?.into_iter();
        let user: Option<User> = table::read(items.next().flatten())?;
        let status: Option<Status> = table::read(items.next().flatten())?;
        Ok(user.zip(status))
    }

    /// Everybody, with their status, in no particular order. It goes through the whole table: for administration.
    pub async fn list(&self) -> Result<Vec<(User, Status)>, table::Error> {
        let (mut users, mut statuses) = (Vec::new(), HashMap::new());
        for item in self.0.all().await? {
            match table::kind(&item) {
                Some("user") => users.extend(table::read::<User>(Some(item))?),
                Some("status") => {
                    let status: Option<Status> = table::read(Some(item))?;
                    statuses.extend(status.map(|status| (status.key.clone(), status)));
                }
                _ => {}
            }
        }
        let with_status = |user: User| statuses.remove(&Status::key(user.sub)).map(|status| (user, status));
        Ok(users.into_iter().filter_map(with_status).collect())
    }

    /// Keeps a new person.
    pub async fn create(&self, user: &User) -> Result<(), Unchanged> {
        let status = Status::new(user.sub, user.username.as_str());
        let items = [table::item(user)?, table::item(&Name::of(user))?, table::item(&status)?];
        match table::insert_all(&self.0, items).await? {
            Written::Done(()) => Ok(()),
            Written::Refused(_) => Err(Unchanged::Exists(user.username.clone())),
        }
    }

    /// Gives `user`, as they were read, another password.
    pub async fn set_password(&self, user: &User, new: &PasswordHash) -> Result<(), Unchanged> {
        let update = Update::when("#password = :old", "SET #password = :new")
            .value("old", &user.password)?
            .value("new", new)?;
        match self.0.change::<User>(&User::key(user.sub), update).await? {
            Written::Done(()) => Ok(()),
            // The answer to the first attempt got lost, and the SDK's second met what the first had written: no
            // other hash has this salt.
            Written::Refused(Some(there)) if there.password == *new => Ok(()),
            Written::Refused(Some(_)) => Err(Unchanged::Raced(user.username.clone())),
            Written::Refused(None) => Err(Unchanged::Unknown(user.sub)),
        }
    }

    /// Disables the person, or enables them again: one write, felt at the next introspection.
    pub async fn set_disabled(&self, sub: Id, disabled: bool) -> Result<(), Unchanged> {
        let update = Update::always("SET #disabled = :disabled").value("disabled", &disabled)?;
        match self.0.update::<Status>(&Status::key(sub), update).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Gives the person `role`: one write. Whoever has it already keeps it.
    pub async fn grant_role(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let room = "(attribute_not_exists(#roles) OR size(#roles) < :most OR contains(#roles, :one))";
        let update = Update::when(room, "ADD #roles :role")
            .value("most", &Role::MOST)?
            .value("one", role)?
            .strings("role", [role.as_str()]);
        match self.0.update::<Status>(&Status::key(sub), update).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(Some(_)) => Err(Unchanged::TooManyRoles(sub)),
            Written::Refused(None) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Takes `role` from the person: one write, felt at the next introspection by what rests on it.
    pub async fn remove_role(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let update = Update::always("DELETE #roles :role").strings("role", [role.as_str()]);
        match self.0.update::<Status>(&Status::key(sub), update).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Ends whatever the person agreed to until `now`, and signs them out: one write, felt at the next introspection.
    pub async fn end_everything(&self, sub: Id, now: Timestamp) -> Result<(), Unchanged> {
        let ended = Status::end_everything(&self.0, sub, now).await?;
        ended.ok_or(Unchanged::Unknown(sub))
    }

    /// Signs the person out of every browser: one write, felt at the next page. What they agreed to goes on. Somebody
    /// who was deleted is signed out already.
    pub async fn sign_out_everywhere(&self, sub: Id, now: Timestamp) -> Result<(), table::Error> {
        Status::sign_out_everywhere(&self.0, sub, now).await.map(drop)
    }

    /// Deletes the person. Without their status, whatever they agreed to is dead; their name is free again, their
    /// `sub` never is.
    pub async fn delete(&self, sub: Id) -> Result<(), Unchanged> {
        let user: User = self.0.get(&User::key(sub)).await?.ok_or(Unchanged::Unknown(sub))?;
        let keys = [User::key(sub), Name::key(&user.username), Status::key(sub)];
        match table::delete_all(&self.0, keys).await? {
            Written::Done(()) => Ok(()),
            Written::Refused(_) => Err(Unchanged::Unknown(sub)),
        }
    }
}
