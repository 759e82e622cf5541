//! `jeton user …`

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    role::Role,
    secret::Id,
    status::Status,
    time::Timestamp,
    user::{Unchanged, User, UserName, password},
};

use super::{
    Admin, Error,
    output::{columns, or_none, properties, utc},
    password::NewPassword,
    sweep::sweep,
};

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a person who may sign in
    Create(Named),
    /// List everybody
    List,
    /// Show a person
    Show {
        /// What they sign in as
        name: String,
    },
    /// Give a person another password: they are signed out everywhere, and every application that they authorized
    /// must ask them again
    SetPassword(Named),
    /// Sign a person out of every browser; what they authorized goes on
    SignOut {
        /// What they sign in as
        name: String,
    },
    /// Give a person a role: `developer` makes clients of their own
    GrantRole(RoleOf),
    /// Take a role from a person; what rests on it stops working at the next call
    RemoveRole(RoleOf),
    /// Disable a user: they cannot sign in, and everything that they began or authorized is ended
    Disable {
        /// What they sign in as
        name: String,
    },
    /// Enable a user again: they may sign in; what was ended stays ended
    Enable {
        /// What they sign in as
        name: String,
    },
    /// Delete a person; whatever they authorized is dead, and their name is free
    Delete {
        /// What they sign in as
        name: String,
    },
}

/// A person, and a password for them.
#[derive(Debug, Args)]
pub struct Named {
    /// What they sign in as: 1 to 64 bytes, the same in upper and lower case
    name: String,
    #[command(flatten)]
    password: NewPassword,
}

/// A person, and a role.
#[derive(Debug, Args)]
pub struct RoleOf {
    /// What they sign in as
    name: String,
    /// The role: 1 to 32 lower-case letters, digits or dashes
    role: Role,
}

impl UserCommand {
    /// Does it.
    pub async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(named) => create(admin, named).await,
            Self::List => list(admin).await,
            Self::Show { name } => show(admin, &name).await,
            Self::SetPassword(named) => set_password(admin, named).await,
            Self::SignOut { name } => sign_out(admin, &name).await,
            Self::GrantRole(RoleOf { name, role }) => grant_role(admin, &name, &role).await,
            Self::RemoveRole(RoleOf { name, role }) => remove_role(admin, &name, &role).await,
            Self::Disable { name } => disable(admin, &name).await,
            Self::Enable { name } => enable(admin, &name).await,
            Self::Delete { name } => delete(admin, &name).await,
        }
    }
}

async fn create(admin: &Admin, named: Named) -> Result<(), Error> {
    let (users, username) = (&admin.app.users, named.name.parse::<UserName>()?);
    // The write decides; but nobody should choose a password for nothing.
    if users.read_by_name(&username).await?.is_some() {
        return Err(Unchanged::Exists(username).into());
    }
    let hash = password::hash_async(named.password.read(&username)?).await;
    let user = User::new(Id::random(), username, hash, admin.app.clock.now());
    users.create(&user).await?;
    admin.user_changed(user.sub, "created");
    let human = properties([("sub", user.sub.to_string()), ("username", user.username.to_string())]);
    admin.print(&json!({ "sub": user.sub, "username": user.username }), &human)
}

async fn list(admin: &Admin) -> Result<(), Error> {
    let mut users = admin.app.users.list().await?;
    users.sort_by_cached_key(|(user, _)| user.username.key());
    let json: Value = users.iter().map(|(user, status)| describe(user, status)).collect();
    let rows = users.iter().map(|(user, status)| {
        let name = user.username.to_string();
        [name, user.sub.to_string(), utc(user.created_at), standing(status), roles(status)]
    });
    admin.print(&json, &columns(["USERNAME", "SUB", "CREATED", "STATUS", "ROLES"], rows))
}

async fn show(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, status) = admin.known_user(name).await?;
    let ended = status.not_before.map_or_else(|| "never".to_owned(), utc);
    let human = properties([
        ("sub", user.sub.to_string()),
        ("username", user.username.to_string()),
        ("status", standing(&status)),
        ("roles", or_none(roles(&status))),
        ("created", utc(user.created_at)),
        ("everything ended", ended),
    ]);
    admin.print(&describe(&user, &status), &human)
}

async fn set_password(admin: &Admin, named: Named) -> Result<(), Error> {
    let user = admin.user(&named.name).await?;
    let hash = password::hash_async(named.password.read(&user.username)?).await;
    admin.app.users.set_password(&user, &hash, admin.latest()).await?;
    admin.user_changed(user.sub, "password_set");
    // Once more: while the password was being written, the old one was still good for a sign-in.
    let end = admin.latest();
    admin.app.users.end_everything(user.sub, end).await?;
    let ended = sweep(admin, &admin.app.grants.of_person(user.sub).await?).await?;
    admin.passed(end).await;
    let human = format!("{} has another password, and is signed out everywhere.", user.username);
    admin.print(&changed(&user, "password_set", true, ended), &human)
}

async fn sign_out(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, end) = (admin.user(name).await?, admin.latest());
    admin.app.users.sign_out_everywhere(user.sub, end).await?;
    admin.user_changed(user.sub, "signed_out");
    admin.passed(end).await;
    let human = format!("{} is signed out everywhere.", user.username);
    admin.print(&changed(&user, "signed_out", true, 0), &human)
}

async fn grant_role(admin: &Admin, name: &str, role: &Role) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.grant_role(user.sub, role).await?;
    admin.user_changed(user.sub, "role_granted");
    let json = json!({ "sub": user.sub, "username": user.username, "role": role, "granted": true });
    admin.print(&json, &format!("{} has the role {role}.", user.username))
}

async fn remove_role(admin: &Admin, name: &str, role: &Role) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.remove_role(user.sub, role).await?;
    admin.user_changed(user.sub, "role_removed");
    let json = json!({ "sub": user.sub, "username": user.username, "role": role, "granted": false });
    admin.print(&json, &format!("{} no longer has the role {role}.", user.username))
}

async fn disable(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, end) = (admin.user(name).await?, admin.latest());
    admin.app.users.disable(user.sub, end).await?;
    admin.user_changed(user.sub, "disabled");
    let ended = sweep(admin, &admin.app.grants.of_person(user.sub).await?).await?;
    admin.passed(end).await;
    admin.print(&changed(&user, "disabled", true, ended), &format!("{} is disabled.", user.username))
}

async fn enable(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.enable(user.sub).await?;
    admin.user_changed(user.sub, "enabled");
    admin.print(&changed(&user, "disabled", false, 0), &format!("{} is enabled.", user.username))
}

async fn delete(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.delete(user.sub).await?;
    admin.user_changed(user.sub, "deleted");
    // Dead already, as their owner is deleted.
    for client in admin.app.clients.owned_by(user.sub).await? {
        admin.app.clients.delete(&client.id).await?;
        admin.client_changed(&client.id, "deleted");
    }
    let ended = sweep(admin, &admin.app.grants.of_person(user.sub).await?).await?;
    admin.print(&changed(&user, "deleted", true, ended), &format!("{} is deleted.", user.username))
}

impl Admin {
    /// The user who signs in as `name`.
    pub(super) async fn user(&self, name: &str) -> Result<User, Error> {
        self.known_user(name).await.map(|(user, _)| user)
    }

    /// The user who signs in as `name`, and their status.
    async fn known_user(&self, name: &str) -> Result<(User, Status), Error> {
        let name: UserName = name.parse()?;
        self.app.users.read_by_name(&name).await?.ok_or_else(|| nobody(&name))
    }

    /// The developer who signs in as `name`.
    pub(super) async fn developer(&self, name: &str) -> Result<Id, Error> {
        let (user, status) = self.known_user(name).await?;
        if status.has(&Role::developer()) {
            return Ok(user.sub);
        }
        Err(Error::Usage(format!(
            "{0} is no developer; see `jeton user grant-role {0} developer`",
            user.username
        )))
    }
}

fn nobody(name: &UserName) -> Error {
    Error::NotFound(format!("there is nobody called {name}"))
}

/// What was done, and how many grants were ended on the way.
fn changed(user: &User, what: &str, done: bool, grants_ended: usize) -> Value {
    json!({ "sub": user.sub, "username": user.username, what: done, "grants_ended": grants_ended })
}

fn describe(user: &User, status: &Status) -> Value {
    json!({
        "sub": user.sub,
        "username": user.username,
        "disabled": status.disabled,
        "roles": status.roles,
        "created_at": user.created_at.seconds(),
        "not_before": status.not_before.map(Timestamp::seconds),
    })
}

fn roles(status: &Status) -> String {
    status.roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ")
}

fn standing(status: &Status) -> String {
    if status.disabled { "disabled" } else { "enabled" }.to_owned()
}
