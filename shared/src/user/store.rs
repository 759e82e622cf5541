//! People in the users table.

use std::collections::HashMap;

use super::{Name, PasswordHash, User, UserName};
use crate::{
    role::Role,
    secret::Id,
    status::{LIVE, Status},
    table::{self, Table, Transaction, Update, Written},
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
        let status = Status::read(items.next().flatten())?;
        Ok(user.zip(status))
    }

    /// The user who signs in as `name`, in whatever spelling, and their status.
    pub async fn read_by_name(&self, name: &UserName) -> Result<Option<(User, Status)>, table::Error> {
        match self.sub_of(name).await? {
            Some(sub) => self.read(sub).await,
            None => Ok(None),
        }
    }

    /// Everybody, with their status, in no particular order. It goes through the whole table: for administration.
    pub async fn list(&self) -> Result<Vec<(User, Status)>, table::Error> {
        let (mut users, mut statuses) = (Vec::new(), HashMap::new());
        for item in self.0.all().await? {
            match table::kind(&item) {
                Some("user") => users.extend(table::read::<User>(Some(item))?),
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

    /// Creates a user. A name that a backup brought back of a user who was deleted is free.
    pub async fn create(&self, user: &User) -> Result<(), Unchanged> {
        let status = Status::new(user.sub, user.username.as_str());
        let items = [table::item(user)?, table::item(&status)?, table::item(&Name::of(user))?];
        if let Written::Done(()) = table::insert_all(&self.0, items).await? {
            return Ok(());
        }
        let taken = || Unchanged::Exists(user.username.clone());
        let owner = self.sub_of(&user.username).await?.ok_or_else(taken)?;
        let of_owner: Option<Status> = self.0.get(&Status::key(owner)).await?;
        if !of_owner.is_some_and(|status| status.deleted) {
            return Err(taken());
        }
        let rename = Update::when("#sub = :deleted", "SET #sub = :sub");
        let rename = rename.value("deleted", &owner)?.value("sub", &user.sub)?;
        let mut all = Transaction::on(&self.0)
            .insert(table::item(user)?)?
            .insert(table::item(&status)?)?
            .update(&Name::key(&user.username), rename)?;
        if self.0.get::<User>(&User::key(owner)).await?.is_some() {
            all = all.delete(&User::key(owner))?;
        }
        match all.commit().await? {
            Written::Done(()) => Ok(()),
            Written::Refused(_) => Err(taken()),
        }
    }

    /// Replaces the hash of the user's password, if it is still that of `user`, and ends nothing: for another hash of
    /// the same password.
    pub async fn replace_hash(&self, user: &User, new: &PasswordHash) -> Result<(), Unchanged> {
        match self.0.change::<User>(&User::key(user.sub), replacement(user, new)?).await? {
            Written::Done(()) => Ok(()),
            // The answer to the first attempt got lost, and the SDK's second met what the first had written: no
            // other hash has this salt.
            Written::Refused(Some(there)) if there.password == *new => Ok(()),
            Written::Refused(Some(_)) => Err(Unchanged::Raced(user.username.clone())),
            Written::Refused(None) => Err(Unchanged::Unknown(user.sub)),
        }
    }

    /// Gives `user`, as they were read, another password, and ends whatever they began or agreed to until `at`: both,
    /// or nothing.
    pub async fn set_password(
        &self,
        user: &User,
        new: &PasswordHash,
        mut at: Timestamp,
    ) -> Result<(), Unchanged> {
        loop {
            let both = Transaction::on(&self.0)
                .update(&User::key(user.sub), replacement(user, new)?)?
                .update(&Status::key(user.sub), Status::ending(at)?)?;
            if let Written::Done(()) = both.commit().await? {
                return Ok(());
            }
            let (there, status) = self.read(user.sub).await?.ok_or(Unchanged::Unknown(user.sub))?;
            match status.later_end(at) {
                // A retry of this very write: no other hash has this salt.
                _ if there.password == *new => return Ok(()),
                Some(later) if there.password == user.password => at = later,
                _ => return Err(Unchanged::Raced(user.username.clone())),
            }
        }
    }

    /// Disables the user and ends whatever they began or agreed to until `at`: one write, felt at the next
    /// introspection.
    pub async fn disable(&self, sub: Id, at: Timestamp) -> Result<(), Unchanged> {
        Status::disable(&self.0, sub, at).await?.ok_or(Unchanged::Unknown(sub))
    }

    /// Enables the user again. What was ended stays ended.
    pub async fn enable(&self, sub: Id) -> Result<(), Unchanged> {
        Status::enable(&self.0, sub).await?.ok_or(Unchanged::Unknown(sub))
    }

    /// Gives the person `role`: one write. Whoever has it already keeps it.
    pub async fn grant_role(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let room = "(attribute_not_exists(#roles) OR size(#roles) < :most OR contains(#roles, :one))";
        let update = Update::when(&format!("{LIVE} AND {room}"), "ADD #roles :role")
            .value("most", &Role::MOST)?
            .value("one", role)?
            .strings("role", [role.as_str()]);
        match self.0.update::<Status>(&Status::key(sub), update).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(Some(status)) if !status.deleted => Err(Unchanged::TooManyRoles(sub)),
            Written::Refused(_) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Takes `role` from the person: one write, felt at the next introspection by what rests on it.
    pub async fn remove_role(&self, sub: Id, role: &Role) -> Result<(), Unchanged> {
        let update = Status::change("DELETE #roles :role").strings("role", [role.as_str()]);
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

    /// Deletes the user: their status becomes a tombstone, and whatever they began or agreed to is dead. Their name is
    /// free again, their `sub` never is.
    pub async fn delete(&self, sub: Id) -> Result<(), Unchanged> {
        let (user, _) = self.read(sub).await?.ok_or(Unchanged::Unknown(sub))?;
        let all = Transaction::on(&self.0)
            .delete(&User::key(sub))?
            .delete_of(&Name::key(&user.username), "sub", &sub)?
            .update(&Status::key(sub), Status::deletion()?)?;
        match all.commit().await? {
            Written::Done(()) => Ok(()),
            Written::Refused(_) => Err(Unchanged::Unknown(sub)),
        }
    }
}

/// Makes `new` the hash of the password of `user`, as they were read.
fn replacement(user: &User, new: &PasswordHash) -> Result<Update, table::Error> {
    Update::when("#password = :old", "SET #password = :new").value("old", &user.password)?.value("new", new)
}
