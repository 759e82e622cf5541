//! What the load generator knows of a running server: its endpoints, its clients, and the requests of the jobs.

use std::net::SocketAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{
    Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use serde::Deserialize;
use url::Url;

use super::{
    browser::Browser,
    error::Error,
    http::{Call, FORM, form},
};

/// The verifier of RFC 7636, appendix B, and its challenge.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

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
    /// Returns the URL of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).
    pub(super) fn authorization(&self) -> Result<Url, Error> {
        let Clients { app, scope, .. } = &self.clients;
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &app.id),
            ("redirect_uri", &app.redirect_uri),
            ("scope", scope),
            ("state", "bench"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Url::parse(&format!("http://{}{}?{query}", self.address, self.endpoints.authorization))?)
    }

    /// RFC 6749 §4.4.2.
    pub(super) fn client_credentials(&self) -> Result<Call, Error> {
        let fields = [("grant_type", "client_credentials"), ("scope", &self.clients.scope)];
        self.authenticated(self.endpoints.token, &fields)
    }

    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    pub(super) fn redemption(&self, code: &str) -> Result<Call, Error> {
        let app = &self.clients.app;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &app.id),
            ("code", code),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.post(self.endpoints.token, &fields, None)
    }

    /// RFC 6749 §6.
    pub(super) fn refresh(&self, token: &str) -> Result<Call, Error> {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", &self.clients.app.id), ("refresh_token", token)];
        self.post(self.endpoints.token, &fields, None)
    }

    /// RFC 7662 §2.1.
    pub(super) fn introspection(&self, token: &str) -> Result<Call, Error> {
        self.authenticated(self.endpoints.introspection.unwrap_or_default(), &[("token", token)])
    }

    fn authenticated(&self, path: &str, fields: &[(&str, &str)]) -> Result<Call, Error> {
        let Service { id, secret } = &self.clients.service;
        match self.authentication {
            Authentication::Basic => {
                let encode =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let credentials = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
                self.post(path, fields, Some(&format!("Basic {credentials}")))
            }
            Authentication::Form(more) => {
                let credentials: &[(&str, &str)] = &[("client_id", id), ("client_secret", secret)];
                self.post(path, &[fields, credentials, more].concat(), None)
            }
        }
    }

    fn post(&self, path: &str, fields: &[(&str, &str)], authorization: Option<&str>) -> Result<Call, Error> {
        let mut call = Request::builder().method(Method::POST).uri(path);
        call = call.header(HOST, self.address.to_string()).header(CONTENT_TYPE, FORM);
        if let Some(authorization) = authorization {
            call = call.header(AUTHORIZATION, authorization);
        }
        Ok(call.body(Full::new(form(fields).into()))?)
    }
}
