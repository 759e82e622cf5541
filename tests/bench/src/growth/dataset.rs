//! The items of a database with many live grants, made by the functions' own types.

use std::{io, time::Duration};

use serde_json::json;
use shared::{
    clients::Client,
    dynamodb::{self, Item},
    grants::{
        Access, CodeGrant, CodeProof, Grant, LONGEST_GRANT, Redemption, Refresh, Terms, Tokens, Transition,
    },
    oauth::{Issuer, Scope},
    secret::{AccessToken, AuthorizationCode, Digest, Id, Lineage, RefreshToken, Secret, random},
    status::Status,
    time::Timestamp,
    users::{PasswordHash, User},
};

use super::clients::CALLBACK;
use crate::browser::VERIFIER;

/// How many grants each user has. Lists of a user's applications have the same length beside any number of grants.
pub(super) const GRANTS_OF_A_USER: usize = 50;

/// The tokens of one user's grant.
pub(super) struct Pair {
    pub(super) access: Secret<AccessToken>,
    pub(super) refresh: Secret<RefreshToken>,
}

/// The grants to make. All are live: none expires while the benchmark runs.
pub(super) struct Plan<'a> {
    /// Half of the grants are those of these clients to themselves.
    pub(super) machines: &'a [Client],
    /// The other half are those of users to these clients, each with a refresh token.
    pub(super) applications: &'a [Client],
    pub(super) issuer: Issuer,
    pub(super) scope: Scope,
    pub(super) now: Timestamp,
    /// The lifetime of access tokens.
    pub(super) lifetime: Duration,
}

impl Plan<'_> {
    /// Makes a client's own grant, as the token endpoint does.
    pub(super) fn machine_grant(&self, nth: usize) -> io::Result<(Item, Secret<AccessToken>)> {
        let token = Secret::new(Id::random(), &random());
        let client = nth_of(self.machines, nth)?;
        let grant = Grant::for_client(self.terms(client), &token, Some(self.lifetime));
        Ok((item(&grant)?, token))
    }

    /// Makes a user's grant whose code was redeemed, as the authorization and token endpoints do.
    pub(super) fn user_grant(&self, nth: usize, user: Id) -> io::Result<(Item, Pair)> {
        let client = nth_of(self.applications, nth)?;
        let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
        let mut grant = Grant::for_user(self.terms(client), &consent(user, self.now), &code);
        let pair = Pair {
            access: Secret::new(code.id(), &random()),
            refresh: Secret::of_lineage(code.id(), &random(), &Lineage::first(random())),
        };
        let proof = CodeProof {
            client: client.id.clone(),
            issuer: self.issuer.clone(),
            code: code.digest(),
            redirect_uri: None,
            verifier: Some(Digest::of(VERIFIER)),
        };
        let tokens = Tokens {
            access: Access::new(pair.access.digest(), self.now, Some(self.lifetime)),
            refresh: Some(Refresh::first(&pair.refresh, self.now.after(client.lifetimes.refresh_token()))),
            expires_at: Some(self.now.after(LONGEST_GRANT)),
        };
        let redemption = Redemption { proof, resource: None, tokens, now: self.now };
        if !redemption.precondition(&grant) {
            return Err(io::Error::other("a seeded grant's code cannot be redeemed"));
        }
        redemption.apply(&mut grant);
        Ok((item(&grant)?, pair))
    }

    fn terms<'a>(&self, client: &'a Client) -> Terms<'a> {
        let (scope, issuer) = (self.scope.clone(), self.issuer.clone());
        Terms { client, scope, resource: None, issuer, now: self.now }
    }
}

/// Returns the consent of `user` that leads to a code of an application.
pub(super) fn consent(user: Id, now: Timestamp) -> CodeGrant<'static> {
    CodeGrant {
        user,
        authenticated_at: now,
        redirect_uri: CALLBACK,
        redirect_uri_sent: false,
        challenge: Some(Digest::of(VERIFIER)),
        nonce: None,
    }
}

/// Makes the three items of a user without a password.
pub(super) fn user(nth: usize, sub: Id, now: Timestamp) -> io::Result<[Item; 3]> {
    let name = user_name(nth);
    let username = name.parse().map_err(io::Error::other)?;
    let user = User::new(sub, username, PasswordHash::of_no_password(), now);
    let reserved = json!({ "pk": format!("name#{name}"), "v": 1, "sub": sub });
    Ok([item(&user)?, item(&Status::new(sub, &name))?, item(&reserved)?])
}

/// Returns the login name of the nth user.
pub(super) fn user_name(nth: usize) -> String {
    format!("user{nth}@example.com")
}

fn nth_of(clients: &[Client], nth: usize) -> io::Result<&Client> {
    let client = nth.checked_rem(clients.len()).and_then(|nth| clients.get(nth));
    client.ok_or_else(|| io::Error::other("no client is registered"))
}

fn item(value: &impl serde::Serialize) -> io::Result<Item> {
    dynamodb::item(value).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use shared::grants::State;

    use super::*;
    use crate::growth::clients;

    fn read(item: Item) -> Grant {
        dynamodb::read(Some(item)).unwrap().unwrap()
    }

    #[test]
    fn seeded_grants_are_live_and_accept_their_tokens() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let (machine, _) = clients::machine().accept("machine".parse().unwrap(), now).unwrap();
        let (web, _) = clients::application("web").accept("web".parse().unwrap(), now).unwrap();
        let plan = Plan {
            machines: &[machine],
            applications: &[web],
            issuer: "http://127.0.0.1:8080".parse().unwrap(),
            scope: "read".parse().unwrap(),
            now,
            lifetime: Duration::from_hours(1),
        };
        let (item, token) = plan.machine_grant(7).unwrap();
        assert!(item.contains_key("ttl") && !item.contains_key("p"));
        assert!(read(item).live_access(&token, now).is_ok());
        let (item, pair) = plan.user_grant(7, Id::from_bits(7)).unwrap();
        assert!(item.contains_key("ttl") && item.contains_key("p"));
        let grant = read(item);
        assert_eq!(grant.state, State::Active);
        assert!(
            grant.live_access(&pair.access, now).is_ok() && grant.live_refresh(&pair.refresh, now).is_ok()
        );
    }

    #[test]
    fn without_clients_nothing_is_seeded() {
        assert!(nth_of(&[], 3).is_err());
    }
}
