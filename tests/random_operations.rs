//! Thousands of random requests over a DynamoDB with random faults. Every response is compared with the promises of the
//! protocol.
//!
//! `JETON_RANDOM_OPERATIONS` requests from `JETON_RANDOM_SEED`; the same seed makes the same run.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    clients::{Lifetimes, Registration},
    secret::{AuthorizationCode, Id, Lineage, Secret},
};

use crate::harness::{
    Registered, Response, Stack,
    chaos::Chaos,
    code_flow::{CALLBACK, Pair, Request, VERIFIER},
    dice::{Dice, setting},
    oracle::{self, Operation, Oracle, Reply},
};

/// The percentage of writes that fail. Half as many reads fail.
const PERCENT: usize = 24;
/// The number of grants at a time.
const GRANTS: usize = 6;
const SCOPE: &str = "read write";

struct Client {
    registered: Registered,
    lifetimes: Lifetimes,
    disabled: bool,
}

struct Subject {
    client: usize,
    code: String,
    oracle: Oracle,
}

struct Run {
    stack: Stack,
    chaos: Chaos,
    dice: Dice,
    rs: Registered,
    user: Id,
    clients: Vec<Client>,
    subjects: Vec<Subject>,
    counts: BTreeMap<String, usize>,
}

async fn client(stack: &Stack, public: bool, lifetimes: Lifetimes) -> Client {
    let registration = Registration {
        name: "client".to_owned(),
        public,
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: SCOPE.split(' ').map(str::to_owned).collect(),
        lifetimes,
        ..Registration::default()
    };
    Client { registered: stack.register(registration).await, lifetimes, disabled: false }
}

impl Run {
    async fn begin(seed: u64) -> Self {
        let stack = Stack::start().await;
        let quick =
            Lifetimes { access_token: 90, refresh_token: 600, refresh_grace: 300, ..Lifetimes::default() };
        let strict = Lifetimes { refresh_grace: 2, ..Lifetimes::default() };
        let clients = vec![
            client(&stack, false, Lifetimes::default()).await,
            client(&stack, false, quick).await,
            client(&stack, true, strict).await,
        ];
        let (rs, user) = (stack.resource_server().await, stack.user("alice").await);
        let mut dice = Dice::new(seed);
        let chaos = Chaos::start(&stack, dice.bits(), PERCENT).await;
        let counts = BTreeMap::new();
        let mut run = Self { stack, chaos, dice, rs, user, clients, subjects: Vec::new(), counts };
        for _ in 0..GRANTS {
            let subject = run.subject().await;
            run.subjects.push(subject);
        }
        run
    }

    fn now(&self) -> u64 {
        self.stack.now().millis()
    }

    async fn subject(&mut self) -> Subject {
        let client = self.dice.below(self.clients.len());
        let Client { registered, lifetimes, .. } = &self.clients[client];
        let request = Request { scope: SCOPE, ..Request::default() };
        let code = self.stack.issue_code(registered, self.user, request).await;
        let ms = |seconds: u32| u64::from(seconds) * 1_000;
        let lifetimes = oracle::Lifetimes {
            code: ms(lifetimes.code),
            access: ms(lifetimes.access_token),
            refresh: ms(lifetimes.refresh_token),
            grant: ms(90 * 86_400),
            grace: ms(lifetimes.refresh_grace),
        };
        Subject { client, code, oracle: Oracle::new(lifetimes, SCOPE, self.now()) }
    }

    /// Advances the clock, replaces grants, disables and enables clients.
    async fn change_surroundings(&mut self, at: usize) {
        let ms = match self.dice.below(1_000) {
            0..350 => self.dice.below(3_000),
            350..400 => 61_000,
            400..415 => 301_000,
            415..420 => 3_600_000,
            420..422 => 31 * 86_400_000,
            _ => 0,
        };
        self.stack.advance(Duration::from_millis(u64::try_from(ms).unwrap()));
        let over = self.subjects[at].oracle.has_expired(self.now());
        if self.dice.chance(if over { 25 } else { 1 }) {
            self.subjects[at] = self.subject().await;
            self.count("a new grant");
        }
        let disabled = self.clients.iter().position(|client| client.disabled);
        if self.dice.chance(if disabled.is_some() { 20 } else { 2 }) {
            let which = disabled.unwrap_or_else(|| self.dice.below(self.clients.len()));
            let client = &mut self.clients[which];
            client.disabled = disabled.is_none();
            if client.disabled {
                self.stack.disable(&client.registered).await;
                self.lose_standing(|subject| subject.client == which);
            } else {
                self.stack.enable(&client.registered).await;
            }
            self.count("a client disabled or enabled");
        }
        if self.dice.chance(1) {
            // One write: the grants are not ended one by one.
            self.stack.app.users.end_everything(self.user, self.stack.now()).await.unwrap();
            self.lose_standing(|_| true);
            self.count("everything of the user's revoked");
        }
    }

    /// Records that the tokens issued to these grants until now are invalid. Tokens issued from now on are valid.
    fn lose_standing(&mut self, affects: impl Fn(&Subject) -> bool) {
        self.subjects
            .iter_mut()
            .filter(|subject| affects(subject))
            .for_each(|subject| subject.oracle.lose_standing());
        self.stack.advance(Duration::from_millis(1));
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Returns one of the pairs that were returned, mostly one of the latest.
    fn pair(&mut self, at: usize) -> Option<Pair> {
        let known = &self.subjects[at].oracle.known;
        let newest = known.len().checked_sub(1)?;
        let back = *self.dice.one(&[0, 0, 0, 0, 0, 1, 1, 1, 2, 5]);
        Some(known[newest.saturating_sub(back)].clone())
    }

    /// Chooses the next operation on the grant and its client. `None`: the resource server.
    fn choose(&mut self, at: usize) -> (Operation, Option<usize>) {
        let Subject { client, code, .. } = &self.subjects[at];
        let (client, code) = (*client, code.clone());
        let own = self.dice.chance(90);
        let sender = if own { client } else { (client + 1) % self.clients.len() };
        let Some(Pair { access, refresh }) = self.pair(at) else {
            return (Operation::Redeem { proven: own && self.dice.chance(80) }, Some(sender));
        };
        let genuine = self.dice.chance(95);
        let token = if genuine { refresh } else { forged(&code) };
        match self.dice.below(100) {
            0..3 => (Operation::Redeem { proven: own && self.dice.chance(30) }, Some(sender)),
            3..55 => {
                let scope = *self.dice.one(&[None, None, Some("read"), Some(SCOPE), Some("read admin")]);
                (Operation::Refresh { token, own, genuine, scope }, Some(sender))
            }
            55..58 => (Operation::RevokeRefresh { token, own, genuine }, Some(sender)),
            58..66 => (Operation::RevokeAccess { token: access, own }, Some(sender)),
            66..85 => (
                Operation::IntrospectAccess { token: access, in_standing: !self.clients[client].disabled },
                None,
            ),
            // A public client may not introspect.
            _ if self.clients[sender].registered.secret.is_empty() => {
                (Operation::IntrospectRefresh { token, own: false }, None)
            }
            _ => (Operation::IntrospectRefresh { token, own }, Some(sender)),
        }
    }

    async fn send(&mut self, at: usize, operation: &Operation, sender: Option<usize>) -> Response {
        let own = sender == Some(self.subjects[at].client);
        let wrong = "a".repeat(43);
        let code = self.subjects[at].code.clone();
        let (path, form) = match operation {
            Operation::Redeem { proven } => {
                let verifier = if *proven || !own { VERIFIER } else { &wrong };
                let form =
                    vec![("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", verifier)];
                ("/oauth/token", form)
            }
            Operation::Refresh { token, scope, .. } => {
                let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
                form.extend(scope.map(|scope| ("scope", scope)));
                ("/oauth/token", form)
            }
            Operation::RevokeRefresh { token, .. } | Operation::RevokeAccess { token, .. } => {
                ("/oauth/revoke", vec![("token", token.as_str())])
            }
            Operation::IntrospectAccess { token, .. } | Operation::IntrospectRefresh { token, .. } => {
                ("/oauth/introspect", vec![("token", token.as_str())])
            }
        };
        let client = sender.map_or(&self.rs, |sender| &self.clients[sender].registered);
        self.chaos.post_as(path, client, &form).await
    }

    /// Sends one request and checks its response.
    async fn step(&mut self, nth: usize) -> Result<(), String> {
        let at = self.dice.below(self.subjects.len());
        self.change_surroundings(at).await;
        let (operation, sender) = self.choose(at);
        let response = self.send(at, &operation, sender).await;
        let kind = format!("{operation:?}").split([' ', '{']).next().unwrap_or_default().to_owned();
        self.count(&format!("{kind} {}", response.status));
        let disabled = sender.is_some_and(|sender| self.clients[sender].disabled);
        if disabled && response.status != 503 {
            let refused = response.status == 401 && response.json()["error"] == "invalid_client";
            return if refused {
                Ok(())
            } else {
                Err(format!("{operation:?} of a disabled client: {}", response.text))
            };
        }
        let reply = reply(&response)?;
        if disabled {
            return Ok(());
        }
        let now = self.now();
        let Subject { code, oracle, .. } = &mut self.subjects[at];
        let key = format!("g#{}", Secret::<AuthorizationCode>::parse(code).unwrap().id());
        let observed = oracle.observe(nth, now, &operation, &reply, self.chaos.is_on_the_way(&key));
        let states = oracle.states();
        let most = self.counts.entry("most possible states at a time".to_owned()).or_default();
        *most = states.max(*most);
        observed
    }
}

/// Returns a made-up refresh token with the grant's id.
fn forged(code: &str) -> String {
    let id = Secret::<AuthorizationCode>::parse(code).unwrap().id();
    Secret::of_lineage(id, &[9; 32], &Lineage::first([9; 16].into())).expose().to_owned()
}

/// Returns the meaning of a response.
fn reply(response: &Response) -> Result<Reply, String> {
    let json = response.json();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    match (response.status, json["error"].as_str()) {
        (503, Some("temporarily_unavailable")) => Ok(Reply::Unavailable),
        (400, Some("invalid_grant")) => Ok(Reply::InvalidGrant),
        (400, Some("invalid_scope")) => Ok(Reply::InvalidScope),
        (200, None) if json.get("access_token").is_some() => {
            let expires_in = json["expires_in"].as_u64().unwrap_or_default();
            Ok(Reply::Pair { pair: response.pair(), scope: text("scope"), expires_in })
        }
        (200, None) if json["active"] == true => Ok(Reply::Active { scope: text("scope") }),
        (200, None) if json["active"] == false => Ok(Reply::Inactive),
        (200, None) if response.text == "{}" => Ok(Reply::Revoked),
        _ => Err(format!("{} {}", response.status, response.text)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_response_contradicts_the_protocol_under_any_faults_of_dynamodb() {
    let (operations, seed) = (setting("JETON_RANDOM_OPERATIONS", 300), setting("JETON_RANDOM_SEED", 1));
    let mut run = Run::begin(seed).await;
    let (mut done, mut wrong) = (0, 0);
    // After one wrong outcome the following ones prove nothing.
    while done < usize::try_from(operations).unwrap() && wrong == 0 {
        if let Err(contradiction) = run.step(done).await {
            println!("seed {seed}, operation {done}: {contradiction}");
            wrong += 1;
        }
        done += 1;
    }
    println!("seed {seed}, {done} operations, {wrong} wrong outcomes");
    println!("{:#?}\nfaults: {:?}", run.counts, run.chaos.counts());
    assert_eq!(wrong, 0, "seed {seed}");
}
