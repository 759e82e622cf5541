//! `jeton apply`

mod clients;
mod plan;
mod resources;
mod roles;
mod scopes;
pub(super) mod secrets;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    configuration::{self, Declared},
    confirmation::{check_terminal, confirm},
    connection::Admin,
    error::Error,
};
use clients::Clients;
use plan::Plan;
use resources::Resources;
use roles::Roles;
use scopes::Scopes;
use secrets::Secrets;

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Apply {
    /// A file with the configuration, in YAML or JSON; several files make one configuration together
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only show the plan. The exit code is 4 if there are changes, and 0 if there are none
    #[arg(long)]
    dry_run: bool,
    /// Delete what no file declares, of the kinds that the files have. Clients of developers, and those that registered
    /// themselves, stay
    #[arg(long)]
    prune: bool,
    /// Make the changes without asking. Needed unless standard input and output are a terminal
    #[arg(long, short)]
    yes: bool,
    /// Append the secrets of new clients to this file, a line of JSON for each, instead of printing them. It must
    /// be your own and readable by no other user; the command creates it if it does not exist
    #[arg(long, value_name = "FILE")]
    secrets_to: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
The plan is printed before the first write, and each secret before its client is created. \
Files with roles are compared with all users: that scans the whole users table.

With --json, each line is a JSON object: \
first the plan, with `changes`, `unchanged`, `only_with_prune` and perhaps `warnings`; \
then, for each secret, `client_id` and `client_secret`, of which the last line of a client counts; \
at the end `applied` and the number of `secrets`. \
If nothing is to be changed, or with --dry-run, there is only the plan.";

/// Whether `apply` keeps or deletes what no file declares, of the kinds that the files have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Undeclared {
    Keep,
    Delete,
}

/// A plan, with the writes of each kind that carry it out.
struct Prepared {
    plan: Plan,
    resources: Resources,
    scopes: Scopes,
    clients: Clients,
    roles: Roles,
    undeclared: Undeclared,
}

impl Apply {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let files = configuration::read(&self.files)?;
        let undeclared = if self.prune { Undeclared::Delete } else { Undeclared::Keep };
        let prepared = Prepared::new(admin, &files, undeclared).await?;
        let plan = &prepared.plan;
        if plan.changes.is_empty() {
            return plan.print(admin);
        }
        if self.dry_run {
            plan.print(admin)?;
            return Err(Error::Pending(plan.changes.len()));
        }
        check_terminal(self.yes)?;
        let mut secrets = match &self.secrets_to {
            Some(path) => Secrets::in_file(path)?,
            None => Secrets::printed(admin.output()),
        };
        plan.print(admin)?;
        confirm(self.yes, "\nApply these changes?")?;
        let applied = prepared.write(admin, &mut secrets).await;
        let outcome = if applied.is_ok() { "The changes are made." } else { "Not all changes are made." };
        let text: Vec<_> = [outcome.to_owned()].into_iter().chain(secrets.text()).collect();
        let json = json!({ "applied": applied.is_ok(), "secrets": secrets.recorded() });
        admin.print(&json, &text.join(" "))?;
        applied
    }
}

impl Prepared {
    /// Reads the deployment, and compares it with the files. All input is checked here, before the first write.
    async fn new(admin: &Admin, files: &Declared, undeclared: Undeclared) -> Result<Self, Error> {
        let mut plan = Plan::default();
        let resources = Resources::plan(admin, files, &mut plan).await?;
        let scopes = Scopes::plan(admin, files, &mut plan).await?;
        let clients = Clients::plan(admin, files, &resources.result(undeclared)?, &mut plan).await?;
        let roles = Roles::plan(admin, files, &mut plan).await?;
        // In the order of `write`.
        let deletions = [roles.deletions(), clients.deletions(), scopes.deletions(), resources.deletions()];
        match undeclared {
            Undeclared::Keep => plan.only_with_prune = deletions.concat(),
            Undeclared::Delete => plan.changes.extend(deletions.concat()),
        }
        Ok(Self { plan, resources, scopes, clients, roles, undeclared })
    }

    /// Makes the changes. Clients come after the resources that they refer to, and deletions come last.
    async fn write(&self, admin: &Admin, secrets: &mut Secrets) -> Result<(), Error> {
        self.resources.write(admin).await?;
        self.scopes.write(admin).await?;
        self.clients.write(admin, secrets).await?;
        self.roles.write(admin).await?;
        match self.undeclared {
            Undeclared::Keep => Ok(()),
            Undeclared::Delete => {
                self.roles.delete(admin).await?;
                self.clients.delete(admin).await?;
                self.scopes.delete(admin).await?;
                self.resources.delete(admin).await
            }
        }
    }
}
