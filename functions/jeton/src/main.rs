//! The `jeton` command.

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use jeton::{
    admin::{
        self, Admin, client::ClientCommand, scope::ScopeCommand, token::TokenCommand, user::UserCommand,
    },
    local::{self, Storage},
};
use shared::config::Issuer;

/// Jeton, an OAuth 2.1 authorization server: the local server, and administration.
#[derive(Parser)]
#[command(name = "jeton", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    /// Print JSON, for scripts
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// Where DynamoDB is, if not at AWS: `jeton serve` prints its own
    #[arg(long, global = true, value_name = "URL", help_heading = "Everywhere")]
    endpoint_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Administration talks to the tables with the AWS credentials it is run with. \
JETON_TOKENS_TABLE, JETON_CLIENTS_TABLE and JETON_USERS_TABLE name the tables.

Exit codes:
  0  done
  1  failed, and may be tried again
  2  asked for something that cannot be
  3  not found";

#[derive(Subcommand)]
enum Command {
    /// Run every function on this machine, over an embedded DynamoDB
    Serve(Serve),
    /// Register and manage clients
    #[command(subcommand)]
    Client(ClientCommand),
    /// Create and manage people
    #[command(subcommand)]
    User(UserCommand),
    /// Say what scope values mean to people
    #[command(subcommand)]
    Scope(ScopeCommand),
    /// Look at tokens, and revoke them
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Args)]
struct Serve {
    /// The server's port; 0 is any that is free
    #[arg(long, value_name = "P", default_value_t = 8080)]
    port: u16,
    /// The embedded DynamoDB's port [default: the one after the server's]
    #[arg(long, value_name = "P")]
    dynamodb_port: Option<u16>,
    /// One more address that the embedded DynamoDB answers at, for containers that run functions (`sam local`): that of
    /// the container engine's bridge. Everything that reaches it may read and write the tables, without credentials
    #[arg(long, value_name = "ADDRESS", value_parser = local::one_address)]
    dynamodb_listen: Option<IpAddr>,
    /// Keep nothing
    #[arg(long, conflicts_with = "database")]
    memory: bool,
    /// Keep clients, people and tokens in this file
    #[arg(long, value_name = "FILE", default_value = "jeton.db")]
    database: PathBuf,
    /// The issuer, if it is not the server's own address
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
    /// Register a demo client and a person, and print what to do with it
    #[arg(long)]
    demo: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let admin = || Admin::connect(arguments.endpoint_url.clone(), arguments.json);
    let outcome = match arguments.command {
        Command::Serve(_) if arguments.endpoint_url.is_some() => Err(admin::Error::Usage(
            "serve brings a DynamoDB of its own: --endpoint-url is for the other commands".to_owned(),
        )),
        Command::Serve(serve) => local::serve(serve.into()).await.map_err(admin::Error::from),
        Command::Client(command) => match admin().await {
            Ok(admin) => command.run(&admin).await,
            Err(error) => Err(error),
        },
        Command::User(command) => match admin().await {
            Ok(admin) => command.run(&admin).await,
            Err(error) => Err(error),
        },
        Command::Scope(command) => match admin().await {
            Ok(admin) => command.run(&admin).await,
            Err(error) => Err(error),
        },
        Command::Token(command) => match admin().await {
            Ok(admin) => command.run(&admin).await,
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the command's own message")]
            {
                eprintln!("jeton: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

impl From<Serve> for local::Options {
    fn from(serve: Serve) -> Self {
        Self {
            port: serve.port,
            dynamodb_port: serve.dynamodb_port,
            dynamodb_listen: serve.dynamodb_listen,
            storage: if serve.memory { Storage::Memory } else { Storage::File(serve.database) },
            issuer: serve.issuer,
            demo: serve.demo,
        }
    }
}
