//! `jeton user export`

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::{
    audit::Event,
    openid::Claims,
    secret::Id,
    status::{Role, Status},
    time::Timestamp,
    users::{PasswordHash, User, UserName, personal_data::PersonalData},
};

use super::personal_data;
use crate::admin::{
    connection::Admin,
    error::Error,
    output::{self, Reader},
    progress::Progress,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The login name of one user: print everything that is stored about the user, as one JSON document. Without it: print
    /// all users, one in each line, as `jeton user import` reads them
    name: Option<String>,
    /// Print the hashes of passwords, too. A reader of the hashes can guess passwords: keep the output secret
    #[arg(long, conflicts_with = "name")]
    with_password_hashes: bool,
}

pub(super) async fn export(admin: &Admin, arguments: Arguments) -> Result<(), Error> {
    match arguments.name {
        Some(name) => one(admin, &name).await,
        None => all(admin, arguments.with_password_hashes).await,
    }
}

/// Prints everything that is stored about one user. It contains no secret, and no digest or hash of one.
async fn one(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, status) = admin.user_and_status(name).await?;
    let clients = admin.app.clients.owned_by(user.sub).await?;
    let claims = admin.app.claims.find(user.sub).await?;
    let data = PersonalData::read(admin.app.grants.table(), user.sub).await?;
    let json = personal_data::to_json((&user, &status, &claims), &data, &clients);
    admin.print(&json, &format!("{json:#}"))
}

/// Prints all users, page by page: there may be more of them than fit in memory.
async fn all(admin: &Admin, with_password_hashes: bool) -> Result<(), Error> {
    let progress = Progress::of_bytes("Exporting users", None);
    if with_password_hashes {
        progress
            .message("the output has password hashes: keep it secret, and delete it when it is not needed");
        // Before the first of them: the command may be interrupted.
        admin.audit(Event::PasswordHashesExported);
    }
    let mut after = None;
    loop {
        let page = admin.app.users.page(after).await?;
        let mut lines = String::new();
        for (user, status, claims) in &page.users {
            lines.push_str(&json!(Line::of(user, status, claims.as_ref(), with_password_hashes)).to_string());
            lines.push('\n');
        }
        if output::write(lines.as_bytes())? == Reader::Gone {
            return Ok(());
        }
        progress.advance(lines.len() as u64);
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// A user as `jeton user import` reads it.
#[derive(Serialize)]
struct Line<'a> {
    username: &'a UserName,
    sub: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a PasswordHash>,
    disabled: bool,
    roles: &'a [Role],
    /// Seconds since the Unix epoch, to the millisecond.
    created_at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Map<String, Value>>,
}

impl<'a> Line<'a> {
    fn of(user: &'a User, status: &'a Status, claims: Option<&Claims>, with_password_hash: bool) -> Self {
        let hash = Some(&user.password).filter(|hash| with_password_hash && hash.is_of_a_password());
        Self {
            username: &user.username,
            sub: user.sub,
            password: hash,
            disabled: status.disabled,
            roles: &status.roles,
            created_at: seconds(user.created_at),
            claims: claims.map(|claims| {
                let mut all = claims.all();
                all.extend(claims.updated_at.map(|at| ("updated_at".to_owned(), seconds(at).into())));
                all
            }),
        }
    }
}

/// Returns a time in seconds since the Unix epoch, to the millisecond.
fn seconds(at: Timestamp) -> f64 {
    Duration::from_millis(at.millis()).as_secs_f64()
}
