//! Commands over many items: the end of all grants of a client or of a user, and lists of users.

use std::{io, path::Path, slice, time::Duration};

use indicatif::ProgressBar;
use serde_json::Value;
use shared::{
    oauth::Scope,
    secret::Id,
    users::{PasswordHash, User},
};

use super::{
    clients::{self, SCOPE, register},
    dataset::{self, Plan},
    deployment::{ISSUER, Programs, app, serve},
    seed::{Seeding, Sink},
};
use crate::{
    directory::Directory,
    process::{Process, now, run_with_peak},
};

/// A command's run.
pub(super) struct Run {
    pub(super) command: &'static str,
    /// The number of grants that were ended, or of users that were listed.
    pub(super) items: usize,
    pub(super) duration: Duration,
    /// In MiB. `None`: the command was too short for a look at it.
    pub(super) peak: Option<f64>,
}

/// The user whose grants are ended.
const USER: &str = "ada";

/// Runs the commands over a new database file, in which a client has this many grants, a user has as many, and there are as
/// many users.
pub(super) async fn commands(
    programs: &Programs,
    many: usize,
    progress: &ProgressBar,
) -> io::Result<Vec<Run>> {
    let directory = Directory::new()?;
    let file = directory.database();
    let (server, _, dynamodb_url) = serve(programs, &file).await?;
    let app = app(&dynamodb_url).await?;
    let machine = register(&app, clients::machine()).await?.client;
    let application = register(&app, clients::application("application")).await?.client;
    let name = USER.parse().map_err(io::Error::other)?;
    let user = User::new(Id::random(), name, PasswordHash::of_no_password(), app.clock.now());
    app.users.create(&user).await.map_err(io::Error::other)?;
    server.stop().await?;

    let sink = Sink::file(&file)?;
    let plan = Plan {
        machines: slice::from_ref(&machine),
        applications: &[application],
        issuer: ISSUER.parse().map_err(io::Error::other)?,
        scope: Scope::of(SCOPE).map_err(io::Error::other)?,
        now: app.clock.now(),
        lifetime: Duration::from_secs(clients::LIFETIME.into()),
    };
    let mut seeding = Seeding::new(&sink, &app.config.tables, progress);
    for nth in 0..many {
        seeding.grant(plan.machine_grant(nth)?.0).await?;
        seeding.grant(plan.user_grant(nth, user.sub)?.0).await?;
        seeding.user(dataset::user(nth, Id::random(), plan.now)?).await?;
    }
    seeding.finish().await?;
    drop(sink);

    let (server, _, url) = serve(programs, &file).await?;
    let jeton = Jeton { program: &programs.jeton, url: &url, server: &server, progress };
    let client = machine.id.to_string();
    let runs = vec![
        jeton.revoke_all("`token revoke-all --client`", &["--client", &client], many).await?,
        jeton.revoke_all("`token revoke-all --user`", &["--user", USER], many).await?,
        jeton.list("`user list`", &["user", "list"], many).await?,
        jeton.list("`user export`", &["user", "export"], many).await?,
    ];
    server.stop().await?;
    Ok(runs)
}

/// The command, on the DynamoDB at a URL.
struct Jeton<'a> {
    program: &'a Path,
    url: &'a str,
    server: &'a Process,
    progress: &'a ProgressBar,
}

impl Jeton<'_> {
    async fn revoke_all(&self, command: &'static str, whose: &[&str], grants: usize) -> io::Result<Run> {
        self.progress.set_message(format!("{command}: {grants} grants"));
        let arguments = [&["--json", "token", "revoke-all"], whose].concat();
        let (output, duration, peak) = self.run(&arguments).await?;
        let ended = serde_json::from_slice::<Value>(&output)?.get("grants_ended").and_then(Value::as_u64);
        if ended != u64::try_from(grants).ok() {
            return Err(io::Error::other(format!("{command} ended {ended:?} grants, not {grants}")));
        }
        Ok(Run { command, items: grants, duration, peak })
    }

    async fn list(&self, command: &'static str, arguments: &[&str], users: usize) -> io::Result<Run> {
        self.progress.set_message(format!("{command}: {users} users"));
        let (output, duration, peak) = self.run(arguments).await?;
        let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        if lines < users {
            return Err(io::Error::other(format!("{command} printed {lines} lines for {users} users")));
        }
        Ok(Run { command, items: users, duration, peak })
    }

    /// Runs the command when the server rests: a server that has just started sweeps its database.
    async fn run(&self, arguments: &[&str]) -> io::Result<(Vec<u8>, Duration, Option<f64>)> {
        self.server.rest(Duration::from_secs(1)).await?;
        let arguments = [&["--endpoint-url", self.url], arguments].concat();
        let begin = now();
        let (output, peak) = run_with_peak(self.program, &arguments).await?;
        Ok((output, begin.elapsed(), peak))
    }
}
