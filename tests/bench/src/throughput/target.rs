//! What the load generator knows of a running server: its endpoints, its clients, and the requests of the jobs.

use std::net::SocketAddr;

use serde::Deserialize;

use super::error::Error;
use crate::{
    browser::{self, Browser},
    http::{self, Call},
};

/// The paths of a server.
#[derive(Clone, Copy)]
pub(super) struct Endpoints {
    pub(super) authorization: &'static str,
    pub(super) token: &'static str,
    /// `None`: the server has no introspection.
    pub(super) introspection: Option<&'static str>,
}

/// How the confidential client authenticates (RFC 6749 §2.3.1).
#[derive(Clone, Copy)]
pub(super) enum Authentication {
    /// By HTTP Basic.
    Basic,
    /// In the form, with these parameters beside it.
    Form(&'static [(&'static str, &'static str)]),
}

/// The clients that a server knows.
#[derive(Clone, Deserialize)]
pub(super) struct Clients {
    pub(super) service: Service,
    pub(super) app: App,
    pub(super) scope: String,
    pub(super) user: String,
}

/// The confidential client of client credentials and introspection.
#[derive(Clone, Deserialize)]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) secret: String,
}

/// The public client of authorization codes and refresh tokens.
#[derive(Clone, Deserialize)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) redirect_uri: String,
}

impl Clients {
    /// Returns the clients of every peer.
    pub(super) fn of_peers() -> Result<Self, Error> {
        Ok(serde_json::from_str(include_str!("../../peers/clients.json"))?)
    }
}

/// A running server.
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) endpoints: Endpoints,
    pub(super) authentication: Authentication,
    pub(super) clients: Clients,
    /// A browser that the user has signed in with, if the server asks for it.
    pub(super) browser: Browser,
}

impl Target {
    /// Returns the path and query of an authorization request.
    pub(super) fn authorization(&self) -> String {
        let Clients { app, scope, .. } = &self.clients;
        let query = browser::authorization(&app.id, &app.redirect_uri, scope);
        format!("{}?{query}", self.endpoints.authorization)
    }

    /// RFC 6749 §4.4.2.
    pub(super) fn client_credentials(&self) -> Result<Call, http::Error> {
        let fields = [("grant_type", "client_credentials"), ("scope", &self.clients.scope)];
        self.authenticated(self.endpoints.token, &fields)
    }

    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    pub(super) fn redemption(&self, code: &str) -> Result<Call, http::Error> {
        let app = &self.clients.app;
        let fields = browser::redemption(code, &app.redirect_uri);
        http::post(self.endpoints.token, &[&fields[..], &[("client_id", &app.id)]].concat(), None)
    }

    /// RFC 6749 §6.
    pub(super) fn refresh(&self, token: &str) -> Result<Call, http::Error> {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", &self.clients.app.id), ("refresh_token", token)];
        http::post(self.endpoints.token, &fields, None)
    }

    /// RFC 7662 §2.1.
    pub(super) fn introspection(&self, token: &str) -> Result<Call, http::Error> {
        self.authenticated(self.endpoints.introspection.unwrap_or_default(), &[("token", token)])
    }

    fn authenticated(&self, path: &str, fields: &[(&str, &str)]) -> Result<Call, http::Error> {
        let Service { id, secret } = &self.clients.service;
        match self.authentication {
            Authentication::Basic => http::post(path, fields, Some(&http::basic(id, secret))),
            Authentication::Form(more) => {
                let credentials: &[(&str, &str)] = &[("client_id", id), ("client_secret", secret)];
                http::post(path, &[fields, credentials, more].concat(), None)
            }
        }
    }
}
