//! The administrative commands.

use clap::Subcommand;

use super::{
    apply::Apply, client::ClientCommand, connection::Admin, doctor::Doctor, error::Error, export,
    key::KeyCommand, resource::ResourceCommand, scope::ScopeCommand, token::TokenCommand, user::UserCommand,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register and manage clients
    #[command(subcommand)]
    Client(ClientCommand),
    /// Create and manage users
    #[command(subcommand)]
    User(UserCommand),
    /// Register and manage resources: the APIs that tokens are for
    #[command(subcommand)]
    Resource(ResourceCommand),
    /// Describe scope values to users
    #[command(subcommand)]
    Scope(ScopeCommand),
    /// Inspect and revoke tokens, and create personal tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Manage the keys that sign ID tokens (OpenID Connect)
    #[command(subcommand)]
    Key(KeyCommand),
    /// Change clients, resources, scope descriptions and roles to what files declare
    Apply(Apply),
    /// Print clients, resources, scope descriptions and roles as a file for `jeton apply`, without secrets
    Export,
    /// Check tables, rights, clocks, issuer, metadata and signing keys, and change nothing; the exit code is 1 if a check fails
    Doctor(Doctor),
}

impl Command {
    /// Runs the command on the tables at `endpoint_url`, or where the environment says.
    pub async fn run(self, endpoint_url: Option<String>, json: bool) -> Result<(), Error> {
        let admin = Admin::connect(endpoint_url, json).await?;
        match self {
            Self::Client(command) => command.run(&admin).await,
            Self::User(command) => command.run(&admin).await,
            Self::Resource(command) => command.run(&admin).await,
            Self::Scope(command) => command.run(&admin).await,
            Self::Token(command) => command.run(&admin).await,
            Self::Key(command) => command.run(&admin).await,
            Self::Apply(apply) => apply.run(&admin).await,
            Self::Export => export::export(&admin).await,
            Self::Doctor(doctor) => doctor.run(&admin).await,
        }
    }
}
