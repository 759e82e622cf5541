//! The state of a function: configuration, stores, clock and log.

use std::sync::Arc;

use aws_sdk_dynamodb::Client as DynamoDb;

use super::PasswordCache;
use crate::{
    clients::{self, description},
    config::Config,
    dynamodb::Table,
    grants,
    log::Log,
    openid::{self, Signer},
    pages::Theme,
    resources, secret, status,
    time::Clock,
    users::{
        self, consent, device_cookie, personal,
        rate_limit::{self, known_caller},
        session,
    },
};

/// The state of a function: everything that a request needs besides itself.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub theme: Theme,
    pub clock: Clock,
    pub log: Log,
    pub clients: clients::Store,
    pub resources: resources::Store,
    pub grants: grants::Store,
    pub personal_tokens: personal::Store,
    pub sessions: session::Store,
    pub rate_limit: rate_limit::Store,
    pub known_callers: known_caller::Store,
    pub password_cache: PasswordCache,
    pub device_cookies: device_cookie::Store,
    pub consents: consent::Store,
    /// The descriptions of scope values on the consent page.
    pub descriptions: description::Store,
    pub users: users::Store,
    pub statuses: status::Store,
    pub claims: openid::claims::Store,
    pub signing_keys: openid::keys::Store,
    /// The signer of ID tokens, in the functions that sign.
    pub signer: Option<Arc<dyn Signer>>,
}

impl App {
    /// Returns an app on the tables that `config` names.
    pub fn new(config: Config, dynamodb: &DynamoDb, clock: Clock, log: Log) -> Self {
        let names = &config.tables;
        let [tokens, clients, users] =
            [&names.tokens, &names.clients, &names.users].map(|name| Table::new(dynamodb, name));
        Self {
            clients: clients::Store::new(clients.clone(), config.client_cache, config.compat.clone()),
            resources: resources::Store::new(clients.clone(), config.client_cache),
            descriptions: description::Store::new(clients.clone()),
            signing_keys: openid::keys::Store::new(clients.clone(), config.signing_keys.clone()),
            statuses: status::Store::new(clients, users.clone(), config.status_cache),
            claims: openid::claims::Store::new(users.clone()),
            users: users::Store::new(users),
            sessions: session::Store::new(tokens.clone(), config.session),
            rate_limit: rate_limit::Store::new(tokens.clone(), config.rate_limit),
            known_callers: known_caller::Store::new(tokens.clone()),
            password_cache: PasswordCache::new(secret::random()),
            device_cookies: device_cookie::Store::new(tokens.clone()),
            consents: consent::Store::new(tokens.clone()),
            personal_tokens: personal::Store::new(tokens.clone()),
            grants: grants::Store::new(tokens),
            signer: None,
            theme: Theme::new(&config.brand),
            config,
            clock,
            log,
        }
    }

    /// Returns the app of a function that signs ID tokens.
    #[must_use]
    pub fn signing_with(self, signer: Arc<dyn Signer>) -> Self {
        Self { signer: Some(signer), ..self }
    }
}
