//! The grants of the run, and how they begin.

use shared::secret::{AuthorizationCode, Id, Secret};

use super::{
    journal::About,
    run::{NOTES, ORDERS, Run},
};
use crate::harness::{
    code_flow::{self, CALLBACK, VERIFIER},
    openid::NONCE,
    oracle::{Oracle, Values, values},
};

/// The longest lifetime of a grant, in milliseconds.
const LONGEST_GRANT: u64 = 90 * 86_400_000;

/// A grant.
pub struct Subject {
    /// The number of the grant's client.
    pub client: usize,
    /// The user: the number, and the subject identifier.
    pub user: (usize, Id),
    pub code: String,
    pub redirect_uri_sent: bool,
    /// Whether the authorization request had a code challenge.
    pub challenge: bool,
    /// The resource that the grant is for.
    pub resource: Option<&'static str>,
    pub oracle: Oracle,
}

/// How a grant begins: the numbers of the client and the user, and what the authorization request has.
#[derive(Clone, Copy)]
pub struct Begun {
    pub client: usize,
    pub user: usize,
    pub redirect_uri_sent: bool,
    pub challenge: bool,
    /// The resource that the grant is for.
    pub resource: Option<&'static str>,
}

impl Subject {
    pub fn id(&self) -> String {
        Secret::<AuthorizationCode>::parse(&self.code).unwrap().id().to_string()
    }
}

impl Run {
    /// Returns a grant of a client and a user in good standing.
    pub async fn subject(&mut self) -> Subject {
        let clients: Vec<_> = (0..self.clients.len()).filter(|n| self.clients[*n].works()).collect();
        let users: Vec<_> = (0..self.accounts.len()).filter(|n| !self.accounts[*n].disabled).collect();
        let (client, user) = (*self.dice.one(&clients), *self.dice.one(&users));
        let redirect_uri_sent = self.dice.chance(50);
        let resource = *self.dice.one(&[None, None, Some(NOTES), Some(NOTES), Some(ORDERS)]);
        // Another client or the registry may have lost the resource since.
        let itself = self.clients[client].self_registered.is_some();
        let resource =
            if itself { resource.filter(|uri| self.is_open(uri)).or(Some(ORDERS)) } else { resource };
        let most = if itself { self.most(client, resource) } else { None };
        let challenge = !self.clients[client].settings.pkce_optional || self.dice.chance(50);
        let (of, sub) = (&self.clients[client], self.accounts[user].user.sub);
        // A user may grant less than the client may have.
        let scope = if self.dice.chance(25) { of.narrow_scope() } else { most.unwrap_or(of.settings.scope) };
        let request = code_flow::Request {
            scope,
            resource,
            redirect_uri: (CALLBACK, redirect_uri_sent),
            verifier: challenge.then_some(VERIFIER),
            nonce: of.is_openid().then_some(NONCE),
        };
        let code = self.stack.issue_code(&of.registered, sub, request).await;
        let begun = Begun { client, user, redirect_uri_sent, challenge, resource };
        if itself {
            self.stack.renew(&self.clients[client].registered).await;
            self.renew_life(begun, true);
        }
        self.begun(begun, code, values(scope))
    }

    /// Returns the grant of `scope` that begins with this `code`.
    pub fn begun(&mut self, begun: Begun, code: String, scope: Values) -> Subject {
        let Begun { client, user, redirect_uri_sent, challenge, resource } = begun;
        let code_ends = self.now() + u64::from(self.clients[client].settings.lifetimes.code) * 1_000;
        let told = format!("of client {client} and user {user} begins: {scope:?}");
        let oracle = Oracle::new(scope, code_ends, LONGEST_GRANT);
        let user = (user, self.accounts[user].user.sub);
        let subject = Subject { client, user, code, redirect_uri_sent, challenge, resource, oracle };
        self.note(About::Grant(subject.id()), format!("{} {told}", subject.id()));
        self.count(&format!("a new grant, with a challenge: {challenge}"));
        subject
    }
}
