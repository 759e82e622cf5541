//! `jeton token …`

mod create;
mod inspect;
mod invalid_token;
mod personal;
mod revoke;
mod revoke_all;
mod subject;

use clap::Subcommand;

use super::{connection::Admin, error::Error};
use create::Create;
use revoke_all::RevokeAll;
use subject::TokenArgument;

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a personal token, with which a program acts for a user; it is shown only once
    Create(Create),
    /// List a user's personal tokens, with the day of their last use
    List {
        /// The user's login name
        #[arg(long, value_name = "NAME")]
        user: String,
    },
    /// Show whether a token works, and why not: an access token, refresh token, authorization code or personal token
    Inspect(TokenArgument),
    /// Revoke a token. An access token, a personal token and a session end alone; a refresh token, an authorization code
    /// and a grant's id end the whole grant
    Revoke(TokenArgument),
    /// Revoke everything of a user, or all grants of a client, until now
    RevokeAll(RevokeAll),
}

impl TokenCommand {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(create) => create.run(admin).await,
            Self::List { user } => personal::list(admin, &user).await,
            Self::Inspect(token) => inspect::inspect(admin, token.subject()?).await,
            Self::Revoke(token) => revoke::revoke(admin, token.subject()?).await,
            Self::RevokeAll(revoke_all) => revoke_all.run(admin).await,
        }
    }
}
