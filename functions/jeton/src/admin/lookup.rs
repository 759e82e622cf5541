//! The clients, users and grants that commands name.

use shared::{
    clients::Client,
    grants::Grant,
    oauth::ClientId,
    secret::Id,
    status::{Role, Status},
    users::{User, UserName},
};

use super::{
    connection::Admin,
    error::{Error, InvalidInput, NotFound},
};

impl Admin {
    /// Returns the client and its status.
    pub(super) async fn client(&self, id: &ClientId) -> Result<(Client, Status), Error> {
        let found = self.app.clients.read(id).await?;
        found.ok_or_else(|| NotFound::Client(id.clone()).into())
    }

    /// Returns the user with this login name.
    pub(super) async fn user(&self, name: &str) -> Result<User, Error> {
        self.user_and_status(name).await.map(|(user, _)| user)
    }

    /// Returns the user with this login name, and their status.
    pub(super) async fn user_and_status(&self, name: &str) -> Result<(User, Status), Error> {
        let name: UserName = name.parse()?;
        let found = self.app.users.read_by_name(&name).await?;
        found.ok_or_else(|| NotFound::User(name).into())
    }

    /// Returns the `sub` of the developer with this login name.
    pub(super) async fn developer(&self, name: &str) -> Result<Id, Error> {
        let (user, status) = self.user_and_status(name).await?;
        if status.has(&Role::developer()) {
            Ok(user.sub)
        } else {
            Err(InvalidInput::NotADeveloper(user.username).into())
        }
    }

    pub(super) async fn grant(&self, id: Id) -> Result<Grant, Error> {
        let found = self.app.grants.find(id).await?;
        found.ok_or_else(|| NotFound::Grant(id).into())
    }
}
