//! `jeton user …`

mod export;
mod import;
mod import_claims;
mod import_error;
mod import_line;
mod import_names;
mod import_value;
mod personal_data;
mod reset_password;
mod roles;
mod set;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    audit::{ClientChange, UserChange},
    openid::Claims,
    secret::Id,
    status::{Ending, Role, Status},
    time::Timestamp,
    users::{Unchanged, User, UserName, password},
};

use super::{
    connection::Admin,
    error::Error,
    output::{columns, or_none, printable, properties, utc, words},
    password::NewPassword,
    sweep::sweep_user,
};
use reset_password::ResetPassword;
use set::{ClaimOptions, Set};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user
    Create(Create),
    /// List all users
    List,
    /// Show a user
    Show {
        /// The user's login name
        name: String,
    },
    /// Set claims about a user, which clients that sign in with OpenID Connect may read (see docs/openid-connect.md): name,
    /// email and others of the profile
    Set(Set),
    /// Set a user's password. The user's sessions, grants, personal tokens, consents and device cookies end
    SetPassword(NameAndPassword),
    /// Print a link to hand over, with which the user sets a new password: it works once, for ten minutes. An earlier link
    /// stops working. When the user sets the password, everything ends that `set-password` ends
    ResetPassword(ResetPassword),
    /// End all sessions of a user; the user's grants stay
    SignOut {
        /// The user's login name
        name: String,
    },
    /// Give a user a role: a developer may create clients of their own
    GrantRole(NameAndRole),
    /// Take a role from a user; everything that depends on it stops working at the next call
    RemoveRole(NameAndRole),
    /// Disable a user: the user cannot sign in, and the user's sessions, grants, personal tokens, consents and device cookies
    /// end
    Disable {
        /// The user's login name
        name: String,
    },
    /// Enable a user; everything that has ended stays ended
    Enable {
        /// The user's login name
        name: String,
    },
    /// Delete a user and the clients that the user owns. The user's sessions, grants, personal tokens, consents and device
    /// cookies end, and the login name is free
    Delete {
        /// The user's login name
        name: String,
    },
    /// Create users from a file of JSON Lines: an export of Jeton, Django or Amazon Cognito. Do not run `jeton apply` at the
    /// same time: either could give a user and a client the same id
    Import(import::Arguments),
    /// Print all users as JSON Lines, or everything that is stored about one user
    Export(export::Arguments),
}

#[derive(Debug, Args)]
pub struct NameAndPassword {
    /// The user's login name: 1 to 64 bytes; upper and lower case are the same
    name: String,
    #[command(flatten)]
    password: NewPassword,
}

#[derive(Debug, Args)]
pub struct Create {
    #[command(flatten)]
    user: NameAndPassword,
    #[command(flatten)]
    claims: ClaimOptions,
}

#[derive(Debug, Args)]
pub struct NameAndRole {
    /// The user's login name
    name: String,
    /// The role: 1 to 32 lower-case letters, digits or dashes
    role: Role,
}

impl UserCommand {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(arguments) => create(admin, arguments).await,
            Self::List => list(admin).await,
            Self::Show { name } => show(admin, &name).await,
            Self::Set(set) => set.run(admin).await,
            Self::SetPassword(arguments) => set_password(admin, arguments).await,
            Self::ResetPassword(reset) => reset.run(admin).await,
            Self::SignOut { name } => sign_out(admin, &name).await,
            Self::GrantRole(NameAndRole { name, role }) => grant_role(admin, &name, &role).await,
            Self::RemoveRole(NameAndRole { name, role }) => remove_role(admin, &name, &role).await,
            Self::Disable { name } => disable(admin, &name).await,
            Self::Enable { name } => enable(admin, &name).await,
            Self::Delete { name } => delete(admin, &name).await,
            Self::Import(arguments) => import::import(admin, arguments).await,
            Self::Export(arguments) => export::export(admin, arguments).await,
        }
    }
}

async fn create(admin: &Admin, Create { user: arguments, claims }: Create) -> Result<(), Error> {
    let (users, username) = (&admin.app.users, arguments.name.parse::<UserName>()?);
    // The write decides. This read saves the administrator from choosing a password in vain.
    if users.read_by_name(&username).await?.is_some() {
        return Err(Unchanged::Exists(username).into());
    }
    let sub = Id::random();
    let claims = claims.read(admin, sub, username.as_str()).await?;
    let hash = password::hash_async(arguments.password.read(&username)?).await;
    let user = User::new(sub, username, hash, admin.app.clock.now());
    users.create_with_claims(&user, claims.as_ref()).await?;
    admin.audit_user(user.sub, UserChange::Created);
    let text = properties([("sub", user.sub.to_string()), ("username", user.username.to_string())]);
    let text = match &claims {
        Some(claims) => {
            admin.audit_claims(user.sub, &claims.names());
            set::with_hint(text, &user, claims)
        }
        None => text,
    };
    admin.print(&json!({ "sub": user.sub, "username": user.username }), &text)
}

async fn list(admin: &Admin) -> Result<(), Error> {
    let mut users = admin.app.users.list().await?;
    users.sort_by_cached_key(|(user, _)| user.username.key());
    let json: Value = users.iter().map(|(user, status)| to_json(user, status)).collect();
    let rows = users.iter().map(|(user, status)| {
        let name = user.username.to_string();
        [name, user.sub.to_string(), utc(user.created_at), standing(status), words(&status.roles)]
    });
    admin.print(&json, &columns(["USERNAME", "SUB", "CREATED", "STATUS", "ROLES"], rows))
}

async fn show(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, status) = admin.user_and_status(name).await?;
    let claims = admin.app.claims.find(user.sub).await?;
    let ended_at = status.not_before.map_or_else(|| "never".to_owned(), utc);
    let rows = [
        ("sub", user.sub.to_string()),
        ("username", user.username.to_string()),
        ("status", standing(&status)),
        ("roles", or_none(words(&status.roles))),
        ("created", utc(user.created_at)),
        ("password hash", password_hash(&user).unwrap_or("none").to_owned()),
        ("grants ended until", ended_at),
    ];
    let all = claims.all();
    let recorded = all.iter().map(|(name, value)| {
        (name.as_str(), printable(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    let changed_at = claims.updated_at.map(|at| ("claims changed", utc(at)));
    let text = properties(rows.into_iter().chain(recorded).chain(changed_at));
    let mut json = to_json(&user, &status);
    if let Some(members) = json.as_object_mut() {
        members.insert("claims".to_owned(), claims_json(&claims));
    }
    admin.print(&json, &text)
}

async fn set_password(admin: &Admin, arguments: NameAndPassword) -> Result<(), Error> {
    let user = admin.user(&arguments.name).await?;
    let hash = password::hash_async(arguments.password.read(&user.username)?).await;
    admin.app.users.set_password(&user, &hash, Ending::Everything, admin.latest()).await?;
    admin.audit_user(user.sub, UserChange::PasswordSet);
    // Once more: until the password was written, the old one still worked for a sign-in.
    let end = admin.latest();
    admin.app.users.end_everything(user.sub, end).await?;
    let ended = sweep_user(admin, user.sub, end).await?;
    admin.wait_until_past(end).await;
    let text = format!("{} has a new password, and is signed out everywhere.", user.username);
    admin.print(&changed(&user, "password_set", true, ended), &text)
}

async fn sign_out(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, end) = (admin.user(name).await?, admin.latest());
    admin.app.users.sign_out_everywhere(user.sub, end).await?;
    admin.audit_user(user.sub, UserChange::SignedOut);
    admin.wait_until_past(end).await;
    let text = format!("{} is signed out everywhere.", user.username);
    admin.print(&changed(&user, "signed_out", true, 0), &text)
}

async fn grant_role(admin: &Admin, name: &str, role: &Role) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.grant_role(user.sub, role).await?;
    let json = json!({ "sub": user.sub, "username": user.username, "role": role, "granted": true });
    let text = format!("{} has the role {role}.", user.username);
    match admin.groups_warning(name).await? {
        Some(warning) => admin.print(&json, &format!("{text}\n{warning}")),
        None => admin.print(&json, &text),
    }
}

async fn remove_role(admin: &Admin, name: &str, role: &Role) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.remove_role(user.sub, role).await?;
    admin.audit_user(user.sub, UserChange::RoleRemoved);
    let json = json!({ "sub": user.sub, "username": user.username, "role": role, "granted": false });
    admin.print(&json, &format!("{} no longer has the role {role}.", user.username))
}

async fn disable(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, end) = (admin.user(name).await?, admin.latest());
    admin.app.users.disable(user.sub, end).await?;
    admin.audit_user(user.sub, UserChange::Disabled);
    let ended = sweep_user(admin, user.sub, end).await?;
    admin.wait_until_past(end).await;
    admin.print(&changed(&user, "disabled", true, ended), &format!("{} is disabled.", user.username))
}

async fn enable(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.enable(user.sub).await?;
    admin.audit_user(user.sub, UserChange::Enabled);
    admin.print(&changed(&user, "disabled", false, 0), &format!("{} is enabled.", user.username))
}

async fn delete(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.user(name).await?;
    admin.app.users.delete(user.sub).await?;
    admin.audit_user(user.sub, UserChange::Deleted);
    // These clients do not work any more, because their owner is deleted.
    for client in admin.app.clients.owned_by(user.sub).await? {
        admin.app.clients.delete(&client.id).await?;
        admin.audit_client(&client.id, ClientChange::Deleted);
    }
    let ended = sweep_user(admin, user.sub, admin.latest()).await?;
    admin.print(&changed(&user, "deleted", true, ended), &format!("{} is deleted.", user.username))
}

/// Returns the JSON output of a change.
fn changed(user: &User, change: &str, applied: bool, grants_ended: usize) -> Value {
    json!({ "sub": user.sub, "username": user.username, change: applied, "grants_ended": grants_ended })
}

fn to_json(user: &User, status: &Status) -> Value {
    json!({
        "sub": user.sub,
        "username": user.username,
        "disabled": status.disabled,
        "roles": status.roles,
        "created_at": user.created_at.seconds(),
        "not_before": status.not_before.map(Timestamp::seconds),
        "password_hash": password_hash(user),
        "outdated_hash": user.password.is_outdated(),
    })
}

/// Returns the claims of a user, with the time of their last change in seconds since the Unix epoch.
fn claims_json(claims: &Claims) -> Value {
    let mut json = claims.all();
    json.extend(claims.updated_at.map(|at| ("updated_at".to_owned(), at.seconds().into())));
    json.into()
}

/// Returns the algorithm of the hash of the user's password. `None`: the user has no password.
fn password_hash(user: &User) -> Option<&'static str> {
    user.password.is_of_a_password().then(|| user.password.algorithm())
}

fn standing(status: &Status) -> String {
    if status.disabled { "disabled" } else { "enabled" }.to_owned()
}
