//! Requests of clients about a grant: their random choice, their form, and the meaning of their responses.

use shared::secret::{AuthorizationCode, Lineage, Secret};

use super::{
    clients::Credentials,
    run::{NOTES, ORDERS, Run},
};
use crate::harness::{
    Response,
    code_flow::{CALLBACK, Pair, VERIFIER},
    oracle::{Named, Operation, Reply, values},
};

/// A request about the grant with the number `at`.
#[derive(Clone)]
pub struct Request {
    pub at: usize,
    pub operation: Operation,
    pub credentials: Credentials,
    /// The parameters of a redemption, besides the code: a proof, or a wrong one.
    proof: Vec<(&'static str, String)>,
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
        let resource = *self.dice.one(&[
            Named::Nothing,
            Named::Nothing,
            Named::Nothing,
            Named::Nothing,
            Named::Own,
            Named::Own,
            Named::Other,
            Named::Unregistered,
        ]);
        let resource = match resource {
            Named::Own if !self.subjects[at].for_notes => Named::Other,
            Named::Own if self.notes.is_none() => Named::Unregistered,
            resource => resource,
        };
        let Some(Pair { access, refresh }) = self.pair(at) else {
            return self.redemption(at, own, 90, resource, credentials);
        };
        let genuine = self.dice.chance(95);
        let token = if genuine { refresh } else { forged(&self.subjects[at].code) };
        let by = |operation, credentials| Request { at, operation, credentials, proof: Vec::new() };
        match self.dice.below(100) {
            0..2 => self.redemption(at, own, 30, resource, credentials),
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
                let (server, of_orders) = if self.dice.chance(70) { (0, false) } else { (1, true) };
                let allowed = !of_orders;
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

    fn redemption(
        &mut self,
        at: usize,
        own: bool,
        percent: usize,
        resource: Named,
        credentials: Credentials,
    ) -> Request {
        let proven = own && self.dice.chance(percent);
        let sent = self.subjects[at].redirect_uri_sent;
        let mut proof = vec![("code_verifier", VERIFIER.to_owned())];
        if sent {
            proof.push(("redirect_uri", CALLBACK.to_owned()));
        }
        if own && !proven {
            match self.dice.below(3) {
                0 => proof[0].1 = "a".repeat(43),
                1 if sent => drop(proof.pop()),
                _ => proof.extend((!sent).then(|| ("redirect_uri", format!("{CALLBACK}/other")))),
            }
            if proof == [("code_verifier", VERIFIER.to_owned()), ("redirect_uri", CALLBACK.to_owned())] {
                proof[1].1.push('/');
            }
        }
        Request { at, operation: Operation::Redeem { proven, resource }, credentials, proof }
    }

    /// Sends a request. `None`: there is no response.
    pub async fn send(&self, request: &Request) -> Option<Response> {
        let subject = &self.subjects[request.at];
        let proof = request.proof.iter().map(|(name, value)| (*name, value.as_str()));
        let resource = |named: Named| match named {
            Named::Nothing => None,
            Named::Own => Some(("resource", NOTES)),
            Named::Other => Some(("resource", ORDERS)),
            Named::Unregistered if self.notes.is_none() => Some(("resource", NOTES)),
            Named::Unregistered => Some(("resource", "https://api.example.com/unknown")),
        };
        let (path, form) = match &request.operation {
            Operation::Redeem { resource: named, .. } => {
                let mut form = vec![("grant_type", "authorization_code"), ("code", subject.code.as_str())];
                form.extend(proof.chain(resource(*named)));
                ("/oauth/token", form)
            }
            Operation::Refresh { token, scope, resource: named, .. } => {
                let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
                form.extend(scope.map(|scope| ("scope", scope)).into_iter().chain(resource(*named)));
                ("/oauth/token", form)
            }
            Operation::RevokeRefresh { token, .. } | Operation::RevokeAccess { token, .. } => {
                ("/oauth/revoke", vec![("token", token.as_str())])
            }
            Operation::IntrospectAccess { token, .. } | Operation::IntrospectRefresh { token, .. } => {
                ("/oauth/introspect", vec![("token", token.as_str())])
            }
        };
        request.credentials.apply(self.stack.post(path), &form).try_send().await.ok()
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
