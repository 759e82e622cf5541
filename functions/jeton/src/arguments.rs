//! The arguments of the `jeton` command.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use shared::oauth::{Issuer, Switches};

use crate::{
    admin::{self, Error, output::Output},
    generated::{Completions, Manual, print_schema},
    local::{self, Storage},
};

/// Jeton, an OAuth 2.1 authorization server: the local server, and administration.
#[derive(Parser)]
#[command(name = "jeton", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Arguments {
    /// Print JSON, for scripts
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// The URL of DynamoDB, if the tables are not at AWS; `jeton serve` prints the URL of its embedded DynamoDB
    #[arg(long, global = true, value_name = "URL", help_heading = "Everywhere")]
    endpoint_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
The administrative commands use the AWS credentials of their caller. \
JETON_TOKENS_TABLE, JETON_CLIENTS_TABLE and JETON_USERS_TABLE name the tables.

Exit codes:
  0  success
  1  failure, for example an outage of DynamoDB; see the message, and try again
  2  invalid input
  3  not found
  4  `apply --dry-run` found changes";

#[derive(Subcommand)]
enum Command {
    /// Run every function on this machine, over an embedded DynamoDB
    Serve(Serve),
    #[command(flatten)]
    Admin(admin::Command),
    /// Print the JSON Schema of the files that `apply` reads, for editors
    Schema,
    /// Print the completion script for a shell
    Completions(Completions),
    /// Print the manual page (roff), or write a page for each command
    Man(Manual),
}

#[derive(Args)]
struct Serve {
    /// The port of the server; 0 is any free port
    #[arg(long, value_name = "P", default_value_t = 8080)]
    port: u16,
    /// The port of the embedded DynamoDB [default: the next one after --port]
    #[arg(long, value_name = "P")]
    dynamodb_port: Option<u16>,
    /// Another address of the embedded DynamoDB, for functions in containers (`sam local`): the address of the container
    /// engine's bridge. Every program that reaches it can read and write the tables without credentials
    #[arg(long, value_name = "ADDRESS", value_parser = local::parse_address)]
    dynamodb_listen: Option<IpAddr>,
    /// Store nothing on disk
    #[arg(long, conflicts_with = "database")]
    memory: bool,
    /// The file that stores clients, users and tokens
    #[arg(long, value_name = "FILE", default_value = "jeton.db")]
    database: PathBuf,
    /// The compatibility switches that the server permits, separated by commas [default: `JETON_COMPAT`, else none]
    #[arg(long, value_name = "SWITCHES", value_parser = admin::switches())]
    compat: Option<Switches>,
    /// The issuer [default: `JETON_ISSUER`, else the server's own address]
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
    /// Register two demo clients, an MCP server and a user, print how to use them, let clients register themselves, and sign
    /// ID tokens
    #[arg(long)]
    demo: bool,
}

impl Arguments {
    pub async fn run(self) -> Result<(), Error> {
        match self.command {
            Command::Serve(_) if self.endpoint_url.is_some() => Err(Error::EndpointUrlOfServe),
            Command::Serve(serve) => Ok(local::serve(serve.into()).await?),
            Command::Schema => Ok(print_schema(Output::new(self.json))?),
            Command::Completions(completions) => Ok(completions.run()?),
            Command::Man(manual) => Ok(manual.run()?),
            Command::Admin(command) => command.run(self.endpoint_url, self.json).await,
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
            compat: serve.compat,
            issuer: serve.issuer,
            demo: serve.demo,
        }
    }
}
