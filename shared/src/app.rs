//! What a function holds from its start on.

use aws_sdk_dynamodb::Client as DynamoDb;

use crate::{
    browser, client, config::Config, consent, description, grant, log::Log, page::Look, personal, secret,
    session, status, table::Table, throttle, time::Clock, user,
};

/// Configuration, tables, clock and log: everything that a request needs beside itself.
#[derive(Debug)]
pub struct App {
    /// What the deployment decided.
    pub config: Config,
    /// What pages have in common.
    pub look: Look,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where lines go.
    pub log: Log,
    /// The registered applications.
    pub clients: client::Store,
    /// What was granted.
    pub grants: grant::Store,
    /// What people made for programs of their own.
    pub personal_tokens: personal::Store,
    /// Who is signed in.
    pub sessions: session::Store,
    /// How often who tries to sign in.
    pub throttle: throttle::Store,
    /// Which callers have proven a password before.
    pub callers: throttle::Callers,
    /// Which passwords this instance has verified a moment ago.
    pub proofs: throttle::Proofs,
    /// Which browsers people have signed in with before.
    pub browsers: browser::Store,
    /// What people have agreed to before.
    pub consents: consent::Store,
    /// What scope values mean to people.
    pub descriptions: description::Store,
    /// The people.
    pub users: user::Store,
    /// Who is in good standing.
    pub statuses: status::Store,
}

impl App {
    /// An app on the tables that `config` names.
    pub fn new(config: Config, dynamodb: &DynamoDb, clock: Clock, log: Log) -> Self {
        let names = &config.tables;
        let [tokens, clients, users] =
            [&names.tokens, &names.clients, &names.users].map(|name| Table::new(dynamodb, name));
        Self {
            clients: client::Store::new(clients.clone(), config.client_cache, config.compat.clone()),
            descriptions: description::Store::new(clients.clone()),
            statuses: status::Store::new(clients, users.clone(), config.status_cache),
            users: user::Store::new(users),
            sessions: session::Store::new(tokens.clone(), config.session),
            throttle: throttle::Store::new(tokens.clone(), config.throttling),
            callers: throttle::Callers::new(tokens.clone()),
            proofs: throttle::Proofs::new(secret::random()),
            browsers: browser::Store::new(tokens.clone()),
            consents: consent::Store::new(tokens.clone()),
            personal_tokens: personal::Store::new(tokens.clone()),
            grants: grant::Store::new(tokens),
            look: Look::new(&config.brand),
            config,
            clock,
            log,
        }
    }
}
