//! Requests of clients about a grant: their random choice, their form, and the meaning of their responses.

use shared::secret::{AuthorizationCode, Lineage, Secret};

use super::{
    clients::Credentials,
    run::{NOTES, ORDERS, Run},
    subjects::Subject,
};
use crate::harness::{
    Response,
    code_flow::{CALLBACK, Pair, VERIFIER},
    oracle::{Named, Operation, Reply, values},
};

/// A resource that is not registered.
const UNKNOWN: &str = "https://api.example.com/unknown";
/// A verifier that no grant has the challenge of.
const OTHER_VERIFIER: &str = "aBcD-._~0123456789aBcD-._~0123456789aBcD-._~";
/// A redirect URI that no client has.
const OTHER_URI: &str = "https://app.example.com/other";

/// A request about the grant with the number `at`.
#[derive(Clone)]
pub struct Request {
    pub at: usize,
    pub operation: Operation,
    pub credentials: Credentials,
    /// The resource that a token request names.
    resource: Option<&'static str>,
    /// The proof of a redemption, or a wrong one.
    proof: Proof,
}

/// The resource that a request names, and what it is to the server.
type Resource = (Option<&'static str>, Named);

/// The parameters of a redemption that prove that the client may redeem the code.
#[derive(Clone, Copy, Default)]
struct Proof {
    verifier: Option<&'static str>,
    redirect_uri: Option<&'static str>,
}

impl Run {
    /// Chooses the requests of one moment.
    pub fn choose_requests(&mut self) -> Vec<Request> {
        let at = self.dice.below(self.subjects.len());
        let number = *self.dice.one(&[1, 1, 1, 1, 2, 2, 3, 4]);
        // Two simultaneous redemptions end a grant that has hardly begun.
        let begun = !self.subjects[at].oracle.known.is_empty() || self.dice.chance(20);
        let number = if begun { number.min(self.at_once) } else { 1 };
        let mut requests = vec![self.choose(at)];
        while requests.len() < number {
            let at = if self.dice.chance(85) { at } else { self.dice.below(self.subjects.len()) };
            let request = match self.dice.below(3) {
                0 if at == requests[0].at => requests[0].clone(),
                _ => self.choose(at),
            };
            requests.push(request);
        }
        requests
    }

    /// Returns one of the pairs that were returned, mostly one of the latest.
    fn pair(&mut self, at: usize) -> Option<Pair> {
        let known = &self.subjects[at].oracle.known;
        let newest = known.len().checked_sub(1)?;
        let back = *self.dice.one(&[0, 0, 0, 0, 0, 1, 1, 1, 2, 5]);
        Some(known[newest.saturating_sub(back)].clone())
    }

    /// Chooses a request about a grant: by its client, another one or a resource server.
    fn choose(&mut self, at: usize) -> Request {
        let client = self.subjects[at].client;
        let own = self.dice.chance(90);
        let sender = if own { client } else { (client + 1) % self.clients.len() };
        let (now, is_public) = (self.now(), self.clients[sender].is_public());
        let credentials = self.clients[sender].credentials(&mut self.dice, now);
        let resource = self.choose_resource(at, sender);
        let Some(Pair { access, refresh }) = self.pair(at) else {
            return self.redemption(at, own, 80, resource, credentials);
        };
        let genuine = self.dice.chance(95);
        let token = if genuine { refresh } else { forged(&self.subjects[at].code) };
        let (uri, resource) = resource;
        let by = |operation, credentials| {
            let proof = Proof::default();
            Request { at, operation, credentials, resource: uri, proof }
        };
        match self.dice.below(100) {
            0..2 => self.redemption(at, own, 30, (uri, resource), credentials),
            2..55 => {
                let scope = *self.dice.one(&[
                    None,
                    None,
                    Some("read"),
                    Some(self.clients[client].whole_scope()),
                    Some("read admin"),
                ]);
                by(Operation::Refresh { token, own, genuine, scope, resource }, credentials)
            }
            55..58 => by(Operation::RevokeRefresh { token, own, genuine }, credentials),
            58..66 => by(Operation::RevokeAccess { token: access, own }, credentials),
            66..72 if !is_public => {
                by(Operation::IntrospectAccess { token: access, allowed: own }, credentials)
            }
            66..85 => {
                let (server, serves_all) = if self.dice.chance(70) { (0, true) } else { (1, false) };
                let allowed = serves_all || self.subjects[at].resource == Some(ORDERS);
                let credentials = Credentials::of_resource_server(&self.servers[server]);
                by(Operation::IntrospectAccess { token: access, allowed }, credentials)
            }
            // A public client may not introspect.
            _ if is_public => {
                let credentials = Credentials::of_resource_server(&self.servers[0]);
                by(Operation::IntrospectRefresh { token, own: false }, credentials)
            }
            _ => by(Operation::IntrospectRefresh { token, own: own && genuine }, credentials),
        }
    }

    /// Chooses the resource that the client `sender` names in a request about a grant, often the grant's.
    fn choose_resource(&mut self, at: usize, sender: usize) -> Resource {
        let of_grant = self.subjects[at].resource;
        let named = if self.dice.chance(40) {
            None
        } else {
            *self.dice.one(&[of_grant, of_grant, of_grant, Some(NOTES), Some(ORDERS), Some(UNKNOWN)])
        };
        let is_refused = self.target(sender, named).is_err();
        let meaning = match named {
            None => Named::Nothing,
            Some(_) if is_refused => Named::Refused,
            Some(_) if named == of_grant => Named::Own,
            Some(_) => Named::Other,
        };
        (named, meaning)
    }

    fn redemption(
        &mut self,
        at: usize,
        own: bool,
        percent: usize,
        resource: Resource,
        credentials: Credentials,
    ) -> Request {
        let proven = own && self.dice.chance(percent);
        let Subject { challenge, redirect_uri_sent: sent, .. } = self.subjects[at];
        // Without a challenge only the redirect URI ties the code to its authorization request: it must be repeated.
        let right = Proof {
            verifier: challenge.then_some(VERIFIER),
            redirect_uri: (sent || !challenge).then_some(CALLBACK),
        };
        let verifier = Some(if challenge { OTHER_VERIFIER } else { VERIFIER });
        let mut wrong = vec![Proof { verifier, ..right }, Proof { redirect_uri: Some(OTHER_URI), ..right }];
        if right.redirect_uri.is_some() {
            wrong.push(Proof { redirect_uri: None, ..right });
        }
        if challenge {
            wrong.push(Proof { verifier: None, redirect_uri: Some(CALLBACK) });
        }
        let proof = if proven || !own { right } else { *self.dice.one(&wrong) };
        // A request without any proof is refused before its resource is looked at.
        let is_empty = proof.verifier.or(proof.redirect_uri).is_none();
        let (uri, resource) = if is_empty { (None, Named::Nothing) } else { resource };
        let operation = Operation::Redeem { proven, resource };
        Request { at, operation, credentials, resource: uri, proof }
    }

    /// Sends a request. `None`: there is no response.
    pub async fn send(&self, request: &Request) -> Option<Response> {
        let subject = &self.subjects[request.at];
        let resource = request.resource.map(|uri| ("resource", uri));
        let (path, form) = match &request.operation {
            Operation::Redeem { .. } => {
                let mut form = vec![("grant_type", "authorization_code"), ("code", subject.code.as_str())];
                form.extend(request.proof.verifier.map(|verifier| ("code_verifier", verifier)));
                form.extend(request.proof.redirect_uri.map(|uri| ("redirect_uri", uri)));
                form.extend(resource);
                ("/oauth/token", form)
            }
            Operation::Refresh { token, scope, .. } => {
                let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
                form.extend(scope.map(|scope| ("scope", scope)).into_iter().chain(resource));
                ("/oauth/token", form)
            }
            Operation::RevokeRefresh { token, .. } | Operation::RevokeAccess { token, .. } => {
                ("/oauth/revoke", vec![("token", token.as_str())])
            }
            Operation::IntrospectAccess { token, .. } | Operation::IntrospectRefresh { token, .. } => {
                ("/oauth/introspect", vec![("token", token.as_str())])
            }
        };
        request.credentials.call(&self.stack, path, &form).try_send().await.ok()
    }
}

/// Returns a made-up refresh token with the grant's id.
fn forged(code: &str) -> String {
    let id = Secret::<AuthorizationCode>::parse(code).unwrap().id();
    Secret::of_lineage(id, &[9; 32], &Lineage::first([9; 16].into())).expose().to_owned()
}

/// Returns the meaning of a response. `None`: the client is not authenticated.
pub fn meaning(response: Option<&Response>) -> Result<Option<Reply>, String> {
    let Some(response) = response else { return Ok(Some(Reply::Unavailable)) };
    let json = response.json();
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let scope = || values(json["scope"].as_str().unwrap_or_default());
    Ok(Some(match (response.status, json["error"].as_str()) {
        (401, Some("invalid_client")) => return Ok(None),
        (503, Some("temporarily_unavailable")) => Reply::Unavailable,
        (400, Some("invalid_grant")) => Reply::InvalidGrant,
        (400, Some("invalid_scope")) => Reply::InvalidScope,
        (400, Some("invalid_target")) => Reply::InvalidTarget,
        (200, None) if json.get("access_token").is_some() => Reply::Tokens {
            access: text("access_token").unwrap_or_default(),
            refresh: text("refresh_token"),
            scope: scope(),
            expires_in: json["expires_in"].as_u64().unwrap_or_default(),
        },
        (200, None) if json["active"] == true => Reply::Active { scope: scope() },
        (200, None) if json["active"] == false => Reply::Inactive,
        (200, None) if response.text == "{}" => Reply::Revoked,
        _ => return Err(format!("{} {}", response.status, response.text)),
    }))
}
