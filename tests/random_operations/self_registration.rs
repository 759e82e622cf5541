//! Clients that register themselves (RFC 7591), and again at times: the ids that they get, and how long they live.

use serde_json::{Value, json};
use shared::{
    clients::{SelfRegistration, life},
    oauth::AuthMethod,
    time::Timestamp,
};

use super::{clients::Client, run::Run, subjects::Begun};
use crate::harness::{Registered, Stack, code_flow::CALLBACK, oracle::Ms, redirect_uris};

/// The most requests until a registration succeeds.
const MOST_REQUESTS: usize = 50;
/// The number of deleted clients with the same name: no more than a server derives other ids for.
const SAME_NAME: usize = 3;

/// A client that registers itself.
pub struct SelfRegistered {
    /// The client's name, but for the number of deletions.
    name: String,
    method: AuthMethod,
    /// How many times an administrator has deleted the client. A public client gets another id after each.
    pub deletions: usize,
    life: Life,
    /// Whether the client's life is over: its id is unknown.
    pub ended: bool,
}

/// The end of a client's life, as far as responses tell.
struct Life {
    /// The client certainly lives before this time.
    lasts: Ms,
    /// The client is certainly unknown at this time and later.
    ends: Ms,
}

impl Life {
    /// Returns the life of a client that has registered itself at `now`, or shortly before by a request that got no response.
    fn registered(now: Timestamp) -> Self {
        Self { lasts: now.after(life::UNUSED / 2).millis(), ends: now.after(life::UNUSED).millis() }
    }

    /// Records that the client lives until `end` at least if it had less than until `least`.
    fn renew(&mut self, least: Timestamp, end: Timestamp) {
        let (least, end) = (least.millis(), end.millis());
        if self.ends < least {
            (self.lasts, self.ends) = (end, end);
        } else if self.lasts < least {
            (self.lasts, self.ends) = (least, self.ends.max(end));
        }
    }

    /// Records that the client may live until `end`.
    fn perhaps_renew(&mut self, end: Timestamp) {
        self.ends = self.ends.max(end.millis());
    }
}

impl SelfRegistered {
    /// Registers a client of this name.
    pub async fn register(stack: &Stack, name: String, method: AuthMethod) -> (Registered, Self) {
        let life = Life::registered(stack.now());
        let new = Self { name, method, deletions: 0, life, ended: false };
        let registration = SelfRegistration {
            name: Some(new.name()),
            redirect_uris: redirect_uris(&[CALLBACK]),
            auth_method: Some(method),
        };
        (stack.self_registered(registration).await, new)
    }

    fn name(&self) -> String {
        format!("{}, {}", self.name, self.deletions / SAME_NAME)
    }

    fn metadata(&self) -> Value {
        json!({
            "client_name": self.name(),
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": self.method,
        })
    }
}

impl Client {
    /// Returns whether the client can come back only by another registration of its own.
    pub fn must_register_again(&self) -> bool {
        self.self_registered.as_ref().is_some_and(|of| of.ended || self.deleted)
    }
}

impl Run {
    /// Lets the client register itself until it gets a response. It must be one whose life is over, or a deleted one.
    pub async fn register_anew(&mut self, client: usize) -> Result<(), String> {
        for _ in 0..MOST_REQUESTS {
            self.register_again(client).await?;
            if !self.clients[client].must_register_again() {
                return Ok(());
            }
        }
        Err(format!("client {client} did not succeed in {MOST_REQUESTS} registrations"))
    }

    /// Lets a public client that has registered itself do so again.
    pub async fn repeat_registration(&mut self) -> Result<(), String> {
        let repeats =
            |of: &Client| of.self_registered.is_some() && of.is_public() && !of.must_register_again();
        match self.clients.iter().position(repeats) {
            Some(client) => self.register_again(client).await,
            None => Ok(()),
        }
    }

    /// Lets the client send its metadata, and checks the response.
    async fn register_again(&mut self, client: usize) -> Result<(), String> {
        self.operations += 1;
        let moment = self.begin_moment();
        let of = self.clients[client].self_registered.as_ref().unwrap();
        let response = self.stack.registration(&of.metadata()).send().await;
        let calm = self.was_calm_since(&moment);
        let (now, status) = (self.stack.now(), response.status);
        let of = &mut self.clients[client];
        let same = of.is_public() && !of.deleted;
        let refused = of.disabled && same;
        let of_itself = of.self_registered.as_mut().unwrap();
        let end = now.after(life::UNUSED);
        let told = match status {
            201 if !refused => {
                let registered = Registered::of(&response.json());
                if same != (registered.id == of.registered.id) {
                    return Err(format!("client {client} gets another id or the same: {}", response.text));
                }
                if same {
                    of_itself.life.renew(now.after(life::UNUSED / 2), end);
                } else {
                    of_itself.life = Life::registered(now);
                }
                of_itself.ended = false;
                if !same {
                    of.replace(registered);
                    self.replace_grants(client).await;
                }
                "registers itself"
            }
            400 if refused && response.json()["error"] == "invalid_client_metadata" => {
                "may not register itself"
            }
            503 if !calm => {
                of_itself.life.perhaps_renew(end);
                "may have registered itself"
            }
            _ => return Err(format!("client {client} registers itself: {status} {}", response.text)),
        };
        self.tell_client(client, told);
        Ok(())
    }

    /// Records that a user has agreed to the client. `certain`: the response says so.
    pub fn renew_life(&mut self, begun: Begun, certain: bool) {
        let now = self.stack.now();
        let Some(of) = &mut self.clients[begun.client].self_registered else { return };
        let end = now.after(life::USED);
        if certain {
            of.life.renew(now.after(life::RENEWED_BELOW), end);
        } else {
            of.life.perhaps_renew(end);
        }
    }

    /// Ends the clients whose life is over. An administrator deletes a client whose life may be over.
    pub async fn end_lives(&mut self) {
        let now = self.now();
        for client in 0..self.clients.len() {
            let Some(of) = &self.clients[client].self_registered else { continue };
            if now < of.life.lasts || self.clients[client].must_register_again() {
                continue;
            }
            let is_over = now >= of.life.ends;
            if self.clients[client].disabled {
                self.stack.enable(&self.clients[client].registered).await;
                self.clients[client].disabled = false;
            }
            if is_over {
                self.clients[client].self_registered.as_mut().unwrap().ended = true;
                self.tell_client(client, "has ended");
            } else {
                self.delete_client(client).await;
            }
        }
    }
}
